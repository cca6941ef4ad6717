"""The pictures with which a class map is put to the test, and what their scores say of it.

Everything happens in the frame that the network sees, on its own input: what is replaced is exactly what it
looks at, and the mirrored slice has the same frame. The one thing to get wrong: the random areas depend on
series and slice alone, so that the same series gives the same verdict, whoever asks and in whatever order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, StudyFindings
from ichviewer.core.head import head_mask
from ichviewer.core.heatmap import place_on_slice
from ichviewer.core.map_verdict import HOTTEST_SHARE, RANDOM_AREAS, MapVerdict
from ichviewer.core.mirror_tissue import find_midline, hottest_area, mirror_image, random_area
from ichviewer.core.preprocessing import Framing, NetworkInput
from ichviewer.core.volume import Volume


@dataclass(frozen=True, eq=False)
class Doubt:
    """One slice, ready to be changed: what the network sees of it and what it is changed into.

    Attributes:
        values: (channels, size, size), the network's input.
        mirrored_tissue: (channels, size, size), the same mirrored about the head's midline.
        head: (size, size), where the head is.
        replaceable: (size, size), where the head's mirror image is head, too.
        area_px: Pixels in the hottest part of the head.
        seed: Names the random areas.
    """

    values: NDArray[np.float32]
    mirrored_tissue: NDArray[np.float32]
    head: NDArray[np.bool_]
    replaceable: NDArray[np.bool_]
    area_px: int
    seed: str

    @property
    def flipped(self) -> NDArray[np.float32]:
        """Input of the slice with left and right exchanged; its frame is this one's mirror image."""
        return np.ascontiguousarray(self.values[..., ::-1])

    def without_random_areas(self) -> list[NDArray[np.float32]]:
        """Inputs with one random area each replaced."""
        areas = (
            random_area(self.replaceable, self.area_px, f"{self.seed}|{number}")
            for number in range(RANDOM_AREAS)
        )
        return [self._without(area) for area in areas]

    def without_hottest(self, class_map: NDArray[np.floating]) -> NDArray[np.float32] | None:
        """Input with the hottest part of the head replaced; None where no heat lies in the head.

        Args:
            class_map: (h, w), over the same frame.
        """
        heat = self._placed(class_map)
        if not self.area_px or heat[self.head].max(initial=0) <= 0:
            return None
        return self._without(hottest_area(heat, self.replaceable, self.area_px))

    def flip_correlation(self, class_map: NDArray[np.floating], of_flipped: NDArray[np.floating]) -> float:
        """Correlation of the head's heat with that of the flipped slice, flipped back; 0 without heat."""
        heat = np.clip(self._placed(class_map), 0, None)[self.head]
        again = np.clip(self._placed(of_flipped[:, ::-1]), 0, None)[self.head]
        if not len(heat) or heat.std() == 0 or again.std() == 0:
            return 0.0
        return float(np.corrcoef(heat, again)[0, 1])

    def share_outside(self, class_map: NDArray[np.floating]) -> float:
        """Share of the heat that lies outside the head; 0 without heat."""
        return share_outside(self._placed(class_map), self.head)

    def _placed(self, class_map: NDArray[np.floating]) -> NDArray[np.float32]:
        size = self.values.shape[-1]
        whole = Framing(0, 0, size, size)
        return place_on_slice(np.asarray(class_map, dtype=np.float32), whole, (size, size))

    def _without(self, area: NDArray[np.bool_]) -> NDArray[np.float32]:
        return np.where(area, self.mirrored_tissue, self.values)


def doubt(volume: Volume, slice_index: int, network_input: NetworkInput) -> Doubt:
    """Make a slice ready for the test of its maps.

    Args:
        volume: The stack.
        slice_index: A readable slice.
        network_input: From ``preprocess_volume_slice`` for this slice.
    """
    values = network_input.values
    head = _head_in_frame(volume.measured_hu(slice_index), network_input.framing, values.shape[-1])
    midline = find_midline(values.mean(axis=0), head)
    is_head_mirrored = mirror_image(head[None].astype(np.float64), midline)[0] > 0.5
    return Doubt(
        values,
        mirror_image(values, midline).astype(np.float32),
        head,
        head & is_head_mirrored,
        round(HOTTEST_SHARE * int(head.sum())),
        f"{volume.series.key}|{slice_index}",
    )


def _head_in_frame(hu: NDArray[np.floating], framing: Framing, size: int) -> NDArray[np.bool_]:
    """The head at the pixels of the network's input, (size, size)."""
    mask = head_mask(hu)
    centers = (np.arange(size) + 0.5) / size
    row = np.floor(framing.top + centers * framing.height).astype(int)
    column = np.floor(framing.left + centers * framing.width).astype(int)
    is_on_slice = ((row >= 0) & (row < mask.shape[0]))[:, None] & ((column >= 0) & (column < mask.shape[1]))
    found = mask[np.clip(row, 0, mask.shape[0] - 1)][:, np.clip(column, 0, mask.shape[1] - 1)]
    return np.asarray(found & is_on_slice)


def share_outside(heat: NDArray[np.floating], head: NDArray[np.bool_]) -> float:
    """Share of the positive heat that lies outside the head, [0, 1]; 0 without heat.

    >>> share_outside(np.array([[1.0, 3.0, -5.0]]), np.array([[False, True, False]]))
    0.25
    """
    positive = np.clip(heat, 0, None, dtype=np.float64)
    total = float(positive.sum())
    return float(positive[~head].sum()) / total if total > 0 else 0.0


def map_verdict(
    tested: Doubt,
    class_map: NDArray[np.floating],
    of_flipped: NDArray[np.floating],
    logit: float,
    without_random: Sequence[float],
    without_hottest: float | None,
) -> MapVerdict:
    """What the scores of the changed pictures say of one label's map.

    Args:
        tested: The slice.
        class_map: (h, w), the label's map.
        of_flipped: (h, w), the label's map of ``tested.flipped``.
        logit: The label's logit.
        without_random: Its logits on ``tested.without_random_areas()``.
        without_hottest: Its logit on ``tested.without_hottest(class_map)``; None where there is no such
            picture.
    """
    return MapVerdict(
        None if without_hottest is None else logit - without_hottest,
        float(np.mean([logit - each for each in without_random])) if len(without_random) else None,
        tested.flip_correlation(class_map, of_flipped),
        tested.share_outside(class_map),
    )


def unchecked_maps(findings: StudyFindings, slice_thresholds: Sequence[float]) -> dict[int, tuple[int, ...]]:
    """Which maps are still to be checked: positions in SUBTYPES of the flagged labels, by slice.

    Args:
        findings: Slices without scores are left out.
        slice_thresholds: Per label, in the order of SUBTYPES.
    """
    found: dict[int, tuple[int, ...]] = {}
    for finding in findings.slices:
        if finding.probabilities is None or finding.class_maps is None:
            continue
        labels = tuple(
            label
            for label, subtype in enumerate(SUBTYPES)
            if finding.probabilities[label] >= slice_thresholds[label]
            and finding.map_verdict(subtype) is None
        )
        if labels:
            found[finding.slice_index] = labels
    return found
