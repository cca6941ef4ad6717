"""What divides the inside of the procedural head: skull base, ventricles, cisterns, deep grey matter.

All of it is symmetric but for the textures that bend it. The one thing to get wrong: fields are
distances in mm of the standard head, negative inside.
"""

from __future__ import annotations

import numpy as np

from ichviewer.core.phantom_fields import (
    Field,
    Points,
    bump,
    capsule,
    ellipsoid,
    smooth_step,
    smooth_union,
    union,
)


def floor_height(points: Points) -> Field:
    """Height of the skull base above which the brain lies, mm: orbital roofs, two bowls, and the hole."""
    x, y = np.abs(points.x), points.y
    dome = 1 - ((x - 31) / 19) ** 2 - ((y + 62) / 30) ** 2
    anterior = np.where(x < 12, 4.0, 1.0) + 6.5 * np.sqrt(np.clip(dome, 0, 1))
    bowl = 3.2 * ((x - 37) / 10) ** 2 + 3.2 * ((y + 13) / 13) ** 2
    middle = np.minimum(-11 + bowl, 16)
    sella = 8 - 6 * bump(x, 0, 6) * bump(y, -13, 4)
    middle = middle + (sella - middle) * smooth_step(16 - x, 0, 5)
    posterior = -21 + 1.7 * (np.hypot(points.x, y - 46) / 14) ** 2
    posterior = posterior - 50 * smooth_step(14.5 - np.hypot(points.x, (y - 34) * 0.85), 0, 3)
    is_front = smooth_step(-24 - 0.3 * np.clip(x - 18, 0, 22) - y, -3, 3)
    is_back = smooth_step(y - 3 - 0.42 * np.maximum(x - 10, 0), -3, 3)
    between = middle + is_front * (anterior - middle)
    return np.asarray(between + is_back * (posterior - between), dtype=np.float32)


def base_ridges(points: Points) -> Field:
    """Distance to the bones that stand up from the skull base: petrous ridges, clivus, sphenoid wings."""
    mirrored = Points(np.abs(points.x), points.y, points.z)
    petrous = capsule(mirrored, (14, 2, 2), (60, 27, 3), 4.0, 9.0)
    clivus = capsule(mirrored, (0, -4, 8), (0, 16, -18), 3.5, 5.0)
    wing = capsule(mirrored, (10, -19, 12), (54, -36, 14), 2.0, 3.5)
    return union(petrous, clivus, wing)


def lateral_ventricles(points: Points, widening_mm: float) -> Field:
    """Distance to the two lateral ventricles, mm."""
    mirrored = Points(np.abs(points.x) - 0.6, points.y, points.z)
    w = widening_mm
    frontal = capsule(mirrored, (12, -33, 34), (6, -18, 44), 3.2 + w, 4.6 + w)
    neck = capsule(mirrored, (6, -18, 44), (9, 2, 54), 4.4 + w, 4.0 + w)
    body = capsule(mirrored, (9, 2, 54), (18, 30, 50), 4.0 + w, 5.0 + w)
    atrium = capsule(mirrored, (18, 30, 50), (25, 40, 40), 5.0 + w, 6.0 + w)
    occipital = capsule(mirrored, (25, 40, 40), (21, 60, 36), 5.0 + w, 1.5 + 0.7 * w)
    temporal = capsule(mirrored, (26, 38, 38), (36, 8, 14), 2.5 + 0.6 * w, 1.4 + 0.5 * w)
    distance = smooth_union(frontal, neck, 4.0)
    for part in (body, atrium, occipital, temporal):
        distance = smooth_union(distance, part, 4.0)
    return distance


def all_ventricles(points: Points, widening_mm: float) -> Field:
    """Distance to lateral, third and fourth ventricle, mm."""
    third = ellipsoid(points, (0, 3, 28), (1.2 + 0.7 * max(widening_mm, 0), 12, 10))
    fourth = ellipsoid(points, (0, 37, 4), (7.5 + 0.5 * widening_mm, 4.5, 9))
    return union(lateral_ventricles(points, widening_mm), third, fourth)


