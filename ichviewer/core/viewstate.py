"""What the window shows, as one frozen value, and the pure steps from one to the next.

The one thing to get wrong: ``slice_index`` counts from 0 at the lowest slice; what is printed
for the reader counts from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.beside import PriorRefusal, PriorStack
from ichviewer.core.blind_spot_tour import BlindSpotTour
from ichviewer.core.camera import Camera
from ichviewer.core.cine import STILL, Cine
from ichviewer.core.coverage import NOTHING_SEEN, Coverage
from ichviewer.core.drawing import Drawing
from ichviewer.core.findings import SUBTYPES, Review, StudyFindings, Subtype
from ichviewer.core.first_look import BEFORE, NO_FIRST_LOOK, FirstLook
from ichviewer.core.growth import USUAL_GROWTH, Growth
from ichviewer.core.hanging import BoneStack
from ichviewer.core.head_bounds import Bounds, head_bounds_mm
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap
from ichviewer.core.history import NO_STEPS, NO_WORK, History, ReaderWork
from ichviewer.core.localizer import Localizer
from ichviewer.core.midline import MidlineFit
from ichviewer.core.mirror_picture import MirrorPicture
from ichviewer.core.model_card import ModelCard
from ichviewer.core.placed_cards import AskedPlace, PlacedCards
from ichviewer.core.plane import NO_SLAB, ReformatSource, Slab, Triple
from ichviewer.core.preferences import DEFAULT_PREFERENCES, Preferences
from ichviewer.core.preferences import OverlayText as OverlayText
from ichviewer.core.progress import Progress
from ichviewer.core.series import FolderContents
from ichviewer.core.tool import Tool
from ichviewer.core.views import Layout, View, linked_cameras, linked_windows, linked_zooms
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BONE, BRAIN, SUBDURAL, Window, automatic_window


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


@dataclass(frozen=True)
class Links:
    """What views do together.

    Attributes:
        zoom: Magnified, shifted and turned together.
        window: The three planes, mirror and prior have one window; the triptych's views never have.
        scroll: The prior follows the slice in view.
    """

    zoom: bool = True
    window: bool = True
    scroll: bool = True


Rotation = tuple[Triple, Triple, Triple]
"""A rotation matrix by rows."""

NOT_ROTATED: Rotation = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))

FIRST_WINDOWS = (BRAIN, SUBDURAL, BONE, *(BRAIN,) * (len(View) - 3))
"""Windows of all views as a stack opens."""


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
        writing: What is being written, in words; empty while nothing is.
        message: The last thing that the reader should know; None if there is nothing.
        recent_paths: Folders opened before, latest first.
        opened_paths: The paths below which *contents* were found.
        session_offered: Whether an earlier sitting can be restored.
        preferences: What the reader prefers, in this and later sittings.
        slice_index: Current slice, 0 = lowest.
        slice_count: Slices in the stack; 0 while nothing is open.
        layout: Which views stand side by side.
        windows: Window of every view, by ``View``.
        window_origins: Where each of them comes from.
        cameras: How every view looks at its plane, by ``View``.
        links: What views do together.
        active_view: The view that keys and buttons change; one of the layout's.
        promoted_view: The view shown alone, None for all of the layout.
        is_inverted: Whether grey is inverted.
        overlay_text: How much corner text.
        shows_heatmap: Whether the heat map is drawn.
        heatmap_subtype: Whose heat map.
        heatmap_opacity: 0 to 1.
        heatmap_below_threshold: Whether slices below threshold are coloured too.
        heatmap_as_contours: Whether the heat map is drawn as lines of equal heat instead of color.
        fits_head: Whether the head fills a view at zoom 1, and not the whole image.
        head_bounds_mm: Lowest and highest (x, y) of the head in the slice that the stack opened with; None
            where none is seen.
        crosshair_mm: Where the three planes meet, (x, y) in the stack frame; z is the slice in view's.
        shows_crosshair: Whether each plane shows where the others cut it.
        slab: How thick the three planes are.
        plane_rotations: How the axial, coronal and sagittal plane are turned about the crosshair.
        wants_straight: Whether the reader asked for planes along the head's own midline.
        midline: The head's mid-sagittal plane; None until it was sought and found.
        mirror: The two sides of one slice compared; None until they were.
        reformats: Gives the values of any plane; None until the stack was prepared for it.
        findings: Scores as far as they are known and may be shown; None without an analysis, and while
            they are sealed.
        sealed_findings: Scores while the first look keeps them sealed; see ``core.sealing``.
        first_look: Whether the network's result is sealed, and the reading from before it was shown.
        coverage: Which slices were seen, in which windows.
        blind_spot_tour: Where the reader stands on the tour; None while there is none.
        asked_place: The place that the reader asks about; None for the hot spot.
        placed_cards: Questions at a place; None until there are some.
        run_sides: On which side each run of flagged slices lies, as (label, first slice, side), once known.
        work: What the reader made of the stack: decisions, measurements, key images.
        history: Its steps, to be taken back and done again.
        gesture: Number of the last drag or stay in a field of text; its edits are one step.
        tool: What the left button does.
        drawing: The measurement that is being drawn; None while none is.
        selected_measurement: Number of the one that keys and the panel change; None while none is chosen.
        selected_handle: Which of its handles keys move; None for the whole.
        growth: How regions grow and are painted, and what is being grown.
        heatmap_method: CLOSED_FORM, or one of pytorch-grad-cam's for the slice in view.
        explanation: The map of another method, for the slice and label that it names; None if there is none.
        prior: An earlier stack beside the open one; None if there is none.
        prior_refusal: What was not shown as prior, until the reader insists.
        wanted_prior: Key of the series that is to be read as prior; empty if none is.
        bone_stack: The bone-kernel series that the bone view shows; None while it shows the open stack.
        wants_bone_kernel: Whether the bone view is to show that series, once it is read.
        localizer: The scout of the open study; None if there is none, or it was not read yet.
        cine: Whether slices pass by themselves, and how fast.
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
    writing: str = ""
    message: Message | None = None
    recent_paths: tuple[str, ...] = ()
    opened_paths: tuple[str, ...] = ()
    session_offered: bool = False
    preferences: Preferences = DEFAULT_PREFERENCES
    slice_index: int = 0
    slice_count: int = 0
    layout: Layout = Layout.TRIPTYCH
    windows: tuple[Window, ...] = FIRST_WINDOWS
    window_origins: tuple[WindowOrigin, ...] = (CHOSEN,) * len(View)
    cameras: tuple[Camera, ...] = (Camera(),) * len(View)
    links: Links = Links()
    active_view: View = View.BRAIN
    promoted_view: View | None = None
    is_inverted: bool = False
    overlay_text: OverlayText = OverlayText.FULL
    shows_heatmap: bool = False
    heatmap_subtype: Subtype = Subtype.ANY
    heatmap_opacity: float = 0.45
    heatmap_below_threshold: bool = False
    heatmap_as_contours: bool = False
    fits_head: bool = False
    head_bounds_mm: Bounds | None = None
    crosshair_mm: tuple[float, float] = (0.0, 0.0)
    shows_crosshair: bool = True
    slab: Slab = NO_SLAB
    plane_rotations: tuple[Rotation, Rotation, Rotation] = (NOT_ROTATED,) * 3
    wants_straight: bool = False
    midline: MidlineFit | None = None
    mirror: MirrorPicture | None = None
    reformats: ReformatSource | None = None
    findings: StudyFindings | None = None
    sealed_findings: StudyFindings | None = None
    first_look: FirstLook = NO_FIRST_LOOK
    coverage: Coverage = NOTHING_SEEN
    blind_spot_tour: BlindSpotTour | None = None
    asked_place: AskedPlace | None = None
    placed_cards: PlacedCards | None = None
    run_sides: tuple[tuple[Subtype, int, str], ...] = ()
    work: ReaderWork = NO_WORK
    history: History = NO_STEPS
    gesture: int = 0
    tool: Tool = Tool.WINDOW
    drawing: Drawing | None = None
    selected_measurement: int | None = None
    selected_handle: int | None = None
    growth: Growth = USUAL_GROWTH
    heatmap_method: str = CLOSED_FORM
    explanation: Heatmap | None = None
    prior: PriorStack | None = None
    prior_refusal: PriorRefusal | None = None
    wanted_prior: str = ""
    bone_stack: BoneStack | None = None
    wants_bone_kernel: bool = False
    localizer: Localizer | None = None
    cine: Cine = STILL

    @property
    def review(self) -> Review:
        """The reader's decisions."""
        return self.work.review


