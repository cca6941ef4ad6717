"""Several studies side by side in the list of series: opening adds to it, closing a study takes it out.

The one thing to get wrong: series are told apart by their images. The same images from two places are listed
once, and two parts of one series from two places are listed twice, never mixed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ichviewer.core.series import FileVerdict, FolderContents, Series, SliceHeader, Verdict

LISTED_ALREADY = "duplicate: its images are listed already"
ANOTHER_PART = "other images of the same series are listed too, from another place"

Study = tuple[str, str]
"""Patient ID and Study Instance UID."""


@dataclass(frozen=True)
class Opening:
    """What opening another folder gives.

    Attributes:
        contents: Everything that is listed now.
        found: The series that lie below what was opened, as they are listed.
    """

    contents: FolderContents
    found: tuple[Series, ...]


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
    listed = [] if before is None else list(before.series)
    found, duplicates = [], set()
    for series in scanned.series:
        same = next((each for each in listed if _is_same_place(each, series)), None)
        twin = next((each for each in listed if _holds_all(each, series)), None)
        if same is not None:
            listed[listed.index(same)] = series
        elif twin is not None:
            duplicates.add(series.series_instance_uid)
            series = twin
        else:
            series = _with_own_key(series, listed)
            listed.append(series)
        found.append(series)
    verdicts = [_verdict(file, opened, duplicates) for file in scanned.files]
    others = [file for file in (() if before is None else before.files) if file.below != opened]
    listed.sort(key=_listing_order)
    return Opening(FolderContents(tuple(listed), (*others, *verdicts)), tuple(found))


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


def _listing_order(series: Series) -> tuple[str, str, str]:
    # Within a study the order stays: it is the scanner's, by series number.
    return series.patient.patient_id, series.study_date, series.study_instance_uid


def _is_same_place(listed: Series, series: Series) -> bool:
    """Whether both are the same files, read twice."""
    return listed.series_instance_uid == series.series_instance_uid and _places(listed) == _places(series)


def _places(series: Series) -> set[tuple[str, int | None]]:
    return {(header.shown_path, header.frame_number) for header in series.slices}


def _holds_all(listed: Series, series: Series) -> bool:
    """Whether every image of a series is listed, from wherever."""
    if study_of(listed) != study_of(series) or listed.series_instance_uid != series.series_instance_uid:
        return False
    return {_image(header) for header in series.slices} <= {_image(header) for header in listed.slices}


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


def _verdict(file: FileVerdict, opened: str, duplicates: set[str]) -> FileVerdict:
    if file.verdict is Verdict.LOADED and file.series_instance_uid in duplicates:
        return replace(file, below=opened, verdict=Verdict.SKIPPED, reason=LISTED_ALREADY)
    return replace(file, below=opened)
