"""Planes of any direction through a stack, true under gantry tilt and uneven spacing.

SimpleITK's own image geometry can hold neither. So the image that it sees is the plain lattice of voxels, and
a plane is an affine map from its pixels into that lattice: one per run of evenly spaced slices
(``imaging.runs``), which is one for most stacks. The one thing to get wrong: values **between** slices are
interpolated along the line that joins equal pixels of neighboring slices; under tilt that is the table's
direction, not the normal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ichviewer.core.errors import IchViewerError
from ichviewer.core.plane import Plane, Slab, SlabKind
from ichviewer.core.progress import CancelToken, Progress, ReportProgress, ignore_progress
from ichviewer.core.stack_frame import StackFrame, Vector
from ichviewer.core.stack_holes import Hole, HoleKind, runs_of, stack_holes, within_hole
from ichviewer.core.volume import Volume
from ichviewer.imaging.runs import EvenRun, even_runs

HIGHEST = 32766
"""HU are clipped to this either way; the two integers beyond mark what was not measured."""

COARSEST_STEP_MM = 1.0
FINEST_STEP_MM = 0.5
USUAL_LAYERS = 20
"""A slab is sampled in this many layers, but never finer or coarser than the steps above."""


@dataclass(frozen=True)
class _Piece:
    """An evenly spaced part of the stack and the lattice that holds its values."""

    run: EvenRun
    image: SimpleITK.Image


@dataclass(frozen=True, eq=False)
class Reformats:
    """A stack made ready for any plane; implements ``core.plane.ReformatSource``.

    Holds one int16 copy of the Hounsfield units of the readable slices (400 slices of 512 x 512: 210 MB),
    besides the volume that it was made from, and nothing else of size.

    HU are rounded to whole numbers, which moves a value by at most 0.5, and clipped to +-32,766.
    Interpolation is linear in the lattice; a plane's values are not rounded again, those of a slab's layers
    are. Several threads may ask at once. SimpleITK works on as many threads as the machine has cores.

    Attributes:
        frame: The frame that planes are given in.
        holes: Where nothing was measured.
    """

    frame: StackFrame
    holes: tuple[Hole, ...]
    _pieces: tuple[_Piece, ...]

    def hu(self, plane: Plane) -> NDArray[np.float32]:
        """Hounsfield units of a plane, (rows, columns), float32.

        A slice reaches half the way to its neighbors, and the outermost ones as far outwards. There the
        nearest slice is shown; beyond, and in the place of a slice that could not be read, is NaN. A slab
        sums up what the stack holds of its thickness, but is NaN where it reaches into an unreadable slice:
        it must not look complete when it is not.
        """
        if plane.slab.kind is SlabKind.NONE:
            return np.asarray(self._sampled(plane, np.zeros(1), SimpleITK.sitkFloat32, math.nan)[0])
        blank = HIGHEST + 1 if plane.slab.kind is SlabKind.MINIMUM else -HIGHEST - 1
        layers = self._sampled(plane, layer_offsets_mm(plane.slab), SimpleITK.sitkInt16, blank)
        values = _reduced(layers, plane.slab.kind, blank)
        for hole in self.holes:
            if hole.kind is HoleKind.UNREADABLE:
                values[within_hole(plane, hole)] = math.nan
        return np.asarray(values)

    def _sampled(
        self, plane: Plane, offsets_mm: Vector, pixel_type: int, blank: float
    ) -> NDArray[np.float32]:
        """Values of parallel planes, (layers, rows, columns); *blank* where there are none."""
        parts = []
        for piece in self._pieces:
            box = _pixel_box(plane, offsets_mm, piece.run)
            if box is not None:
                values = _resampled(piece, plane, offsets_mm, box, pixel_type, blank)
                parts.append((box, values, _z_inside(plane, offsets_mm, box, piece.run)))
        shape = (len(offsets_mm), *plane.shape)
        if len(parts) == 1 and parts[0][1].shape == shape and parts[0][2] is None:
            return parts[0][1]
        dtype = np.float32 if pixel_type == SimpleITK.sitkFloat32 else np.int16
        whole = np.full(shape, blank, dtype=dtype)
        for (rows, columns), values, inside in parts:
            np.copyto(whole[:, rows, columns], values, where=True if inside is None else inside)
        return whole


def prepare(
    volume: Volume, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
) -> Reformats:
    """Make a stack ready for planes of any direction.

    Pixels that mean "no measurement" count as air. Peak memory is the result's, plus one slice.

    Args:
        volume: A stack that was read to its end.
        report: Told after each slice.
        cancel: Looked at before each slice.

    Raises:
        IchViewerError: The files do not say where the pixels lie, or no slice could be read.
        ValueError: Slices are still to be read.
        Cancelled: The token was cancelled.
    """
    if not volume.is_complete:
        raise ValueError("Planes are cut once every slice was read.")
    if not volume.series.is_measured:
        raise IchViewerError(
            f"The files of “{volume.series.description}” do not say where their pixels lie, "
            "so that no other planes can be cut through them."
        )
    if not volume.is_readable.any():
        raise IchViewerError(f"No slice of “{volume.series.description}” could be read.")
    frame = StackFrame.of(volume.geometry, volume.shape)
    pieces: list[_Piece] = []
    for first, last in runs_of(volume.is_readable):
        image = _hu_image(volume, first, last, report, cancel)
        pieces += [_Piece(run, image) for run in even_runs(frame, first, last)]
    return Reformats(frame, stack_holes(volume, frame), tuple(pieces))


def layer_offsets_mm(slab: Slab) -> Vector:
    """Where along the normal a slab is sampled: the middles of its layers, (layers,), mm.

    >>> layer_offsets_mm(Slab(SlabKind.MEAN, 2.0)).tolist()
    [-0.75, -0.25, 0.25, 0.75]
    """
    step = min(max(slab.thickness_mm / USUAL_LAYERS, FINEST_STEP_MM), COARSEST_STEP_MM)
    count = max(1, math.ceil(round(slab.thickness_mm / step, 6)))
    return np.asarray(((np.arange(count) + 0.5) / count - 0.5) * slab.thickness_mm)


def _hu_image(
    volume: Volume, first: int, last: int, report: ReportProgress, cancel: CancelToken | None
) -> SimpleITK.Image:
    """HU of slices *first* to *last*, int16; the lattice has spacing 1 and origin 0."""
    rows, columns = volume.shape
    image = SimpleITK.Image(columns, rows, last - first + 1, SimpleITK.sitkInt16)
    for index in range(first, last + 1):
        if cancel is not None:
            cancel.raise_if_cancelled()
        hu = np.clip(np.rint(volume.measured_hu(index)), -HIGHEST, HIGHEST).astype(np.int16)
        image[:, :, index - first] = SimpleITK.GetImageFromArray(hu)
        report(Progress(index + 1, volume.slice_count, "Preparing other planes"))
    return image


def _pixel_box(plane: Plane, offsets_mm: Vector, run: EvenRun) -> tuple[slice, slice] | None:
    """Rows and columns of the plane that may meet a run; None where none do."""
    low, high = run.low_mm - plane.corner_mm[2], run.high_mm - plane.corner_mm[2]
    reach = sorted(float(offset * plane.normal[2]) for offset in (offsets_mm[0], offsets_mm[-1]))
    low, high = low - reach[1], high - reach[0]
    steps = plane.spacing_mm * plane.down[2], plane.spacing_mm * plane.right[2]
    box = []
    for axis, other in ((0, 1), (1, 0)):
        spread = sorted((0.0, steps[other] * (plane.shape[other] - 1)))
        first, last = _indices_between(steps[axis], low - spread[1], high - spread[0], plane.shape[axis])
        if first > last:
            return None
        box.append(slice(first, last + 1))
    return box[0], box[1]


def _indices_between(step: float, low: float, high: float, count: int) -> tuple[int, int]:
    """First and last of *count* indices whose multiple of *step* can lie in [low, high]."""
    if abs(step) < 1e-9:
        return (0, count - 1) if low <= 1e-6 and high >= -1e-6 else (1, 0)
    ends = sorted((low / step, high / step))
    return max(0, math.ceil(ends[0] - 1e-6)), min(count - 1, math.floor(ends[1] + 1e-6))


def _z_inside(
    plane: Plane, offsets_mm: Vector, box: tuple[slice, slice], run: EvenRun
) -> NDArray[np.bool_] | None:
    """Which samples of a box lie in the run's part of the stack, (layers, rows, columns); None for all."""
    rows = np.arange(box[0].start, box[0].stop) * (plane.spacing_mm * plane.down[2])
    columns = np.arange(box[1].start, box[1].stop) * (plane.spacing_mm * plane.right[2])
    layers = offsets_mm * plane.normal[2] + plane.corner_mm[2]
    lowest, highest = (sum(float(end(part)) for part in (layers, rows, columns)) for end in (np.min, np.max))
    low, high = run.low_mm - 1e-6, run.high_mm + 1e-6
    if lowest >= low and highest <= high:
        return None
    z = layers[:, None, None] + rows[None, :, None] + columns[None, None, :]
    return np.asarray((z >= low) & (z <= high))


