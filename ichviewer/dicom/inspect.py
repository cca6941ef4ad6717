"""What ``ichviewer inspect`` prints: series and files as plain values, from headers alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ichviewer.core.hashed_uid import hashed_uid
from ichviewer.core.receipt import median_spacing_mm, receipt, spacings_mm
from ichviewer.core.series import FileVerdict, FolderContents, Series

UID_LIKE = re.compile(r"\d+(?:\.\d+){4,}")


def inspect_document(contents: FolderContents, hash_uids: bool) -> dict[str, Any]:
    """The document of ``ichviewer inspect --json``.

    Args:
        contents: From ``scan``.
        hash_uids: Replace study, series and instance UIDs, and whatever looks like one in notes,
            reasons and paths, by a stable hash. (UIDs identify a patient to whoever has the archive.)

    Returns:
        ``{"series": [...], "files": [...]}``; ``after_slice`` counts from 0.
    """
    renamed: Callable[[str], str] = _hasher(contents) if hash_uids else str
    return {
        "series": [_series(series, renamed) for series in contents.series],
        "files": [_file(file, renamed) for file in contents.files],
    }


def _hasher(contents: FolderContents) -> Callable[[str], str]:
    """Replaces every UID of *contents*, legal or not, and all that looks like one, within a text."""
    known = {
        uid for series in contents.series for uid in (series.series_instance_uid, series.study_instance_uid)
    }
    known |= {header.sop_instance_uid for series in contents.series for header in series.slices}
    known |= {file.series_instance_uid or "" for file in contents.files}
    # Looked up, not a pattern of thousands that every text is held against; illegal ones by length.
    illegal = {uid for uid in known if uid and not UID_LIKE.fullmatch(uid)}
    lengths = sorted({len(uid) for uid in illegal}, reverse=True)

    def uid_at(text: str, start: int) -> str:
        """The longest UID that begins there; empty if none does."""
        pieces = (text[start : start + length] for length in lengths)
        known_here = next((piece for piece in pieces if piece in illegal), "")
        like_one = UID_LIKE.match(text, start)
        return max(known_here, "" if like_one is None else like_one[0], key=len)

    def renamed(text: str) -> str:
        parts, start = [], 0
        while start < len(text):
            uid = uid_at(text, start)
            parts.append(hashed_uid(uid) or text[start])
            start += len(uid) or 1
        return "".join(parts)

    return renamed


def _series(series: Series, renamed: Callable[[str], str]) -> dict[str, Any]:
    geometry = series.geometry
    spacing = series.slices[0].pixel_spacing_mm
    rows, columns = series.slices[0].stored_shape
    median = median_spacing_mm(series)
    return {
        "study_instance_uid": renamed(series.study_instance_uid),
        "series_instance_uid": renamed(series.series_instance_uid),
        "description": series.description,
        "modality": series.modality,
        "slice_count": len(series.slices),
        "rows": rows,
        "columns": columns,
        "pixel_spacing_mm": None if spacing is None else list(spacing),
        "slice_spacing_mm": [round(step, 4) for step in spacings_mm(series)],
        "median_spacing_mm": None if median is None else round(median, 4),
        "tilt_degrees": None if geometry is None else round(series.tilt_degrees, 3),
        "orientation": series.orientation,
        "gaps": [{"after_slice": gap.after_slice, "mm": round(gap.mm, 4)} for gap in series.gaps],
        "duplicates": series.duplicates,
        "sorted_by": series.sorted_by,
        "hu": series.hu,
        "ai_candidate": series.is_ai_candidate,
        "receipt": renamed(receipt(series)),
        "notes": [renamed(note) for note in series.notes],
    }


def _file(file: FileVerdict, renamed: Callable[[str], str]) -> dict[str, Any]:
    uid = file.series_instance_uid
    return {
        "path": renamed(file.path),
        "verdict": file.verdict.value,
        "reason": renamed(file.reason),
        "series_instance_uid": None if uid is None else renamed(uid),
    }
