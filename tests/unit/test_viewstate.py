"""The pure steps from one view state to the next."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from builders import make_card, make_findings, make_volume
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ichviewer.core.camera import Camera, Turn
from ichviewer.core.findings import SUBTYPES, Decision, Review, SliceFinding, SliceStatus, Subtype
from ichviewer.core.heatmap import closed_form_heatmap
from ichviewer.core.history import History, ReaderWork, Step
from ichviewer.core.plane import Plane, Slab, SlabKind
from ichviewer.core.progress import Progress
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.views import AXIAL_VIEWS, PLANE_VIEWS, TRIPTYCH_VIEWS, View
from ichviewer.core.viewstate import (
    FIRST_WINDOWS,
    Links,
    Message,
    OverlayText,
    ViewState,
    WindowOrigin,
    in_first_windows,
    next_suspicious,
    opened,
    reset,
    scrolled_to,
    subtype_cycled,
    window_dragged,
    with_camera,
    with_window,
)
from ichviewer.core.windowing import (
    BONE,
    BRAIN,
    SUBDURAL,
    FileWindow,
    VoiFunction,
    Window,
    automatic_window,
)

VOLUME, CARD = make_volume(9, 16, 16), make_card()


class Reformats:
    """Air on every plane."""

    frame: StackFrame = VOLUME.frame

    def hu(self, plane: Plane) -> NDArray[np.float32]:
        return np.full(plane.shape, -1000, np.float32)


USED = ViewState(
    volume=VOLUME,
    receipt="sorted by position",
    input_check="red",
    input_check_reasons=("not a head",),
    model_card=CARD,
    device="cpu",
    analysis=Progress(1, 9, "analyzing"),
    message=Message("Findings written."),
    recent_paths=("a folder",),
    slice_index=7,
    slice_count=9,
    windows=(Window(1, 2),) * len(View),
    window_origins=(WindowOrigin(header_item=0),) * len(View),
    cameras=(Camera(3.0, (4.0, 5.0), Turn(1, is_mirrored=True)),) * len(View),
    active_view=View.BONE,
    promoted_view=View.SUBDURAL,
    is_inverted=True,
    slab=Slab(SlabKind.MEAN, 5.0),
    plane_rotations=(((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)),) * 3,
    reformats=Reformats(),
    overlay_text=OverlayText.ANONYMOUS,
    shows_heatmap=True,
    heatmap_subtype=Subtype.SUBDURAL,
    heatmap_opacity=0.7,
    heatmap_below_threshold=True,
    findings=make_findings(VOLUME, CARD, likely=[7]),
    work=ReaderWork(Review().with_decision(7, Subtype.ANY, Decision.ACCEPTED)),
    history=History((Step("accept any on slice 8", ReaderWork()),)),
    explanation=closed_form_heatmap(
        make_findings(VOLUME, CARD).slices[7], Subtype.ANY, CARD, VOLUME.geometry.pixel_spacing_mm
    ),
)
"""A state in which every field that a study leaves behind differs from its default."""


def test_a_new_stack_takes_nothing_of_the_last_study_along() -> None:
    """Hazard: the last patient's scores, checks or decisions shown beside the next patient's images."""
    state = opened(USED, make_volume(4, 16, 16), "sorted by position; 4 slices")
    fresh = ViewState()
    of_the_study = {
        "input_check",
        "input_check_reasons",
        "analysis",
        "heatmap_subtype",
        "findings",
        "work",
        "history",
    }
    of_the_view = {
        "windows",
        "window_origins",
        "active_view",
        "promoted_view",
        "is_inverted",
        "cameras",
        "slab",
        "plane_rotations",
        "reformats",
        "explanation",
    }
    for name in of_the_study | of_the_view:
        assert getattr(state, name) == getattr(fresh, name) != getattr(USED, name)
    assert (state.slice_index, state.slice_count, state.receipt) == (2, 4, "sorted by position; 4 slices")
    assert state.volume is not VOLUME


def test_a_new_stack_leaves_the_readers_preferences() -> None:
    state = opened(USED, VOLUME, "")
    kept = {"model_card", "device", "recent_paths", "overlay_text", "shows_heatmap", "heatmap_opacity"}
    assert all(getattr(state, name) == getattr(USED, name) for name in kept)


def test_the_triptych_opens_with_brain_subdural_and_bone() -> None:
    state = opened(USED, VOLUME, "")
    assert state.layout.views == (View.BRAIN, View.SUBDURAL, View.BONE)
    assert state.windows[:3] == (BRAIN, SUBDURAL, BONE)


@pytest.mark.parametrize("proposed", [True, False])
def test_what_claims_no_hounsfield_units_opens_in_one_view_that_shows_something(proposed: bool) -> None:
    """Hazard: a localizer or capture is black in the windows of brain and bone, and taken for empty."""
    volume = make_volume(hu=np.arange(3 * 64 * 64, dtype=np.int16).reshape(3, 64, 64), hu_claim="not claimed")
    wanted = Window(9000, 500, VoiFunction.LINEAR)
    windows = (FileWindow(wanted, ""),) if proposed else ()
    headers = tuple(replace(header, file_windows=windows) for header in volume.series.slices)
    volume = replace(volume, series=replace(volume.series, slices=headers))
    state = opened(USED, volume, "")
    assert (state.active_view, state.promoted_view) == (0, 0)
    assert state.windows[0] == (wanted if proposed else automatic_window(volume.hu(1)))
    assert state.window_origins[0] == WindowOrigin(not proposed, 0 if proposed else None)
    assert len(set(state.windows)) == 1
    changed = with_window(replace(state, promoted_view=None), View.BRAIN, BRAIN)
    assert reset(changed).windows == in_first_windows(state).windows == state.windows


def test_a_head_of_assumed_hounsfield_units_opens_in_the_triptych() -> None:
    state = opened(USED, make_volume(hu_claim="assumed"), "")
    assert (state.windows, state.promoted_view) == (FIRST_WINDOWS, None)


@given(st.integers(1, 400), st.integers(-1000, 1000))
def test_scroll_stops_at_the_ends(slice_count: int, wanted: int) -> None:
    found = scrolled_to(ViewState(slice_count=slice_count), wanted).slice_index
    assert found == sorted([0, wanted, slice_count - 1])[1]


def test_an_empty_window_scrolls_nowhere() -> None:
    assert scrolled_to(ViewState(), 5).slice_index == 0


@pytest.mark.parametrize("view", TRIPTYCH_VIEWS)
def test_a_window_of_the_triptych_is_set_in_one_view_only(view: View) -> None:
    windows = with_window(ViewState(), view, Window(40, 40)).windows
    expected = list(FIRST_WINDOWS)
    expected[view] = Window(40, 40)
    assert windows == tuple(expected)


def test_the_three_planes_have_one_window_while_windows_are_linked() -> None:
    linked = with_window(ViewState(), View.CORONAL, BONE).windows
    assert {linked[view] for view in PLANE_VIEWS} == {BONE}
    assert linked[:3] == FIRST_WINDOWS[:3]
    alone = with_window(ViewState(links=Links(window=False)), View.CORONAL, BONE).windows
    assert [alone[view] for view in PLANE_VIEWS] == [BRAIN, BONE, BRAIN]


def test_views_of_the_slice_are_shifted_together_and_all_are_magnified_while_zoom_is_linked() -> None:
    camera = Camera(2.0, (3.0, 4.0), Turn(1))
    linked = with_camera(ViewState(), View.BONE, camera).cameras
    assert {linked[view] for view in AXIAL_VIEWS} == {camera}
    assert linked[View.CORONAL] == Camera(2.0)
    assert linked[View.NETWORK] == Camera()
    alone = with_camera(ViewState(links=Links(zoom=False)), View.BONE, camera).cameras
    assert [view for view in View if alone[view] != Camera()] == [View.BONE]


def test_dragging_right_is_wider_and_down_is_brighter() -> None:
    assert window_dragged(BRAIN, 100, 0).width > BRAIN.width
    assert window_dragged(BRAIN, 0, 100).center < BRAIN.center


def test_the_gain_of_a_drag_follows_the_width() -> None:
    narrow, wide = window_dragged(BRAIN, 40, 40), window_dragged(BONE, 40, 40)
    assert narrow.width / BRAIN.width == pytest.approx(wide.width / BONE.width)
    assert (narrow.center - BRAIN.center) / BRAIN.width == pytest.approx(
        (wide.center - BONE.center) / BONE.width
    )


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_no_drag_breaks_a_window(right: float, down: float) -> None:
    window = BRAIN
    for _ in range(4):
        window = window_dragged(window, right, down)
    assert 2 <= window.width <= 20000
    assert -5000 <= window.center <= 10000


def test_reset_restores_the_view_and_keeps_slice_findings_and_review() -> None:
    state = reset(USED)
    changed = {
        field.name
        for field in fields(ViewState)
        if getattr(state, field.name) is not getattr(USED, field.name)
    }
    assert changed == {"windows", "window_origins", "cameras", "is_inverted", "promoted_view"}
    assert (state.windows, state.cameras) == (FIRST_WINDOWS, ViewState().cameras)
    assert not state.is_inverted
    assert state.promoted_view is None


@pytest.mark.parametrize(
    ("slice_index", "step", "expected"),
    [(0, 1, 2), (2, 1, 3), (3, 1, 7), (7, 1, 7), (8, -1, 7), (3, -1, 2), (2, -1, 2)],
)
def test_next_and_previous_suspicious_slice(slice_index: int, step: int, expected: int) -> None:
    findings = make_findings(VOLUME, CARD, likely=[2, 3, 7], pending=[5])
    state = replace(USED, findings=findings, slice_index=slice_index)
    assert next_suspicious(state, CARD.slice_thresholds, step).slice_index == expected


def test_one_label_above_its_threshold_makes_a_slice_suspicious() -> None:
    """Hazard: a slice that only 'subdural' flags would be jumped over."""
    finding = SliceFinding(4, SliceStatus.OK, (0.1, 0.1, 0.1, 0.1, 0.1, 0.6))
    findings = make_findings(VOLUME, CARD).with_slice(finding, VOLUME.series.key, CARD.weights_sha256)
    state = replace(USED, findings=findings, slice_index=0)
    there = next_suspicious(state, CARD.slice_thresholds, 1)
    assert there.slice_index == 4
    # An empty map of a label that is not flagged there would read as "nothing here".
    assert there.heatmap_subtype is Subtype.SUBDURAL


def test_without_findings_nothing_is_suspicious() -> None:
    state = replace(USED, findings=None)
    assert next_suspicious(state, CARD.slice_thresholds, 1) is state


def test_cycling_through_the_labels_comes_back_to_the_first() -> None:
    seen, state = [], ViewState()
    for _ in SUBTYPES:
        seen.append(state.heatmap_subtype)
        state = subtype_cycled(state)
    assert seen == list(SUBTYPES)
    assert state.heatmap_subtype is Subtype.ANY