def _resampled(
    piece: _Piece,
    plane: Plane,
    offsets_mm: Vector,
    box: tuple[slice, slice],
    pixel_type: int,
    blank: float,
) -> NDArray[np.float32]:
    """Values of a box of the plane's pixels in every layer, from one lattice."""
    step_mm = float(offsets_mm[1] - offsets_mm[0]) if len(offsets_mm) > 1 else 1.0
    directions = np.stack([plane.right, plane.down, plane.normal], axis=1)
    to_frame = directions * np.array([plane.spacing_mm, plane.spacing_mm, step_mm])
    corner = plane.to_frame_mm(box[0].start, box[1].start) + plane.normal * offsets_mm[0]
    to_lattice = SimpleITK.AffineTransform(3)
    to_lattice.SetMatrix((piece.run.to_lattice @ to_frame).ravel().tolist())
    to_lattice.SetTranslation((piece.run.to_lattice @ corner + piece.run.lattice_origin).tolist())
    resample = SimpleITK.ResampleImageFilter()
    resample.SetTransform(to_lattice)
    resample.SetInterpolator(SimpleITK.sitkLinear)
    resample.SetSize([box[1].stop - box[1].start, box[0].stop - box[0].start, len(offsets_mm)])
    resample.SetOutputPixelType(pixel_type)
    resample.SetDefaultPixelValue(blank)
    return np.asarray(SimpleITK.GetArrayFromImage(resample.Execute(piece.image)))


def _reduced(layers: NDArray[np.generic], kind: SlabKind, blank: int) -> NDArray[np.float32]:
    """One value per pixel of (layers, rows, columns); NaN where every layer is *blank*."""
    if kind is SlabKind.MEAN:
        is_measured = layers != blank
        counts = is_measured.sum(axis=0, dtype=np.int32)
        total = np.where(is_measured, layers, np.int16(0)).sum(axis=0, dtype=np.int32)
        with np.errstate(invalid="ignore"):
            return np.asarray(total / counts, dtype=np.float32)
    # The mark of what was not measured lies beyond every value, so it never wins.
    extreme = layers.max(axis=0) if kind is SlabKind.MAXIMUM else layers.min(axis=0)
    values = extreme.astype(np.float32)
    values[extreme == blank] = math.nan
    return np.asarray(values)
