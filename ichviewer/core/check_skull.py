"""Bone missing from the skull, and traces of motion, from its outline on a few slices through the brain.

What it can see: an opening of 40 degrees or more (some 5 cm of an adult's skull) on neighbouring samples, as
after a craniectomy; also wide fontanelles, and a plate of plastic, which is softer than bone. A head that
moved by 5 mm or more between two slices. Motion within a slice only where it is coarse (by simulation a turn
of 4 to 8 degrees, or a shift of 8 mm) and only on a slice that is looked at, every second of a usual head: it
leaves dark bands beside the skull, and so do metal and air in the head. What it cannot see: burr holes, a
flap put back in its place, small motion, and motion that only blurs. Of 68 heads (66 of CT-ICH as pictures,
the GE and the RSNA series) it speaks of two: open sutures of a newborn, and air inside a broken head.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.geometry import StackGeometry
from ichviewer.core.head_samples import DIRECTIONS, HeadSample

OPENING_DIRECTIONS = 4
"""An opening is at least this many neighbouring directions without bone. None of 68 sound heads above the
base has more than 3 (thin temporal bone at a sinus)."""

OPENING_MM = 10.0
"""It is there on neighbouring samples at least this far apart."""

LOWEST_SHARE = 0.4
"""This share of the slices through the brain, the lowest ones, shows the base: orbits and sinuses change the
outline there from slice to slice."""

LARGEST_STEP_MM = 12.0
"""Samples farther apart than this are not compared: the outline of a sound head changes too much."""

JUMP_MM = 5.0
"""A head that lies still drifts evenly from slice to slice; sound heads stray from that by up to 4 mm."""

DARK_SHARE = 0.004
"""Share of the brain's rim that is darker than fluid; 0.001 at most on sound heads, 0.007 after a turn."""

ALONG = (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS * 360 - 180
"""Degrees of each direction: 0 to the patient's left, 90 to the back."""


def skull_doubts(brain: Sequence[HeadSample], geometry: StackGeometry) -> list[str]:
    """Doubts from samples through the brain, lowest first; the stack must be measured."""
    vault = brain[int(LOWEST_SHARE * len(brain)) :]
    checks = (_opening(vault, geometry), _jump(vault, geometry), _dark(vault))
    return [text for text in checks if text]


def _opening(vault: Sequence[HeadSample], geometry: StackGeometry) -> str:
    """Where bone is missing in the same directions on neighbouring samples."""
    positions = geometry.positions_mm
    held: list[tuple[float, NDArray[np.bool_]]] = []
    for sample in vault:
        opened = wide_openings(sample.has_skull | sample.is_cut_off)
        here = float(positions[sample.slice_index])
        held = [(start, common & opened) for start, common in held if (common & opened).any()]
        if any(here - start >= OPENING_MM - 0.5 for start, _ in held):
            return f"bone is missing from the skull (craniectomy?) around slice {sample.slice_index + 1}"
        if opened.any():
            held.append((here, opened))
    return ""


def wide_openings(has_skull: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Directions that belong to an opening wide enough to count, all the way round."""
    around = np.concatenate((has_skull, has_skull))
    wide = np.zeros(DIRECTIONS, dtype=np.bool_)
    for start in range(DIRECTIONS):
        if not around[start : start + OPENING_DIRECTIONS].any():
            wide[np.arange(start, start + OPENING_DIRECTIONS) % DIRECTIONS] = True
    return wide


def _jump(vault: Sequence[HeadSample], geometry: StackGeometry) -> str:
    """Where the skull jumps aside between two samples, measured in two ways that must agree."""
    whole = [sample for sample in vault if sample.has_skull.all()]
    if len(whole) < 4:
        return ""
    indices = [sample.slice_index for sample in whole]
    heights = np.diff(geometry.positions_mm[indices])
    if float(heights.min()) <= 0.01:
        return ""  # Slices at one position have no order to move in.
    outlines = np.stack([sample.skull_mm for sample in whole])
    middle = outlines.mean(axis=1)
    strays = np.minimum(_stray_mm(middle, heights), _stray_mm(_sides_and_back(outlines), heights))
    strays[heights > LARGEST_STEP_MM] = 0
    worst = int(np.argmax(strays))
    if strays[worst] < JUMP_MM:
        return ""
    return f"the head moved by about {strays[worst]:.0f} mm above slice {indices[worst] + 1} (motion)"


def _sides_and_back(outlines: NDArray[np.float64]) -> NDArray[np.float64]:
    """(samples, 2): how far down the back of the skull lies, and the middle between left and right."""
    back, left, right = np.abs(ALONG - 90) < 45, np.abs(ALONG) < 45, np.abs(ALONG) > 135
    across = (outlines[:, left, 1].mean(axis=1) + outlines[:, right, 1].mean(axis=1)) / 2
    return np.stack((outlines[:, back, 0].mean(axis=1), across), axis=1)


def _stray_mm(points: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each step strays from the usual drift of the steps around it, mm."""
    drift = np.diff(points, axis=0) / heights[:, None]
    around = [np.median(drift[max(0, step - 2) : step + 3], axis=0) for step in range(len(drift))]
    return np.asarray(np.linalg.norm(drift - np.stack(around), axis=1) * heights)


def _dark(vault: Sequence[HeadSample]) -> str:
    striped = [sample for sample in vault if sample.has_skull.all() and sample.dark_share > DARK_SHARE]
    if not striped:
        return ""
    where = f"slice {striped[0].slice_index + 1}"
    return f"dark bands beside the skull in {where} (motion, metal or air in the head)"
