"""The mid-sagittal plane from the head's symmetry: found where it is, refused where it cannot be told."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume
from stack_shapes import ball, shaped_volume, stack_geometry, with_geometry

from ichviewer.core.errors import IchViewerError
from ichviewer.core.findings import Subtype
from ichviewer.core.midline import MidlineFit, fit_midline
from ichviewer.core.phantom import Bleed, make_phantom, small_demo_spec
from ichviewer.core.phantom_spec import PhantomSpec, head_rotation
from ichviewer.core.plane import axial_plane, coronal_plane
from ichviewer.core.progress import Cancelled, CancelToken, ignore_progress
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.volume import Volume
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan

HEAD = replace(small_demo_spec(with_bleeds=False, slice_count=20, size=128), rotation_degrees=(0.0, 0.0, 0.0))
LARGE_BLEEDS = (
    Bleed(Subtype.SUBDURAL, (-60, 4, 70), (75, 15, 32), 66.0),
    Bleed(Subtype.INTRAPARENCHYMAL, (-30, -10, 50), (20, 24, 20), 70.0),
)
POSES = {
    "straight": HEAD,
    "turned": replace(HEAD, rotation_degrees=(0.0, 0.0, 21.0)),
    "leaning": replace(HEAD, rotation_degrees=(0.0, -9.0, 0.0), offset_mm=(9.0, 0.0, 0.0)),
    "all ways": replace(HEAD, rotation_degrees=(6.0, 5.0, -14.0), offset_mm=(-7.0, 6.0, 0.0)),
    "tilted gantry": replace(
        HEAD, rotation_degrees=(3.0, 5.0, -9.0), offset_mm=(6.0, 4.0, 0.0), tilt_degrees=18.5
    ),
    "bleeding": replace(HEAD, rotation_degrees=(0.0, 3.0, 10.0), bleeds=LARGE_BLEEDS),
}


@cache
def head(pose: str) -> tuple[PhantomSpec, Volume, StackFrame]:
    spec = POSES[pose]
    phantom = make_phantom(spec)
    volume = make_volume(hu=phantom.hu, pixel_spacing_mm=spec.pixel_spacing_mm)
    return spec, with_geometry(volume, phantom.geometry), StackFrame.of(phantom.geometry, volume.shape)


@cache
def fit(pose: str) -> MidlineFit:
    _, volume, frame = head(pose)
    return fit_midline(volume, frame)


@pytest.mark.parametrize("pose", POSES)
def test_the_plane_is_the_heads_own(pose: str) -> None:
    """Hazard: a midline drawn askew makes a midline shift where there is none, or hides one."""
    spec, _, frame = head(pose)
    found = fit(pose)
    normal = head_rotation(spec)[:, 0]
    angle = np.degrees(np.arccos(np.clip(frame.direction_to_patient(found.normal) @ normal, -1, 1)))
    assert angle < 1.2
    distance = (frame.to_patient_mm(np.asarray(found.point_mm)) - np.asarray(spec.offset_mm)) @ normal
    assert abs(distance) < 0.8


def test_without_tilt_yaw_and_roll_are_the_heads_turn_and_lean() -> None:
    spec = POSES["all ways"]
    assert fit("all ways").yaw_degrees == pytest.approx(spec.rotation_degrees[2], abs=1.2)
    assert fit("all ways").roll_degrees == pytest.approx(spec.rotation_degrees[1], abs=1.2)


def test_the_straightened_view_looks_along_the_mid_plane() -> None:
    _, _, frame = head("all ways")
    found = fit("all ways")
    straight = axial_plane(frame, found.point_mm, found.rotation)
    assert np.allclose(straight.right, found.normal)
    first, last = found.line_on_plane(straight) or ((0, 0), (0, 0))
    # The midline stands upright in it.
    assert first[1] == pytest.approx(last[1])
    assert {round(first[0], 3), round(last[0], 3)} == {-0.5, straight.shape[0] - 0.5}


def test_the_midline_on_a_slice_lies_in_the_mid_plane() -> None:
    _, _, frame = head("tilted gantry")
    found = fit("tilted gantry")
    ends = np.asarray(found.line_on_slice(frame, 9))
    assert np.allclose((ends - np.asarray(found.point_mm)) @ found.normal, 0.0)
    assert np.allclose(ends[:, 2], frame.positions_mm[9])
    rows = [frame.mm_to_pixel(9, end[0], end[1])[0] for end in ends]
    assert rows == pytest.approx([-0.5, frame.shape[0] - 0.5])


def test_mirrored_twice_is_the_same_point() -> None:
    found = fit("all ways")
    points = np.random.default_rng(0).normal(size=(5, 3)) * 50
    assert np.allclose(found.mirrored_mm(found.mirrored_mm(points)), points)
    middle = (points + found.mirrored_mm(points)) / 2
    assert np.allclose((middle - np.asarray(found.point_mm)) @ found.normal, 0.0)


def test_an_unreadable_slice_does_no_harm() -> None:
    _, volume, frame = head("turned")
    readable = volume.is_readable.copy()
    readable[[7, 12]] = False
    holed = replace(volume, is_readable=readable, unreadable_reasons={7: "cut off", 12: "cut off"})
    assert fit_midline(holed, frame).yaw_degrees == pytest.approx(fit("turned").yaw_degrees, abs=1.0)


def test_half_a_head_is_refused() -> None:
    """Hazard: a midline through a head that is not whole is a guess."""
    _, volume, frame = head("straight")
    hu = np.stack([volume.hu(index) for index in range(volume.slice_count)]).astype(np.int16)
    hu[:, :, :50] = -1000
    cut = with_geometry(make_volume(hu=hu, pixel_spacing_mm=frame.pixel_spacing_mm), volume.geometry)
    with pytest.raises(IchViewerError, match="not alike enough"):
        fit_midline(cut, frame)


def test_a_ball_has_no_midline() -> None:
    """Hazard: any plane through a ball mirrors it; one of them would be a guess."""
    geometry = stack_geometry(np.arange(0, 100, 5.0).tolist(), 0.0, (2.0, 2.0), (-70.0, -70.0, 0.0))
    volume = shaped_volume(geometry, (70, 70), ball((0.0, 0.0, 47.0), 45.0, 60.0))
    with pytest.raises(IchViewerError, match="does not tell how far it is turned"):
        fit_midline(volume, StackFrame.of(geometry, volume.shape))


def test_too_few_slices_and_other_planes_are_refused() -> None:
    volume = make_volume(4, 32, 32)
    frame = StackFrame.of(volume.geometry, volume.shape)
    with pytest.raises(IchViewerError, match="4 readable slices over 15 mm are too few"):
        fit_midline(volume, frame)
    coronal = replace(volume, series=replace(volume.series, orientation="coronal"))
    with pytest.raises(IchViewerError, match="these are coronal"):
        fit_midline(coronal, frame)


def test_a_stack_without_a_head_is_refused() -> None:
    volume = make_volume(hu=np.full((12, 64, 64), -1000, dtype=np.int16), pixel_spacing_mm=(4.0, 4.0))
    with pytest.raises(IchViewerError, match="no head is seen"):
        fit_midline(volume, StackFrame.of(volume.geometry, volume.shape))


def test_the_search_can_be_cancelled() -> None:
    _, volume, frame = head("straight")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        fit_midline(volume, frame, token)


def test_a_plane_that_the_mid_plane_does_not_meet_has_no_line() -> None:
    _, _, frame = head("straight")
    found = fit("straight")
    far = coronal_plane(frame, found.point_mm).moved(0.0)
    assert found.line_on_plane(far) is not None
    assert found.line_on_plane(found.sagittal_plane.moved(30.0)) is None


@pytest.mark.needs_shared_data
@pytest.mark.parametrize(
    ("series", "yaw_degrees", "roll_degrees"), [("rsna_series", 3.3, 4.4), ("dcm_qa_ct/GE", -10.9, 3.9)]
)
def test_real_heads_are_straightened_as_seen_by_eye(
    shared_data: Path, series: str, yaw_degrees: float, roll_degrees: float
) -> None:
    """The expected angles are those whose pictures were looked at: falx upright, both ears at one height."""
    contents = scan([shared_data / series], ignore_progress, CancelToken())
    largest = max(contents.series, key=lambda found: len(found.slices))
    volume = read_volume(largest, ignore_progress, CancelToken())
    found = fit_midline(volume, StackFrame.of(volume.geometry, volume.shape))
    assert found.yaw_degrees == pytest.approx(yaw_degrees, abs=1.0)
    assert found.roll_degrees == pytest.approx(roll_degrees, abs=1.0)
