"""What a lesion generator must know of a real slice: the inside of the skull, its fluid and its noise.

Thresholds lie inside the brain window, so slices from windowed pictures do as well as those from DICOM.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

BONE_HU = 150.0
"""Skull lies above; in windowed pictures it is what reaches the window's upper end."""

FLUID_BELOW_BRAIN_HU = 11.0
"""Fluid is at least so much darker than the brain's median."""

IMAGE_WIDTH_MM = 240.0
"""Of a usual head CT, for slices whose pixel spacing is not known; the head's own size tells nothing, it is
smaller at the vertex."""

SMALLEST_INSIDE_MM2 = 5_000.0
"""Smaller insides are vertex or skull base, where shapes like ours do not belong."""

SMALLEST_WITH_VENTRICLES_MM2 = 11_000.0
"""Above the ventricles the inside is smaller, and deep fluid is a fold."""

ROUNDEST, LEAST_ROUND = 1.15, 0.80
"""Area of the inside in units of the ellipse in its upright box."""

BRAIN_RANGE_HU = (-5.0, 65.0)
LEAST_BRAIN_SHARE = 0.93


@dataclass(frozen=True, eq=False)
class SliceAnatomy:
    """One slice, taken apart; all arrays are (rows, columns).

    Attributes:
        spacing_mm: (between rows, between columns), the usual one where the source does not say.
        hu: Hounsfield units.
        inside: Within the skull.
        depth_mm: Distance to the inner table of the skull, 0 outside.
        smooth: HU without noise and fine structure.
        fluid: Share of each pixel that is ventricle or sulcus, 0 to 1.
        ventricles: Fluid in the middle of the head.
        residual: HU minus *smooth*: the slice's own noise.
        brain_hu: Median of the inside.
    """

    spacing_mm: tuple[float, float]
    hu: NDArray[np.float32]
    inside: NDArray[np.bool_]
    depth_mm: NDArray[np.float32]
    smooth: NDArray[np.float32]
    fluid: NDArray[np.float32]
    ventricles: NDArray[np.bool_]
    residual: NDArray[np.float32]
    brain_hu: float

    @property
    def pixel_mm2(self) -> float:
        """Area of a pixel."""
        return self.spacing_mm[0] * self.spacing_mm[1]

    def coordinates_mm(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(downwards, to the right) of every pixel from the middle of the inside."""
        rows, columns = np.indices(self.hu.shape, dtype=np.float32)
        middle = ndimage.center_of_mass(self.inside)
        return (rows - middle[0]) * self.spacing_mm[0], (columns - middle[1]) * self.spacing_mm[1]


def slice_anatomy(hu: NDArray[np.float32], spacing_mm: tuple[float, float] | None) -> SliceAnatomy | None:
    """Take a slice apart.

    Args:
        hu: (rows, columns), canonical orientation.
        spacing_mm: None where unknown.

    Returns:
        None where no whole skull with brain in it is found.
    """
    usual = IMAGE_WIDTH_MM / max(hu.shape)
    spacing = (usual, usual) if spacing_mm is None else spacing_mm
    inside = _inside_skull(hu, spacing)
    if inside is None:
        return None
    sigma = [1.0 / spacing[0], 1.0 / spacing[1]]
    # Bone must not shine into the brain beside it.
    brain_hu = float(np.median(hu[inside]))
    smooth = _smoothed(np.clip(hu, -20, 100), inside, sigma, brain_hu)
    fluid = np.clip((brain_hu - FLUID_BELOW_BRAIN_HU + 3 - smooth) / 6, 0, 1) * inside
    depth = ndimage.distance_transform_edt(inside, sampling=spacing).astype(np.float32)
    return SliceAnatomy(
        spacing_mm=spacing,
        hu=hu,
        inside=inside,
        depth_mm=depth,
        smooth=smooth,
        fluid=fluid.astype(np.float32),
        ventricles=_ventricles(fluid > 0.5, depth, spacing),
        residual=np.where(inside, hu - smooth, 0).astype(np.float32),
        brain_hu=brain_hu,
    )


def _inside_skull(hu: NDArray[np.float32], spacing: tuple[float, float]) -> NDArray[np.bool_] | None:
    """The largest space that bone encloses, None if it does not look like a brain."""
    bone = hu >= min(BONE_HU, float(hu.max()) - 1.0)
    closed = ndimage.binary_closing(bone, _disc(4.0, spacing))
    holes = ndimage.binary_fill_holes(closed) & ~closed
    holes = ndimage.binary_opening(holes, _disc(3.0, spacing))
    pieces, count = ndimage.label(holes)
    if not count:
        return None
    sizes = np.bincount(pieces.ravel())[1:]
    inside = np.asarray(pieces == 1 + int(np.argmax(sizes)))
    if inside.sum() * spacing[0] * spacing[1] < SMALLEST_INSIDE_MM2:
        return None
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    ellipse = np.pi / 4 * (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    is_brain = (hu[inside] >= BRAIN_RANGE_HU[0]) & (hu[inside] <= BRAIN_RANGE_HU[1])
    has_shape = LEAST_ROUND <= inside.sum() / ellipse <= ROUNDEST
    return inside if has_shape and is_brain.mean() >= LEAST_BRAIN_SHARE else None


def _disc(radius_mm: float, spacing: tuple[float, float]) -> NDArray[np.bool_]:
    reach = [int(np.ceil(radius_mm / step)) for step in spacing]
    down, across = np.mgrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1]
    return np.asarray((down * spacing[0]) ** 2 + (across * spacing[1]) ** 2 <= radius_mm**2)


def _smoothed(
    hu: NDArray[np.float32], inside: NDArray[np.bool_], sigma: list[float], brain_hu: float
) -> NDArray[np.float32]:
    """Gaussian mean over the inside only."""
    weight = ndimage.gaussian_filter(inside.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(inside, hu, 0).astype(np.float32), sigma)
    return np.where(inside, total / np.maximum(weight, 1e-3), brain_hu).astype(np.float32)


def _ventricles(
    fluid: NDArray[np.bool_], depth_mm: NDArray[np.float32], spacing: tuple[float, float]
) -> NDArray[np.bool_]:
    """Pieces of fluid that lie deep in the head and do not hang together with its surface."""
    found = np.zeros_like(fluid)
    if (depth_mm > 0).sum() * spacing[0] * spacing[1] < SMALLEST_WITH_VENTRICLES_MM2:
        return found
    pieces, count = ndimage.label(fluid)
    for number in range(1, count + 1):
        piece = pieces == number
        area = piece.sum() * spacing[0] * spacing[1]
        if area >= 60.0 and depth_mm[piece].min() >= 12.0 and depth_mm[piece].max() >= 28.0:
            found |= piece
    return found
