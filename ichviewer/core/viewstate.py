"""What the window shows, as one frozen value, and the pure steps from one to the next.

The one thing to get wrong: ``slice_index`` counts from 0 at the lowest slice; what is printed
for the reader counts from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, Review, StudyFindings, Subtype
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap
from ichviewer.core.model_card import ModelCard
from ichviewer.core.progress import Progress
from ichviewer.core.series import FolderContents
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BONE, BRAIN, SUBDURAL, Window, automatic_window

SMALLEST_ZOOM, LARGEST_ZOOM = 0.25, 16.0


class OverlayText(StrEnum):
    """How much text lies over the image."""

    FULL = "full"
    ANONYMOUS = "anonymous"
    OFF = "off"


@dataclass(frozen=True)
class Message:
    """A sentence for the status line.

    Attributes:
        text: What happened, in words.
        is_problem: Whether it is drawn as a warning.
        details: Longer text that can be shown and copied, empty if there is none.
    """

    text: str
    is_problem: bool = False
    details: str = ""


@dataclass(frozen=True)
class WindowOrigin:
    """Where the window of a view comes from.

    Attributes:
        is_automatic: Whether it was made from the values of a slice.
        header_item: Number of the window in the slice's header that the view follows from slice to slice,
            counted from 0; None where the view keeps its window.
    """

    is_automatic: bool = False
    header_item: int | None = None


CHOSEN = WindowOrigin()
"""The reader, or the way a stack opens, chose the window."""


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """Small grey picture of a series.

    Attributes:
        series_key: ``Series.key``.
        grey: (size, size), uint8.
    """

    series_key: str
    grey: NDArray[np.uint8]


@dataclass(frozen=True)
class ViewState:
    """Everything that the window draws.

    Attributes:
        contents: What lies below the opened path; None before anything was opened.
        thumbnails: Pictures of the series, as far as they are made.
        volume: The open stack; None while nothing is open.
        receipt: Geometry of the open stack in words.
        input_check: ``green``, ``amber``, ``red``, or empty before the check.
        input_check_reasons: Why it is not green.
        model_card: The checkpoint's card; None without a checkpoint.
        device: Where the network runs, in words.
        reading: Progress of opening; None while nothing is being opened.
        analysis: Progress of the analysis; None while none runs.
        message: The last thing that the reader should know; None if there is nothing.
        recent_paths: Folders opened before, latest first.
        slice_index: Current slice, 0 = lowest.
        slice_count: Slices in the stack; 0 while nothing is open.
        windows: Window of the three views.
        window_origins: Where each of them comes from.
        active_view: The view that number keys and drags change, 0 to 2.
        promoted_view: The view shown alone, None for all three.
        is_inverted: Whether grey is inverted.
        zoom: Magnification, 1 = the whole slice fits the view.
        pan_mm: Shift of the image on the screen, (right, down), mm.
        overlay_text: How much corner text.
        shows_heatmap: Whether the heat map is drawn.
        heatmap_subtype: Whose heat map.
        heatmap_opacity: 0 to 1.
        heatmap_below_threshold: Whether slices below threshold are coloured too.
        heatmap_as_contours: Whether the heat map is drawn as lines of equal heat instead of color.
        findings: Scores as far as they are known; None without an analysis.
        review: The reader's decisions.
        heatmap_method: CLOSED_FORM, or one of pytorch-grad-cam's for the slice in view.
        explanation: The map of another method, for the slice and label that it names; None if there is none.
    """

    contents: FolderContents | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    volume: Volume | None = None
    receipt: str = ""
    input_check: str = ""
    input_check_reasons: tuple[str, ...] = ()
    model_card: ModelCard | None = None
    device: str = ""
    reading: Progress | None = None
    analysis: Progress | None = None
    message: Message | None = None
    recent_paths: tuple[str, ...] = ()
    slice_index: int = 0
    slice_count: int = 0
    windows: tuple[Window, Window, Window] = (BRAIN, SUBDURAL, BONE)
    window_origins: tuple[WindowOrigin, WindowOrigin, WindowOrigin] = (CHOSEN, CHOSEN, CHOSEN)
    active_view: int = 0
    promoted_view: int | None = None
    is_inverted: bool = False
    zoom: float = 1.0
    pan_mm: tuple[float, float] = (0.0, 0.0)
    overlay_text: OverlayText = OverlayText.FULL
    shows_heatmap: bool = False
    heatmap_subtype: Subtype = Subtype.ANY
    heatmap_opacity: float = 0.45
    heatmap_below_threshold: bool = False
    heatmap_as_contours: bool = False
    findings: StudyFindings | None = None
    review: Review = Review()
    heatmap_method: str = CLOSED_FORM
    explanation: Heatmap | None = None


def listed(state: ViewState, contents: FolderContents) -> ViewState:
    """Another folder was listed: the stack of the folder before it is closed, preferences stay."""
    return replace(
        state,
        contents=contents,
        thumbnails=(),
        volume=None,
        slice_index=0,
        slice_count=0,
        receipt="",
        input_check="",
        input_check_reasons=(),
        findings=None,
        review=Review(),
        analysis=None,
        explanation=None,
    )


def opened(state: ViewState, volume: Volume, receipt: str) -> ViewState:
    """A new stack: middle slice, the windows that it opens in, no zoom, no findings; preferences stay."""
    fresh = replace(
        state,
        volume=volume,
        receipt=receipt,
        input_check="",
        input_check_reasons=(),
        analysis=None,
        slice_index=volume.slice_count // 2,
        slice_count=volume.slice_count,
        active_view=0,
        is_inverted=False,
        zoom=1.0,
        pan_mm=(0.0, 0.0),
        heatmap_subtype=Subtype.ANY,
        findings=None,
        review=Review(),
        explanation=None,
    )
    return in_first_windows(fresh)


def in_first_windows(state: ViewState) -> ViewState:
    """Brain, subdural and bone side by side; one view where the files claim no Hounsfield units.

    There the windows of tissues would show a black picture; the view follows the header, or has the automatic
    window where the header proposes none.
    """
    fresh, volume = ViewState(), state.volume
    three = replace(
        state, windows=fresh.windows, window_origins=fresh.window_origins, promoted_view=fresh.promoted_view
    )
    if volume is None or volume.series.hu != "not claimed":
        return three
    one = replace(three, active_view=0, promoted_view=0)
    proposals = windows_in_header(one)
    return (
        with_window(one, 0, proposals[0], WindowOrigin(header_item=0))
        if proposals
        else percentile_window(one)
    )


def scrolled_to(state: ViewState, slice_index: int) -> ViewState:
    """Another slice; stops at the ends. Views that follow the header take the windows of that slice.

    >>> scrolled_to(ViewState(slice_count=3), 7).slice_index
    2
    """
    there = replace(state, slice_index=max(0, min(slice_index, state.slice_count - 1)))
    proposals = windows_in_header(there)
    for view, origin in enumerate(state.window_origins):
        if origin.header_item is not None and proposals:
            # A slice without this window has its first one; the number is kept for the slices after it.
            window = proposals[origin.header_item if origin.header_item < len(proposals) else 0]
            there = with_window(there, view, window, origin)
    return there


def windows_in_header(state: ViewState) -> list[Window]:
    """Windows that the file of the slice in view proposes, in its order; maybe none."""
    if state.volume is None:
        return []
    return [each.window for each in state.volume.series.slices[state.slice_index].file_windows]


def with_window(state: ViewState, view: int, window: Window, origin: WindowOrigin = CHOSEN) -> ViewState:
    """Another window for one view."""
    windows, origins = list(state.windows), list(state.window_origins)
    windows[view], origins[view] = window, origin
    return replace(
        state,
        windows=(windows[0], windows[1], windows[2]),
        window_origins=(origins[0], origins[1], origins[2]),
    )


def percentile_window(state: ViewState) -> ViewState:
    """Automatic window of the slice in view; no change where the slice could not be read."""
    if state.volume is None or not state.volume.is_readable[state.slice_index]:
        return state
    window = automatic_window(state.volume.measured_hu(state.slice_index))
    return with_window(state, state.active_view, window, WindowOrigin(is_automatic=True))


def window_dragged(window: Window, right_px: float, down_px: float) -> Window:
    """Window after a drag: right is wider, down is brighter (a lower centre); its function stays.

    The gain is proportional to the width (a 400 px drag doubles it), because a fixed gain is unusable at
    narrow windows. IHE Basic Image Review.

    >>> window_dragged(Window(40, 80), 100, 0) == Window(40, 100)
    True
    """
    width = min(max(window.width * (1 + right_px / 400), 2.0), 20000.0)
    center = min(max(window.center - window.width * down_px / 400, -5000.0), 10000.0)
    return replace(window, center=center, width=width)


def zoomed(state: ViewState, factor: float) -> ViewState:
    """Magnified by *factor*, within the limits."""
    return replace(state, zoom=min(max(state.zoom * factor, SMALLEST_ZOOM), LARGEST_ZOOM))


def panned(state: ViewState, right_mm: float, down_mm: float) -> ViewState:
    """Image shifted on the screen."""
    return replace(state, pan_mm=(state.pan_mm[0] + right_mm, state.pan_mm[1] + down_mm))


def reset(state: ViewState) -> ViewState:
    """Windows, zoom, pan and inversion as when the stack was opened; slice and findings stay."""
    return in_first_windows(replace(state, zoom=1.0, pan_mm=(0.0, 0.0), is_inverted=False))


def next_suspicious(state: ViewState, thresholds: tuple[float, ...], step: int) -> ViewState:
    """The nearest slice above threshold for any label, up (+1) or down (-1); stays if there is none.

    The heat map's label becomes the highest flagged one there, unless its own is flagged.
    """
    if state.findings is None:
        return state
    suspicious = [
        finding.slice_index
        for finding in state.findings.slices
        if finding.probabilities is not None
        and any(p >= t for p, t in zip(finding.probabilities, thresholds, strict=True))
        and (finding.slice_index - state.slice_index) * step > 0
    ]
    if not suspicious:
        return state
    there = scrolled_to(state, min(suspicious) if step > 0 else max(suspicious))
    scores = state.findings.slices[there.slice_index].probabilities or ()
    flagged = {s: p for s, p, t in zip(SUBTYPES, scores, thresholds, strict=True) if p >= t}
    if there.heatmap_subtype in flagged:
        return there
    return replace(there, heatmap_subtype=max(flagged, key=lambda subtype: flagged[subtype]))


def subtype_cycled(state: ViewState) -> ViewState:
    """The next label's heat map."""
    following = (SUBTYPES.index(state.heatmap_subtype) + 1) % len(SUBTYPES)
    return replace(state, heatmap_subtype=SUBTYPES[following])
