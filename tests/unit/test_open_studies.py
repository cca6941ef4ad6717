"""Several studies in one list: added, told apart, closed."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from stacks_beside import JANE, contents_of, stack

from ichviewer.core.beside import prior_beside
from ichviewer.core.open_studies import OPENED_AGAIN, study_closed, study_of, with_opened, without_study
from ichviewer.core.prior import with_prior
from ichviewer.core.series import FileVerdict, FolderContents, Series, Verdict
from ichviewer.core.viewstate import Thumbnail, ViewState, listed, opened

HEAD = stack(5).series
OTHER = stack(
    4, series_uid="7.1", study_uid="7", frame="7.9", patient=replace(JANE, patient_id="ID-0043")
).series


def folder(*series: Series, damaged: str = "") -> FolderContents:
    files = tuple(
        FileVerdict(f"{each.key}/{index}", Verdict.LOADED, "", each.series_instance_uid)
        for each in series
        for index in range(len(each.slices))
    )
    bad = (FileVerdict(damaged, Verdict.DAMAGED, "cut off"),) if damaged else ()
    return FolderContents(series, files + bad)


def moved(series: Series, where: str) -> Series:
    """The same images in another folder."""
    return replace(series, slices=tuple(replace(h, path=f"{where}{h.path}") for h in series.slices))


BOTH = with_opened(with_opened(None, folder(HEAD), "/a").contents, folder(OTHER, damaged="x"), "/b")


def test_opening_another_folder_adds_its_series() -> None:
    assert [series.key for series in BOTH.contents.series] == ["1.2.3", "7.1"]
    assert [series.key for series in BOTH.found] == ["7.1"]


def test_every_file_of_every_folder_keeps_its_verdict() -> None:
    """Hazard: a damaged slice of the first study is no longer said once the second is open."""
    verdicts = [(file.below, file.verdict) for file in BOTH.contents.files]
    assert verdicts.count(("/a", Verdict.LOADED)) == 5
    assert verdicts.count(("/b", Verdict.LOADED)) == 4
    assert verdicts.count(("/b", Verdict.DAMAGED)) == 1


def test_the_same_folder_again_is_listed_once_and_anew() -> None:
    again = replace(HEAD, description="read again")
    opening = with_opened(BOTH.contents, folder(again), "/a")
    assert [series.description for series in opening.contents.series] == ["read again", "HEAD 5 mm"]
    assert len([file for file in opening.contents.files if file.below == "/a"]) == 5


def test_one_file_of_an_open_folder_opens_the_series_that_is_listed() -> None:
    one = replace(HEAD, slices=HEAD.slices[2:3])
    opening = with_opened(BOTH.contents, folder(one), "/a/2.dcm")
    assert opening.found == (HEAD,)
    assert len(opening.contents.series) == 2


def test_the_same_images_from_another_place_are_listed_once_as_they_were_opened_last() -> None:
    """Hazard: another version with the same UIDs is opened, and the first version's pixels are shown."""
    copy = moved(HEAD, "/copy")
    opening = with_opened(BOTH.contents, folder(copy), "/copy")
    assert opening.found == (copy,)
    assert [series.key for series in opening.contents.series] == ["1.2.3", "7.1"]
    assert opening.contents.series[0].slices[0].path.startswith("/copy")
    replaced = [file for file in opening.contents.files if file.below == "/a"]
    assert {file.reason for file in replaced} == {OPENED_AGAIN}


def test_two_parts_of_one_series_are_never_mixed() -> None:
    """Hazard: half a head from one folder and half from another look like one stack."""
    part = moved(replace(HEAD, slices=tuple(replace(h, sop_instance_uid="9") for h in HEAD.slices[:2])), "/p")
    opening = with_opened(BOTH.contents, folder(part), "/p")
    keys = [series.key for series in opening.contents.series]
    assert keys == ["1.2.3", "1.2.3#1", "7.1"]
    assert len(set(keys)) == 3


def test_a_closed_study_leaves_no_trace_in_the_list() -> None:
    left = without_study(BOTH.contents, study_of(OTHER))
    assert left is not None
    assert [series.key for series in left.series] == ["1.2.3"]
    assert {file.below for file in left.files} == {"/a"}
    assert without_study(left, study_of(HEAD)) is None


def test_closing_the_open_study_closes_its_stack_and_keeps_the_others() -> None:
    volume = stack(5)
    state = opened(
        listed(ViewState(), contents_of(volume, stack(4, series_uid="7.1", study_uid="7"))), volume, ""
    )
    grey = np.zeros((2, 2), np.uint8)
    state = replace(state, thumbnails=(Thumbnail("1.2.3", grey), Thumbnail("7.1", grey)))
    closed = study_closed(state, study_of(volume.series))
    assert closed.volume is None
    assert closed.contents is not None
    assert [series.key for series in closed.contents.series] == ["7.1"]
    assert [thumbnail.series_key for thumbnail in closed.thumbnails] == ["7.1"]


def test_closing_another_study_leaves_the_open_stack() -> None:
    volume, other = stack(5), stack(4, series_uid="7.1", study_uid="7")
    state = opened(listed(ViewState(), contents_of(volume, other)), volume, "")
    state = with_prior(state, prior_beside(volume, other, "", ()))
    closed = study_closed(state, study_of(other.series))
    assert closed.volume is volume
    assert closed.prior is None, "the prior was of the closed study"


def test_a_closed_study_frees_its_memory() -> None:
    volume = stack(5)
    pixels = weakref.ref(volume.stored_values)
    state = opened(listed(ViewState(), contents_of(volume)), volume, "")
    state = study_closed(state, study_of(volume.series))
    assert state.contents is None
    del volume
    gc.collect()
    assert pixels() is None


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_studies_are_listed_by_patient_whatever_was_opened_first(order: tuple[int, int]) -> None:
    folders = [(folder(HEAD), "/a"), (folder(OTHER), "/b")]
    contents = None
    for place in order:
        contents = with_opened(contents, *folders[place]).contents
    assert contents is not None
    assert [series.key for series in contents.series] == ["1.2.3", "7.1"]
