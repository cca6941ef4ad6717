"""Where overlay text goes: nothing overlaps, nothing is clipped, the middle stays free.

The bottom row belongs to the scale bar and the notice; the letters have the middle of each side;
the corners take as many lines as fit into the outer quarters, the least important go first.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF

from ichviewer.gui.overlay import LineKind, Overlay, OverlayLine, scale_bar_mm

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


@dataclass(frozen=True)
class Metrics:
    """How large text is.

    Attributes:
        plain: Of corner text.
        strong: Of the same font, bold: letters, window, notice and warnings.
    """

    plain: QFontMetricsF
    strong: QFontMetricsF

    def of(self, kind: LineKind) -> QFontMetricsF:
        """Metrics of a line."""
        return self.plain if kind in (LineKind.PLAIN, LineKind.COLOR_BAR) else self.strong

    @property
    def height(self) -> float:
        """Height of every line, whole pixels, so that all lines of a corner are equally sharp."""
        return float(round(self.strong.height()))


def lay_out(
    overlay: Overlay, width: float, height: float, mm_per_px: float | None, metrics: Metrics
) -> OverlayLayout:
    """Place an overlay in a view.

    Args:
        overlay: What is to be written.
        width: Of the view, Qt pixels.
        height: Of the view, Qt pixels.
        mm_per_px: Millimetres per Qt pixel; None without an image.
        metrics: Of the font that the text is drawn in.
    """
    line = metrics.height
    bottom_row = height - MARGIN - line
    notice_width = metrics.strong.horizontalAdvance(overlay.notice)
    notice = PlacedLine(
        QRectF(width - MARGIN - notice_width, bottom_row, notice_width, line), overlay.notice, LineKind.STRONG
    )
    bar_lines, bar = _scale_bar(overlay, notice.rect, width, mm_per_px, metrics)
    letters = _letters(overlay.letters, width, height, bottom_row, metrics)
    middle = max(metrics.strong.horizontalAdvance(text) for text in (*overlay.letters[2:], "M"))
    column = (width - middle) / 2 - MARGIN - BESIDE_LETTER
    above = max(2, int((height / 4 - MARGIN) // line))
    below = max(1, above - 1)
    left, right, bottom = MARGIN, width - MARGIN - column, bottom_row - line * 0.25
    corners = (
        *_Corner(left, MARGIN, column, above, False, True).place(overlay.top_left, metrics),
        *_Corner(right, MARGIN, column, above, True, True).place(overlay.top_right, metrics),
        *_Corner(left, bottom, column, below, False, False).place(overlay.bottom_left, metrics),
        *_Corner(right, bottom, column, below, True, False).place(overlay.bottom_right, metrics),
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

    def place(self, lines: tuple[OverlayLine, ...], metrics: Metrics) -> tuple[PlacedLine, ...]:
        by_rank = sorted(lines, key=lambda line: line.rank)
        kept = [line for line in lines if line in by_rank[: self.limit]]
        first = self.y if self.is_top else self.y - len(kept) * metrics.height
        return tuple(
            self._line(line, first + index * metrics.height, metrics) for index, line in enumerate(kept)
        )

    def _line(self, line: OverlayLine, y: float, metrics: Metrics) -> PlacedLine:
        of_line = metrics.of(line.kind)
        text = line.text
        if of_line.horizontalAdvance(text) > self.width and line.short:
            text = line.short
        text = of_line.elidedText(text, Qt.TextElideMode.ElideRight, self.width)
        is_bar = line.kind is LineKind.COLOR_BAR
        width = min(COLOR_BAR_WIDTH, self.width) if is_bar else of_line.horizontalAdvance(text)
        x = self.x + self.width - width if self.is_right else self.x
        return PlacedLine(QRectF(x, y, width, metrics.height), text, line.kind)


def _letters(
    letters: tuple[str, str, str, str], width: float, height: float, bottom_row: float, metrics: Metrics
) -> tuple[PlacedLine, ...]:
    line = metrics.height
    widths = [metrics.strong.horizontalAdvance(text) for text in letters]
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
    overlay: Overlay, notice: QRectF, width: float, mm_per_px: float | None, metrics: Metrics
) -> tuple[tuple[PlacedLine, ...], tuple[float, float, float] | None]:
    """Label and bar in the bottom row, left of the notice; nothing where there is no room."""
    if not overlay.has_scale_bar or mm_per_px is None:
        return (), None
    label_room = metrics.plain.horizontalAdvance("200 mm") + MARGIN
    room = min(width * LONGEST_SCALE_BAR, notice.left() - 2 * MARGIN - label_room)
    length_mm = scale_bar_mm(room * mm_per_px)
    if length_mm is None:
        return (), None
    label, length = f"{length_mm} mm", length_mm / mm_per_px
    rect = QRectF(
        2 * MARGIN + length - MARGIN / 2,
        notice.top(),
        metrics.plain.horizontalAdvance(label),
        notice.height(),
    )
    return (PlacedLine(rect, label, LineKind.PLAIN),), (MARGIN, notice.center().y(), length)
