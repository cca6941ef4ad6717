"""Planes and slabs of 40 and 400 slices of 512 x 512, against trilinear interpolation in plain numpy.

Processor time of this process (all its threads), the best of several runs, beside the wall clock's best: on a
machine with other work the clock measures that work too. On two free cores a plane or slab takes about half
of its processor time, since SimpleITK works on all cores. The ratio to numpy, in the same run, tells more
than either.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.plane import (
    NO_SLAB,
    Plane,
    Slab,
    SlabKind,
    axial_plane,
    coronal_plane,
    rotation_about,
    sagittal_plane,
)
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.volume import Volume
from ichviewer.imaging.reformat import Reformats, prepare
from tests.builders import make_volume

ROWS = COLUMNS = 512
PIXEL_MM = 0.45
HEIGHT_MM = 160.0
RUNS = 5
VIEWS = {"axial": axial_plane, "coronal": coronal_plane, "sagittal": sagittal_plane}
OBLIQUE = rotation_about((0, 0, 1), 12.0) @ rotation_about((0, 1, 0), 8.0) @ rotation_about((1, 0, 0), 5.0)


@dataclass(frozen=True)
class Best:
    """The best of several runs, milliseconds."""

    processor: float
    wall: float


def main() -> None:
    """Print one table for each number of slices."""
    for count in (40, 400):
        volume = noise(count)
        began_cpu, began = time.process_time(), time.perf_counter()
        source = prepare(volume)
        seconds = time.process_time() - began_cpu, time.perf_counter() - began
        print(f"\n{count} slices of {ROWS} x {COLUMNS}: prepared in {seconds[0]:.2f} s of processor time,")
        print(f"{seconds[1]:.2f} s on the clock. Milliseconds:")
        print(f"{'plane':<22}{'pixels':>11}{'processor':>11}{'clock':>8}{'numpy':>8}{'ratio':>7}")
        for name, make in VIEWS.items():
            for turn, rotation in (("", None), (", oblique", OBLIQUE)):
                plane = make(source.frame, source.frame.center_mm, rotation)
                print_row(name + turn, source, volume, plane)
                for kind in (SlabKind.MAXIMUM, SlabKind.MEAN):
                    print_row(f"  20 mm {kind}", source, volume, plane.with_slab(Slab(kind, 20.0)))


def noise(count: int) -> Volume:
    """A stack of random values."""
    hu = np.random.default_rng(0).integers(-1000, 2000, (count, ROWS, COLUMNS)).astype(np.int16)
    return make_volume(hu=hu, spacing_mm=HEIGHT_MM / count, pixel_spacing_mm=(PIXEL_MM, PIXEL_MM))


def print_row(name: str, source: Reformats, volume: Volume, plane: Plane) -> None:
    """Time one plane, and numpy on it where it is not a slab."""
    ours = best(lambda: source.hu(plane))
    beside = ""
    if plane.slab == NO_SLAB:
        theirs = best(lambda: trilinear(volume, source.frame, plane))
        beside = f"{theirs.processor:8.1f}{theirs.processor / ours.processor:7.1f}"
    pixels = f"{plane.shape[0]} x {plane.shape[1]}"
    print(f"{name:<22}{pixels:>11}{ours.processor:11.1f}{ours.wall:8.1f}{beside}", flush=True)


def best(work: Callable[[], object]) -> Best:
    """The best processor time and the best wall time."""
    processor, wall = [], []
    for _ in range(RUNS):
        began_cpu, began = time.process_time(), time.perf_counter()
        work()
        processor.append(time.process_time() - began_cpu)
        wall.append(time.perf_counter() - began)
    return Best(1000 * min(processor), 1000 * min(wall))


def trilinear(volume: Volume, frame: StackFrame, plane: Plane) -> NDArray[np.float32]:
    """The plane by eight look-ups a pixel; for an upright, evenly spaced stack alone."""
    points = plane.to_frame_mm(np.arange(plane.shape[0])[:, None], np.arange(plane.shape[1])[None, :])
    spacing = np.array([frame.pixel_spacing_mm[1], frame.pixel_spacing_mm[0], frame.positions_mm[1]])
    place = (points / spacing)[..., ::-1]
    size = np.asarray(volume.stored_values.shape)
    is_outside = ((place < -0.5) | (place > size - 0.5)).any(axis=-1)
    place = np.clip(place, 0, size - 1).astype(np.float32)
    base = np.minimum(place.astype(np.int64), size - 2)
    part = place - base.astype(np.float32)
    total = np.zeros(plane.shape, dtype=np.float32)
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod([part[..., a] if corner[a] else 1 - part[..., a] for a in range(3)], axis=0)
        index = base + corner
        total += weight * volume.stored_values[index[..., 0], index[..., 1], index[..., 2]]
    total[is_outside] = np.nan
    return total


if __name__ == "__main__":
    main()