def cistern_distance(points: Points, atrophy: float, wiggle: Field, detail: Field) -> Field:
    """Distance to basal cisterns and Sylvian fissures, mm; negative inside."""
    mirrored = Points(np.abs(points.x), points.y, points.z)
    wide = 0.8 * atrophy
    suprasellar = union(
        ellipsoid(points, (0, -13, 16), (9 + wide, 8 + wide, 5)),
        capsule(mirrored, (5, -17, 16), (19, -20, 17), 2.2, 1.3 + wide),
        capsule(mirrored, (7, -8, 16), (17, 3, 18), 2.0, 1.2 + wide),
        capsule(points, (0, -20, 16), (0, -30, 17), 1.8, 1.0),
    )
    ambient = union(
        capsule(mirrored, (17, 3, 18), (18, 16, 22), 1.2 + wide, 1.4 + wide),
        capsule(mirrored, (18, 16, 22), (8, 29, 26), 1.4 + wide, 2.0 + wide),
        ellipsoid(points, (0, 31, 27), (8 + wide, 4 + wide, 5)),
    )
    across = mirrored.x
    prepontine = np.abs(points.y - 4.5 - 0.62 * (11 - points.z)) * 0.85 - 1.6 - wide
    lower = union(
        np.maximum(prepontine, np.maximum(across - 9, np.abs(points.z + 3) - 14)),
        ellipsoid(mirrored, (18, 13, 0), (7, 3.2, 5)),
        ellipsoid(points, (0, 68, -9), (7 + 3 * wide, 6, 8)),
        ellipsoid(points, (0, 78, 4), (1.3 + wide, 7, 12)),
    )
    # The Sylvian fissure: a bent sheet outwards from the insula, and the insula's own cleft behind it.
    bent = 2.2 * wiggle + 1.6 * detail
    uneven = 0.2 + 0.6 * wide + 0.35 * detail + 0.3 * wiggle
    sheet_y = -21 + 0.2 * (across - 20) + 0.4 * (points.z - 18) + bent
    inner_end = 18 + 22 * smooth_step(points.z, 18, 26)
    reach = np.maximum(np.maximum(inner_end - across, across - 66), np.abs(points.z - 28) - 14)
    outer = np.maximum(np.abs(points.y - sheet_y) * 0.9 - uneven - 0.3, 0.4 * reach)
    insula_x = 40 + 0.12 * (points.y + 8) + 0.7 * bent
    insula_reach = np.maximum(np.abs(points.y - sheet_y) - 13, np.abs(points.z - 34) - 12)
    insula = np.maximum(np.abs(across - insula_x) - uneven, 0.3 * insula_reach)
    return np.asarray(union(suprasellar, ambient, lower, outer, insula), dtype=np.float32)


def deep_gray_distance(points: Points) -> Field:
    """Distance to caudate heads, lentiform nuclei and thalami, mm."""
    mirrored = Points(np.abs(points.x), points.y, points.z)
    return union(
        ellipsoid(mirrored, (13, -20, 40), (4.5, 9, 9)),
        ellipsoid(mirrored, (25, -6, 33), (6.5, 15, 10)),
        ellipsoid(mirrored, (10, 9, 36), (8, 13, 10)),
    )


def tentorium_height(points: Points) -> Field:
    """Height of the tentorium above each point of the plane, mm."""
    height = 40 - 0.5 * np.abs(points.x) - 0.3 * np.maximum(points.y - 40, 0)
    return np.asarray(height, dtype=np.float32)


def calcium_distance(points: Points) -> Field:
    """Distance to calcium in the pineal gland and the choroid plexus, mm; small, as it is in most heads."""
    mirrored = Points(np.abs(points.x), points.y, points.z)
    pineal = ellipsoid(points, (0.4, 26, 33), (1.6, 1.8, 2.0))
    choroid = ellipsoid(mirrored, (22.5, 37, 43), (1.5, 2.2, 2.0))
    return union(pineal, choroid)
