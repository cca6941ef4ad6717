"""Which head is drawn, where it lies, and how it is scanned; the demo's head and random ones.

The one thing to get wrong: the bleeds' places are in the standard head; ``to_patient_mm`` says where
that is in the patient's coordinates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.geometry import StackGeometry
from ichviewer.core.phantom_anatomy import Anatomy, draw_anatomy
from ichviewer.core.phantom_bleeds import Bleed

BLEEDING_SUBTYPES: tuple[Subtype, ...] = tuple(s for s in SUBTYPES if s is not Subtype.ANY)


@dataclass(frozen=True)
class PhantomSpec:
    """Everything that decides a phantom.

    Attributes:
        seed: Anatomy and noise.
        bleeds: The bleeds; none for a healthy head.
        slice_count: Slices.
        rows: Rows of a slice.
        columns: Columns of a slice.
        field_of_view_mm: Width of a slice; the pixels are square.
        slice_spacing_mm: Between slices, along their normal.
        thickness_mm: Of a slice.
        lowest_mm: Height of the middle of the lowest slice, mm, 0 = the sella's level.
        tilt_degrees: Gantry tilt, positive as ``geometry.tilt_degrees`` gives it.
        rotation_degrees: Turn of the head about x (nod), y (lean) and z (turn).
        offset_mm: Place of the head in the gantry, LPS.
        noise_hu: Standard deviation of the noise.
    """

    seed: int
    bleeds: tuple[Bleed, ...] = ()
    slice_count: int = 34
    rows: int = 512
    columns: int = 512
    field_of_view_mm: float = 240.64
    slice_spacing_mm: float = 5.0
    thickness_mm: float = 5.0
    lowest_mm: float = -38.0
    tilt_degrees: float = 0.0
    rotation_degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    noise_hu: float = 4.5

    @property
    def pixel_spacing_mm(self) -> tuple[float, float]:
        """(between rows, between columns)."""
        return self.field_of_view_mm / self.columns, self.field_of_view_mm / self.columns


def phantom_geometry(spec: PhantomSpec) -> StackGeometry:
    """Where the pixels lie; the table moves along z, a tilted gantry shears the stack."""
    tilt = math.radians(spec.tilt_degrees)
    column_direction = np.array([0.0, math.cos(tilt), math.sin(tilt)])
    row_direction = np.array([1.0, 0.0, 0.0])
    spacing = spec.pixel_spacing_mm
    corner = -row_direction * spacing[1] * (spec.columns - 1) / 2
    corner = corner - column_direction * spacing[0] * (spec.rows - 1) / 2
    table = spec.lowest_mm + np.arange(spec.slice_count) * (spec.slice_spacing_mm / math.cos(tilt))
    origins = corner[None, :] + table[:, None] * np.array([0.0, 0.0, 1.0])
    return StackGeometry(origins, row_direction, column_direction, spacing)


def phantom_anatomy(spec: PhantomSpec) -> Anatomy:
    """The anatomy that belongs to the seed."""
    return draw_anatomy(np.random.default_rng((spec.seed, 1)))


def to_patient_mm(spec: PhantomSpec, standard_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """Patient coordinates, LPS, of a point of the standard head."""
    scaled = np.asarray(standard_mm, dtype=np.float64) * np.asarray(phantom_anatomy(spec).scale)
    return np.asarray(head_rotation(spec) @ scaled + np.asarray(spec.offset_mm))


def head_rotation(spec: PhantomSpec) -> NDArray[np.float64]:
    """From head to patient axes."""
    nod, lean, turn = (math.radians(angle) for angle in spec.rotation_degrees)
    about_x = np.array([[1, 0, 0], [0, math.cos(nod), -math.sin(nod)], [0, math.sin(nod), math.cos(nod)]])
    about_y = np.array([[math.cos(lean), 0, math.sin(lean)], [0, 1, 0], [-math.sin(lean), 0, math.cos(lean)]])
    about_z = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


DEMO_SEED = 20260
DEMO_BLEEDS: tuple[Bleed, ...] = (
    Bleed(Subtype.SUBARACHNOID, (4, -14, 16), (46, 26, 11), 60.0),
    Bleed(Subtype.INTRAPARENCHYMAL, (-29, 0, 34), (14, 19, 9), 66.0),
    Bleed(Subtype.INTRAVENTRICULAR, (16, 34, 50), (26, 36, 9), 66.0),
    Bleed(Subtype.EPIDURAL, (60, -14, 67), (32, 19, 12), 68.0),
    Bleed(Subtype.SUBDURAL, (-60, 4, 86), (62, 13, 11), 66.0),
)


def demo_spec(with_bleeds: bool = True) -> PhantomSpec:
    """The demo study: one bleed of each subtype from the base upwards, or the same head healthy."""
    return PhantomSpec(
        DEMO_SEED,
        DEMO_BLEEDS if with_bleeds else (),
        rotation_degrees=(2.0, 1.0, -2.0),
        noise_hu=4.2,
    )


def small_demo_spec(with_bleeds: bool = True, slice_count: int = 12, size: int = 128) -> PhantomSpec:
    """The demo's head with few, small slices, for fast tests."""
    spacing = 168.0 / slice_count
    return replace(
        demo_spec(with_bleeds), slice_count=slice_count, rows=size, columns=size, slice_spacing_mm=spacing
    )


