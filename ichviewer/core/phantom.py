"""A procedural head CT with known bleeds: the demo study, tests, and extra slices for training.

Everything follows from a ``PhantomSpec``: the same spec gives the same voxels, and a slice made
alone equals the same slice of the volume. The one thing to get wrong: it is a drawing of a head;
nothing measured on it says how well anything works on patients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import Subtype
from ichviewer.core.geometry import StackGeometry
from ichviewer.core.phantom_anatomy import HeadFields, head_fields, vault_distance
from ichviewer.core.phantom_base import BASE_TOP_Z, BaseFields, base_fields
from ichviewer.core.phantom_bleeds import Bleed, bleed_distance
from ichviewer.core.phantom_fields import Enlargement, Field, Points, enlargement
from ichviewer.core.phantom_scanner import beam_hardening, blur, noise, noise_level, paint_holder
from ichviewer.core.phantom_spec import (
    BLEEDING_SUBTYPES,
    PhantomSpec,
    demo_spec,
    head_rotation,
    phantom_anatomy,
    phantom_geometry,
    random_spec,
    small_demo_spec,
    to_patient_mm,
)
from ichviewer.core.phantom_tissue import AIR_HU, paint_plane
from ichviewer.core.progress import CancelToken, Progress, ReportProgress, ignore_progress

__all__ = [
    "BLEEDING_SUBTYPES",
    "VISIBLE_AREA_MM2",
    "Bleed",
    "Phantom",
    "PhantomSlice",
    "PhantomSpec",
    "demo_spec",
    "make_phantom",
    "phantom_geometry",
    "phantom_slice",
    "random_spec",
    "small_demo_spec",
    "to_patient_mm",
]

COARSE_STEP_MM = 1.9
HEAD_BOXES_MM = ((38.0, 100.0, 122.0), (84.0, 91.0, 114.0), (math.inf, 76.0, 96.0))
"""(up to this height, half-width, half-length): the part of a plane that can hold head."""

BLEED_REACH_MM = 12.0
"""Farther away a bleed changes nothing, its rim of oedema included."""

AIR_NOISE = 0.68
"""Factor on the noise outside the head."""

VISIBLE_AREA_MM2 = 30.0
"""A slice carries a label where the bleed covers at least this area."""


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


@dataclass(frozen=True, eq=False)
class _Box:
    """The part of a plane that can hold head, with its coarse grid.

    Attributes:
        rows: Of the slice.
        columns: Of the slice.
        coarse_down: Positions of the coarse grid around the slice's middle, mm.
        coarse_across: Likewise.
        enlarge_down: From coarse to the box's rows.
        enlarge_across: From coarse to the box's columns.
    """

    rows: slice
    columns: slice
    coarse_down: NDArray[np.float64]
    coarse_across: NDArray[np.float64]
    enlarge_down: Enlargement
    enlarge_across: Enlargement

    def enlarge(self, field: Field) -> Field:
        """From the coarse grid to the pixels of the box."""
        return self.enlarge_down.rows(self.enlarge_across.columns(field))


def _box(spec: PhantomSpec, half_width_mm: float, half_length_mm: float) -> _Box:
    across = _centered(spec.columns, spec.pixel_spacing_mm[1])
    down = _centered(spec.rows, spec.pixel_spacing_mm[0])
    columns = _covering(across - spec.offset_mm[0], half_width_mm)
    rows = _covering(down - spec.offset_mm[1], half_length_mm)
    coarse_across, coarse_down = _coarse(across[columns]), _coarse(down[rows])
    enlarge_down, enlarge_across = (
        enlargement(coarse_down, down[rows]),
        enlargement(coarse_across, across[columns]),
    )
    return _Box(rows, columns, coarse_down, coarse_across, enlarge_down, enlarge_across)


class _SliceMaker:
    """Everything that the slices of one spec share."""

    def __init__(self, spec: PhantomSpec) -> None:
        self.spec = spec
        self.anatomy = phantom_anatomy(spec)
        self.geometry = phantom_geometry(spec)
        self.to_head = head_rotation(spec).T / np.asarray(self.anatomy.scale)[:, None]
        self.boxes = [(limit, _box(spec, width, length)) for limit, width, length in HEAD_BOXES_MM]

    def points(self, box: _Box, slice_index: int, above_mm: float) -> Points:
        """Standard coordinates of the box's coarse grid, in a plane *above_mm* over the slice's middle."""
        geometry, spec = self.geometry, self.spec
        middle = geometry.point_mm(slice_index, (spec.rows - 1) / 2, (spec.columns - 1) / 2)
        middle = middle + geometry.normal * above_mm - np.asarray(spec.offset_mm)
        start = self.to_head @ middle
        across, down = self.to_head @ geometry.row_direction, self.to_head @ geometry.column_direction
        x, y, z = (
            (start[i] + across[i] * box.coarse_across[None, :] + down[i] * box.coarse_down[:, None]).astype(
                np.float32
            )
            for i in range(3)
        )
        return Points(x, y, z)

    def plane(self, box: _Box, slice_index: int, above_mm: float) -> tuple[Field, dict[int, Field]]:
        """One thin plane: HU with beam hardening, and by index the share of each bleed near it."""
        points = self.points(box, slice_index, above_mm)
        coarse = head_fields(points, self.anatomy)
        base = None
        if float(points.z.min()) < BASE_TOP_Z:
            low = base_fields(points, self.anatomy, coarse)
            base = BaseFields(**{f.name: box.enlarge(getattr(low, f.name)) for f in fields(BaseFields)})
        head = HeadFields(**{f.name: box.enlarge(getattr(coarse, f.name)) for f in fields(HeadFields)})
        near = {}
        for index, bleed in enumerate(self.spec.bleeds):
            distance = bleed_distance(bleed, points, self.anatomy, coarse)
            if float(distance.min()) < BLEED_REACH_MM:
                near[index] = (bleed, box.enlarge(distance))
        softness_mm = 1.2 * self.spec.pixel_spacing_mm[0]
        hu, shares = paint_plane(head, base, self.anatomy, list(near.values()), softness_mm)
        hardening = beam_hardening(coarse.inside, points.x, points.y, points.z)
        return hu + box.enlarge(hardening), dict(zip(near, shares, strict=True))

    def slice(self, slice_index: int) -> PhantomSlice:
        """One finished slice."""
        spec = self.spec
        lowest_z = float(self.points(self.boxes[0][1], slice_index, 0.0).z.min())
        box = next(box for limit, box in self.boxes if lowest_z <= limit)
        middle = self.points(box, slice_index, 0.0)
        z = float(np.median(middle.z))
        # The vault is cut at a slant near the vertex, so that more planes are needed for a smooth edge.
        count = 5 if z > 66 else 3
        offsets = ((np.arange(count) + 0.5) / count - 0.5) * spec.thickness_mm
        image = np.full((spec.rows, spec.columns), AIR_HU, dtype=np.float32)
        drawn = image[box.rows, box.columns]
        drawn[...] = 0
        shares = [np.zeros_like(drawn) for _ in spec.bleeds]
        for offset in offsets:
            hu, parts = self.plane(box, slice_index, float(offset))
            drawn += hu / np.float32(count)
            for index, part in parts.items():
                shares[index] += part / np.float32(count)
        spacing = spec.pixel_spacing_mm
        paint_holder(image, _centered(spec.columns, spacing[1]), _centered(spec.rows, spacing[0]), spacing)
        image = blur(image, spacing)
        generator = np.random.default_rng((spec.seed, 2, slice_index))
        level = np.full_like(image, AIR_NOISE)
        level[box.rows, box.columns] = noise_level(box.enlarge(vault_distance(middle, self.anatomy)), z)
        image += noise(generator, image.shape, spacing, spec.noise_hu) * level
        hu16 = np.clip(np.rint(image), -1024, 3071).astype(np.int16)
        return self._with_truth(hu16, box, shares)

    def _with_truth(self, hu: NDArray[np.int16], box: _Box, shares: list[Field]) -> PhantomSlice:
        masks = np.zeros((len(BLEEDING_SUBTYPES), *hu.shape), dtype=np.bool_)
        for bleed, share in zip(self.spec.bleeds, shares, strict=True):
            masks[BLEEDING_SUBTYPES.index(bleed.subtype), box.rows, box.columns] |= share >= 0.5
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
