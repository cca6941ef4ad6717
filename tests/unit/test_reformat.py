"""Planes of any direction through a stack: true under tilt, uneven spacing and unreadable slices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK
from builders import make_volume
from numpy.typing import NDArray
from stack_shapes import UNEVEN_MM, ball, shaped_volume, stack_geometry, with_geometry

from ichviewer.core.errors import IchViewerError
from ichviewer.core.geometry import StackGeometry
from ichviewer.core.plane import (
    Plane,
    Slab,
    SlabKind,
    axial_plane,
    coronal_plane,
    rotation_about,
    sagittal_plane,
)
from ichviewer.core.progress import Cancelled, CancelToken
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.stack_holes import HoleKind, within_hole
from ichviewer.core.volume import AIR_HU, Volume
from ichviewer.imaging.reformat import layer_offsets_mm, prepare

MAKERS = {"axial": axial_plane, "coronal": coronal_plane, "sagittal": sagittal_plane}
TURNS = {
    "straight": None,
    "turned": rotation_about((0, 0, 1), 30.0),
    "oblique": rotation_about((1.0, 2.0, -1.0), 35.0),
}
RADIUS_MM = 24.0


def noise_volume(geometry: StackGeometry, rows: int = 24, columns: int = 30, **more: object) -> Volume:
    shape = (geometry.slice_count, rows, columns)
    hu = np.random.default_rng(5).integers(-1000, 2000, shape).astype(np.int16)
    volume = make_volume(hu=hu, pixel_spacing_mm=geometry.pixel_spacing_mm, **more)  # type: ignore[arg-type]
    return with_geometry(volume, geometry)


def trilinear(volume: Volume, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Exact values at points of the frame, (..., 3), of a stack without holes; written for itself."""
    frame = StackFrame.of(volume.geometry, volume.shape)
    z = frame.positions_mm
    hu = np.stack([volume.hu(index) for index in range(volume.slice_count)]).astype(np.float64)
    # Beyond the ends the outermost slice goes on, shifted as between it and its neighbor.
    upper = np.clip(np.searchsorted(z, points[..., 2], side="right"), 1, len(z) - 1)
    share = (points[..., 2] - z[upper - 1]) / (z[upper] - z[upper - 1])
    shift = frame.slice_origins_mm[upper - 1] + share[..., None] * (
        frame.slice_origins_mm[upper] - frame.slice_origins_mm[upper - 1]
    )
    place = np.stack(
        [
            upper - 1 + share,
            (points[..., 1] - shift[..., 1]) / frame.pixel_spacing_mm[0],
            (points[..., 0] - shift[..., 0]) / frame.pixel_spacing_mm[1],
        ],
        axis=-1,
    )
    size = np.asarray(hu.shape)
    outside = ((place < -0.5) | (place > size - 0.5)).any(axis=-1)
    place = np.clip(place, 0, size - 1)
    base = np.minimum(place.astype(int), size - 2)
    part = place - base
    total = np.zeros(points.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        weight = np.where(np.asarray(corner) == 1, part, 1 - part).prod(axis=-1)
        total += weight * hu[tuple(np.moveaxis(base + corner, -1, 0))]
    return np.where(outside, np.nan, total)


def points_of(plane: Plane, offset_mm: float = 0.0) -> NDArray[np.float64]:
    rows, columns = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]]
    return plane.moved(offset_mm).to_frame_mm(rows, columns)


def radii_mm(hu: NDArray[np.float32], plane: Plane, threshold: float) -> tuple[NDArray[np.float64], float]:
    """Center of what is brighter and its mean radius, then its shortest by its longest, by second moments."""
    rows, columns = np.nonzero(np.nan_to_num(hu, nan=0.0) > threshold)
    lengths = np.linalg.eigvalsh(np.cov(np.stack([rows, columns]) * plane.spacing_mm))
    center = plane.to_frame_mm(rows.mean(), columns.mean())
    radius = 2 * np.sqrt(lengths.mean())
    return np.append(center, radius), float(np.sqrt(lengths[0] / lengths[1]))


