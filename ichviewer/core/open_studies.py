"""Several studies side by side in the list of series: opening adds to it, closing a study takes it out.

The one thing to get wrong: UIDs do not prove that pixels are the same, because some anonymizers keep them.
What the reader opened last is what is listed and shown; the same UIDs from two places are listed once, and
two parts of one series twice, never mixed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ichviewer.core.prior import without_prior
from ichviewer.core.series import FileVerdict, FolderContents, Series, SliceHeader, Verdict
from ichviewer.core.viewstate import ViewState, listed

OPENED_AGAIN = "duplicate: its series was opened again from another place"
ANOTHER_PART = "other images of the same series are listed too, from another place"

Study = tuple[str, str]
"""Patient ID and Study Instance UID."""


@dataclass(frozen=True)
class Opening:
    """What opening another folder gives.

    Attributes:
        contents: Everything that is listed now.
        found: The series that lie below what was opened, as they are listed.
        files: Verdicts on what lies below it.
    """

    contents: FolderContents
    found: tuple[Series, ...]
    files: tuple[FileVerdict, ...]


def study_of(series: Series) -> Study:
    """Whose study a series belongs to."""
    return series.patient.patient_id, series.study_instance_uid


def with_opened(before: FolderContents | None, scanned: FolderContents, opened: str) -> Opening:
    """What is listed after another folder was scanned.

    Args:
        before: What is listed; None at first.
        scanned: What lies below the folder, each file with its verdict.
        opened: The folder in words; verdicts on files of an older scan of it are replaced.
    """
    every = [] if before is None else list(before.series)
    found, replaced = [], set()
    for series in scanned.series:
        place = next((at for at, each in enumerate(every) if _are_one(each, series)), None)
        if place is None:
            series = _with_own_key(series, every)
            every.append(series)
        elif _places(series) < _places(every[place]):
            series = every[place]
        else:
            series = replace(series, stack_number=every[place].stack_number)
            if not _places(series) & _places(every[place]):
                replaced.add(series.series_instance_uid)
            every[place] = series
        found.append(series)
    verdicts = tuple(replace(file, below=opened) for file in scanned.files)
    earlier = () if before is None else before.files
    others = tuple(_earlier_verdict(file, replaced) for file in earlier if file.below != opened)
    every.sort(key=_listing_order)
    return Opening(FolderContents(tuple(every), (*others, *verdicts)), tuple(found), verdicts)


def without_study(contents: FolderContents, study: Study) -> FolderContents | None:
    """What is listed after a study was closed; None where nothing is left.

    Verdicts on files of its series go with it; the others stay as long as any series of their folder does.
    """
    kept = tuple(series for series in contents.series if study_of(series) != study)
    if not kept:
        return None
    uids = {series.series_instance_uid for series in kept}
    closed = {series.series_instance_uid for series in contents.series} - uids
    folders = {file.below for file in contents.files if file.series_instance_uid in uids}
    files = tuple(
        file for file in contents.files if file.series_instance_uid not in closed and file.below in folders
    )
    return FolderContents(kept, files)


def study_closed(state: ViewState, study: Study) -> ViewState:
    """A study is listed no more; if its stack is open, or stands beside the open one, it is closed."""
    if state.contents is None:
        return state
    left = without_study(state.contents, study)
    if state.prior is not None and study_of(state.prior.volume.series) == study:
        state = without_prior(state)
    if state.volume is not None and study_of(state.volume.series) == study:
        state = listed(state, left or FolderContents((), ()))
    keys = set() if left is None else {series.key for series in left.series}
    thumbnails = tuple(thumbnail for thumbnail in state.thumbnails if thumbnail.series_key in keys)
    return replace(state, contents=left, thumbnails=thumbnails)


def _listing_order(series: Series) -> tuple[str, str, str]:
    # Within a study the order stays: it is the scanner's, by series number.
    return series.patient.patient_id, series.study_date, series.study_instance_uid


def _are_one(listed: Series, series: Series) -> bool:
    """Whether two series are one: the same files, some of them, or the same images from another place."""
    if study_of(listed) != study_of(series) or listed.series_instance_uid != series.series_instance_uid:
        return False
    here, there = _places(series), _places(listed)
    return here <= there or here > there or _images(series) == _images(listed)


def _places(series: Series) -> set[tuple[str, int | None]]:
    return {(header.shown_path, header.frame_number) for header in series.slices}


def _images(series: Series) -> set[tuple[str, int | None]]:
    return {_image(header) for header in series.slices}


def _image(header: SliceHeader) -> tuple[str, int | None]:
    # Without a UID only the file itself tells an image from others.
    return header.sop_instance_uid or header.shown_path, header.frame_number


def _with_own_key(series: Series, listed: list[Series]) -> Series:
    """The series with a stack number that makes its key unique in the list."""
    keys = {each.key for each in listed}
    if series.key not in keys:
        return series
    number = series.stack_number
    while series.key in keys:
        number += 1
        series = replace(series, stack_number=number)
    return replace(series, notes=(*series.notes, ANOTHER_PART))


def _earlier_verdict(file: FileVerdict, replaced: set[str]) -> FileVerdict:
    if file.verdict is Verdict.LOADED and file.series_instance_uid in replaced:
        return replace(file, verdict=Verdict.SKIPPED, reason=OPENED_AGAIN)
    return file
