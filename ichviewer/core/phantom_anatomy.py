"""The cranial vault and the brain of the procedural head, as smooth fields in standard coordinates.

Standard head: origin near the sella's level in the midline; the brain reaches from z = -16 mm
(foramen magnum) to about 110 mm (vertex), 67 mm to either side, 78 mm to the front and 86 mm to
the back. The one thing to get wrong: fields are distances (negative inside), not masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ichviewer.core.phantom_fields import (
    Field,
    Points,
    Texture,
    bump,
    capsule,
    ellipsoid,
    smooth_step,
    smooth_union,
    texture,
    union,
)
from ichviewer.core.phantom_spaces import (
    all_ventricles,
    base_ridges,
    calcium_distance,
    cistern_distance,
    deep_gray_distance,
    floor_height,
    tentorium_height,
)

SULCUS_WAVELENGTH_MM = 25.0
EQUATOR_Z = 42.0
"""Height at which the vault is widest."""


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What differs between heads.

    Attributes:
        scale: Size of the head against the standard, along x, y, z.
        egg: How much wider the back is than the front.
        squareness: Exponent of the outline; 2 is an ellipse.
        atrophy: 0 for a young brain to 1 for a shrunken one.
        ventricle_mm: Added to the ventricles' radii, mm.
        skull_mm: Added to the skull's thickness, mm.
        scalp_mm: Added to the scalp's thickness, mm.
        shift_mm: Bow of the midline, mm.
        gray_hu: HU of grey matter.
        white_hu: HU of white matter.
        calcified: Whether pineal gland and choroid plexus hold calcium.
        frontal_sinus_mm: Half-width of the frontal sinus.
        sulci: Texture whose zero surfaces are sulci.
        wobble: Long waves (shape).
        detail: Waves of about 12 mm.
        grain: Waves of about 6 mm (air cells, spongy bone).
    """

    scale: tuple[float, float, float]
    egg: float
    squareness: float
    atrophy: float
    ventricle_mm: float
    skull_mm: float
    scalp_mm: float
    shift_mm: float
    gray_hu: float
    white_hu: float
    calcified: bool
    frontal_sinus_mm: float
    sulci: Texture
    wobble: Texture
    detail: Texture
    grain: Texture


def draw_anatomy(generator: np.random.Generator) -> Anatomy:
    """Anatomy of a random adult."""
    uniform = generator.uniform
    atrophy = float(uniform(0, 1))
    return Anatomy(
        scale=(float(uniform(0.95, 1.06)), float(uniform(0.95, 1.05)), float(uniform(0.95, 1.05))),
        egg=float(uniform(0.06, 0.16)),
        squareness=float(uniform(2.1, 2.45)),
        atrophy=atrophy,
        ventricle_mm=float(-1.0 + 2.5 * atrophy + uniform(-0.6, 0.8)),
        skull_mm=float(uniform(-1.0, 2.0)),
        scalp_mm=float(uniform(-1.0, 2.5)),
        shift_mm=float(uniform(-1.5, 1.5)),
        gray_hu=float(uniform(34.5, 38)),
        white_hu=float(uniform(26.5, 30)),
        calcified=bool(uniform() < 0.6),
        frontal_sinus_mm=float(uniform(8, 28)),
        sulci=texture(generator, SULCUS_WAVELENGTH_MM, 28),
        wobble=texture(generator, 90.0, 12),
        detail=texture(generator, 12.0),
        grain=texture(generator, 6.5),
    )


@dataclass(frozen=True, eq=False)
class HeadFields:
    """Smooth fields of one plane; all the same shape, mm.

    Attributes:
        vault: Distance to the inner skull.
        inside: Distance to the space inside the dura (vault and skull base).
        skull: Thickness of the skull.
        skin: Distance to the skin.
        muscle: Distance to temporal and neck muscle.
        sulci: Signed distance-like value, zero on a sulcus.
        sulcus_width: Half-width of sulci, mm.
        midline: Distance to the (bowed) midline, signed.
        falx: Distance to the region in which the midline is split by fissure and falx.
        ventricles: Distance to the ventricles.
        cisterns: Distance to cisterns and Sylvian fissures.
        deep_gray: Distance to the basal ganglia and thalami.
        hindbrain: Distance to cerebellum and brainstem.
        tentorium: Signed distance to the tentorium's sheet.
        tentorium_edge: Distance to the region that has a tentorium.
        calcium: Distance to pineal and choroid calcification.
        wave: Long-wave texture, about -2 to 2.
        detail: Texture of about 12 mm, about -2 to 2.
        grain: Texture of about 6 mm, about -2 to 2.
    """

    vault: Field
    inside: Field
    skull: Field
    skin: Field
    muscle: Field
    sulci: Field
    sulcus_width: Field
    midline: Field
    falx: Field
    ventricles: Field
    cisterns: Field
    deep_gray: Field
    hindbrain: Field
    tentorium: Field
    tentorium_edge: Field
    calcium: Field
    wave: Field
    detail: Field
    grain: Field


