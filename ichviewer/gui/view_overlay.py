"""What is written over each view: the open stack, the network's input, the prior, and the bone kernel.

The one thing to get wrong: a picture of another series says so in every state of the overlay text, and what
differs between two patients is named without the values.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.beside import Alignment, Match
from ichviewer.core.hanging import OFFER, bone_kernel_series
from ichviewer.core.network_picture import network_lines, network_tiles
from ichviewer.core.series import Series
from ichviewer.core.shown import stack_beside, why_not_shown
from ichviewer.core.views import View
from ichviewer.core.viewstate import OverlayText, ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.heat_choice import HeatChoice
from ichviewer.gui.overlay import (
    LineKind,
    Overlay,
    OverlayLine,
    altered_lines,
    displayed_date,
    overlay_of,
    patient_lines,
    picture_letters,
    side_letters,
    window_text,
)


def view_overlay(state: ViewState, view: View, heat: HeatChoice, cursor: str) -> Overlay:
    """What is written over one view; see ``overlay_of`` for the arguments."""
    if state.volume is None:
        return Overlay()
    if view is View.NETWORK:
        return _network_overlay(state, state.volume, cursor)
    beside = stack_beside(state, view)
    if beside is not None:
        return _beside_overlay(state, view, *beside, cursor)
    if view is View.PRIOR:
        return Overlay()
    return _with_marks(overlay_of(state, view, heat, cursor), state, view, state.volume)


def with_warnings(overlay: Overlay, words: tuple[str, ...]) -> Overlay:
    """The same with warnings, in every state of the text: they say how the picture must be read."""
    lines = tuple(OverlayLine(text, 0, LineKind.WARNING, (text.partition(":")[0],)) for text in words)
    return replace(overlay, top_left=(*overlay.top_left, *lines)) if lines else overlay


def _with_marks(overlay: Overlay, state: ViewState, view: View, volume: Volume) -> Overlay:
    """The open stack's own text, with what else there is to know of the slice in view."""
    if state.overlay_text is OverlayText.OFF:
        return overlay
    marks = _running_lines(state) if view <= View.AXIAL else ()
    offer: tuple[OverlayLine, ...] = ()
    if view is View.BONE and bone_kernel_series(state.contents, volume.series) is not None:
        offer = (OverlayLine(f"{OFFER}: Shift+B", 3, shorter=("bone kernel: Shift+B",)),)
    return replace(overlay, bottom_left=(*marks, *overlay.bottom_left), top_left=(*overlay.top_left, *offer))


def _running_lines(state: ViewState) -> tuple[OverlayLine, ...]:
    is_key = state.slice_index in state.work.key_images
    key = (OverlayLine("KEY IMAGE", 0, LineKind.STRONG),) if is_key else ()
    return (OverlayLine(state.cine.words, 2), *key) if state.cine.is_running else key


def _network_overlay(state: ViewState, volume: Volume, cursor: str) -> Overlay:
    title = OverlayLine("NETWORK INPUT", 0, LineKind.STRONG, ("NETWORK", "NET"))
    altered = altered_lines(state, View.NETWORK)
    card = state.model_card
    has_picture = not why_not_shown(state, View.NETWORK) and bool(volume.is_readable[state.slice_index])
    if card is None or not has_picture:
        return Overlay(top_left=(title,))
    letters = side_letters(state, View.NETWORK)
    if state.overlay_text is OverlayText.OFF:
        return Overlay(top_left=(title, *altered), letters=letters)
    tiles = network_tiles(card.preprocessing)
    name = (OverlayLine(tiles[0].name, 1),) if len(tiles) == 1 else ()
    lines = network_lines(volume, state.slice_index, card.preprocessing)
    return Overlay(
        top_left=(title, *altered, *name, *(_said(line, 2 + rank) for rank, line in enumerate(lines))),
        bottom_right=(OverlayLine(cursor, 0),) if cursor else (),
        letters=letters,
        has_scale_bar=volume.series.is_measured,
    )


