"""A procedural head CT with known bleeds: the demo study, tests, and extra slices for training.

Everything follows from a ``PhantomSpec``: the same spec gives the same voxels, and a slice made
alone equals the same slice of the volume. The one thing to get wrong: it is a drawing of a head;
nothing measured on it says how well anything works on patients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.geometry import StackGeometry
from ichviewer.core.phantom_anatomy import Anatomy, HeadFields, draw_anatomy, head_fields, vault_distance
from ichviewer.core.phantom_base import BASE_TOP_Z, BaseFields, base_fields
from ichviewer.core.phantom_bleeds import Bleed, bleed_distance
from ichviewer.core.phantom_fields import Field, Points, enlargement
from ichviewer.core.phantom_scanner import beam_hardening, blur, noise, noise_level, paint_holder
from ichviewer.core.phantom_tissue import AIR_HU, paint_plane
from ichviewer.core.progress import CancelToken, Progress, ReportProgress, ignore_progress

COARSE_STEP_MM = 1.9
HEAD_BOXES_MM = ((38.0, 100.0, 122.0), (84.0, 91.0, 114.0), (math.inf, 76.0, 96.0))
"""(up to this height, half-width, half-length): the part of a plane that can hold head."""

VISIBLE_AREA_MM2 = 30.0
"""A slice carries a label where the bleed covers at least this area."""

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
    lowest_mm: float = -33.0
    tilt_degrees: float = 0.0
    rotation_degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    noise_hu: float = 4.5

    @property
    def pixel_spacing_mm(self) -> tuple[float, float]:
        """(between rows, between columns)."""
        return self.field_of_view_mm / self.columns, self.field_of_view_mm / self.columns


@dataclass(frozen=True, eq=False)
class PhantomSlice:
    """One slice with its truth.

    Attributes:
        hu: (rows, columns), int16, Hounsfield units, canonical orientation.
        masks: (5, rows, columns), where a pixel is at least half blood, in the order of BLEEDING_SUBTYPES.
        labels: (6,), in the order of SUBTYPES.
    """

    hu: NDArray[np.int16]
    masks: NDArray[np.bool_]
    labels: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Phantom:
    """A whole head with its truth.

    Attributes:
        spec: What it was made from.
        hu: (slices, rows, columns), int16, Hounsfield units, canonical orientation, lowest slice first.
        masks: Per bleeding subtype, (slices, rows, columns).
        labels: (slices, 6), in the order of SUBTYPES.
        geometry: Patient coordinates of every pixel.
    """

    spec: PhantomSpec
    hu: NDArray[np.int16]
    masks: dict[Subtype, NDArray[np.bool_]]
    labels: NDArray[np.bool_]
    geometry: StackGeometry


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
    return np.asarray(_rotation(spec) @ scaled + np.asarray(spec.offset_mm))


def _rotation(spec: PhantomSpec) -> NDArray[np.float64]:
    """From head to patient axes."""
    nod, lean, turn = (math.radians(angle) for angle in spec.rotation_degrees)
    about_x = np.array([[1, 0, 0], [0, math.cos(nod), -math.sin(nod)], [0, math.sin(nod), math.cos(nod)]])
    about_y = np.array([[math.cos(lean), 0, math.sin(lean)], [0, 1, 0], [-math.sin(lean), 0, math.cos(lean)]])
    about_z = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)


class _SliceMaker:
    """Everything that the slices of one spec share."""

    def __init__(self, spec: PhantomSpec) -> None:
        self.spec = spec
        self.anatomy = phantom_anatomy(spec)
        self.geometry = phantom_geometry(spec)
        spacing = spec.pixel_spacing_mm
        self.across = _centered(spec.columns, spacing[1])
        self.down = _centered(spec.rows, spacing[0])
        self._set_box(0.0)

    def _set_box(self, z_mm: float) -> None:
        """Choose the part of the plane that is drawn at this height."""
        _, half_width, half_length = next(box for box in HEAD_BOXES_MM if z_mm <= box[0])
        across, down = self.across, self.down
        self.columns = _covering(across - self.spec.offset_mm[0], half_width)
        self.rows = _covering(down - self.spec.offset_mm[1], half_length)
        self.coarse_across = _coarse(across[self.columns])
        self.coarse_down = _coarse(down[self.rows])
        self.enlarge_down = enlargement(self.coarse_down, down[self.rows])
        self.enlarge_across = enlargement(self.coarse_across, across[self.columns])

    def enlarge(self, field: Field) -> Field:
        """From the coarse grid to the pixels of the head's box."""
        return self.enlarge_down.rows(self.enlarge_across.columns(field))

    def points(self, slice_index: int, above_mm: float) -> Points:
        """Standard coordinates of the coarse grid, in a plane *above_mm* over the slice's middle."""
        geometry, spec = self.geometry, self.spec
        middle = geometry.point_mm(slice_index, (spec.rows - 1) / 2, (spec.columns - 1) / 2)
        middle = middle + geometry.normal * above_mm - np.asarray(spec.offset_mm)
        to_head = _rotation(spec).T / np.asarray(self.anatomy.scale)[:, None]
        start, across, down = (
            to_head @ v for v in (middle, geometry.row_direction, geometry.column_direction)
        )
        x, y, z = (
            (start[i] + across[i] * self.coarse_across[None, :] + down[i] * self.coarse_down[:, None]).astype(
                np.float32
            )
            for i in range(3)
        )
        return Points(x, y, z)

    def plane(
        self, slice_index: int, above_mm: float, bleeds: tuple[Bleed, ...]
    ) -> tuple[Field, list[Field]]:
        """One thin plane: HU with beam hardening, and the share of each bleed."""
        points = self.points(slice_index, above_mm)
        coarse = head_fields(points, self.anatomy)
        distances = [bleed_distance(bleed, points, self.anatomy, coarse) for bleed in bleeds]
        base = None
        if float(points.z.min()) < BASE_TOP_Z:
            low = base_fields(points, self.anatomy, coarse)
            base = BaseFields(**{f.name: self.enlarge(getattr(low, f.name)) for f in fields(BaseFields)})
        head = HeadFields(**{f.name: self.enlarge(getattr(coarse, f.name)) for f in fields(HeadFields)})
        enlarged = [(b, self.enlarge(d)) for b, d in zip(bleeds, distances, strict=True)]
        hu, shares = paint_plane(head, base, self.anatomy, enlarged, self.spec.pixel_spacing_mm[0] * 1.2)
        hardening = beam_hardening(coarse.inside, points.x, points.y, points.z)
        return hu + self.enlarge(hardening), shares

    def slice(self, slice_index: int) -> PhantomSlice:
        """One finished slice."""
        spec = self.spec
        self._set_box(0.0)
        lowest = float(self.points(slice_index, 0.0).z.min())
        self._set_box(lowest)
        middle = self.points(slice_index, 0.0)
        z = float(np.median(middle.z))
        count = 5 if z > 66 else 3
        offsets = ((np.arange(count) + 0.5) / count - 0.5) * spec.thickness_mm
        box = np.zeros((len(self.down[self.rows]), len(self.across[self.columns])), dtype=np.float32)
        shares = [np.zeros_like(box) for _ in spec.bleeds]
        for offset in offsets:
            hu, parts = self.plane(slice_index, float(offset), spec.bleeds)
            box += hu / np.float32(count)
            for share, part in zip(shares, parts, strict=True):
                share += part / np.float32(count)
        image = np.full((spec.rows, spec.columns), AIR_HU, dtype=np.float32)
        image[self.rows, self.columns] = box
        paint_holder(image, self.across, self.down, spec.pixel_spacing_mm)
        image = blur(image, spec.pixel_spacing_mm)
        generator = np.random.default_rng((spec.seed, 2, slice_index))
        grain = noise(generator, image.shape, spec.pixel_spacing_mm, spec.noise_hu)
        level = np.full_like(image, 0.72)
        vault = self.enlarge(vault_distance(middle, self.anatomy))
        level[self.rows, self.columns] = noise_level(vault, z)
        image += grain * level
        return self._with_truth(np.clip(np.rint(image), -1024, 3071).astype(np.int16), shares)

    def _with_truth(self, hu: NDArray[np.int16], shares: list[Field]) -> PhantomSlice:
        masks = np.zeros((len(BLEEDING_SUBTYPES), *hu.shape), dtype=np.bool_)
        for bleed, share in zip(self.spec.bleeds, shares, strict=True):
            masks[BLEEDING_SUBTYPES.index(bleed.subtype), self.rows, self.columns] |= share >= 0.5
        pixel_mm2 = self.spec.pixel_spacing_mm[0] * self.spec.pixel_spacing_mm[1]
        present = masks.sum(axis=(1, 2)) * pixel_mm2 >= VISIBLE_AREA_MM2
        labels = np.asarray([bool(present.any()), *present.tolist()], dtype=np.bool_)
        return PhantomSlice(hu, masks, labels)