def vault_distance(points: Points, anatomy: Anatomy) -> Field:
    """Distance to the inner surface of the vault, mm; below its equator the vault is nearly a cylinder."""
    power = np.float32(anatomy.squareness)
    y = points.y - 4.0
    width = 67.0 * (1 + anatomy.egg * np.clip(y / 82.0, -1.2, 0.45))
    above = np.maximum(points.z - EQUATOR_Z, 0)
    below = np.maximum(EQUATOR_Z - points.z, 0)
    shrink = 1 + 0.06 * (below / 45.0) ** 2
    f = (np.abs(points.x / width * shrink) ** power + np.abs(y / 82.0 * shrink) ** power) ** (2 / power)
    f = np.sqrt(f + (above / 68.0) ** 2) + 1e-4
    rho = np.sqrt(points.x**2 + y**2 + above**2)
    # Crests of the frontal and occipital bone stand inwards in the midline.
    crest = 4.5 * bump(points.x, 0, 4) * np.clip(np.abs(y) / 82 - 0.3, 0, 0.6) * bump(points.z, 15, 22)
    return np.asarray(rho * (1 - 1 / f) + 1.3 * anatomy.wobble.at(points) + crest, dtype=np.float32)


def _thicknesses(points: Points, anatomy: Anatomy, wave: Field, vault: Field) -> tuple[Field, Field, Field]:
    """Thickness of the skull; distance to the skin; distance to temporal and neck muscle."""
    x, y, z = points.x, points.y, points.z
    side = smooth_step(np.abs(x), 35, 62) * smooth_step(-np.abs(y + 5), -45, -15)
    skull = 6.3 + anatomy.skull_mm + 2.2 * bump(x, 0, 9) * smooth_step(np.abs(y), 20, 60) + 0.7 * wave
    skull = np.maximum(skull - 3.0 * side * smooth_step(-z, -60, -25), 2.6)
    temporal = side * smooth_step(-z, -52, -30)
    nape = smooth_step(y, 25, 60) * smooth_step(-z, -12, 12)
    scalp = 4.6 + anatomy.scalp_mm + 1.5 * smooth_step(y, 20, 70) + 5 * temporal + 9 * nape
    scalp = scalp + 3.0 * smooth_step(z, 80, 110) + 0.6 * wave
    skin = vault - skull - scalp
    nose = ellipsoid(points, (0, -88, -30), (10, 12, 20))
    lids = ellipsoid(Points(np.abs(x), y, z), (32, -76, -8), (14.5, 14.5, 14))
    skin = smooth_union(smooth_union(np.asarray(skin, dtype=np.float32), nose, 8), lids, 4)
    muscle = vault - skull - (7.5 * temporal + 12 * nape - 1.0)
    return skull.astype(np.float32), skin, muscle.astype(np.float32)


def head_fields(points: Points, anatomy: Anatomy) -> HeadFields:
    """All fields of one plane.

    Args:
        points: Standard coordinates on the coarse grid.
        anatomy: Whose head.
    """
    x, y, z = points.x, points.y, points.z
    wave, detail, grain = anatomy.wobble.at(points), anatomy.detail.at(points), anatomy.grain.at(points)
    vault = vault_distance(points, anatomy)
    skull, skin, muscle = _thicknesses(points, anatomy, wave, vault)
    floor = (floor_height(points) - z) * 0.72
    inside = np.maximum(np.maximum(vault, floor), -base_ridges(points))
    # Sulci run inwards from the surface: the texture is asked where the ray through the point meets it.
    outwards = np.clip(1 + 0.55 * (-vault) / 70.0, 1, 1.6)
    on_surface = Points(x * outwards, (y - 4) * outwards + 4, (z - EQUATOR_Z) * outwards + EQUATOR_Z)
    slope = 2 * np.pi / SULCUS_WAVELENGTH_MM * 0.75
    sulci = anatomy.sulci.at(on_surface) / slope
    top = smooth_step(z, 50, 95)
    width = 0.15 + 0.9 * anatomy.atrophy + 0.55 * top + 0.25 * wave
    bow = anatomy.shift_mm * np.cos((y - 4) / 85 * np.pi / 2) + 0.4 * detail
    corpus = ellipsoid(points, (0, 6, 38), (400, 50, 34))
    hind = np.maximum(z - tentorium_height(points) + 1.0, 10 - y)
    stem = capsule(points, (0, 9, 30), (0, 22, -25), 14, 9)
    return HeadFields(
        vault=vault,
        inside=inside.astype(np.float32),
        skull=skull,
        skin=skin,
        muscle=muscle,
        sulci=sulci.astype(np.float32),
        sulcus_width=width.astype(np.float32),
        midline=(x - bow).astype(np.float32),
        falx=np.maximum(-corpus, 14 - z + 0.25 * np.maximum(y, 0)).astype(np.float32),
        ventricles=all_ventricles(points, anatomy.ventricle_mm) + 0.5 * detail,
        cisterns=cistern_distance(points, anatomy.atrophy, wave, detail),
        deep_gray=deep_gray_distance(points),
        hindbrain=union(hind.astype(np.float32), stem),
        tentorium=(z - tentorium_height(points)).astype(np.float32),
        tentorium_edge=np.maximum(24 - y, 15 - np.hypot(x, y - 12)).astype(np.float32),
        calcium=calcium_distance(points) if anatomy.calcified else np.full_like(x, 99.0),
        wave=wave,
        detail=detail,
        grain=grain,
    )
