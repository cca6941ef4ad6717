"""What is written over a slice, as values: no fonts, no pixels.

The one thing to get wrong: the notice stands in every view, in every state of the overlay text, and
nothing that names the patient stands there unless the text is FULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ichviewer.core.camera import Turn
from ichviewer.core.findings import NOTICE
from ichviewer.core.geometry import direction_letters
from ichviewer.core.mirror import FULL_COLOR_HU
from ichviewer.core.navigation import is_straight, plane_of, rotation_of
from ichviewer.core.plane import NO_SLAB, Triple
from ichviewer.core.series import Series, SliceHeader
from ichviewer.core.slice_image import SliceImage
from ichviewer.core.views import View
from ichviewer.core.viewstate import CHOSEN, NOT_ROTATED, OverlayText, ViewState, WindowOrigin
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import PRESETS, VoiFunction, Window, WindowPreset
from ichviewer.gui.heat_choice import HeatChoice
from ichviewer.gui.wording import position_text

SCALE_BAR_LENGTHS_MM = (200, 100, 50, 20, 10, 5, 2, 1)


class LineKind(StrEnum):
    """How a line is drawn."""

    PLAIN = "plain"
    STRONG = "strong"
    WARNING = "warning"
    COLOR_BAR = "color bar"


@dataclass(frozen=True)
class OverlayLine:
    """One line of corner text.

    Attributes:
        text: What it says.
        rank: Where there is no room for all lines of a corner, the highest rank goes first.
        kind: How it is drawn.
        shorter: Said instead where *text* is too long for the view, the first that fits; words go before a
            number is cut.
    """

    text: str
    rank: int
    kind: LineKind = LineKind.PLAIN
    shorter: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overlay:
    """All that is written over one view.

    Attributes:
        top_left: View, window, heat map.
        top_right: Patient and study.
        bottom_left: Series and slice, above the scale bar.
        bottom_right: What lies under the cursor, above the notice.
        letters: Body sides at the left, right, top and bottom of the screen.
        has_scale_bar: Whether a scale bar is drawn.
        notice: Always there.
    """

    top_left: tuple[OverlayLine, ...] = ()
    top_right: tuple[OverlayLine, ...] = ()
    bottom_left: tuple[OverlayLine, ...] = ()
    bottom_right: tuple[OverlayLine, ...] = ()
    letters: tuple[str, str, str, str] = ("", "", "", "")
    has_scale_bar: bool = False
    notice: str = NOTICE.upper()

    @property
    def texts(self) -> tuple[str, ...]:
        """Everything that can be read, in no order that matters."""
        corners = (*self.top_left, *self.top_right, *self.bottom_left, *self.bottom_right)
        return (*(line.text for line in corners), *self.letters, self.notice)


def overlay_of(state: ViewState, view: View, heat: HeatChoice, cursor: str) -> Overlay:
    """What is written over one view.

    Args:
        state: What the window shows.
        view: Which one.
        heat: What the heat map layer does on this slice.
        cursor: What lies under the cursor, may be empty.
    """
    if state.volume is None:
        return Overlay()
    letters = side_letters(state, view)
    if state.overlay_text is OverlayText.OFF:
        # What changes how grey and color must be read stays, or the picture could not be trusted.
        return Overlay(top_left=altered_lines(state, view) + _heat_lines(heat), letters=letters)
    is_full = state.overlay_text is OverlayText.FULL
    return Overlay(
        top_left=_view_lines(state, view) + _heat_lines(heat),
        top_right=patient_lines(state.volume.series) if is_full else (),
        bottom_left=_slice_lines(state, state.volume) if view <= View.AXIAL else _series_lines(state.volume),
        bottom_right=(OverlayLine(cursor, 0, shorter=(cursor.partition(" (")[0],)),) if cursor else (),
        letters=letters,
        has_scale_bar=state.volume.series.is_measured,
    )


def side_letters(state: ViewState, view: View) -> tuple[str, str, str, str]:
    """Body sides at the left, right, top and bottom of a view, as the reader turned it.

    From the direction cosines. Empty where the files hold none: a guessed letter would be a guessed side.
    """
    volume, plane = state.volume, plane_of(state, view)
    if volume is None:
        return "", "", "", ""
    across, below = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)) if plane is None else (plane.right, plane.down)
    return picture_letters(volume, across, below, state.cameras[view].turn)


def picture_letters(
    volume: Volume, rightward: Triple, downward: Triple, turn: Turn
) -> tuple[str, str, str, str]:
    """Body sides at the left, right, top and bottom of a picture; empty where the files hold no directions.

    Args:
        volume: The stack.
        rightward: Unit vector of its frame to the right on the upright picture.
        downward: Unit vector downwards.
        turn: The reader's flip and rotation.
    """
    if not volume.series.has_directions:
        return "", "", "", ""
    across, down = np.asarray(rightward), np.asarray(downward)
    across = -across if turn.is_mirrored else across
    for _ in range(turn.quarter_turns):
        across, down = -down, across
    left, right, top, bottom = (
        direction_letters(volume.frame.direction_to_patient(direction).tolist())
        for direction in (-across, across, -down, down)
    )
    return left, right, top, bottom


def window_text(
    window: Window,
    header: SliceHeader,
    origin: WindowOrigin = CHOSEN,
    presets: Sequence[WindowPreset] = PRESETS,
) -> str:
    """Name of a window, and its center / width.

    The name is that of the preset with exactly this window, else the explanation (or ``FILE``) where the
    slice's file proposes this window, else ``AUTO``, ``KEPT`` (from the file of another slice, because this
    one proposes none) or ``CUSTOM``. A curve that is no straight line is named.
    """
    named = [preset.name.upper() for preset in presets if preset.window == window]
    from_file = [
        (each.explanation or "FILE").upper() for each in header.file_windows if each.window == window
    ]
    other = "AUTO" if origin.is_automatic else "CUSTOM" if origin.header_item is None else "KEPT"
    name = (named + from_file + [other])[0]
    curve = "SIGMOID " if window.function is VoiFunction.SIGMOID else ""
    return f"{name} {curve}{_whole(window.center)}/{_whole(window.width)}"


def cursor_text(image: SliceImage, series: Series, row: int, column: int) -> str:
    """What a pixel holds, with no claim to Hounsfield units that the files do not make; empty outside."""
    value = image.hu_at(row, column)
    if value is None:
        return ""
    if series.hu == "claimed":
        return f"HU {_whole(value)}"
    return f"value {_whole(value)} (HU {series.hu})"


def scale_bar_mm(longest_mm: float) -> int | None:
    """Longest round length that fits; None where not even the shortest does.

    >>> scale_bar_mm(63.0), scale_bar_mm(0.4)
    (50, None)
    """
    return next((length for length in SCALE_BAR_LENGTHS_MM if length <= longest_mm), None)


def displayed_name(person_name: str) -> str:
    """A DICOM person name (PS3.5 6.2.1) as it is read: components apart, ideographic groups after a space.

    >>> displayed_name("Yamada^Tarou=山田^太郎")
    'Yamada, Tarou 山田, 太郎'
    """
    groups = []
    for group in person_name.split("="):
        family, _, rest = group.partition("^")
        others = " ".join(part for part in rest.split("^") if part)
        groups.append(", ".join(part for part in (family, others) if part))
    return " ".join(group for group in groups if group)


def displayed_date(date: str) -> str:
    """A DICOM date with dashes; any other text as it is.

    >>> displayed_date("20240131"), displayed_date("unknown")
    ('2024-01-31', 'unknown')
    """
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def _whole(number: float) -> str:
    """Rounded, with a real minus and without a minus zero."""
    return f"{round(number):d}".replace("-", "−")


def _view_lines(state: ViewState, view: View) -> tuple[OverlayLine, ...]:
    if state.volume is None:
        return ()
    window = state.windows[view]
    header = state.volume.series.slices[state.slice_index]
    presets = state.preferences.presets
    text = window_text(window, header, state.window_origins[view], presets)
    name, _, numbers = text.rpartition(" ")
    short = next((each.short_name.upper() for each in presets if each.window == window), name)
    shorter = (f"{short} {numbers}", f"{short[:4]} {numbers}", numbers)
    return (
        OverlayLine(text, 0, LineKind.STRONG, shorter),
        *altered_lines(state, view),
        *_plane_lines(state, view),
    )


def altered_lines(state: ViewState, view: View) -> tuple[OverlayLine, ...]:
    """What the reader changed so that the picture must be read in another way."""
    turn = state.cameras[view].turn
    texts = (
        "INVERTED" if state.is_inverted else "",
        "FLIPPED" if turn.is_mirrored else "",
        f"ROTATED {90 * turn.quarter_turns}°" if turn.quarter_turns else "",
    )
    return tuple(OverlayLine(text, 0, LineKind.WARNING) for text in texts if text)


def _plane_lines(state: ViewState, view: View) -> tuple[OverlayLine, ...]:
    """That a view shows interpolated values, and of which plane."""
    plane = plane_of(state, view)
    if plane is None:
        return ()
    if view is View.MIRROR:
        scale = f"full color at {FULL_COLOR_HU:g} HU"
        return (
            OverlayLine("MIRROR VIEW", 0, LineKind.STRONG),
            OverlayLine(f"orange: denser than the other side; {scale}", 1, shorter=("orange: denser",)),
            OverlayLine("both sides show, a bleed and its mirror place", 2),
        )
    is_oblique = rotation_of(state, view) != NOT_ROTATED
    kind = "straightened " if is_straight(state, view) else "oblique " if is_oblique else ""
    name = f"{kind}{view.name.lower()}"
    slab = plane.slab
    thick = "" if slab == NO_SLAB else f", {slab.kind.value} over {slab.thickness_mm:g} mm"
    return (OverlayLine(f"{name}, interpolated{thick}", 0, shorter=(f"{name}{thick}", name)),)


def _heat_lines(choice: HeatChoice) -> tuple[OverlayLine, ...]:
    lines = tuple(
        OverlayLine(text, 1 + rank, shorter=(short,) if short else ())
        for rank, (text, short) in enumerate(choice.lines)
    )
    has_color = choice.heatmap is not None and not choice.is_doubted
    return (*lines, OverlayLine("", 2, LineKind.COLOR_BAR)) if has_color else lines


def patient_lines(series: Series) -> tuple[OverlayLine, ...]:
    """Who is shown, for full text only."""
    patient = series.patient
    person = " ".join(part for part in (patient.sex, patient.age) if part)
    texts = (
        displayed_name(patient.patient_name),
        patient.patient_id,
        person,
        displayed_date(series.study_date),
    )
    ranks = (0, 1, 3, 2)
    return tuple(OverlayLine(text, rank) for text, rank in zip(texts, ranks, strict=True) if text)


def _slice_lines(state: ViewState, volume: Volume) -> tuple[OverlayLine, ...]:
    header = volume.series.slices[state.slice_index]
    image = "" if header.instance_number is None else f"image {header.instance_number}"
    thickness = "" if header.thickness_mm is None else f"{header.thickness_mm:g} mm"
    position = position_text(state)
    place, count = state.slice_index + 1, state.slice_count
    lines = (
        OverlayLine("LOSSY", 0, LineKind.WARNING) if volume.series.is_lossy else None,
        OverlayLine(f"HU {volume.series.hu}", 0, LineKind.WARNING, ("HU?",))
        if volume.series.hu != "claimed"
        else None,
        *_gap_lines(volume.series, state.slice_index),
        OverlayLine(volume.series.description, 4),
        OverlayLine(image, 3, shorter=(image.replace("image", "im."),)),
        OverlayLine(thickness and f"{thickness} thick", 2, shorter=(thickness,)),
        OverlayLine(position, 1, shorter=(position.replace("position", "pos."), position.partition(" ")[2])),
        OverlayLine(f"slice {place} of {count}", 0, shorter=(f"{place} of {count}", f"{place}/{count}")),
    )
    return tuple(line for line in lines if line is not None and line.text)


def _series_lines(volume: Volume) -> tuple[OverlayLine, ...]:
    """What is said of a plane across the slices."""
    series = volume.series
    return (OverlayLine("LOSSY", 0, LineKind.WARNING),) * series.is_lossy + (
        (OverlayLine(series.description, 1),) if series.description else ()
    )


def _gap_lines(series: Series, slice_index: int) -> tuple[OverlayLine, ...]:
    """Where a slice may be missing beside this one."""
    beside = [("above", gap) for gap in series.gaps if gap.after_slice == slice_index]
    beside += [("below", gap) for gap in series.gaps if gap.after_slice == slice_index - 1]
    return tuple(
        OverlayLine(
            f"missing slice {side}? {gap.mm:.2f} mm",
            0,
            LineKind.WARNING,
            (f"missing {side}? {gap.mm:.2f} mm", f"gap {side}? {gap.mm:.2f} mm", f"gap {side}?"),
        )
        for side, gap in beside
    )
