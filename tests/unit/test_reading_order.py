"""A stack that is watched while it is read: what comes first, what is there, and what it is in the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume
from dicom_files import make_slice, ramp, save, write_stack
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import RLELossless

from ichviewer.core.errors import UnreadableError
from ichviewer.core.progress import Cancelled, CancelToken, ignore_progress
from ichviewer.core.reading_order import WantedSlice, nearest_first
from ichviewer.core.series import Series
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import Decoded, SliceDecoder
from ichviewer.dicom.decode_child import DecodeTask
from ichviewer.dicom.read import read_growing, read_volume
from ichviewer.dicom.scan import scan
from ichviewer.dicom.stack_reading import StackReading


def scanned(folder: Path) -> Series:
    (series,) = scan([folder], ignore_progress, CancelToken()).series
    return series


def never() -> float:
    """A clock that stands still: nothing is due by the time that has passed."""
    return 0.0


def always() -> Iterator[float]:
    """A clock that leaps: everything is due."""
    return itertools.count(0, 10)


@given(st.integers(0, 40), st.integers(-5, 45))
def test_every_slice_comes_once_and_none_before_a_nearer_one(count: int, start: int) -> None:
    order = list(nearest_first(range(count), WantedSlice(start)))
    assert sorted(order) == list(range(count))
    assert [abs(index - start) for index in order] == sorted(abs(index - start) for index in range(count))


def test_a_scroll_changes_what_comes_next() -> None:
    wanted = WantedSlice(5)
    order = nearest_first(range(100), wanted)
    assert [next(order) for _ in range(3)] == [5, 4, 6]
    wanted.slice_index = 80
    assert [next(order) for _ in range(3)] == [80, 79, 81]


def test_the_slice_in_view_is_shown_before_the_others_are_read(tmp_path: Path) -> None:
    volumes = list(
        read_growing(scanned(write_stack(tmp_path, 9)), WantedSlice(4), CancelToken(), clock=never)
    )
    first, last = volumes
    assert first.awaited_slices == frozenset(range(9)) - {4}
    np.testing.assert_array_equal(first.stored_values[4], ramp(start=5))
    assert last.is_complete


def test_a_slice_that_was_scrolled_to_is_read_next_and_shown_at_once(tmp_path: Path) -> None:
    wanted = WantedSlice(4)
    growing = read_growing(scanned(write_stack(tmp_path, 9)), wanted, CancelToken(), clock=never)
    assert 0 in next(growing).awaited_slices
    wanted.slice_index = 0
    volume = next(growing)
    assert volume.is_readable.tolist() == [index in (0, 4) for index in range(9)]


def test_a_neighbor_that_is_decoded_sooner_does_not_come_first(tmp_path: Path) -> None:
    """Hazard: the first look at a study is at an empty view."""
    for number in range(1, 10):
        dataset = make_slice(number)
        dataset.compress(RLELossless, encoding_plugin="pydicom")
        save(dataset, tmp_path / f"{number}")
    growing = read_growing(scanned(tmp_path), WantedSlice(4), CancelToken(), OddFirst(), clock=never)
    assert next(growing).is_readable[4]


class OddFirst(SliceDecoder):
    """Answers every second task before the one that was given before it."""

    def decode(self, tasks: Iterable[DecodeTask], cancel: CancelToken) -> Iterator[tuple[int, Decoded]]:
        given = [ramp() for _ in tasks]
        for number in range(0, len(given), 2):
            for place in (number + 1, number):
                if place < len(given):
                    yield place, given[place]


def test_the_stack_is_shown_now_and_then_not_for_every_slice(tmp_path: Path) -> None:
    series, ticks = scanned(write_stack(tmp_path, 9)), always()
    often = list(read_growing(series, WantedSlice(4), CancelToken(), clock=lambda: next(ticks)))
    assert [volume.settled_count for volume in often] == list(range(1, 10))
    rarely = list(read_growing(series, WantedSlice(4), CancelToken(), clock=never))
    assert [volume.settled_count for volume in rarely] == [1, 9]


@pytest.mark.parametrize("first", [0, 4, 8])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_the_order_of_reading_changes_nothing_in_the_end(
    tmp_path: Path, first: int, is_compressed: bool
) -> None:
    """Hazard: scores that depend on where the reader scrolled while the study was read."""
    for number in range(1, 10):
        dataset = make_slice(number, RescaleSlope=number, pixels=ramp(start=50 * number))
        if is_compressed:
            dataset.compress(RLELossless, encoding_plugin="pydicom")
        save(dataset, tmp_path / f"{number}")
    (tmp_path / "3").write_bytes((tmp_path / "3").read_bytes()[:-60])
    series = scanned(tmp_path)
    whole = read_volume(series, ignore_progress, CancelToken())
    ticks = always()
    *_, grown = read_growing(series, WantedSlice(first), CancelToken(), clock=lambda: next(ticks))
    assert grown.stored_values.tobytes() == whole.stored_values.tobytes()
    assert grown.stored_values.dtype == whole.stored_values.dtype
    assert grown.is_readable.tolist() == whole.is_readable.tolist()
    assert grown.unreadable_reasons == whole.unreadable_reasons != {}
    assert list(grown.unreadable_reasons) == list(whole.unreadable_reasons)
    assert (grown.slopes.tolist(), grown.paddings) == (whole.slopes.tolist(), whole.paddings)
    assert grown.awaited_slices == whole.awaited_slices == frozenset()


def test_what_was_shown_does_not_change_when_more_is_read(tmp_path: Path) -> None:
    series, ticks = scanned(write_stack(tmp_path, 9)), always()
    growing = read_growing(series, WantedSlice(4), CancelToken(), clock=lambda: next(ticks))
    first = next(growing)
    shown = first.stored_values[4].copy()
    list(growing)
    assert first.awaited_slices == frozenset(range(9)) - {4}
    assert first.is_readable.sum() == 1
    np.testing.assert_array_equal(first.stored_values[4], shown)


def test_files_that_vanish_or_shrink_meanwhile_cost_their_slices(tmp_path: Path) -> None:
    """Hazard: a CD that is taken out half-way passes for a study with black slices."""
    series = scanned(write_stack(tmp_path, 9))
    growing = read_growing(series, WantedSlice(4), CancelToken(), clock=never)
    next(growing)
    gone, cut = Path(series.slices[7].path), Path(series.slices[2].path)
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:-20])
    *_, volume = growing
    assert volume.is_complete
    assert np.flatnonzero(~volume.is_readable).tolist() == [2, 7]
    assert "cannot be opened" in volume.unreadable_reasons[7]
    assert volume.unreadable_reasons[2]


def test_a_damaged_slice_in_view_does_not_hold_up_the_others(tmp_path: Path) -> None:
    series = scanned(write_stack(tmp_path, 9))
    Path(series.slices[4].path).unlink()
    first = next(read_growing(series, WantedSlice(4), CancelToken(), clock=never))
    assert list(first.unreadable_reasons) == [4]
    assert first.is_readable[3]


def test_nothing_is_shown_of_a_stack_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    series = scanned(write_stack(tmp_path, 3))
    for header in series.slices:
        Path(header.path).unlink()
    with pytest.raises(UnreadableError, match="cannot be read"):
        next(read_growing(series, WantedSlice(1), CancelToken(), clock=never))


def test_reading_stops_at_the_next_slice(tmp_path: Path) -> None:
    series, cancel, ticks = scanned(write_stack(tmp_path, 9)), CancelToken(), always()
    growing = read_growing(series, WantedSlice(4), cancel, clock=lambda: next(ticks))
    volume = next(growing)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(growing)
    assert volume.settled_count == 1


def test_a_slice_that_was_not_read_has_no_values() -> None:
    """Hazard: zeros that nobody read pass for water."""
    volume = make_volume(3)
    is_readable = np.asarray([True, False, True])
    partial = replace(volume, is_readable=is_readable, awaited_slices=frozenset({1}))
    assert partial.hu_at(1, 30, 30) is None
    with pytest.raises(ValueError, match="Slice 2 has not been read"):
        partial.hu(1)
    assert partial.hu(0)[30, 30] == volume.hu(0)[30, 30]
    with pytest.raises(ValueError, match="cannot be readable"):
        replace(volume, awaited_slices=frozenset({1}))


@pytest.mark.parametrize(
    ("limit", "free", "words"),
    [
        (1000, None, "needs 0 MiB of memory; the limit is"),
        (1 << 40, 1 << 20, "0 MiB of this machine's are free"),
    ],
)
def test_a_stack_that_does_not_fit_is_refused_before_a_file_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, free: int | None, words: str
) -> None:
    """Hazard: the system ends the window, and with it what the reader had decided, because memory is full."""
    series = scanned(write_stack(tmp_path, 3))
    monkeypatch.setattr("ichviewer.dicom.stack_reading.LARGEST_VOLUME_BYTES", limit)
    monkeypatch.setattr("ichviewer.dicom.stack_reading.free_memory_bytes", lambda: free)
    with pytest.raises(UnreadableError, match=words):
        StackReading(series)


def test_where_the_system_does_not_say_what_is_free_stacks_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ichviewer.dicom.stack_reading.free_memory_bytes", lambda: None)
    volume: Volume = read_volume(scanned(write_stack(tmp_path, 3)), ignore_progress, CancelToken())
    assert volume.is_complete
