"""Where overlay text goes: nothing overlaps, nothing is clipped, the middle stays free.

The bottom row belongs to the scale bar and the notice; the letters have the middle of each side;
the corners take as many lines as fit into the outer quarters, the least important go first.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF

from ichviewer.gui.overlay import LineKind, Overlay, OverlayLine, scale_bar_mm
from ichviewer.gui.recent import Recent

MARGIN = 8.0
BESIDE_LETTER = 5.0
COLOR_BAR_WIDTH = 72.0
LONGEST_SCALE_BAR = 0.25
"""Share of the view's width."""


@dataclass(frozen=True)
class PlacedLine:
    """A line of text, or the color bar, in its place.

    Attributes:
        rect: In Qt pixels of the view; the text fills it in width.
        text: As drawn, shortened where it had to be.
        kind: How it is drawn.
    """

    rect: QRectF
    text: str
    kind: LineKind


@dataclass(frozen=True)
class OverlayLayout:
    """An overlay in its place.

    Attributes:
        lines: All text and the color bar.
        scale_bar: (x, y, length) of the bar in Qt pixels; None where none fits.
    """

    lines: tuple[PlacedLine, ...]
    scale_bar: tuple[float, float, float] | None


class TextSizes:
    """How large overlay text is in one font; remembers widths, because most lines come back every frame.

    Attributes:
        plain: The font of corner text.
        strong: The same in bold: letters, window, notice and warnings.
        height: Height of every line in whole Qt pixels, so that all lines of a corner are equally sharp.
    """

    def __init__(self, font: QFont) -> None:
        self.plain, self.strong = QFont(font), QFont(font)
        self.strong.setBold(True)
        self._plain, self._strong = QFontMetricsF(self.plain), QFontMetricsF(self.strong)
        self._widths: Recent[float] = Recent(1024)
        self.height = float(round(self._strong.height()))

    def font(self, kind: LineKind) -> QFont:
        """Font of a line."""
        return self.plain if kind is LineKind.PLAIN else self.strong

    def width(self, text: str, kind: LineKind) -> float:
        """Width of a line, Qt pixels."""
        return self._widths.get((text, kind), lambda: self._metrics(kind).horizontalAdvance(text))

    def fitted(self, line: OverlayLine, width: float) -> str:
        """The first of the line's texts that fits into *width*, or as much of the last as does."""
        texts = (line.text, *line.shorter)
        for text in texts:
            if self.width(text, line.kind) <= width:
                return text
        return self._metrics(line.kind).elidedText(texts[-1], Qt.TextElideMode.ElideRight, width)

    def _metrics(self, kind: LineKind) -> QFontMetricsF:
        return self._plain if kind is LineKind.PLAIN else self._strong


def lay_out(
    overlay: Overlay, width: float, height: float, mm_per_px: float | None, sizes: TextSizes
) -> OverlayLayout:
    """Place an overlay in a view.

    Args:
        overlay: What is to be written.
        width: Of the view, Qt pixels.
        height: Of the view, Qt pixels.
        mm_per_px: Millimetres per Qt pixel; None without an image.
        sizes: Of the font that the text is drawn in.
    """
    line = sizes.height
    bottom_row = height - MARGIN - line
    notice_width = sizes.width(overlay.notice, LineKind.STRONG)
    notice = PlacedLine(
        QRectF(width - MARGIN - notice_width, bottom_row, notice_width, line), overlay.notice, LineKind.STRONG
    )
    bar_lines, bar = _scale_bar(overlay, notice.rect, width, mm_per_px, sizes)
    letters = _letters(overlay.letters, width, height, bottom_row, sizes)
    middle = max(sizes.width(text, LineKind.STRONG) for text in (*overlay.letters[2:], "M"))
    column = (width - middle) / 2 - MARGIN - BESIDE_LETTER
    above = max(2, int((height / 4 - MARGIN) // line))
    below = max(1, above - 1)
    left, right, bottom = MARGIN, width - MARGIN - column, bottom_row - line * 0.25
    corners = (
        *_Corner(left, MARGIN, column, above, False, True).place(overlay.top_left, sizes),
        *_Corner(right, MARGIN, column, above, True, True).place(overlay.top_right, sizes),
        *_Corner(left, bottom, column, below, False, False).place(overlay.bottom_left, sizes),
        *_Corner(right, bottom, column, below, True, False).place(overlay.bottom_right, sizes),
    )
    return OverlayLayout((notice, *bar_lines, *letters, *corners), bar)


@dataclass(frozen=True)
class _Corner:
    """Room for lines in one corner.

    Attributes:
        x: Left edge.
        y: Upper edge, or the lower one where lines are stacked upwards.
        width: Longest line.
        limit: Most lines.
        is_right: Whether lines end at the right edge.
        is_top: Whether lines are stacked downwards from *y*.
    """

    x: float
    y: float
    width: float
    limit: int
    is_right: bool
    is_top: bool

    def place(self, lines: tuple[OverlayLine, ...], sizes: TextSizes) -> tuple[PlacedLine, ...]:
        by_rank = sorted(lines, key=lambda line: line.rank)
        kept = [line for line in lines if line in by_rank[: self.limit]]
        first = self.y if self.is_top else self.y - len(kept) * sizes.height
        return tuple(self._line(line, first + index * sizes.height, sizes) for index, line in enumerate(kept))

    def _line(self, line: OverlayLine, y: float, sizes: TextSizes) -> PlacedLine:
        if line.kind is LineKind.COLOR_BAR:
            text, width = "", min(COLOR_BAR_WIDTH, self.width)
        else:
            text = sizes.fitted(line, self.width)
            width = sizes.width(text, line.kind)
        x = self.x + self.width - width if self.is_right else self.x
        return PlacedLine(QRectF(x, y, width, sizes.height), text, line.kind)


def _letters(
    letters: tuple[str, str, str, str], width: float, height: float, bottom_row: float, sizes: TextSizes
) -> tuple[PlacedLine, ...]:
    line = sizes.height
    widths = [sizes.width(text, LineKind.STRONG) for text in letters]
    middle = (height - line) / 2
    places = (
        (MARGIN, middle),
        (width - MARGIN - widths[1], middle),
        ((width - widths[2]) / 2, MARGIN),
        ((width - widths[3]) / 2, bottom_row - line * 1.25),
    )
    return tuple(
        PlacedLine(QRectF(x, y, wide, line), text, LineKind.STRONG)
        for (x, y), wide, text in zip(places, widths, letters, strict=True)
        if text
    )


def _scale_bar(
    overlay: Overlay, notice: QRectF, width: float, mm_per_px: float | None, sizes: TextSizes
) -> tuple[tuple[PlacedLine, ...], tuple[float, float, float] | None]:
    """Label and bar in the bottom row, left of the notice; nothing where there is no room."""
    if not overlay.has_scale_bar or mm_per_px is None:
        return (), None
    label_room = sizes.width("200 mm", LineKind.PLAIN) + MARGIN
    room = min(width * LONGEST_SCALE_BAR, notice.left() - 2 * MARGIN - label_room)
    length_mm = scale_bar_mm(room * mm_per_px)
    if length_mm is None:
        return (), None
    label, length = f"{length_mm} mm", length_mm / mm_per_px
    rect = QRectF(
        2 * MARGIN + length - MARGIN / 2,
        notice.top(),
        sizes.width(label, LineKind.PLAIN),
        notice.height(),
    )
    return (PlacedLine(rect, label, LineKind.PLAIN),), (MARGIN, notice.center().y(), length)
