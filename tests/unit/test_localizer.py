"""Where slices cut the scout."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume
from stacks_beside import FRAME, contents_of, scout, stack

from ichviewer.core.geometry import StackGeometry
from ichviewer.core.localizer import (
    Localizer,
    cut_line_on,
    localizer_series,
    slice_at,
    why_no_lines,
)
from ichviewer.core.volume import Volume

HEAD = stack(9, 5.0)
"""z = 0, 5, ... 40 mm; x from -0.25 to 31.75 mm."""

SCOUT = Localizer(scout())
"""Its row r (edges counted from 0) lies at z = 50.5 - r mm, its column c at x = c - 0.5 mm."""


def tilted(degrees: float) -> Volume:
    """Slices that lean, their rows from left to right as ever, at table positions 5 mm apart."""
    angle = np.radians(degrees)
    column = np.array([0.0, np.cos(angle), np.sin(angle)])
    origins = np.array([[0.0, 0.0, 5.0 * index] for index in range(9)])
    geometry = StackGeometry(origins, np.array([1.0, 0.0, 0.0]), column, (0.5, 0.5))
    volume = make_volume(9, 64, 64)
    series = replace(
        volume.series, geometry=geometry, frame_of_reference_uid=FRAME, patient=HEAD.series.patient
    )
    return replace(volume, geometry=geometry, series=series)


@pytest.mark.parametrize("slice_index", [0, 3, 8])
def test_the_line_lies_where_the_slice_does(slice_index: int) -> None:
    """Hazard: the level of a lesion is told from a line that lies beside it."""
    line = cut_line_on(SCOUT, HEAD, slice_index)
    assert line is not None
    (first_column, first_row), (last_column, last_row) = line
    assert (first_row, last_row) == (50.5 - 5 * slice_index, 50.5 - 5 * slice_index)
    assert sorted((first_column, last_column)) == pytest.approx([0.25, 32.25])


def test_the_line_of_a_tilted_slice_is_the_true_intersection() -> None:
    """Hazard: under a tilted gantry the line would lie where the table was, not where the head was cut."""
    volume = tilted(20.0)
    line = cut_line_on(SCOUT, volume, 2)
    assert line is not None
    # The scout lies at y = 10 mm; there the slice has risen by tan(20 degrees) * 10 mm.
    height = 10.0 + np.tan(np.radians(20.0)) * 10.0
    assert [row for _, row in line] == pytest.approx([50.5 - height] * 2)


def test_a_slice_that_does_not_reach_the_scout_has_no_line() -> None:
    far = stack(2, 5.0, lowest_mm=90.0)
    assert cut_line_on(SCOUT, far, 0) is None


def test_a_slice_parallel_to_the_scout_has_no_line() -> None:
    assert cut_line_on(SCOUT, SCOUT.volume, 0) is None


@pytest.mark.parametrize("slice_index", range(9))
def test_a_click_on_a_line_goes_to_its_slice(slice_index: int) -> None:
    line = cut_line_on(SCOUT, HEAD, slice_index)
    assert line is not None
    (first, row), (last, _) = line
    assert slice_at(SCOUT, HEAD, (first + last) / 2, row) == slice_index
    assert slice_at(SCOUT, HEAD, last, row + 2.0) == slice_index, "the nearest one"


def test_a_click_on_a_tilted_line_goes_to_its_slice() -> None:
    volume = tilted(-18.5)
    for index in range(9):
        line = cut_line_on(SCOUT, volume, index)
        assert line is not None
        assert slice_at(SCOUT, volume, *line[0]) == index


@pytest.mark.parametrize("frame", ["1.9.2", ""])
def test_in_another_frame_of_reference_it_is_said_why_there_are_no_lines(frame: str) -> None:
    """Hazard: the patient was moved between scout and scan, and the line lies at another level."""
    assert "frame of reference" in why_no_lines(scout(frame).series, HEAD.series)
    assert why_no_lines(SCOUT.volume.series, HEAD.series) == ""


def test_the_scout_of_the_same_frame_comes_first_then_the_view_from_the_side() -> None:
    front, side, other = scout(), scout(orientation="sagittal"), scout("1.9.2", "sagittal")
    side = replace(side, series=replace(side.series, stack_number=1))
    other = replace(other, series=replace(other.series, stack_number=2))
    assert localizer_series(contents_of(HEAD, front, side, other), HEAD.series) is side.series
    assert localizer_series(contents_of(HEAD, front, other), HEAD.series) is front.series
    assert localizer_series(contents_of(HEAD, other), HEAD.series) is other.series
    assert localizer_series(contents_of(HEAD), HEAD.series) is None


def test_the_scout_of_another_study_is_none_of_this_one() -> None:
    stranger = scout()
    stranger = replace(stranger, series=replace(stranger.series, study_instance_uid="7"))
    assert localizer_series(contents_of(HEAD, stranger), HEAD.series) is None
