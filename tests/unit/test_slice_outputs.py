"""How a slice is scored: from patches, as the mean over varied copies, without small bleeds."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from fit_data import SIDE, spots, tiny_augmentation, tiny_recipe
from torch import Tensor, nn

from training.fit.augment import draw_variation
from training.networks.heads import PatchOutputs
from training.networks.hu_thresholds import hu_thresholds
from training.recipe.read import named_recipe
from training.recipe.tree import Recipe, Sampling
from training.runs.score_rows import score_rows, seconds_per_slice
from training.runs.slice_outputs import mean_moved_back, slice_outputs, without_small_bleeds

CPU = torch.device("cpu")
PATCH = 12
BRIGHT = (0.7 - 0.5) / 0.25
"""In between grey matter and a spot, normalized."""


def pixel_recipe(copies: int = 0, **augmentation: float) -> Recipe:
    return tiny_recipe(
        labels="pixels",
        loss=named_recipe("majumdar_unet").loss,
        augmentation=tiny_augmentation(**augmentation),
        test_copies=copies,
    )


class BrightIsBleed(nn.Module):
    """Logit 4 for subtype 3 where a pixel is bright, for none elsewhere."""

    def forward(self, images: Tensor) -> Tensor:
        pixels = torch.zeros(len(images), 6, *images.shape[2:])
        bright = images[:, 0] > BRIGHT
        pixels[:, 3], pixels[:, 0] = 4.0 * bright, 4.0 * ~bright
        return pixels


class TestPatches:
    RECIPE = tiny_recipe(
        labels="pixels", loss=named_recipe("kuo_patchfcn").loss, sampling=Sampling(patch_px=PATCH)
    )

    def test_a_slice_has_the_score_of_its_highest_patch(self) -> None:
        """Hazard: a small bleed drowned in the mean over a whole slice."""

        class ShareOfBright(nn.Module):
            def forward(self, images: Tensor) -> PatchOutputs:
                assert images.shape[2:] == (PATCH, PATCH)
                share = (images[:, 0] > BRIGHT).float().mean(dim=(1, 2))
                present = share[:, None, None] * torch.tensor([0.0, 1.0])
                return PatchOutputs(images[:, :1].repeat(1, 6, 1, 1), present.repeat(1, 6, 1))

        rows = spots(4)
        logits = score_rows(ShareOfBright(), self.RECIPE, rows, CPU)
        masks = np.stack([rows.frames.classes(row) for row in range(4)]) > 0  # type: ignore[arg-type]
        corners = [0, 4, 8, 12, 16, 20]
        highest = [
            max(mask[t : t + PATCH, le : le + PATCH].mean() for t in corners for le in corners)
            for mask in masks
        ]
        assert logits[:, 0] == pytest.approx(highest)
        assert logits[1, 0] > 2 * masks[1].mean()


class TestCopies:
    def test_maps_of_copies_are_moved_back_before_they_are_averaged(self) -> None:
        """Hazard: a bleed of the left side drawn, in part, on the right."""
        recipe = pixel_recipe(16, flip_share=0.5, rotation_degrees=10.0)
        rows = spots(12)
        for row in (1, 3, 7):
            mask = rows.frames.classes(row)
            assert mask is not None
            said = slice_outputs(BrightIsBleed(), recipe, rows, [np.array([row])], CPU)
            assert isinstance(said, Tensor)
            bleed = said[0].exp()[3].numpy()
            inner = mask & np.roll(mask, 2, 0) & np.roll(mask, -2, 0) & np.roll(mask, 2, 1)
            assert bleed[(inner & np.roll(mask, -2, 1)) > 0].min() > 0.8
            far = ~sum(np.roll(mask > 0, s, a) for s in (-3, 0, 3) for a in (0, 1)).astype(bool)
            assert bleed[far].max() < 0.3

    def test_moving_there_and_back_is_the_identity(self) -> None:
        draw = np.random.default_rng(1)
        how = tiny_augmentation(flip_share=1.0)
        matrices = draw_variation(2, how, draw).matrices
        pixels = torch.randn(1, 6, SIDE, SIDE)
        back = mean_moved_back(pixels.flip(3).repeat(2, 1, 1, 1), matrices)
        torch.testing.assert_close(back, torch.log_softmax(pixels, 1), rtol=1e-4, atol=1e-4)

    def test_what_no_copy_shows_is_no_bleed(self) -> None:
        shifted = np.array([[[1.0, 0, 1.0], [0, 1, 0]]], dtype=np.float32)  # half a frame to the right
        says_bleed = torch.zeros(1, 6, SIDE, SIDE)
        says_bleed[:, 2] = 9.0
        back = mean_moved_back(says_bleed, shifted).exp()[0]
        assert back[2, :, SIDE // 2 + 1 :].min() > 0.99
        assert back[0, :, : SIDE // 2 - 1].min() > 0.99

    def test_a_row_has_the_same_copies_in_any_company(self) -> None:
        recipe = pixel_recipe(4, flip_share=0.5, rotation_degrees=10.0, noise_hu=4.0)
        rows = spots(10)
        together = score_rows(BrightIsBleed(), recipe, rows, CPU)
        alone = score_rows(BrightIsBleed(), recipe, rows.only(np.array([7])), CPU)
        assert alone[0] == pytest.approx(together[7])

    def test_other_systems_average_their_logits(self) -> None:
        recipe = tiny_recipe(test_copies=8, augmentation=tiny_augmentation(flip_share=0.5))
        rows = spots(6)
        middle = SIDE // 2

        class LeftHalf(nn.Module):
            def forward(self, images: Tensor) -> Tensor:
                return images[:, 0, :, :middle].mean(dim=(1, 2))[:, None].expand(-1, 6)

        module = LeftHalf()
        logits = score_rows(module, recipe, rows, CPU)
        still = score_rows(module, replace(recipe, test_copies=0), rows, CPU)
        framed = torch.from_numpy(np.stack([rows.frames.framed(row) for row in range(6)]))
        mirrored = ((framed[:, 0, :, middle:].mean(dim=(1, 2)) - 0.5) / 0.25).numpy()
        low, high = np.minimum(still[:, 0], mirrored), np.maximum(still[:, 0], mirrored)
        assert (logits[:, 0] > low).all()
        assert (logits[:, 0] < high).all()

    def test_what_a_slice_costs_counts_every_copy(self) -> None:
        seen = []

        class Counting(BrightIsBleed):
            def forward(self, images: Tensor) -> Tensor:
                seen.append(len(images))
                return super().forward(images)

        seconds_per_slice(Counting(), pixel_recipe(5), spots(4), CPU)
        assert set(seen) == {5}


class TestSmallBleeds:
    def maps(self) -> Tensor:
        """A bleed of 3 pixels, sure, and one of 20, less so, which touches itself at a corner."""
        pixels = torch.zeros(1, 6, SIDE, SIDE)
        pixels[0, 0] = 5.0
        pixels[0, 0, 0, 0] = 6.0
        pixels[0, 4, 2, 2:5] = 20.0
        pixels[0, 2, 10:12, 5:10] = 8.0
        pixels[0, 2, 12:14, 10:15] = 8.0
        return pixels

    def test_a_small_bleed_does_not_decide_the_score_of_a_slice(self) -> None:
        """Hazard: every slice with a speck of noise called a bleed."""
        rows = spots(1)

        class Fixed(nn.Module):
            def forward(self, images: Tensor) -> Tensor:
                return maps

        maps = self.maps()
        logits = score_rows(Fixed(), pixel_recipe(), rows, CPU)[0]
        others = math.log(math.exp(5) + 4)
        assert logits[2] == pytest.approx(8 - others, abs=1e-4)
        assert logits[4] < -5

    def test_what_is_removed_says_what_the_surest_healthy_pixel_says(self) -> None:
        cleaned = without_small_bleeds(self.maps(), 0.5, smallest_px=10)
        torch.testing.assert_close(cleaned[0, :, 2, 3], cleaned[0, :, 0, 0])
        torch.testing.assert_close(cleaned[0, :, 11, 7], torch.log_softmax(self.maps(), 1)[0, :, 11, 7])

    def test_pixels_that_touch_at_a_corner_are_one_bleed(self) -> None:
        cleaned = without_small_bleeds(self.maps(), 0.5, smallest_px=20)
        assert cleaned[0, 2, 11, 7] > cleaned[0, 0, 11, 7]
        gone = without_small_bleeds(self.maps(), 0.5, smallest_px=21)
        assert gone[0, 2, 11, 7] < gone[0, 0, 11, 7]

    def test_the_recipes_threshold_says_what_a_bleed_is(self) -> None:
        faint = torch.zeros(1, 6, SIDE, SIDE)
        faint[0, 0] = 3.0
        faint[0, 0, 4, 4] = 1.5  # a bleed of one pixel, probability 0.53
        assert without_small_bleeds(faint, 0.5)[0, 0, 4, 4] > -0.3
        assert without_small_bleeds(faint, 0.6)[0, 0, 4, 4] < -0.7


def test_the_baseline_sees_what_lies_between_40_and_80_hu() -> None:
    spec = named_recipe("majumdar_thresholds").preprocessing
    built = hu_thresholds(spec, 1)
    module = built.module.eval()
    hu = torch.tensor([0.0, 39.0, 41.0, 79.0, 80.0, 900.0]).repeat(5, 1)
    hu[1:, 2] = 0.0  # only the first slice has both
    hu[2:, 3] = 0.0
    grey = (hu / 80).clamp(0, 1)
    images = ((grey - spec.mean[0]) / spec.std[0])[:, None, None, :]
    with torch.no_grad():
        built.last[0].weight.fill_(1.0)
        assert built.last[0].bias is not None
        built.last[0].bias.zero_()
        scores = module(images)[:, 0]
    shares = torch.tensor([2.5, 1.5, 0.5, 0.5, 0.5]) / 6
    torch.testing.assert_close(scores, shares.log(), rtol=1e-4, atol=1e-4)
