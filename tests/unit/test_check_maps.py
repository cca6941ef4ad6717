"""Networks whose ways are known are put to the test: the honest one passes, each of the others fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from builders import AIR, BRAIN_HU, head_hu, make_volume
from stub_checkpoint import STUB_SPEC, stub_card, stub_checkpoint
from torch import Tensor, nn

from ichviewer.core.map_verdict import RANDOM_AREAS, MapVerdict, SliceVerdicts
from ichviewer.core.preprocessing import preprocess_volume_slice
from ichviewer.core.self_doubt import doubt, share_outside
from ichviewer.core.volume import Volume
from ichviewer.inference.check_maps import MapOfLabel, check_maps
from ichviewer.inference.checkpoint import Checkpoint
from ichviewer.inference.network import SliceNetwork

CPU = torch.device("cpu")
BLEED = slice(50, 68), slice(78, 96)
"""On the right half of the picture, well inside the head."""

Look = Callable[[Tensor], Tensor]
"""Network input (n, 3, 64, 64) to one feature map (n, 1, 8, 8)."""


def brightness(x: Tensor) -> Tensor:
    """Brightness of each cell, with brain at 0, blood near 1.7 and air at -2."""
    return nn.functional.avg_pool2d(x[:, :1], 8)


def bleed(x: Tensor) -> Tensor:
    """Looks at what is brighter than brain, wherever it lies."""
    return torch.relu(brightness(x) - 0.3) * 100


def constant(x: Tensor) -> Tensor:
    """Says the same of every picture, and points at one place."""
    here = torch.zeros_like(brightness(x))
    here[:, :, 2, 2] = 300.0
    return here


def elsewhere(x: Tensor) -> Tensor:
    """Finds the bleed, but points at a place on the other side."""
    here = torch.zeros_like(brightness(x))
    here[:, :, 2:4, 2:4] = bleed(x).mean(dim=(2, 3), keepdim=True) * 16
    return here


def right_half(x: Tensor) -> Tensor:
    """Sees a bleed only where it lies on the right of the picture."""
    seen = bleed(x)
    seen[..., :4] = 0
    return seen


def air(x: Tensor) -> Tensor:
    """Looks at the air around the head."""
    return torch.relu(-brightness(x) - 1.0) * 10


class Features(nn.Module):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look

    def forward(self, x: Tensor) -> Tensor:
        return self.look(x)


def checkpoint_that_looks_at(look: Look) -> Checkpoint:
    network = SliceNetwork(Features(look), 1, 6, dropout=0.0).eval()
    nn.init.constant_(network.classifier.weight, 1.0)
    nn.init.constant_(network.classifier.bias, -3.0)
    return Checkpoint(stub_card(), network)


def bleeding_head(is_bleeding: bool = True) -> Volume:
    """Brain in air, with a bleed on one side."""
    hu = head_hu(128, 128)
    hu[hu != AIR] = BRAIN_HU
    if is_bleeding:
        hu[BLEED] = 65
    return make_volume(2, hu=np.stack([hu, hu]))


def verdicts_on(
    volume: Volume,
    checkpoint: Checkpoint,
    labels: Sequence[int] = (0,),
    other_method: MapOfLabel | None = None,
) -> SliceVerdicts:
    *passes, verdicts = check_maps(volume, 1, labels, checkpoint, CPU, other_method)
    assert passes == [None] * (2 + RANDOM_AREAS + len(labels))
    assert verdicts is not None
    return verdicts


def verdict_on(volume: Volume, look: Look) -> MapVerdict:
    verdict = verdicts_on(volume, checkpoint_that_looks_at(look)).verdicts[0]
    assert verdict is not None
    return verdict


def test_a_network_that_looks_at_the_bleed_passes() -> None:
    verdict = verdict_on(bleeding_head(), bleed)
    assert verdict.has_passed, verdict.reasons
    assert verdict.flip_correlation > 0.95
    assert verdict.fall is not None
    assert verdict.fall > 1


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (constant, "does not need its hottest part"),
        (elsewhere, "does not need its hottest part"),
        (right_half, "does not flip"),
        (air, "outside the head"),
    ],
)
def test_a_network_that_looks_elsewhere_fails(look: Look, reason: str) -> None:
    """Hazard: a map over healthy tissue, or one that always points at one side, is believed."""
    verdict = verdict_on(bleeding_head(), look)
    assert reason in " ".join(verdict.reasons)


def test_a_map_that_only_does_not_flip_fails_for_that_alone() -> None:
    verdict = verdict_on(bleeding_head(), right_half)
    assert [reason.split(" (")[0] for reason in verdict.reasons] == ["it does not flip with the image"]


def test_a_map_without_heat_fails() -> None:
    verdict = verdict_on(bleeding_head(is_bleeding=False), bleed)
    assert verdict.fall is None
    assert verdict.reasons == ("it has no heat in the head",)


def test_a_verdict_is_the_same_whatever_else_is_checked() -> None:
    """Same series, same checkpoint, same table: no verdict depends on the order of events."""
    volume, checkpoint = bleeding_head(), stub_checkpoint(seed=5)
    together = verdicts_on(volume, checkpoint, (0, 3, 5)).verdicts
    alone = verdicts_on(bleeding_head(), stub_checkpoint(seed=5), (3,)).verdicts
    assert together[3] == alone[3]
    assert [verdict is None for verdict in together] == [False, True, True, False, True, False]


def test_verdicts_name_series_checkpoint_and_slice() -> None:
    volume, checkpoint = bleeding_head(), stub_checkpoint()
    found = verdicts_on(volume, checkpoint)
    assert (found.series_key, found.checkpoint_sha256) == (volume.series.key, checkpoint.card.weights_sha256)
    assert found.slice_index == 1


def test_the_map_of_another_method_is_judged_by_itself() -> None:
    """Hazard: a map is believed because another method's map of the same slice passed."""

    def points_at_the_other_side(network_input: object, label: int) -> np.ndarray:
        values = np.zeros((8, 8), np.float32)
        values[3, 2] = 1.0
        return values

    checkpoint = checkpoint_that_looks_at(bleed)
    closed_form = verdicts_on(bleeding_head(), checkpoint).verdicts[0]
    other = verdicts_on(bleeding_head(), checkpoint, other_method=points_at_the_other_side).verdicts[0]
    assert closed_form is not None
    assert other is not None
    assert closed_form.has_passed
    assert not other.has_passed