@pytest.mark.parametrize("tilt_degrees", [0.0, 18.5, -18.5])
@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("view", MAKERS)
def test_a_sphere_stays_a_sphere(view: str, turn: str, tilt_degrees: float) -> None:
    """Hazard: under tilt or uneven gaps a bleed is drawn sheared, measured wrongly and sought elsewhere."""
    geometry = stack_geometry(UNEVEN_MM, tilt_degrees, (0.8, 0.9))
    middle = StackFrame.of(geometry, (110, 100))
    center = middle.to_patient_mm(middle.center_mm)
    volume = shaped_volume(geometry, (110, 100), ball(center, RADIUS_MM))
    source = prepare(volume)
    plane = MAKERS[view](source.frame, source.frame.from_patient_mm(center), TURNS[turn])
    found, roundness = radii_mm(source.hu(plane), plane, 500.0)
    assert np.allclose(source.frame.to_patient_mm(found[:3]), center, atol=0.3)
    assert found[3] == pytest.approx(RADIUS_MM, rel=0.01)
    assert roundness > 0.985


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("view", MAKERS)
@pytest.mark.parametrize("positions", [np.arange(14) * 4.0, UNEVEN_MM], ids=["even", "uneven"])
def test_values_are_those_of_trilinear_interpolation(view: str, turn: str, positions: object) -> None:
    geometry = stack_geometry(np.asarray(positions).tolist(), 18.5, (1.1, 0.9))
    volume = noise_volume(geometry, slopes=np.linspace(1, 2, geometry.slice_count).tolist())
    source = prepare(volume)
    plane = MAKERS[view](source.frame, source.frame.center_mm, TURNS[turn])
    hu, expected = source.hu(plane), trilinear(volume, points_of(plane))
    # The very edge may fall on either side by a last bit.
    same = np.isnan(hu) == np.isnan(expected)
    assert same.mean() > 0.998
    # Half a unit is the rounding of HU.
    assert np.nanmax(np.abs(hu - expected)) < 0.51


def test_a_plane_on_a_stored_slice_shows_its_very_values() -> None:
    """Hazard: resampled values pass for measured ones."""
    volume = noise_volume(stack_geometry(UNEVEN_MM, 18.5, (0.8, 0.8)))
    source = prepare(volume)
    rows, columns = volume.shape
    for index in (0, 9, 10, 13, 28):
        center = tuple(source.frame.pixel_to_mm(index, (rows - 1) / 2, (columns - 1) / 2).tolist())
        hu = source.hu(Plane(center, (1, 0, 0), (0, 1, 0), 0.8, (rows, columns)))
        assert np.abs(hu - volume.hu(index)).max() < 0.01


def test_slope_and_intercept_are_each_slices_own() -> None:
    """Hazard: one slope for the whole series turns blood into bone between slices."""
    slopes, intercepts = (1.0, 2.0, 0.5, 1.0), (-1024.0, 0.0, -500.0, 3.0)
    volume = make_volume(4, 16, 16, slopes=slopes, intercepts=intercepts)
    source = prepare(volume)
    hu = source.hu(coronal_plane(source.frame, source.frame.center_mm))
    assert np.nanmax(np.abs(hu - hu[:1])) <= 1.0  # a head that is the same in every slice


def test_a_marked_pixel_lands_at_its_place_in_the_patient() -> None:
    """Hazard: the crosshair points to another place in the reformat than in the axial slice."""
    geometry = stack_geometry(UNEVEN_MM, 18.5, (0.8, 0.8))
    hu = np.zeros((geometry.slice_count, 40, 50), dtype=np.int16)
    hu[17, 22, 31] = 1000
    source = prepare(with_geometry(make_volume(hu=hu, pixel_spacing_mm=(0.8, 0.8)), geometry))
    point = source.frame.from_patient_mm(geometry.point_mm(17, 22, 31))
    for make in MAKERS.values():
        plane = make(source.frame, point, TURNS["oblique"], spacing_mm=0.2)
        row, column = np.unravel_index(np.nanargmax(source.hu(plane)), plane.shape)
        assert np.linalg.norm(plane.to_frame_mm(row, column) - point) < 0.2


def test_a_plain_stack_gives_what_simpleitk_gives() -> None:
    geometry = stack_geometry((np.arange(12) * 3.0).tolist(), 0.0, (0.9, 0.9))
    volume = noise_volume(geometry)
    source = prepare(volume)
    plane = sagittal_plane(source.frame, source.frame.center_mm, TURNS["oblique"])
    image = SimpleITK.GetImageFromArray(np.stack([volume.hu(i) for i in range(12)]).astype(np.float32))
    image.SetSpacing((0.9, 0.9, 3.0))
    image.SetOrigin(geometry.origins_mm[0].tolist())
    directions = np.stack([plane.right, plane.down, plane.normal])
    grid = SimpleITK.Image(plane.shape[1], plane.shape[0], 1, SimpleITK.sitkFloat32)
    grid.SetSpacing((plane.spacing_mm, plane.spacing_mm, 1.0))
    grid.SetOrigin(source.frame.to_patient_mm(plane.corner_mm).tolist())
    grid.SetDirection(source.frame.direction_to_patient(directions).T.ravel().tolist())
    theirs = SimpleITK.Resample(image, grid, SimpleITK.Transform(), SimpleITK.sitkLinear, float("nan"))
    expected, hu = SimpleITK.GetArrayFromImage(theirs)[0], source.hu(plane)
    assert (np.isnan(expected) == np.isnan(hu)).mean() > 0.999
    assert np.nanmax(np.abs(expected - hu)) < 0.01