def random_spec(seed: int, bleeding: bool | None = None) -> PhantomSpec:
    """A random head: pose, noise, and with *bleeding* None half of them with one or two bleeds.

    Args:
        seed: Decides everything.
        bleeding: True or False to choose.
    """
    generator = np.random.default_rng((seed, 3))
    uniform = generator.uniform
    bleeds: tuple[Bleed, ...] = ()
    is_bleeding = bool(uniform() < 0.5) if bleeding is None else bleeding
    if is_bleeding:
        bleeds = tuple(_random_bleed(generator) for _ in range(1 + int(uniform() < 0.35)))
    return PhantomSpec(
        seed,
        bleeds,
        field_of_view_mm=float(uniform(215, 260)),
        lowest_mm=float(uniform(-40, -33)),
        tilt_degrees=float(uniform(-12, 12)) if uniform() < 0.5 else 0.0,
        rotation_degrees=(float(uniform(-8, 8)), float(uniform(-4, 4)), float(uniform(-8, 8))),
        offset_mm=(float(uniform(-6, 6)), float(uniform(-8, 8)), 0.0),
        noise_hu=float(uniform(2.5, 6.0)),
    )


def _random_bleed(generator: np.random.Generator) -> Bleed:
    """One random bleed, of a size that a reader sees."""
    uniform = generator.uniform
    subtype = BLEEDING_SUBTYPES[int(generator.integers(len(BLEEDING_SUBTYPES)))]
    side = 1.0 if uniform() < 0.5 else -1.0
    hu = float(uniform(55, 80))
    height = float(uniform(8, 22))
    angle = float(uniform(-65, 65))
    rim = (
        side * 60 * math.cos(math.radians(angle)),
        4 + 60 * math.sin(math.radians(angle)),
        float(uniform(22, 88)),
    )
    if subtype is Subtype.EPIDURAL:
        return Bleed(subtype, rim, (float(uniform(16, 36)), float(uniform(8, 22)), height), hu)
    if subtype is Subtype.SUBDURAL:
        return Bleed(subtype, rim, (float(uniform(40, 85)), float(uniform(4, 16)), height + 8), hu)
    if subtype is Subtype.INTRAPARENCHYMAL:
        center = (side * float(uniform(14, 45)), float(uniform(-45, 55)), float(uniform(26, 75)))
        return Bleed(subtype, center, (float(uniform(6, 20)), float(uniform(6, 24)), height), hu)
    if subtype is Subtype.INTRAVENTRICULAR:
        center = (side * float(uniform(0, 18)), float(uniform(10, 40)), float(uniform(34, 52)))
        return Bleed(subtype, center, (float(uniform(18, 40)), float(uniform(18, 50)), height), hu)
    center = (side * float(uniform(0, 45)), float(uniform(-40, 40)), float(uniform(14, 80)))
    return Bleed(subtype, center, (float(uniform(25, 50)), float(uniform(20, 45)), height), min(hu, 66.0))
