"""The mirror view: a bleed on one side stands out, a healthy head stays quiet."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from builders import make_volume
from stack_shapes import with_geometry

from ichviewer.core.findings import Subtype
from ichviewer.core.inside_skull import inside_skull
from ichviewer.core.midline import MidlineFit, fit_midline
from ichviewer.core.mirror import FULL_COLOR_HU, mirror_difference, mirror_plane
from ichviewer.core.phantom import Bleed, Phantom, make_phantom, small_demo_spec
from ichviewer.core.phantom_spec import PhantomSpec, to_patient_mm
from ichviewer.imaging.reformat import Reformats, prepare

BLEED = Bleed(Subtype.INTRAPARENCHYMAL, (-30, 5, 50), (12, 14, 12), 68.0)
POSED = replace(
    small_demo_spec(with_bleeds=False, slice_count=18, size=160),
    rotation_degrees=(3.0, -4.0, 12.0),
    offset_mm=(6.0, 3.0, 0.0),
)


@cache
def posed(is_bleeding: bool) -> tuple[PhantomSpec, Phantom, Reformats, MidlineFit]:
    spec = replace(POSED, bleeds=(BLEED,) if is_bleeding else ())
    phantom = make_phantom(spec)
    volume = with_geometry(
        make_volume(hu=phantom.hu, pixel_spacing_mm=spec.pixel_spacing_mm), phantom.geometry
    )
    source = prepare(volume)
    return spec, phantom, source, fit_midline(volume, source.frame)


def smoothed(values: np.ndarray, width: int = 5) -> np.ndarray:
    """Mean over squares, NaN where any value is; a single noisy pixel is no place."""
    windows = np.lib.stride_tricks.sliding_window_view(values, (width, width))
    return windows.mean(axis=(2, 3))


def test_the_midline_is_the_middle_column() -> None:
    """Hazard: compared about another line, a healthy brain differs from itself all along the skull."""
    _, _, source, fit = posed(is_bleeding=True)
    plane = mirror_plane(source.frame, fit, source.frame.center_mm)
    columns = plane.shape[1]
    assert abs((plane.to_frame_mm(10, (columns - 1) / 2) - np.asarray(fit.point_mm)) @ fit.normal) < 1e-9
    point = plane.to_frame_mm(31, 17)
    assert np.allclose(plane.to_frame_mm(31, columns - 1 - 17), fit.mirrored_mm(point))


def test_a_bleed_on_one_side_is_the_strongest_place() -> None:
    """Hazard: a mirror view that points elsewhere than to the bleed misleads."""
    spec, _, source, fit = posed(is_bleeding=True)
    center = source.frame.from_patient_mm(to_patient_mm(spec, BLEED.center_mm))
    plane = mirror_plane(source.frame, fit, center)
    difference = smoothed(mirror_difference(source, plane))
    row, column = np.unravel_index(np.nanargmax(difference), difference.shape)
    assert difference[row, column] > 25.0
    assert np.linalg.norm(plane.to_frame_mm(row + 2, column + 2) - center) < 14.0
    # And as dark on the other side.
    row, column = np.unravel_index(np.nanargmin(difference), difference.shape)
    assert np.linalg.norm(plane.to_frame_mm(row + 2, column + 2) - fit.mirrored_mm(center)) < 14.0


def test_a_head_without_a_bleed_stays_low() -> None:
    """Hazard: color all over a healthy head makes the reader ignore the view."""
    spec, _, source, fit = posed(is_bleeding=False)
    center = source.frame.from_patient_mm(to_patient_mm(spec, BLEED.center_mm))
    difference = smoothed(mirror_difference(source, mirror_plane(source.frame, fit, center)))
    inside = difference[~np.isnan(difference)]
    assert inside.size > 2000
    assert np.percentile(np.abs(inside), 99) < 0.6 * FULL_COLOR_HU
    assert abs(np.median(inside)) < 2.0


def test_nothing_is_said_outside_the_brain() -> None:
    """Hazard: differences of skull and scalp outshine those of the brain."""
    spec, _, source, fit = posed(is_bleeding=True)
    center = source.frame.from_patient_mm(to_patient_mm(spec, BLEED.center_mm))
    plane = mirror_plane(source.frame, fit, center)
    difference, hu = mirror_difference(source, plane), source.hu(plane)
    said = ~np.isnan(difference)
    assert np.array_equal(said, said[:, ::-1])
    assert hu[said].max() <= 100
    assert hu[said].min() >= -40
    # A thick slab of brain is compared, not bits of it.
    assert said.sum() * plane.spacing_mm**2 > 7000


def test_above_the_vertex_all_is_nan() -> None:
    _, _, source, fit = posed(is_bleeding=False)
    plane = mirror_plane(source.frame, fit, source.frame.center_mm).moved(500.0)
    assert np.isnan(mirror_difference(source, plane)).all()


@pytest.mark.parametrize("opening_mm", [0.0, 4.0])
def test_an_opening_in_the_skull_does_not_let_the_scalp_in(opening_mm: float) -> None:
    """Hazard: through a suture or fracture the scalp counts as brain."""
    row, column = np.mgrid[0:200, 0:200] - 100.0
    radius = np.hypot(row, column)
    hu = np.where(radius < 90, 40.0, -1000.0)
    is_skull = (radius > 70) & (radius < 78) & ~((np.abs(column) < opening_mm / 2) & (row < 0))
    hu[is_skull] = 900.0
    inside = inside_skull(hu, (1.0, 1.0))
    assert np.array_equal(inside, (radius < 70) | (inside & (radius < 74)))
    assert inside.sum() == pytest.approx(np.pi * 70**2, rel=0.02)


def test_an_open_skull_is_not_guessed() -> None:
    hu = np.full((100, 100), 40.0)
    hu[:20] = hu[-20:] = -1000.0
    assert not inside_skull(hu, (1.0, 1.0)).any()