def listed(state: ViewState, contents: FolderContents) -> ViewState:
    """Other series are listed: the open stack is closed; preferences stay, and pictures of what stays."""
    return replace(
        _alone(state),
        contents=contents,
        thumbnails=_kept_thumbnails(state, contents),
        volume=None,
        reformats=None,
        midline=None,
        mirror=None,
        slice_index=0,
        slice_count=0,
        receipt="",
        input_check="",
        input_check_reasons=(),
        findings=None,
        coverage=NOTHING_SEEN,
        work=NO_WORK,
        history=NO_STEPS,
        drawing=None,
        selected_measurement=None,
        selected_handle=None,
        growth=replace(state.growth, wanted=None),
        analysis=None,
        explanation=None,
    )


def opened(state: ViewState, volume: Volume, receipt: str) -> ViewState:
    """A new stack: middle slice, the windows that it opens in, no zoom, no findings; preferences stay."""
    middle = volume.frame.center_mm
    fresh = replace(
        _alone(state),
        volume=volume,
        receipt=receipt,
        input_check="",
        input_check_reasons=(),
        analysis=None,
        slice_index=volume.slice_count // 2,
        slice_count=volume.slice_count,
        head_bounds_mm=head_bounds_mm(volume, volume.slice_count // 2),
        active_view=state.layout.views[0],
        is_inverted=False,
        cameras=ViewState().cameras,
        crosshair_mm=(float(middle[0]), float(middle[1])),
        slab=NO_SLAB,
        plane_rotations=ViewState().plane_rotations,
        wants_straight=False,
        midline=None,
        mirror=None,
        reformats=None,
        heatmap_subtype=Subtype.ANY,
        findings=None,
        coverage=Coverage(volume.slice_count),
        work=NO_WORK,
        history=NO_STEPS,
        drawing=None,
        selected_measurement=None,
        selected_handle=None,
        growth=replace(state.growth, wanted=None),
        explanation=None,
    )
    return in_first_windows(fresh)


def _kept_thumbnails(state: ViewState, contents: FolderContents) -> tuple[Thumbnail, ...]:
    kept = {id(series) for series in contents.series}
    before = () if state.contents is None else state.contents.series
    keys = {series.key for series in before if id(series) in kept}
    return tuple(thumbnail for thumbnail in state.thumbnails if thumbnail.series_key in keys)


def _alone(state: ViewState) -> ViewState:
    """Without all that stood beside the stack or was begun on it; cine stops."""
    return replace(
        state,
        prior=None,
        prior_refusal=None,
        wanted_prior="",
        bone_stack=None,
        wants_bone_kernel=False,
        localizer=None,
        cine=replace(state.cine, is_running=False),
        sealed_findings=None,
        first_look=NO_FIRST_LOOK,
        blind_spot_tour=None,
        asked_place=None,
        placed_cards=None,
        run_sides=(),
    )


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
    one = replace(three, layout=Layout.TRIPTYCH, active_view=View.BRAIN, promoted_view=View.BRAIN)
    proposals = windows_in_header(one)
    if not proposals:
        return percentile_window(one, tuple(View))
    following = WindowOrigin(header_item=0)
    return replace(one, windows=(proposals[0],) * len(View), window_origins=(following,) * len(View))


def scrolled_to(state: ViewState, slice_index: int) -> ViewState:
    """Another slice; stops at the ends. Views that follow the header take the windows of that slice.

    >>> scrolled_to(ViewState(slice_count=3), 7).slice_index
    2
    """
    there = replace(state, slice_index=max(0, min(slice_index, state.slice_count - 1)))
    proposals = windows_in_header(there)
    for view, origin in zip(View, state.window_origins, strict=True):
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


def with_window(state: ViewState, view: View, window: Window, origin: WindowOrigin = CHOSEN) -> ViewState:
    """Another window for one view, and for those that are linked with it."""
    windows, origins = list(state.windows), list(state.window_origins)
    for each in linked_windows(view) if state.links.window else (view,):
        windows[each], origins[each] = window, origin
    return replace(state, windows=tuple(windows), window_origins=tuple(origins))


def with_camera(state: ViewState, view: View, camera: Camera) -> ViewState:
    """Another camera for one view; while zoom is linked, its like shift with it and all are magnified."""
    cameras = list(state.cameras)
    cameras[view] = camera
    if state.links.zoom:
        for each in linked_zooms(view):
            cameras[each] = replace(cameras[each], zoom=camera.zoom)
        for each in linked_cameras(view):
            cameras[each] = camera
    return replace(state, cameras=tuple(cameras))


def percentile_window(state: ViewState, views: tuple[View, ...] = ()) -> ViewState:
    """Automatic window of the slice in view; no change where the slice could not be read.

    Args:
        state: Before.
        views: Which views get it; the active one if none is named.
    """
    if state.volume is None or not state.volume.is_readable[state.slice_index]:
        return state
    window = automatic_window(state.volume.measured_hu(state.slice_index))
    for view in views or (state.active_view,):
        state = with_window(state, view, window, WindowOrigin(is_automatic=True))
    return state


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


def reset(state: ViewState) -> ViewState:
    """Windows, cameras and inversion as when the stack was opened; slice, layout and findings stay."""
    return in_first_windows(replace(state, cameras=ViewState().cameras, is_inverted=False))


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


Edit = Callable[[ReaderWork, History], tuple[ReaderWork, History]]
"""A step of ``core.reader_edits``, or undo and redo."""


def with_edit(state: ViewState, edit: Edit) -> ViewState:
    """The reader's work after an edit; the same state where nothing is open or nothing changes."""
    if state.volume is None:
        return state
    work, history = edit(state.work, state.history)
    if work is state.work and history is state.history:
        return state
    if state.first_look.is_sealed and work.review.reading != BEFORE:
        work = replace(work, review=replace(work.review, reading=BEFORE))
    return replace(state, work=work, history=history)


def with_new_gesture(state: ViewState) -> ViewState:
    """Another drag, or another stay in a field of text, begins."""
    return replace(state, gesture=state.gesture + 1)