def test_nothing_is_shown_in_place_of_an_unreadable_slice() -> None:
    """Hazard: values made up across a slice that could not be read hide what lay in it."""
    volume = make_volume(8, 16, 16, spacing_mm=4.0, unreadable={3: "cut off", 4: "cut off"})
    source = prepare(volume)
    plane = coronal_plane(source.frame, source.frame.center_mm)
    hu, z = source.hu(plane), points_of(plane)[..., 2]
    (hole,) = source.holes
    assert (hole.low_mm, hole.high_mm, hole.kind) == (10.0, 18.0, HoleKind.UNREADABLE)
    assert np.array_equal(np.isnan(hu), (z > 10.0) & (z < 18.0))
    assert np.array_equal(np.isnan(hu), within_hole(plane, hole))


def test_a_lone_readable_slice_is_shown_as_thick_as_it_is() -> None:
    volume = make_volume(5, 16, 16, spacing_mm=4.0, unreadable={1: "cut off", 3: "cut off"})
    source = prepare(volume)
    plane = coronal_plane(source.frame, source.frame.center_mm)
    hu, z = source.hu(plane), points_of(plane)[..., 2]
    is_slice = (z > 6.0) & (z < 10.0)
    assert np.array_equal(np.isnan(hu), ((z > 2) & (z < 6)) | ((z > 10) & (z < 14)))
    assert np.ptp(hu[is_slice.all(axis=1)], axis=0).max() == 0.0


def test_the_slice_below_a_wide_hole_ends_half_way() -> None:
    geometry = stack_geometry((0.0, 2.0, 4.0, 12.0, 14.0, 16.0), 10.0)
    stack = make_volume(6, 16, 16, pixel_spacing_mm=(0.8, 0.8), unreadable={3: "cut off"})
    source = prepare(with_geometry(stack, geometry))
    plane = coronal_plane(source.frame, source.frame.center_mm, spacing_mm=0.7)
    hu, z = source.hu(plane), points_of(plane)[..., 2]
    assert np.array_equal(np.isnan(hu), (z > 8.0) & (z < 13.0))


@pytest.mark.parametrize("kind", [SlabKind.MEAN, SlabKind.MAXIMUM, SlabKind.MINIMUM])
def test_a_slab_does_not_hide_an_unreadable_slice(kind: SlabKind) -> None:
    """Hazard: a thick slab fills the place of an unreadable slice from its neighbors and looks complete."""
    volume = make_volume(8, 16, 16, spacing_mm=4.0, unreadable={3: "cut off"})
    source = prepare(volume)
    z = source.frame.positions_mm
    slab = Slab(kind, 8.0)
    assert np.isnan(source.hu(axial_plane(source.frame, (0, 0, z[4]), slab=slab))).all()
    assert not np.isnan(source.hu(axial_plane(source.frame, (0, 0, z[5]), slab=slab))).any()


def test_a_gap_that_may_lack_a_slice_is_interpolated_and_named() -> None:
    """Hazard: interpolated values across a missing slice pass for measured ones."""
    positions = (0.0, 5.0, 10.0, 20.0, 25.0, 30.0)
    volume = with_geometry(make_volume(6, 16, 16, pixel_spacing_mm=(0.8, 0.8)), stack_geometry(positions))
    source = prepare(volume)
    (hole,) = source.holes
    assert (hole.low_mm, hole.high_mm, hole.kind) == (10.0, 20.0, HoleKind.MISSING)
    plane = coronal_plane(source.frame, source.frame.center_mm)
    z = points_of(plane)[..., 2]
    assert not np.isnan(source.hu(plane)).any()
    assert np.array_equal(within_hole(plane, hole), (z > 10.0) & (z < 20.0))


