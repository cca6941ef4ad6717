"""Slices of a NIfTI volume in canonical orientation, read with SimpleITK (which gives LPS coordinates)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ichviewer.core.errors import UnreadableError
from ichviewer.core.geometry import canonical_directions, canonical_in_plane


@dataclass(frozen=True, eq=False)
class NiftiVolume:
    """A volume whose third axis runs through the slices.

    Attributes:
        values: (slices, rows, columns), canonical orientation, as stored after the file's own rescale.
        spacing_mm: (between rows, between columns).
        positions_mm: (slices,), along the canonical normal.
    """

    values: NDArray[np.generic]
    spacing_mm: tuple[float, float]
    positions_mm: NDArray[np.float64]


def slice_count(path: Path) -> int:
    """Slices of a volume, from its header alone.

    Raises:
        UnreadableError: It cannot be read.
    """
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise UnreadableError(f"{path} cannot be read as NIfTI ({_cause(error)})") from error
    size = reader.GetSize()
    return int(size[2]) if len(size) > 2 else 1


def read_nifti(path: Path) -> NiftiVolume:
    """Read a volume.

    Raises:
        UnreadableError: It cannot be read, or does not have three axes.
    """
    try:
        image = SimpleITK.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableError(f"{path} cannot be read as NIfTI ({_cause(error)})") from error
    if image.GetDimension() != 3:
        raise UnreadableError(f"{path} has {image.GetDimension()} axes, not 3")
    direction = np.asarray(image.GetDirection()).reshape(3, 3)
    cosines = (*direction[:, 0], *direction[:, 1])
    in_plane = canonical_in_plane(cosines)
    row, column = canonical_directions(cosines, in_plane)
    stored = SimpleITK.GetArrayFromImage(image)
    values = np.stack([np.ascontiguousarray(in_plane.to_canonical(slice_)) for slice_ in stored])
    across, down, through = image.GetSpacing()
    spacing = (across, down) if in_plane.transpose else (down, across)
    origins = np.asarray(image.GetOrigin()) + np.arange(len(stored))[:, None] * through * direction[:, 2]
    return NiftiVolume(values, spacing, origins @ np.cross(row, column))


def _cause(error: RuntimeError) -> str:
    """The last line of SimpleITK's long message."""
    return str(error).strip().splitlines()[-1].strip()
