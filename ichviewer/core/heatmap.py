"""Why the network suspects something: class maps brought back onto the slice.

The one thing to get wrong: the scale is fixed per checkpoint and label (from its card), never
min-max per slice or study, which would paint a healthy head as hot as a bleeding one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, Peak, SliceFinding, Subtype
from ichviewer.core.geometry import body_side
from ichviewer.core.head import head_mask
from ichviewer.core.map_verdict import MapVerdict
from ichviewer.core.model_card import ModelCard
from ichviewer.core.preprocessing import Framing
from ichviewer.core.volume import Volume

CLOSED_FORM = "Grad-CAM (closed form)"

OTHER_METHODS = (
    "Grad-CAM",
    "Grad-CAM++",
    "XGrad-CAM",
    "HiResCAM",
    "LayerCAM",
    "EigenCAM",
    "Eigen-Grad-CAM",
)
"""Methods of pytorch-grad-cam, for the slice in view; each takes two passes or fewer.

For a network that ends in global average pooling and one linear layer, Grad-CAM and HiResCAM are the closed
form divided by a constant, and so is XGrad-CAM where activations are not tiny. Not offered are Score-CAM and
Ablation-CAM, which take a pass for each of about a thousand channels: half a minute in which no slice of
another study could be scored.
"""


@dataclass(frozen=True, eq=False)
class Heatmap:
    """A class map of one slice and label, with where it came from.

    Attributes:
        subtype: The label.
        slice_index: The slice.
        values: (h, w), positive part, in units of *full_scale* (1 = full colour).
        framing: The part of the slice that the map covers.
        cell_mm: Side of one cell of the map, mm.
        method: Name of the method.
        checkpoint_sha256: Hash of the weights.
        verdict: Whether the map may be believed; None where that was not checked.
    """

    subtype: Subtype
    slice_index: int
    values: NDArray[np.float32]
    framing: Framing
    cell_mm: float
    method: str
    checkpoint_sha256: str
    verdict: MapVerdict | None = None


def closed_form_heatmap(
    finding: SliceFinding, subtype: Subtype, card: ModelCard, pixel_spacing_mm: tuple[float, float]
) -> Heatmap | None:
    """Heat map of one label from the slice's class maps; None where there are no maps."""
    if finding.class_maps is None or finding.framing is None:
        return None
    label = SUBTYPES.index(subtype)
    values = np.clip(finding.class_maps[label], 0, None) / np.float32(card.labels[label].heatmap_full_scale)
    cell_mm = finding.framing.height * pixel_spacing_mm[0] / values.shape[0]
    return Heatmap(
        subtype,
        finding.slice_index,
        values,
        finding.framing,
        cell_mm,
        CLOSED_FORM,
        card.weights_sha256,
        finding.map_verdict(subtype),
    )


def method_heatmap(
    values: NDArray[np.floating],
    finding: SliceFinding,
    subtype: Subtype,
    card: ModelCard,
    pixel_spacing_mm: tuple[float, float],
    method: str,
) -> Heatmap:
    """Heat map of another method, made as hot as the closed form's hottest cell.

    Other methods have units of their own, so the fixed scale of the card cannot be theirs: only their
    *shape* is shown, and a slice that is cold in closed form stays cold.

    Args:
        values: (h, w), the method's map, any unit; negative values count as 0.
        finding: The scored slice, with its class maps.
        subtype: The label.
        card: The checkpoint's card.
        pixel_spacing_mm: (between rows, between columns).
        method: Name of the method.

    Raises:
        ValueError: The slice has no class maps.
    """
    reference = closed_form_heatmap(finding, subtype, card, pixel_spacing_mm)
    if reference is None:
        raise ValueError(f"Slice {finding.slice_index + 1} has no class maps to scale {method} by.")
    positive = np.clip(values, 0, None)
    highest = float(positive.max())
    share = positive / highest if highest > 0 else positive
    cell_mm = reference.framing.height * pixel_spacing_mm[0] / values.shape[0]
    heat = (share * float(reference.values.max())).astype(np.float32)
    return replace(reference, values=heat, cell_mm=cell_mm, method=method, verdict=None)


def place_on_slice(
    values: NDArray[np.float32], framing: Framing, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Enlarge a map (h, w) linearly onto a slice of *shape*; 0 outside the frame.

    Args:
        values: (h, w).
        framing: The part of the slice that *values* cover.
        shape: (rows, columns) of the slice.

    Returns:
        (rows, columns), float32.
    """
    placed = _axis(values.shape[0], shape[0], framing.top, framing.height) @ values
    return np.asarray(placed @ _axis(values.shape[1], shape[1], framing.left, framing.width).T)


def _axis(cells: int, pixels: int, start: float, length: float) -> NDArray[np.float32]:
    """Weights from cells to pixels; the outermost half cells repeat their cell, outside the frame is 0."""
    step = cells / length
    centers = (np.arange(pixels) + 0.5 - start) * step - 0.5
    inside = (centers >= -0.5) & (centers <= cells - 0.5)
    held = np.clip(centers, 0, cells - 1)
    weights = np.clip(1 - np.abs(np.arange(cells)[None, :] - held[:, None]), 0, None)
    return np.asarray((weights * inside[:, None]).astype(np.float32))


def heat_on_slice(heatmap: Heatmap, hu: NDArray[np.floating]) -> NDArray[np.float32]:
    """Heat of every pixel of the slice, [0, 1], 0 outside the head.

    Args:
        heatmap: The map.
        hu: (rows, columns) of the same slice, Hounsfield units, to find the head.
    """
    placed = place_on_slice(heatmap.values, heatmap.framing, (hu.shape[0], hu.shape[1]))
    return np.asarray(np.clip(placed, 0, 1) * head_mask(hu))


def find_peak(
    class_map: NDArray[np.float32],
    subtype: Subtype,
    framing: Framing,
    volume: Volume,
    slice_index: int,
) -> Peak | None:
    """Hottest point of one class map inside head and frame.

    None where there is no head, or where the files do not say where a pixel lies.

    Args:
        class_map: (h, w), logit units.
        subtype: Whose map.
        framing: The part of the slice that the map covers.
        volume: The stack.
        slice_index: The slice.
    """
    if not volume.series.is_measured:
        return None
    hu = volume.measured_hu(slice_index)
    mask = head_mask(hu)
    head_columns = np.flatnonzero(mask.any(axis=0))
    if not len(head_columns):
        return None
    is_covered = place_on_slice(np.ones_like(class_map), framing, volume.shape) > 0
    placed = np.where(mask & is_covered, place_on_slice(class_map, framing, volume.shape), -np.inf)
    row, column = (int(index) for index in np.unravel_index(int(np.argmax(placed)), placed.shape))
    point = volume.geometry.point_mm(slice_index, row, column)
    midline = volume.geometry.point_mm(slice_index, row, (head_columns[0] + head_columns[-1]) / 2)
    stored_row, stored_column = volume.series.in_plane.to_stored_index(row, column, volume.shape)
    return Peak(
        subtype,
        int(stored_row),
        int(stored_column),
        (float(point[0]), float(point[1]), float(point[2])),
        body_side(float(point[0]), float(midline[0])),
        framing.height * volume.geometry.pixel_spacing_mm[0] / class_map.shape[0],
    )
