"""A source by its name, from a path."""

from __future__ import annotations

from pathlib import Path

from ichviewer.core.windowing import Window
from training.sources.corrections import Corrections
from training.sources.cq500 import Cq500
from training.sources.ct_ich_published import CtIchPublished
from training.sources.labeled_slice import Source
from training.sources.picture_folder import PictureFolder
from training.sources.picture_sets import PICTURE_WINDOWS, PictureSet
from training.sources.rsna_dicom import RsnaDicom

NAMES = (*PICTURE_WINDOWS, "rsna_dicom", "ct_ich_published", "cq500", "picture_folder", "corrections")
"""What can be read from a path; generated lesions are made of a prepared source (``generated_lesions``)."""


def open_source(
    name: str,
    path: Path,
    *,
    labels: Path | None = None,
    index: Path | None = None,
    window: Window | None = None,
    is_partial: bool = False,
) -> Source:
    """The source of a name.

    Args:
        name: One of NAMES.
        path: Folder or archive, see the source.
        labels: Of ``rsna_dicom`` the long label file, of ``corrections`` the viewer's table.
        index: Where headers that were read are kept.
        window: Of ``picture_folder``.
        is_partial: Rows without file are left out, where the source was copied in part.

    Raises:
        ValueError: The name is not known, the path is not there, or what a source cannot do without is not
            given.
    """
    if name not in NAMES:
        raise ValueError(f"The source {name!r} is not known; known are: {', '.join(NAMES)}.")
    if not path.exists():
        raise ValueError(f"{path} is not there.")
    if name == "picture_folder":
        if window is None:
            raise ValueError(f"The window of the pictures in {path} must be said: --window CENTER WIDTH.")
        return PictureFolder(path, window, is_partial=is_partial)
    if name == "corrections":
        if labels is None:
            raise ValueError("The table that the viewer wrote must be named: --labels FILE.")
        return Corrections(labels, path)
    if name == "rsna_dicom":
        return RsnaDicom(path, labels, index, is_partial)
    if name == "ct_ich_published":
        return CtIchPublished(path, is_partial)
    return Cq500(path, index, is_partial) if name == "cq500" else PictureSet(name, path)
