"""The mirror view: how each point of the brain differs from the same point on the other side.

It is drawn on an axial plane straightened by the fit of the head's mid-plane (``core.midline``), whose middle
column is the midline, so that mirroring is a flip. The one thing to get wrong: both sides appear, a bleed on
one as bright as it is dark on the other; the bright one is the denser.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.grid_shapes import erode
from ichviewer.core.inside_skull import inside_skull
from ichviewer.core.midline import MidlineFit
from ichviewer.core.plane import Plane, ReformatSource, Slab, SlabKind, axial_plane, triple
from ichviewer.core.stack_frame import StackFrame, Vector

FULL_COLOR_HU = 30.0
"""Suggested fixed scale: full color at this difference either way. Blood stands 20 to 45 HU above brain;
noise and the folds of the brain stay mostly below 15."""

SMOOTHING_MM = 5.0
"""Full width at half maximum of the smoothing on the other side; anatomy is not alike to the millimeter."""

COMPARED_HU = (-40.0, 100.0)
"""Fluid, brain and blood. What is beyond is air, fat, the soft edge of bone or calcified, and is not
compared."""

EDGE_MM = 1.0
"""So much at the skull is left out: half of it is bone, and the two sides never fit to a pixel."""

SLAB_MM = 5.0
"""The plane is a mean over this thickness, as noise of thin slices would drown the difference."""


def mirror_plane(frame: StackFrame, fit: MidlineFit, through_mm: Vector) -> Plane:
    """The straightened axial plane through a point, with the midline in its very middle.

    Args:
        frame: Of the stack.
        fit: The head's mid-plane.
        through_mm: A point of the plane, in the frame.
    """
    plane = axial_plane(frame, through_mm, fit.rotation, Slab(SlabKind.MEAN, SLAB_MM))
    normal = fit.normal
    offset = float((np.asarray(fit.point_mm) - np.asarray(plane.center_mm)) @ normal)
    # Wider by what it moves, so that nothing of the stack is lost on the far side.
    wider = 2 * math.ceil(abs(offset) / plane.spacing_mm)
    center = triple(np.asarray(plane.center_mm) + offset * normal)
    return replace(plane, center_mm=center, shape=(plane.shape[0], plane.shape[1] + wider))


def mirror_difference(source: ReformatSource, plane: Plane) -> NDArray[np.float32]:
    """HU at each point minus smoothed HU at its mirror point.

    Args:
        source: Gives the plane's values.
        plane: From ``mirror_plane``.

    Returns:
        (rows, columns), HU; NaN where the point or its mirror point is not inside the skull. All NaN where
        the skull does not close around the brain.
    """
    hu = source.hu(plane)
    inside = inside_skull(hu, (plane.spacing_mm, plane.spacing_mm))
    for _ in range(round(EDGE_MM / plane.spacing_mm)):
        inside = erode(inside)
    inside &= (hu >= COMPARED_HU[0]) & (hu <= COMPARED_HU[1])
    smooth = _smoothed_inside(hu, inside, SMOOTHING_MM / plane.spacing_mm)
    difference = hu - smooth[:, ::-1]
    difference[~(inside & inside[:, ::-1])] = np.nan
    return np.asarray(difference, dtype=np.float32)


def _smoothed_inside(
    hu: NDArray[np.float32], inside: NDArray[np.bool_], width_px: float
) -> NDArray[np.float32]:
    """Gaussian mean of the values inside a mask alone, so that bone does not shine into the brain."""
    weight = inside.astype(np.float32)
    total = _blurred(np.where(inside, hu, np.float32(0)), width_px)
    share = _blurred(weight, width_px)
    return np.where(inside, total / np.maximum(share, 1e-6), np.float32(0)).astype(np.float32)


def _blurred(values: NDArray[np.float32], width_px: float) -> NDArray[np.float32]:
    """Gaussian blur along both axes; *width_px* is the full width at half maximum."""
    sigma = width_px / 2.3548
    reach = max(1, math.ceil(2.5 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    weights /= weights.sum()
    for _ in range(2):
        padded = np.pad(values, ((reach, reach), (0, 0)))
        length = len(values)
        values = sum(
            (weight * padded[start : start + length] for start, weight in enumerate(weights)),
            start=np.zeros_like(values),
        ).T
    return values