def _centered(count: int, spacing_mm: float) -> NDArray[np.float64]:
    """Positions of pixel centres around their middle, mm."""
    return np.asarray((np.arange(count) - (count - 1) / 2) * spacing_mm, dtype=np.float64)


def _covering(positions_mm: NDArray[np.float64], half_mm: float) -> slice:
    inside = np.flatnonzero(np.abs(positions_mm) <= half_mm)
    if len(inside) < 2:
        raise ValueError("The head lies outside the field of view.")
    return slice(int(inside[0]), int(inside[-1]) + 1)


def _coarse(positions_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    count = max(4, math.ceil((positions_mm[-1] - positions_mm[0]) / COARSE_STEP_MM) + 1)
    return np.linspace(positions_mm[0], positions_mm[-1], count)


def make_phantom(
    spec: PhantomSpec, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
) -> Phantom:
    """The whole volume; about 0.2 s a slice of 512 x 512 on one core.

    Args:
        spec: What to draw.
        report: Told after each slice.
        cancel: Looked at before each slice.

    Raises:
        Cancelled: The token was cancelled.
    """
    maker = _SliceMaker(spec)
    slices = []
    for index in range(spec.slice_count):
        if cancel is not None:
            cancel.raise_if_cancelled()
        slices.append(maker.slice(index))
        report(Progress(index + 1, spec.slice_count, f"Drawing slice {index + 1} of {spec.slice_count}"))
    masks = {
        subtype: np.stack([made.masks[position] for made in slices])
        for position, subtype in enumerate(BLEEDING_SUBTYPES)
    }
    hu, labels = np.stack([made.hu for made in slices]), np.stack([made.labels for made in slices])
    return Phantom(spec, hu, masks, labels, maker.geometry)


def phantom_slice(spec: PhantomSpec, slice_index: int) -> PhantomSlice:
    """One slice of ``make_phantom(spec)``, without the others.

    Raises:
        IndexError: There is no such slice.
    """
    if not 0 <= slice_index < spec.slice_count:
        raise IndexError(f"Slice {slice_index} is not one of {spec.slice_count}.")
    return _SliceMaker(spec).slice(slice_index)


DEMO_SEED = 20260
DEMO_BLEEDS: tuple[Bleed, ...] = (
    Bleed(Subtype.SUBARACHNOID, (4, -14, 16), (46, 26, 11), 60.0),
    Bleed(Subtype.INTRAPARENCHYMAL, (-29, 0, 34), (14, 19, 9), 66.0),
    Bleed(Subtype.INTRAVENTRICULAR, (16, 34, 50), (26, 36, 9), 66.0),
    Bleed(Subtype.EPIDURAL, (60, -14, 68), (29, 17, 10), 68.0),
    Bleed(Subtype.SUBDURAL, (-60, 4, 86), (58, 10, 10), 64.0),
)


def demo_spec(with_bleeds: bool = True) -> PhantomSpec:
    """The demo study: one bleed of each subtype from the base upwards, or the same head healthy."""
    return PhantomSpec(
        DEMO_SEED,
        DEMO_BLEEDS if with_bleeds else (),
        rotation_degrees=(2.0, 1.0, -2.0),
        tilt_degrees=0.0,
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
