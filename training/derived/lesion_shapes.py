"""Where blood of each kind lies: shapes within a slice's anatomy, as the share of each pixel that is blood.

Each function draws one shape; an empty share means that this head has no place for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichviewer.core.findings import Subtype
from training.derived.lesion_anatomy import SliceAnatomy

Share = NDArray[np.float32]


@dataclass(frozen=True)
class BloodRange:
    """Hounsfield units of one kind of blood: between two limits, most often the usual ones."""

    lowest: float
    usual: float
    highest: float


BLOOD = {
    Subtype.EPIDURAL: BloodRange(50, 64, 90),
    Subtype.INTRAPARENCHYMAL: BloodRange(50, 64, 90),
    Subtype.INTRAVENTRICULAR: BloodRange(50, 60, 80),
    Subtype.SUBARACHNOID: BloodRange(50, 56, 75),
    Subtype.SUBDURAL: BloodRange(50, 60, 80),
}


def lens(anatomy: SliceAnatomy, generator: np.random.Generator) -> Share:
    """Epidural: between skull and dura, bulging towards the brain."""
    place = _point_on_skull(anatomy, generator)
    if place is None:
        return np.zeros_like(anatomy.hu)
    point, inwards = place
    thickness, half_width = generator.uniform(6, 22), generator.uniform(16, 36)
    radius = (half_width**2 + thickness**2) / (2 * thickness)
    center = point - inwards * (radius - thickness)
    down, across = anatomy.coordinates_mm()
    distance = np.hypot(down - center[0], across - center[1]) - radius
    share = _soft(anatomy, distance, generator)
    # Where the skull is hollow, the ball would reach the middle of the brain.
    is_flat = anatomy.depth_mm[share > 0.5].max(initial=0) <= 1.3 * thickness + 2
    return share if is_flat else np.zeros_like(share)


def crescent(anatomy: SliceAnatomy, generator: np.random.Generator) -> Share:
    """Subdural: a wide thin layer along one half of the skull, hollow towards the brain."""
    down, across = anatomy.coordinates_mm()
    side = generator.choice((-1.0, 1.0))
    # 0 points to the side, positive angles to the back.
    angle = np.arctan2(down, np.maximum(across * side, 1e-3))
    middle, half_width = generator.uniform(-0.5, 0.5), generator.uniform(0.6, 1.3)
    profile = np.cos(np.clip((angle - middle) / half_width, -1, 1) * np.pi / 2)
    thickness = generator.uniform(5, 14) * np.sqrt(np.clip(profile, 0, 1)) * (across * side > 2.0)
    share = _soft(anatomy, anatomy.depth_mm - thickness, generator)
    return np.asarray(share * (thickness > 0.5), dtype=np.float32)


def sulci(anatomy: SliceAnatomy, generator: np.random.Generator) -> Share:
    """Subarachnoid: in the fluid between the folds of one region."""
    down, across = anatomy.coordinates_mm()
    angle = np.arctan2(down, across)
    turned = np.abs((angle - generator.uniform(-np.pi, np.pi) + np.pi) % (2 * np.pi) - np.pi)
    region = np.clip((generator.uniform(0.5, 1.4) - turned) / 0.2, 0, 1)
    outer = np.clip((generator.uniform(14, 26) - anatomy.depth_mm) / 3, 0, 1)
    share = anatomy.fluid * region * outer
    share[ndimage.binary_dilation(anatomy.ventricles, iterations=2)] = 0
    return np.asarray(share, dtype=np.float32)


def ventricle(anatomy: SliceAnatomy, generator: np.random.Generator) -> Share:
    """Intraventricular: a ventricle filled from behind, where blood settles in who lies on the back."""
    if not anatomy.ventricles.any():
        return np.zeros_like(anatomy.hu)
    space = ndimage.binary_dilation(anatomy.ventricles, iterations=1)
    down, _ = anatomy.coordinates_mm()
    level = np.quantile(down[anatomy.ventricles], 1 - generator.uniform(0.3, 1.0))
    filled = np.clip((down - level) / 1.5 + 0.5, 0, 1)
    return np.asarray(np.sqrt(anatomy.fluid) * space * filled, dtype=np.float32)


def blob(anatomy: SliceAnatomy, generator: np.random.Generator) -> Share:
    """Intraparenchymal: rounded, irregular, within the brain."""
    candidates = np.argwhere((anatomy.depth_mm > 14) & (anatomy.fluid < 0.2))
    if not len(candidates):
        return np.zeros_like(anatomy.hu)
    row, column = candidates[generator.integers(len(candidates))]
    down, across = anatomy.coordinates_mm()
    y, x = down - down[row, column], across - across[row, column]
    angle = np.arctan2(y, x)
    turn, stretch = generator.uniform(0, np.pi), generator.uniform(0.6, 1.0)
    radius = np.hypot(y * np.cos(turn) + x * np.sin(turn), (x * np.cos(turn) - y * np.sin(turn)) / stretch)
    edge = np.full_like(radius, generator.uniform(5, 22))
    for waves in (2, 3, 4, 5):
        swing = generator.normal(0, 0.25 / waves)
        edge *= 1 + np.clip(swing, -0.2, 0.2) * np.cos(waves * angle + generator.uniform(0, 2 * np.pi))
    share = _soft(anatomy, radius - edge, generator)
    return np.asarray(share * np.clip((anatomy.depth_mm - 3) / 2, 0, 1), dtype=np.float32)


SHAPES: dict[Subtype, Callable[[SliceAnatomy, np.random.Generator], Share]] = {
    Subtype.EPIDURAL: lens,
    Subtype.INTRAPARENCHYMAL: blob,
    Subtype.INTRAVENTRICULAR: ventricle,
    Subtype.SUBARACHNOID: sulci,
    Subtype.SUBDURAL: crescent,
}


def _soft(anatomy: SliceAnatomy, distance_mm: NDArray[np.floating], generator: np.random.Generator) -> Share:
    """Share from a signed distance (negative inside): a thick slice cuts edges aslant."""
    softness = generator.uniform(1.0, 3.0)
    share = np.clip(0.5 - distance_mm / softness, 0, 1) * anatomy.inside
    return np.asarray(share, dtype=np.float32)


def _point_on_skull(
    anatomy: SliceAnatomy, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """A point of the inner table, mm from the middle, and the unit vector from it into the head."""
    step = max(anatomy.spacing_mm)
    rim = np.argwhere(anatomy.inside & (anatomy.depth_mm <= 1.2 * step))
    if not len(rim):
        return None
    down, across = anatomy.coordinates_mm()
    row, column = rim[generator.integers(len(rim))]
    point = np.asarray([down[row, column], across[row, column]], dtype=np.float64)
    depth = ndimage.gaussian_filter(anatomy.depth_mm, 4.0 / step)
    slope = np.asarray([g[row, column] for g in np.gradient(depth, *anatomy.spacing_mm)], dtype=np.float64)
    length = float(np.hypot(*slope))
    # On the falx side of the skull the slope may vanish; the middle of the head is inwards too.
    inwards = slope / length if length > 0.05 else -point / max(float(np.hypot(*point)), 1e-6)
    return point, inwards