def test_the_flipped_input_is_the_input_of_the_mirrored_slice() -> None:
    volume = bleeding_head()
    mirrored = make_volume(2, hu=np.asarray(volume.stored_values)[..., ::-1])
    ready = doubt(volume, 0, preprocess_volume_slice(volume, 0, STUB_SPEC))
    expected = preprocess_volume_slice(mirrored, 0, STUB_SPEC).values
    np.testing.assert_allclose(ready.flipped, expected, atol=1e-4)


def test_the_hottest_part_is_replaced_by_the_other_side_and_nothing_else_is() -> None:
    volume = bleeding_head()
    network_input = preprocess_volume_slice(volume, 0, STUB_SPEC)
    ready = doubt(volume, 0, network_input)
    class_map = nn.functional.avg_pool2d(torch.from_numpy(network_input.values[None, :1]), 8)[0, 0].numpy()
    changed = ready.without_hottest(np.clip(class_map - 0.3, 0, None))
    assert changed is not None
    is_changed = np.any(changed != network_input.values, axis=0)
    assert not is_changed[~ready.head].any()
    assert is_changed.sum() <= ready.area_px == round(0.1 * ready.head.sum())
    assert changed[:, ready.head].max() < network_input.values[:, ready.head].max() - 1


def test_a_slice_without_a_head_is_judged_too() -> None:
    volume = make_volume(hu=np.full((2, 64, 64), AIR))
    verdict = verdict_on(volume, constant)
    assert not verdict.has_passed


def test_cold_cells_are_no_heat_outside() -> None:
    head = np.array([[True, False, False]])
    assert share_outside(np.array([[3.0, 1.0, -9.0]]), head) == pytest.approx(0.25)
    assert share_outside(np.array([[-3.0, -1.0, 0.0]]), head) == 0.0


def test_no_air_is_laid_over_tissue_that_has_no_mirror_image() -> None:
    """Hazard: a hole in the head changes the score, and a map at a one-sided swelling is believed for it."""
    hu = head_hu(128, 128)
    hu[hu != AIR] = BRAIN_HU
    hu[44:84, 110:124] = BRAIN_HU
    volume = make_volume(1, hu=hu[None])
    ready = doubt(volume, 0, preprocess_volume_slice(volume, 0, STUB_SPEC))
    assert ready.mirrored_tissue[:, ready.head].min() < -1.5
    assert ready.mirrored_tissue[:, ready.replaceable].min() > -1.5
