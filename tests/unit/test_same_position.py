"""Slices at one position with different UIDs: told apart by kernel, time, acquisition number, or named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dicom_files import write_slice

from ichviewer.core.check_header import amber_by_header
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import Series
from ichviewer.dicom.same_position import UNCERTAIN_SCANS, UNCERTAIN_TURNS
from ichviewer.dicom.scan import scan


def stacks(folder: Path) -> list[list[str]]:
    """File names of every stack, lowest slice first."""
    return [[Path(header.path).name for header in series.slices] for series in all_series(folder)]


def all_series(folder: Path) -> tuple[Series, ...]:
    return scan([folder], ignore_progress, CancelToken()).series


def write_pass(folder: Path, name: str, places: range, **attributes: Any) -> None:
    """Slices 5 mm apart, named after the pass and the place; callables are given the place."""
    for place in places:
        values = {key: value(place) if callable(value) else value for key, value in attributes.items()}
        number = 1000 + 100 * sum(map(ord, name)) + place
        write_slice(folder / f"{name}{place}", number, position=(0, 0, 5 * place), **values)


def names(name: str, places: range) -> list[str]:
    return [f"{name}{place}" for place in places]


FOUR = range(4)


@pytest.mark.parametrize(
    ("first", "second", "by"),
    [
        ({"ConvolutionKernel": "H31s"}, {"ConvolutionKernel": "H70h"}, "convolution kernel"),
        ({"ContentTime": "100000"}, {"ContentTime": "100500"}, "content time"),
        (
            {"ContentTime": lambda place: f"10000{place}"},
            {"ContentTime": lambda place: f"10050{place}"},
            "content time",
        ),
        ({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}, "acquisition number"),
        (
            {"AcquisitionNumber": lambda place: 1 + place},
            {"AcquisitionNumber": lambda place: 21 + place},
            "acquisition number",
        ),
    ],
)
def test_two_stacks_at_the_same_positions_are_split_and_it_is_said(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], by: str
) -> None:
    """Hazard: two scans shown slice by slice in turns, as one head."""
    write_pass(tmp_path, "a", FOUR, **first)
    write_pass(tmp_path, "b", FOUR, **second)
    assert sorted(stacks(tmp_path)) == [names("a", FOUR), names("b", FOUR)]
    (note,) = {note for series in all_series(tmp_path) for note in series.notes if "split by" in note}
    assert note == f"the series holds 2 stacks at the same positions, split by {by}"


def test_the_kernel_counts_before_the_time(tmp_path: Path) -> None:
    """Hazard: sharp and soft slices mixed because their times go across."""
    soft = {"ConvolutionKernel": "H31s", "ContentTime": lambda place: f"10000{place % 2}"}
    sharp = {"ConvolutionKernel": "H70h", "ContentTime": lambda place: f"10000{1 - place % 2}"}
    write_pass(tmp_path, "a", FOUR, **soft)
    write_pass(tmp_path, "b", FOUR, **sharp)
    assert sorted(stacks(tmp_path)) == [names("a", FOUR), names("b", FOUR)]


def test_two_passes_with_two_kernels_each_are_four_stacks(tmp_path: Path) -> None:
    """Hazard: told apart by time alone, a stack would hold slices of both kernels."""
    for index, (name, kernel) in enumerate((("a", "H31s"), ("b", "H70h"), ("c", "H31s"), ("d", "H70h"))):
        write_pass(tmp_path, name, FOUR, ConvolutionKernel=kernel, ContentTime=f"10{index:02d}00")
    assert sorted(stacks(tmp_path)) == [names(name, FOUR) for name in "abcd"]
    assert "split by convolution kernel and content time" in " ".join(all_series(tmp_path)[0].notes)


def test_a_repeated_part_is_a_stack_of_its_own(tmp_path: Path) -> None:
    """Hazard: slices of the repeat, after the patient moved, among those of the first pass."""
    write_pass(tmp_path, "a", range(6), ContentTime=lambda place: f"10000{place}")
    write_pass(tmp_path, "b", range(2, 5), ContentTime=lambda place: f"10050{place}")
    assert stacks(tmp_path) == [names("a", range(6)), names("b", range(2, 5))]


def test_a_second_pass_that_reaches_further_stays_whole(tmp_path: Path) -> None:
    """Hazard: the end of the second pass sewn on to the first."""
    write_pass(tmp_path, "a", FOUR, ContentTime=lambda place: f"10000{place}")
    write_pass(tmp_path, "b", range(2, 7), ContentTime=lambda place: f"10050{place}")
    assert stacks(tmp_path) == [names("b", range(2, 7)), names("a", FOUR)]


@pytest.mark.parametrize("later", [100010, 100500])
def test_a_second_pass_that_runs_the_other_way_stays_whole(tmp_path: Path, later: int) -> None:
    """Hazard: the far end of the second pass, after the patient moved, sewn on to the first."""
    write_pass(tmp_path, "a", range(10), ContentTime=lambda place: f"{100000 + place}")
    write_pass(tmp_path, "b", range(6, 14), ContentTime=lambda place: f"{later + 13 - place}")
    assert stacks(tmp_path) == [names("a", range(10)), names("b", range(6, 14))]
    assert not any(UNCERTAIN_SCANS in series.notes for series in all_series(tmp_path))


def test_a_pause_shows_where_the_second_pass_begins(tmp_path: Path) -> None:
    """Hazard: the end of the second pass sewn on to the first where their places join."""
    write_pass(tmp_path, "a", range(6), ContentTime=lambda place: f"{100055 + place + 40 * (place > 4)}")
    write_pass(tmp_path, "b", range(2, 7), ContentTime=lambda place: f"{100507 - place}")
    assert stacks(tmp_path) == [names("a", range(6)), names("b", range(2, 7))]


def test_slices_of_the_one_pass_or_the_other_make_a_stack_of_their_own(tmp_path: Path) -> None:
    """Hazard: slices of another pass in a stack, and nobody told."""
    write_pass(tmp_path, "a", range(6), ContentTime=lambda place: f"{100000 + place}")
    write_pass(tmp_path, "b", range(2, 7), ContentTime=lambda place: f"{100012 - place}")
    assert stacks(tmp_path) == [names("a", range(6)), names("b", range(2, 6)), ["b6"]]
    assert all(UNCERTAIN_SCANS in series.notes for series in all_series(tmp_path))


def test_scans_in_turns_of_which_one_reaches_further_are_in_doubt(tmp_path: Path) -> None:
    """Hazard: the ends of two scans in one stack, and nobody told."""
    write_pass(tmp_path, "a", range(6), ContentTime=lambda place: f"{100000 + 2 * place}")
    write_pass(tmp_path, "b", range(2, 8), ContentTime=lambda place: f"{100001 + 2 * place}")
    assert [len(stack) for stack in stacks(tmp_path)] == [8, 4]
    assert all(UNCERTAIN_TURNS in series.notes for series in all_series(tmp_path))


def test_reconstructions_that_were_written_in_turns_are_split_by_rank(tmp_path: Path) -> None:
    write_pass(tmp_path, "a", FOUR, ContentTime=lambda place: f"1000{place}0")
    write_pass(tmp_path, "b", FOUR, ContentTime=lambda place: f"1000{place}5")
    assert sorted(stacks(tmp_path)) == [names("a", FOUR), names("b", FOUR)]


def test_nothing_is_split_where_no_position_is_shared(tmp_path: Path) -> None:
    """Hazard: a series torn into single slices: scanners count the acquisition up with every slice."""
    write_pass(
        tmp_path,
        "a",
        range(21),
        AcquisitionNumber=lambda place: place,
        ContentTime=lambda place: f"1000{place:02d}",
        ConvolutionKernel=lambda place: "H31s" if place < 10 else "H30s",
    )
    assert stacks(tmp_path) == [names("a", range(21))]


@pytest.mark.parametrize(("other", "count"), [("H70h", 2), ("H31s", 1), ("h31s \\H31s", 1), (None, 1)])
def test_slices_of_two_kernels_in_turns_are_two_stacks(tmp_path: Path, other: str | None, count: int) -> None:
    """Hazard: sharp slices between soft ones look like changing tissue, and no check sees a bone kernel."""
    write_pass(tmp_path, "a", range(0, 12, 2), ConvolutionKernel="H31s")
    write_pass(tmp_path, "b", range(1, 12, 2), ConvolutionKernel=other)
    found = all_series(tmp_path)
    assert [len(series.slices) for series in found] == [12 // count] * count
    note = "the series holds 2 stacks with slices in turns, split by convolution kernel"
    assert all((note in series.notes) == (count == 2) for series in found)
    assert (
        sum(any("bone kernel" in text for text in amber_by_header(series)) for series in found) == count - 1
    )


def test_a_stack_whose_kernel_changes_names_both(tmp_path: Path) -> None:
    """Hazard: a stack that ends in sharp slices passes for a soft one, named after its lowest slice."""
    write_pass(tmp_path, "a", range(12), ConvolutionKernel=lambda place: "H31s" if place < 6 else "H70h")
    (series,) = all_series(tmp_path)
    assert series.kernel == "H31s and H70h"
    assert "the convolution kernel changes within the stack: H31s, H70h" in series.notes
    assert "bone kernel (H31s and H70h)" in amber_by_header(series)


def test_a_kernel_that_changes_on_the_way_splits_nothing_by_itself(tmp_path: Path) -> None:
    """A twin elsewhere does not tear the series at the change of kernel."""
    write_pass(tmp_path, "a", range(6), ConvolutionKernel=lambda place: "H31s" if place < 3 else "H30s")
    write_pass(tmp_path, "b", range(1, 2), ConvolutionKernel="H31s")
    (series,) = all_series(tmp_path)
    assert len(series.slices) == 7
    assert "1 slice at the position of another one, not to be told apart" in series.notes


def test_slices_that_cannot_be_told_apart_make_no_gaps(tmp_path: Path) -> None:
    """Hazard: a warning of missing slices where none is missing teaches to overlook warnings."""
    write_pass(tmp_path, "a", FOUR)
    write_pass(tmp_path, "b", FOUR)
    (series,) = all_series(tmp_path)
    assert len(series.slices) == 8
    assert (series.gaps, series.overlaps) == ((), 0)
    assert "4 slices at the position of another one, not to be told apart" in series.notes
