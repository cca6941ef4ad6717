"""Class maps brought back onto the slice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import AIR, BRAIN_HU, head_hu, make_card, make_findings, make_volume
from hypothesis import given, settings
from hypothesis import strategies as st

from ichviewer.core.findings import SliceFinding, SliceStatus, Subtype
from ichviewer.core.geometry import InPlane
from ichviewer.core.head import head_mask
from ichviewer.core.heatmap import (
    Heatmap,
    closed_form_heatmap,
    find_peak,
    heat_on_slice,
    place_on_slice,
)
from ichviewer.core.preprocessing import Framing, frame_slice

CARD = make_card(full_scale=6.0)
WHOLE = Framing(0, 0, 128, 128)
CELLS = st.integers(0, 6)


def hot_cell(row: int, column: int, cells: int = 7, cold: float = -1.0) -> np.ndarray:
    values = np.full((cells, cells), cold, dtype=np.float32)
    values[row, column] = 5.0
    return values


def map_of(values: np.ndarray, framing: Framing = WHOLE) -> Heatmap:
    return Heatmap(Subtype.ANY, 0, values.astype(np.float32), framing, 10.0, "made up for a test", "ab" * 32)


@given(CELLS, CELLS, st.floats(-30, 30), st.floats(-30, 30), st.floats(60, 160), st.floats(60, 160))
def test_the_center_of_a_hot_cell_lands_on_its_pixel(
    row: int, column: int, top: float, left: float, height: float, width: float
) -> None:
    """Hazard: heat half a cell (up to 17 mm) beside the bleed sends the reader to the wrong gyrus."""
    framing = Framing(top, left, height, width)
    center = (top + (row + 0.5) * height / 7 - 0.5, left + (column + 0.5) * width / 7 - 0.5)
    if not all(1 <= coordinate <= 126 for coordinate in center):
        return
    placed = place_on_slice(hot_cell(row, column, cold=0), framing, (128, 128))
    found = np.unravel_index(int(np.argmax(placed)), placed.shape)
    # At the edge of the frame a cell is level for half its length; argmax takes the first pixel of the level.
    level = (height / 14 if row in (0, 6) else 0, width / 14 if column in (0, 6) else 0)
    assert np.all(np.abs(np.subtract(found, center)) <= np.add(level, 1))


@settings(max_examples=20)
@given(st.integers(40, 88), st.integers(40, 88), st.integers(-12, 12), st.integers(-12, 12))
def test_what_the_network_sees_at_a_place_is_painted_at_that_place(
    row: int, column: int, down: int, right: int
) -> None:
    """From slice to network input and back: the bright spot of the input lies over the bleed."""
    hu = np.roll(head_hu(128, 128), (down, right), axis=(0, 1)).astype(np.float32)
    row, column = row + down, column + right
    hu[row - 1 : row + 2, column - 1 : column + 2] = 80
    framed, framing = frame_slice(hu, (0.5, 0.5), replace(CARD.preprocessing, size_px=112))
    healthy, _ = frame_slice(
        np.where(hu == 80, BRAIN_HU, hu), (0.5, 0.5), replace(CARD.preprocessing, size_px=112)
    )
    placed = place_on_slice(framed[0] - healthy[0], framing, (128, 128))
    found = np.unravel_index(int(np.argmax(placed)), placed.shape)
    assert np.abs(np.subtract(found, (row, column))).max() <= 1.5


@given(st.floats(-2, 2), st.floats(-40, 40), st.floats(30, 200))
def test_an_even_map_stays_even_inside_the_frame_and_is_zero_outside(
    value: float, edge: float, side: float
) -> None:
    placed = place_on_slice(np.full((7, 7), value, np.float32), Framing(edge, edge, side, side), (100, 100))
    centers = np.arange(100) + 0.5
    is_inside = (centers > edge + 1e-3) & (centers < edge + side - 1e-3)
    is_outside = (centers < edge - 1e-3) | (centers > edge + side + 1e-3)
    np.testing.assert_allclose(placed[np.ix_(is_inside, is_inside)], value, atol=1e-5)
    assert not placed[is_outside].any()
    assert not placed[:, is_outside].any()


def test_the_scale_is_the_checkpoints_and_not_the_slices() -> None:
    """Hazard: min-max per slice paints a healthy head as hot as a bleeding one."""
    faint = SliceFinding(3, SliceStatus.OK, (0.1,) * 6, np.full((6, 7, 7), 0.6, np.float32), WHOLE)
    heatmap = closed_form_heatmap(faint, Subtype.SUBDURAL, CARD, (0.5, 0.5))
    assert heatmap is not None
    np.testing.assert_allclose(heatmap.values, 0.1)
    assert (heatmap.subtype, heatmap.slice_index) == (Subtype.SUBDURAL, 3)
    assert heatmap.cell_mm == pytest.approx(128 * 0.5 / 7)
    assert heatmap.checkpoint_sha256 == CARD.weights_sha256


def test_evidence_against_a_bleed_is_not_heat() -> None:
    against = SliceFinding(0, SliceStatus.OK, (0.1,) * 6, np.full((6, 7, 7), -9, np.float32), WHOLE)
    heatmap = closed_form_heatmap(against, Subtype.ANY, CARD, (0.5, 0.5))
    assert heatmap is not None
    assert not heatmap.values.any()


def test_each_label_has_a_map_of_its_own() -> None:
    maps = np.stack([np.full((7, 7), label, np.float32) for label in range(6)])
    finding = SliceFinding(0, SliceStatus.OK, (0.1,) * 6, maps, WHOLE)
    heatmaps = [closed_form_heatmap(finding, subtype, CARD, (0.5, 0.5)) for subtype in Subtype]
    assert [h.values.max() for h in heatmaps if h] == pytest.approx(np.arange(6) / 6)


def test_a_slice_without_maps_has_no_heatmap() -> None:
    """Hazard: an empty map over a failed slice reads as 'nothing suspicious'."""
    assert closed_form_heatmap(SliceFinding(0, SliceStatus.FAILED), Subtype.ANY, CARD, (0.5, 0.5)) is None


def test_no_heat_is_painted_outside_the_head() -> None:
    hu = head_hu(128, 128)
    heat = heat_on_slice(map_of(np.full((7, 7), 3.0)), hu)
    assert not heat[~head_mask(hu)].any()
    assert (heat[head_mask(hu)] == 1).all()


@pytest.mark.parametrize(("column", "side"), [(1, "right"), (3, "midline"), (5, "left")])
def test_the_side_of_a_peak_is_the_patients(column: int, side: str) -> None:
    """Hazard: a bleed on the screen's left lies on the patient's right."""
    volume = make_volume(3, 128, 128)
    peak = find_peak(hot_cell(3, column), Subtype.ANY, WHOLE, volume, 1)
    assert peak is not None
    assert peak.side == side
    assert peak.cell_mm == pytest.approx(64 / 7)
    np.testing.assert_allclose(peak.point_mm, volume.geometry.point_mm(1, peak.row, peak.column))


@pytest.mark.parametrize("in_plane", [InPlane(t, r, c) for t in (0, 1) for r in (0, 1) for c in (0, 1)])
def test_the_stored_pixel_of_a_peak_is_the_one_in_the_file(in_plane: InPlane) -> None:
    """Hazard: row and column in the table would point at another place of the file's own image."""
    volume = make_volume(1, 128, 96, in_plane=in_plane)
    framing = Framing(0, 0, 128, 96)
    peak = find_peak(hot_cell(2, 5), Subtype.ANY, framing, volume, 0)
    assert peak is not None
    canonical = np.zeros((128, 96))
    row, column = ((peak.point_mm[axis] / 0.5) for axis in (1, 0))
    canonical[round(row), round(column)] = 1
    stored = np.zeros((96, 128) if in_plane.transpose else (128, 96))
    stored[peak.row, peak.column] = 1
    np.testing.assert_array_equal(in_plane.to_canonical(stored), canonical)


