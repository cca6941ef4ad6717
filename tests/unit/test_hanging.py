"""Which series hangs where: soft kernel first, bone kernel in the bone view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from stacks_beside import JANE, contents_of, stack

from ichviewer.core.hanging import BoneStack, bone_kernel_series
from ichviewer.core.navigation import shows_stored_slice
from ichviewer.core.plane import rotation_about
from ichviewer.core.shown import shift_beside_mm, shown_image, shows_open_stack, why_not_shown
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, opened, scrolled_to
from ichviewer.dicom.best_series import best_series

SOFT = stack(9, 5.0, kernel="H31s")
BONE = stack(21, 2.0, lowest_mm=0.5, series_uid="1.2.5", kernel="H70h")


def test_the_soft_kernel_opens_whatever_the_order() -> None:
    """Hazard: the network reads a bone kernel, for which it was never made, because it was listed first."""
    thick_bone = stack(9, 5.0, series_uid="1.2.4", kernel="H70h")
    for volumes in ((SOFT, thick_bone), (thick_bone, SOFT)):
        assert best_series(contents_of(*volumes)) is SOFT.series


def test_the_bone_kernel_of_the_same_study_is_offered() -> None:
    assert bone_kernel_series(contents_of(SOFT, BONE), SOFT.series) is BONE.series


@pytest.mark.parametrize(
    "change",
    [
        {"frame_of_reference_uid": "1.9.2"},
        {"frame_of_reference_uid": ""},
        {"study_instance_uid": "7"},
        {"patient": replace(JANE, patient_id="ID-0043")},
        {"kernel": "H31s"},
        {"is_ai_candidate": False},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_other_series_is_offered(change: dict[str, object]) -> None:
    """Hazard: the bone of another patient, or of another place, stands beside this brain."""
    other = replace(BONE.series, **change)  # type: ignore[arg-type]
    contents = contents_of(SOFT)
    contents = replace(contents, series=(*contents.series, other))
    assert bone_kernel_series(contents, SOFT.series) is None


def test_a_bone_kernel_of_another_tilt_is_not_offered() -> None:
    """Hazard: middles coincide, and at the forehead the bone view shows a place 36 mm lower than said."""
    assert BONE.series.geometry is not None
    leaning = rotation_about((1, 0, 0), 18.5) @ BONE.series.geometry.column_direction
    tilted = replace(BONE.series, geometry=replace(BONE.series.geometry, column_direction=leaning))
    contents = contents_of(SOFT)
    contents = replace(contents, series=(*contents.series, tilted))
    assert bone_kernel_series(contents, SOFT.series) is None


def test_an_open_bone_kernel_needs_no_other() -> None:
    other = stack(9, 5.0, series_uid="1.2.6", kernel="BONE")
    assert bone_kernel_series(contents_of(BONE, other), BONE.series) is None


def with_bone(slice_index: int, bone: object = BONE) -> ViewState:
    state = scrolled_to(opened(ViewState(), SOFT, ""), slice_index)
    return replace(state, bone_stack=BoneStack(bone, ""), wants_bone_kernel=True)  # type: ignore[arg-type]


def test_the_bone_view_shows_the_slice_at_the_same_place() -> None:
    """Hazard: a fracture is looked for at another level than that of the bleed."""
    image = shown_image(with_bone(4), View.BONE)
    assert image is not None
    assert image.slice_index == 10, "20.5 mm beside 20 mm"


def test_where_the_bone_kernel_does_not_reach_nothing_is_shown_in_its_place() -> None:
    short = stack(4, 2.0, series_uid="1.2.5", kernel="H70h")
    state = with_bone(4, short)
    assert shown_image(state, View.BONE) is None
    assert (
        why_not_shown(state, View.BONE) == "The bone kernel has no slice here; the nearest is 14.0 mm away."
    )


def test_no_heat_and_no_marks_stand_on_the_bone_kernel() -> None:
    """Hazard: heat of one reconstruction is believed on another, or measured on pixels that are not shown."""
    state = with_bone(4)
    assert not shows_stored_slice(state, View.BONE)
    assert not shows_open_stack(state, View.BONE)
    assert shows_stored_slice(state, View.BRAIN)
    assert shows_open_stack(state, View.BRAIN)


def test_a_smaller_field_of_view_lies_on_the_same_anatomy() -> None:
    bone = stack(9, 5.0, series_uid="1.2.5", kernel="H70h", side=32)
    assert shift_beside_mm(with_bone(4, bone), View.BONE) == pytest.approx((-8.0, -8.0))
    assert np.allclose(shift_beside_mm(with_bone(4), View.BONE), 0.0)
