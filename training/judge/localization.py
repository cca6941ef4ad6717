"""Whether heat maps point at the bleed, on generated lesions, where the answer is known.

Three figures per map: the pointing game (is the hottest pixel inside the lesion?), the same with one cell of
the map to spare (a cell of a 7 x 7 map is some 30 mm, larger than most lesions), and energy (which share of
the positive heat inside the head lies in the lesion?). The one thing to get wrong: a large lesion is hit by
chance; the share of the head that counts as a hit stands beside each figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.head import head_mask
from ichviewer.core.heatmap import CLOSED_FORM, OTHER_METHODS, place_on_slice
from ichviewer.core.preprocessing import Framing, preprocess_slice
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.explain import explain_slice
from ichviewer.inference.predict import on_device, predict_slice
from training.judge.bootstrap import SMALLEST_POSITIVE_PATIENTS, interval_of, replicate
from training.judge.metrics import Weights

ALL_METHODS = (CLOSED_FORM, *OTHER_METHODS)


@dataclass(frozen=True, eq=False)
class LesionSlice:
    """A slice with a lesion that was put there.

    Attributes:
        hu: (rows, columns), Hounsfield units, canonical orientation.
        spacing_mm: (between rows, between columns).
        masks: (rows, columns), uint8, bit *i* set where a pixel belongs to label *i* of SUBTYPES.
        host: Number of the head that carries it; intervals are over hosts.
    """

    hu: NDArray[np.float32]
    spacing_mm: tuple[float, float]
    masks: NDArray[np.uint8]
    host: int

    def mask(self, label_index: int) -> NDArray[np.bool_]:
        """Pixels of one label; of ``any`` all that belong to a subtype."""
        return np.asarray(self.masks > 0 if label_index == 0 else (self.masks >> label_index) & 1 == 1)


@dataclass(frozen=True)
class Pointing:
    """How one map of one slice met the lesion.

    Attributes:
        method: Of the map.
        label_index: Position in SUBTYPES.
        host: Number of the head.
        is_hit: Whether the hottest pixel inside the head lies in the lesion; a map without heat hits nothing.
        energy: Share of the positive heat inside the head that lies in the lesion, [0, 1].
        lesion_share: Share of the head that the lesion takes: hit and energy by chance.
        is_near: Whether the hottest pixel lies within one cell of the map from the lesion.
        near_share: Share of the head that does: being near by chance.
    """

    method: str
    label_index: int
    host: int
    is_hit: bool
    energy: float
    lesion_share: float
    is_near: bool
    near_share: float


def point(
    class_map: NDArray[np.floating],
    framing: Framing,
    lesion: LesionSlice,
    label_index: int,
    method: str,
    head: NDArray[np.bool_],
) -> Pointing:
    """Hold one map against the lesion.

    Args:
        class_map: (h, w), any unit, negative values are no heat.
        framing: The part of the slice that it covers.
        lesion: The slice.
        label_index: Position in SUBTYPES.
        method: For the record.
        head: (rows, columns), where heat counts.
    """
    mask = lesion.mask(label_index)
    inside = head | mask
    heat = np.clip(np.asarray(class_map, dtype=np.float32), 0, None)
    placed = place_on_slice(heat, framing, (mask.shape[0], mask.shape[1])) * inside
    total = float(placed.sum(dtype=np.float64))
    hottest = np.unravel_index(int(np.argmax(placed)), placed.shape)
    energy = float(placed[mask].sum(dtype=np.float64)) / total if total > 0 else 0.0
    # Rows and columns of a cell are about as long.
    near = distance_transform_edt(~mask) <= framing.height / heat.shape[0]
    has_heat = total > 0
    return Pointing(
        method,
        label_index,
        lesion.host,
        is_hit=has_heat and bool(mask[hottest]),
        energy=energy,
        lesion_share=_share(mask, inside),
        is_near=has_heat and bool(near[hottest]),
        near_share=_share(near & inside, inside),
    )


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    return float(part.sum() / max(1, whole.sum()))


def point_all(
    checkpoint: Checkpoint, lesions: Iterable[LesionSlice], methods: Sequence[str] = ALL_METHODS
) -> list[Pointing]:
    """Maps of ``any`` and of every subtype that is there, by every method, held against the lesions.

    Args:
        checkpoint: Run on the CPU.
        lesions: Slices with masks.
        methods: ``CLOSED_FORM`` and any of pytorch-grad-cam's in ``core.heatmap.OTHER_METHODS``.
    """
    device = torch.device("cpu")
    on_device(checkpoint, device)
    found = []
    for lesion in lesions:
        entered = preprocess_slice(lesion.hu, lesion.spacing_mm, checkpoint.card.preprocessing)
        _, class_maps = predict_slice(checkpoint, entered, device)
        head = head_mask(lesion.hu)
        for i in range(len(SUBTYPES)):
            if not lesion.mask(i).any():
                continue
            for method in methods:
                if method == CLOSED_FORM:
                    class_map = class_maps[i]
                else:
                    class_map = explain_slice(checkpoint, entered, i, method, device)
                found.append(point(class_map, entered.framing, lesion, i, method, head))
    return found


def localization_figures(pointings: Sequence[Pointing]) -> dict[str, Any]:
    """Share of hits, mean energy and what chance gives, intervals over hosts: method -> label -> figures."""
    figures: dict[str, Any] = {}
    for method in dict.fromkeys(pointing.method for pointing in pointings):
        figures[method] = {}
        for i, label in enumerate(SUBTYPES):
            chosen = [p for p in pointings if p.method == method and p.label_index == i]
            if chosen:
                figures[method][str(label)] = _figures(chosen)
    return figures


def _figures(pointings: Sequence[Pointing]) -> dict[str, Any]:
    hosts = np.asarray([pointing.host for pointing in pointings])
    counts: dict[str, Any] = {"slices": len(pointings), "hosts": len(np.unique(hosts))}
    table = np.asarray(
        [(p.is_hit, p.energy, p.lesion_share, p.is_near, p.near_share) for p in pointings], dtype=np.float64
    )
    names = ("pointing", "energy", "by_chance", "within_a_cell", "within_a_cell_by_chance")
    if counts["hosts"] < SMALLEST_POSITIVE_PATIENTS:
        return counts | dict.fromkeys(names)

    def means(weights: Weights) -> NDArray[np.float64]:
        return np.asarray(weights @ table / weights.sum(axis=1, keepdims=True))

    drawn = replicate(means, np.ones(len(hosts), dtype=np.bool_), hosts)
    values = table.mean(axis=0)
    return counts | {name: interval_of(float(values[i]), drawn[:, i]) for i, name in enumerate(names)}
