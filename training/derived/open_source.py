"""A source by its name, from a path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ichviewer.core.windowing import Window
from training.derived.generated_lesions import GeneratedLesions
from training.derived.khandelwal_clean import NAME as KHANDELWAL_CLEAN
from training.derived.khandelwal_clean import KhandelwalClean
from training.sources.corrections import Corrections
from training.sources.cq500 import Cq500
from training.sources.ct_ich_both_windows import CtIchBothWindows
from training.sources.ct_ich_published import CtIchPublished
from training.sources.labeled_slice import Source
from training.sources.picture_folder import PictureFolder
from training.sources.picture_sets import PICTURE_WINDOWS, PictureSet
from training.sources.rsna_dicom import RsnaDicom


@dataclass(frozen=True)
class SourceOptions:
    """What some sources need besides a path.

    Attributes:
        labels: Of ``rsna_dicom`` the long label file, of ``corrections`` the viewer's table.
        index: Where headers that were read are kept.
        window: Of ``picture_folder``.
        is_partial: Rows without file are left out, where the source was copied in part.
        count: Of generated slices.
        seed: Of generated slices, and of slices that are left out by lot.
    """

    labels: Path | None = None
    index: Path | None = None
    window: Window | None = None
    is_partial: bool = False
    count: int = 0
    seed: int = 0


def open_source(name: str, path: Path, options: SourceOptions | None = None) -> Source:
    """The source of a name.

    Args:
        name: One of NAMES.
        path: Folder or archive, see the source; what is made of another source takes that one's cache.
        options: Whatever else the source needs.

    Raises:
        ValueError: The name is not known, the path is not there, or what a source cannot do without is not
            given.
    """
    if name not in NAMES:
        raise ValueError(f"The source {name!r} is not known; known are: {', '.join(NAMES)}.")
    if not path.exists():
        raise ValueError(f"{path} is not there.")
    options = options or SourceOptions()
    return PictureSet(name, path) if name in PICTURE_WINDOWS else _OPENERS[name](path, options)


def _picture_folder(path: Path, options: SourceOptions) -> Source:
    if options.window is None:
        raise ValueError(f"The window of the pictures in {path} must be said: --window CENTER WIDTH.")
    return PictureFolder(path, options.window, is_partial=options.is_partial)


def _corrections(path: Path, options: SourceOptions) -> Source:
    if options.labels is None:
        raise ValueError("The table that the viewer wrote must be named: --labels FILE.")
    return Corrections(options.labels, path)


def _generated(path: Path, options: SourceOptions, has_contrast: bool) -> Source:
    if options.count < 1:
        raise ValueError("How many slices are to be generated must be said: --count N.")
    return GeneratedLesions(path, options.count, options.seed, has_contrast)


_OPENERS: dict[str, Callable[[Path, SourceOptions], Source]] = {
    "ct_ich_v1_both": lambda path, _: CtIchBothWindows(path),
    "rsna_dicom": lambda path, o: RsnaDicom(path, o.labels, o.index, o.is_partial),
    "ct_ich_published": lambda path, o: CtIchPublished(path, o.is_partial),
    "cq500": lambda path, o: Cq500(path, o.index, o.is_partial),
    KHANDELWAL_CLEAN: lambda path, o: KhandelwalClean(path, o.seed),
    "picture_folder": _picture_folder,
    "corrections": _corrections,
    "generated_lesions": lambda path, o: _generated(path, o, has_contrast=True),
    "generated_lesions_control": lambda path, o: _generated(path, o, has_contrast=False),
}

NAMES = (*PICTURE_WINDOWS, *_OPENERS)