def _beside_overlay(state: ViewState, view: View, volume: Volume, match: Match, cursor: str) -> Overlay:
    """Over a slice of another stack."""
    letters = picture_letters(volume, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), state.cameras[view].turn)
    title = (*_title_lines(state, view, volume.series), *altered_lines(state, view))
    if why_not_shown(state, view):
        return Overlay(top_left=title)
    if state.overlay_text is OverlayText.OFF:
        return Overlay(top_left=title, letters=letters)
    header = volume.series.slices[match.slice_index]
    presets = state.preferences.presets
    window = window_text(state.windows[view], header, state.window_origins[view], presets)
    short = window.rpartition(" ")[2]
    is_full = state.overlay_text is OverlayText.FULL and view is View.PRIOR
    return Overlay(
        top_left=(OverlayLine(window, 0, LineKind.STRONG, (short,)), *title),
        top_right=patient_lines(volume.series) if is_full else (),
        bottom_left=_slice_lines(state, view, volume, match),
        bottom_right=(OverlayLine(cursor, 0, shorter=(cursor.partition(" (")[0],)),) if cursor else (),
        letters=letters,
        has_scale_bar=volume.series.is_measured,
    )


def _title_lines(state: ViewState, view: View, series: Series) -> tuple[OverlayLine, ...]:
    """Which other series a view shows, and what speaks against one patient."""
    if view is not View.PRIOR or state.prior is None:
        name = f"BONE KERNEL {series.kernel}".rstrip()
        return (OverlayLine(name, 0, LineKind.STRONG, ("BONE KERNEL", "KERNEL")),)
    date = displayed_date(series.study_date) if state.overlay_text is OverlayText.FULL else ""
    title = OverlayLine(f"PRIOR {date}".rstrip(), 0, LineKind.STRONG, ("PRIOR",))
    if not state.prior.differences:
        return (title,)
    warning = OverlayLine("ANOTHER PATIENT?", 0, LineKind.WARNING, ("WHO?",))
    reasons = (
        OverlayLine(words, 0, LineKind.WARNING, (words.partition(" in ")[0],))
        for words in state.prior.differences
    )
    return title, warning, *reasons


def _said(line: str, rank: int) -> OverlayLine:
    """A line that says less where there is no room: what stands before the comma, or the bracket."""
    return OverlayLine(line, rank, shorter=(line.partition(",")[0].partition(" (")[0],))


def _slice_lines(state: ViewState, view: View, volume: Volume, match: Match) -> tuple[OverlayLine, ...]:
    series, header = volume.series, volume.series.slices[match.slice_index]
    place, count = match.slice_index + 1, volume.slice_count
    thickness = "" if header.thickness_mm is None else f"{header.thickness_mm:g} mm thick"
    lines = [
        OverlayLine("LOSSY" if series.is_lossy else "", 0, LineKind.WARNING),
        OverlayLine("" if series.hu == "claimed" else f"HU {series.hu}", 0, LineKind.WARNING, ("HU?",)),
        OverlayLine(series.description, 4),
        OverlayLine(thickness, 3),
        OverlayLine(
            "" if match.is_near else f"nearest slice, {match.off_mm:.1f} mm away", 0, LineKind.WARNING
        ),
        OverlayLine(_link_text(state, view), 1, shorter=(_short_link_text(state),)),
        OverlayLine(f"slice {place} of {count}", 0, shorter=(f"{place} of {count}", f"{place}/{count}")),
    ]
    return tuple(line for line in lines if line.text)


def _link_text(state: ViewState, view: View) -> str:
    if view is not View.PRIOR or state.prior is None:
        return "same frame of reference"
    return f"linked: {state.prior.alignment.value}" if state.links.scroll else "not linked"


def _short_link_text(state: ViewState) -> str:
    if state.prior is None:
        return "same frame"
    by = {Alignment.FRAME: "by frame", Alignment.VERTEX: "by vertex", Alignment.READER: "by reader"}
    return f"linked {by[state.prior.alignment]}" if state.links.scroll else "not linked"
