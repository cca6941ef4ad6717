"""A shape becomes blood: Hounsfield units, the slice's own noise over it, edema around it.

The control makes the very same edit with zero contrast: what a network can tell of it is the editing and not
the blood. The one thing to get wrong: noise. Blood without the slice's noise is found by its smoothness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichviewer.core.findings import SUBTYPES, Subtype
from training.derived.lesion_anatomy import SliceAnatomy
from training.derived.lesion_shapes import BLOOD, SHAPES, Share

VISIBLE_AREA_MM2 = 30.0
"""A bleed smaller than this is none; as in the procedural head."""

SHIFTS_TRIED = 24


@dataclass(frozen=True, eq=False)
class Lesion:
    """A slice with blood put into it.

    Attributes:
        hu: (rows, columns), float32.
        masks: (rows, columns), uint8 bits as in ``SliceImage``: where at least half of a pixel is blood.
        subtype: Its kind.
        blood_hu: Of the blood before partial volume; the surroundings' for the control.
    """

    hu: NDArray[np.float32]
    masks: NDArray[np.uint8]
    subtype: Subtype
    blood_hu: float


def put_lesion(
    anatomy: SliceAnatomy, subtype: Subtype, generator: np.random.Generator, has_contrast: bool = True
) -> Lesion | None:
    """Draw one lesion into a slice.

    Args:
        anatomy: Of a slice without blood.
        subtype: Not ``any``.
        generator: Draws the same shape with and without contrast.
        has_contrast: False for the control.

    Returns:
        None where this head has no place for such a lesion, or only for one too small to be seen.
    """
    share = SHAPES[subtype](anatomy, generator)
    is_blood = share >= 0.5
    if is_blood.sum() * anatomy.pixel_mm2 < VISIBLE_AREA_MM2:
        return None
    limits = BLOOD[subtype]
    blood = generator.triangular(limits.lowest, limits.usual, limits.highest)
    lumps = _lumps(anatomy, generator)
    noise = _noise_from_elsewhere(anatomy, share > 0, generator)
    rim = generator.uniform(0, 8) if subtype is Subtype.INTRAPARENCHYMAL else 0.0
    if has_contrast:
        surroundings = anatomy.hu - rim * _rim_share(anatomy, share)
        hu = surroundings * (1 - share) + (blood + lumps + noise) * share
    else:
        hu = anatomy.hu * (1 - share) + (anatomy.smooth + noise) * share
    masks = np.where(is_blood, np.uint8(1 | 1 << SUBTYPES.index(subtype)), np.uint8(0))
    level = blood if has_contrast else float(anatomy.smooth[is_blood].mean())
    return Lesion(hu.astype(np.float32), masks, subtype, level)


def _lumps(anatomy: SliceAnatomy, generator: np.random.Generator) -> Share:
    """Uneven clotting: a few HU up and down over several mm."""
    sigma = [generator.uniform(2.5, 6) / step for step in anatomy.spacing_mm]
    field = ndimage.gaussian_filter(generator.standard_normal(anatomy.hu.shape), sigma)
    return np.asarray(field * (generator.uniform(1, 5) / max(float(field.std()), 1e-9)), dtype=np.float32)


def _noise_from_elsewhere(
    anatomy: SliceAnatomy, needed: NDArray[np.bool_], generator: np.random.Generator
) -> NDArray[np.float32]:
    """The slice's residual, shifted so that plain brain comes to lie where noise is needed.

    So it has the strength and the grain of this scanner and kernel.
    """
    plain = anatomy.inside & (anatomy.depth_mm > 4) & (anatomy.fluid < 0.1)
    limit = 3.5 * 1.4826 * float(np.median(np.abs(anatomy.residual[plain]))) if plain.any() else 0.0
    best, best_share = (0, 0), -1.0
    for _ in range(SHIFTS_TRIED):
        reach = [int(60 / step) for step in anatomy.spacing_mm]
        shift = (
            int(generator.integers(-reach[0], reach[0] + 1)),
            int(generator.integers(-reach[1], reach[1] + 1)),
        )
        if abs(shift[0]) + abs(shift[1]) < 4:
            continue
        share = float(np.roll(plain, shift, axis=(0, 1))[needed].mean())
        if share > best_share:
            best, best_share = shift, share
    moved = np.roll(anatomy.residual, best, axis=(0, 1))
    return np.clip(moved, -limit, limit).astype(np.float32)


def _rim_share(anatomy: SliceAnatomy, share: Share) -> Share:
    """Edema: a soft dark rim of a few mm around the blood, in the brain only."""
    distance = ndimage.distance_transform_edt(share < 0.5, sampling=anatomy.spacing_mm)
    rim = np.clip(1 - distance / 7, 0, 1) * anatomy.inside * (1 - anatomy.fluid)
    return np.asarray(rim, dtype=np.float32)
