"""Face and skull base of the procedural head: orbits, sinuses, air cells, bone.

Only planes below about z = 30 mm have any of it. The one thing to get wrong: these structures are
painted **after** the brain and skull, in the order of ``BaseFields``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ichviewer.core.phantom_anatomy import Anatomy, HeadFields
from ichviewer.core.phantom_fields import (
    Field,
    Points,
    capsule,
    cover,
    ellipsoid,
    paint,
    smooth_step,
    union,
)
from ichviewer.core.phantom_spaces import base_ridges, floor_height

BASE_TOP_Z = 34.0
"""Above this height there is vault and scalp only."""


@dataclass(frozen=True, eq=False)
class BaseFields:
    """Smooth fields of one low plane, mm, negative inside.

    Attributes:
        bone: Skull base and facial bones.
        wall_end: Positive where the vault's wall has ended.
        orbit: Orbital fat.
        orbit_wall: Bone around it.
        globe: Eyeballs.
        lens: Lenses.
        strands: Optic nerves and eye muscles.
        canal: Spinal canal and foramen magnum.
        cord: Cord and lower brainstem.
        air: Nose, sinuses, ear canals.
        cells: Region of the mastoid air cells.
        frontal_sinus: Region of the frontal sinus, inside the frontal bone.
        ear: Ears.
    """

    bone: Field
    wall_end: Field
    orbit: Field
    orbit_wall: Field
    globe: Field
    lens: Field
    strands: Field
    canal: Field
    cord: Field
    air: Field
    cells: Field
    frontal_sinus: Field
    ear: Field


def base_fields(points: Points, anatomy: Anatomy, head: HeadFields) -> BaseFields:
    """All fields of one low plane, on the same grid as *head*."""
    x, y, z = points.x, points.y, points.z
    m = Points(np.abs(x), y, z)
    floor = floor_height(points) - z
    slab = np.maximum(np.maximum(-floor, floor - np.where(y < -30, 2.2, 4.0)), head.vault - head.skull)
    ring = np.abs(np.hypot(x, (y - 33) * 0.9) - 19.5) - 3.5 + 0.8 * head.detail
    bones = union(
        np.asarray(slab, dtype=np.float32),
        base_ridges(points),
        capsule(m, (48, -70, -24), (66, -40, -24), 2.6, 2.2),
        capsule(m, (66, -40, -24), (65, -6, -17), 2.2, 2.5),
        ellipsoid(m, (50, -5, -27), (9, 5, 9)),
        ellipsoid(m, (15, -34, -33), (3, 8, 15)),
        ellipsoid(m, (57, 26, -10), (9, 12, 20)),
        ellipsoid(points, (0, -20, -6), (18, 18, 12)),
        ellipsoid(points, (0, 4, -13), (24, 20, 9)),
        ellipsoid(m, (38, -2, -14), (18, 16, 7)),
        ellipsoid(m, (34, -31, -8), (17, 4, 11)),
        ellipsoid(m, (14, 20, -14), (10, 12, 7)),
        capsule(m, (5, -92, -10), (22, -88, 5), 2.5, 3.0),
        np.maximum(ring, np.abs(z + 30) - 8).astype(np.float32),
    )
    wall_bottom = -14 + 17 * smooth_step(-y, 35, 55) - 8 * smooth_step(y, 10, 40)
    orbit = ellipsoid(m, (31, -64, -9), (16.5, 25, 14.5))
    strands = union(
        capsule(m, (31, -66, -9), (16, -38, -3), 2.2, 2.2),
        capsule(m, (19, -74, -9), (17, -44, -5), 2.0, 1.6),
        capsule(m, (44, -72, -9), (24, -42, -5), 1.8, 1.6),
    )
    air = union(
        ellipsoid(points, (0, -58, -16), (14, 31, 20)),
        ellipsoid(points, (0, -25, -3), (14, 11, 9)),
        ellipsoid(m, (29, -64, -40), (13, 16, 14)),
        ellipsoid(points, (0, -20, -42), (12, 7, 16)),
        capsule(m, (82, 12, -9), (54, 14, -6), 2.6, 2.2),
    )
    sinus = np.maximum(np.maximum(np.abs(x) - anatomy.frontal_sinus_mm, y + 62), np.abs(z - 15) - 13)
    return BaseFields(
        bone=bones,
        wall_end=(wall_bottom + 1.5 * head.wave - z).astype(np.float32),
        orbit=orbit,
        orbit_wall=np.maximum(np.abs(orbit - 1.2) - 1.0, -78 - y).astype(np.float32),
        globe=ellipsoid(m, (32, -76, -8), (12, 12, 12)),
        lens=ellipsoid(m, (32, -84.5, -8), (4.3, 1.9, 4.3)),
        strands=strands,
        canal=np.maximum(capsule(points, (0, 34, -16), (0, 31, -70), 13, 11), z + 12).astype(np.float32),
        cord=capsule(points, (0, 27, -8), (0, 31, -70), 9, 5.5),
        air=(air + 0.9 * head.detail).astype(np.float32),
        cells=(ellipsoid(m, (57, 23, 0), (13, 14, 17)) + 3.5 * head.detail).astype(np.float32),
        frontal_sinus=sinus.astype(np.float32),
        ear=(ellipsoid(m, (80, 16, -6), (5, 12, 24)) + 2.2 * head.grain).astype(np.float32),
    )


def paint_soft_base(hu: Field, head: HeadFields, base: BaseFields, softness_mm: float) -> None:
    """Muscle and fat below the skull base, before bone and brain are painted; in place."""
    below = cover(head.skin + 4.0, softness_mm) * np.maximum(
        cover(-base.wall_end, 8.0), cover(head.vault + 1, 1.0)
    )
    # Bellies of muscle with sheets of fat between them.
    fat = np.clip(1.5 - np.abs(head.sulci + 2.5 * head.detail + 1.5 * head.grain) / 1.7, 0, 1)
    paint(hu, below, 48 - 138 * fat + 5 * head.grain)
    ear = cover(base.ear, softness_mm)
    paint(hu, ear * (hu < -500), 20.0)


def paint_base(hu: Field, head: HeadFields, base: BaseFields, softness_mm: float) -> None:
    """Bone, orbits, canal and air, after vault and brain; in place."""
    s = softness_mm
    inside_skin = cover(head.skin + 1.5, s)
    bone_hu = np.clip(760 + 330 * head.grain, 180, 1700)
    paint(hu, cover(base.bone, s) * inside_skin, bone_hu)
    outside = 1 - cover(head.inside, s)
    paint(hu, cover(base.orbit_wall, s) * inside_skin * outside, 600.0)
    paint(hu, cover(base.orbit, s) * inside_skin, -85.0)
    paint(hu, cover(base.strands, s) * cover(base.orbit - 1, s), 38.0)
    paint(hu, cover(np.abs(base.globe) - 0.6, s) * inside_skin, 45.0)
    paint(hu, cover(base.globe + 0.6, s), 11.0)
    paint(hu, cover(base.lens, s), 75.0)
    canal = cover(base.canal, s)
    paint(hu, canal, 9.0)
    paint(hu, canal * cover(base.cord, s), 32.0)
    _paint_air(hu, head, base, s)


def _paint_air(hu: Field, head: HeadFields, base: BaseFields, s: float) -> None:
    """Sinuses with walls and septa, mastoid cells, frontal sinus."""
    inside_skin = cover(head.skin + 2.0, s) * cover(-head.inside - 1.0, s)
    paint(hu, cover(np.abs(base.air - 0.8) - 0.7, s) * inside_skin, 330.0)
    open_air = cover(base.air, s) * inside_skin
    paint(hu, open_air, -990.0)
    septa = np.clip(1.6 - 7 * np.abs(head.grain + 0.4 * head.detail), 0, 1)
    paint(hu, open_air * septa, 40.0)
    mastoid = cover(base.cells, s) * cover(-head.inside - 1.5, s) * cover(head.skin + 6.0, s)
    paint(hu, mastoid * np.clip(3 * head.grain + 0.6, 0, 1), -880.0)
    depth = np.minimum(head.vault, head.skull - head.vault)
    sinus = cover(base.frontal_sinus, s) * cover(1.6 - depth, s)
    paint(hu, sinus * np.clip(1.5 + 3 * head.detail, 0, 1), -980.0)