def test_the_peak_is_searched_inside_the_head_only() -> None:
    volume = make_volume(1, 128, 128)
    values = hot_cell(0, 0)
    values[4, 4] = 1.0
    peak = find_peak(values, Subtype.ANY, WHOLE, volume, 0)
    assert peak is not None
    assert head_mask(volume.hu(0))[peak.row, peak.column]
    assert np.abs(np.subtract((peak.row, peak.column), 4.5 * 128 / 7)).max() <= 1


def test_the_peak_is_searched_where_the_network_looked_only() -> None:
    """Hazard: where every class map is negative, the 0 outside the frame would win."""
    frame = Framing(40, 40, 48, 48)
    peak = find_peak(np.full((7, 7), -3.0, np.float32), Subtype.ANY, frame, make_volume(1, 128, 128), 0)
    assert peak is not None
    assert 40 <= peak.row < 88
    assert 40 <= peak.column < 88


def test_a_slice_without_a_head_has_no_peak() -> None:
    volume = make_volume(hu=np.full((1, 64, 64), AIR))
    assert find_peak(hot_cell(3, 3), Subtype.ANY, WHOLE, volume, 0) is None


def test_findings_of_the_builders_have_their_peak_where_they_say() -> None:
    volume = make_volume(2, 64, 64)
    finding = make_findings(volume, CARD).slices[0]
    assert finding.class_maps is not None
    peak = find_peak(finding.class_maps[0], Subtype.ANY, Framing(0, 0, 64, 64), volume, 0)
    assert peak is not None
    assert np.abs(np.subtract((peak.row, peak.column), 2.5 * 64 / 7 - 0.5)).max() <= 1


def test_without_measured_geometry_there_is_no_peak() -> None:
    """Hazard: patient coordinates and a side that no file holds stand in the exported table."""
    volume = make_volume(1, 128, 128)
    unmeasured = replace(volume, series=replace(volume.series, geometry=None))
    framing = Framing(0, 0, 128, 128)
    assert find_peak(hot_cell(3, 3), Subtype.ANY, framing, volume, 0) is not None
    assert find_peak(hot_cell(3, 3), Subtype.ANY, framing, unmeasured, 0) is None