def test_padding_counts_as_air() -> None:
    """Hazard: padding stored as a high number looks like bone or metal in a reformat."""
    volume = make_volume(4, 16, 16, hu=np.full((4, 16, 16), 2000, dtype=np.int16))
    source = prepare(replace(volume, paddings=((2000, 2000),) * 4))
    assert np.unique(source.hu(coronal_plane(source.frame, source.frame.center_mm))).tolist() == [AIR_HU]


@pytest.mark.parametrize(
    ("kind", "summed_up"),
    [(SlabKind.MEAN, np.nanmean), (SlabKind.MAXIMUM, np.nanmax), (SlabKind.MINIMUM, np.nanmin)],
)
@pytest.mark.parametrize("view", MAKERS)
def test_a_slab_sums_up_what_lies_along_its_normal(
    view: str, kind: SlabKind, summed_up: Callable[..., NDArray[np.float64]]
) -> None:
    volume = noise_volume(stack_geometry(UNEVEN_MM, 18.5, (0.8, 0.8)))
    source = prepare(volume)
    slab = Slab(kind, 7.0)
    plane = MAKERS[view](source.frame, source.frame.center_mm, TURNS["oblique"], slab)
    layers = np.stack([trilinear(volume, points_of(plane, offset)) for offset in layer_offsets_mm(slab)])
    hu = source.hu(plane)
    measured = ~np.isnan(layers).any(axis=0)
    assert measured.any()
    # Each layer is rounded to whole units.
    assert np.abs(hu[measured] - summed_up(layers[:, measured], axis=0)).max() < 1.01
    assert np.isnan(hu[np.isnan(layers).all(axis=0)]).mean() > 0.99


def test_a_slab_is_as_thick_as_it_says() -> None:
    """Hazard: a slab that is thicker than it says shows a calcification as if it lay in the plane."""
    geometry = stack_geometry((np.arange(30) * 1.0).tolist(), 0.0, (0.8, 0.8))
    hu = np.zeros((30, 16, 16), dtype=np.int16)
    hu[15] = 1000
    source = prepare(with_geometry(make_volume(hu=hu, pixel_spacing_mm=(0.8, 0.8)), geometry))
    for distance, is_seen in ((4.5, True), (6.2, False)):
        plane = axial_plane(source.frame, (0, 0, 15 - distance), slab=Slab(SlabKind.MAXIMUM, 10.0))
        assert bool(source.hu(plane).max() > 100) is is_seen


def test_layers_of_a_slab_are_fine_where_it_is_thin_and_never_coarser_than_a_millimeter() -> None:
    steps = [np.diff(layer_offsets_mm(Slab(SlabKind.MEAN, mm)))[0] for mm in (2.0, 10.0, 20.0, 80.0)]
    assert steps == pytest.approx([0.5, 0.5, 1.0, 1.0])
    assert layer_offsets_mm(Slab(SlabKind.MEAN, 0.3)).tolist() == [0.0]


def test_slices_at_one_position_do_no_harm() -> None:
    positions = (0.0, 4.0, 4.0, 8.0, 8.004, 12.0)
    volume = with_geometry(make_volume(6, 16, 16, pixel_spacing_mm=(0.8, 0.8)), stack_geometry(positions))
    source = prepare(volume)
    assert not np.isnan(source.hu(coronal_plane(source.frame, source.frame.center_mm))).any()


def test_one_slice_alone_can_be_cut() -> None:
    source = prepare(make_volume(1, 16, 16))
    assert not np.isnan(source.hu(sagittal_plane(source.frame, source.frame.center_mm))).any()


def test_what_has_no_place_is_refused() -> None:
    """Hazard: a plane in millimeters through slices of which no file says where they lie."""
    volume = make_volume(3, 16, 16)
    with pytest.raises(IchViewerError, match=r"HEAD 5 mm.*do not say where"):
        prepare(replace(volume, series=replace(volume.series, geometry=None)))


def test_a_stack_without_a_readable_slice_is_refused() -> None:
    with pytest.raises(IchViewerError, match="No slice"):
        prepare(make_volume(2, 16, 16, unreadable={0: "cut off", 1: "cut off"}))


def test_preparing_can_be_cancelled_and_waits_for_all_slices() -> None:
    volume = make_volume(3, 16, 16)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        prepare(volume, cancel=token)
    growing = replace(volume, is_readable=np.array([True, True, False]), awaited_slices=frozenset({2}))
    with pytest.raises(ValueError, match="every slice was read"):
        prepare(growing)
