"""What a step is made of: losses, rates, sampling, variation, phases, precision, the range test."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fit_data import SIDE, spots, tiny_augmentation, tiny_recipe
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim import SGD

from training.fit import chance
from training.fit.augment import draw_variation, vary, vary_classes
from training.fit.average import decay_at, follow
from training.fit.batches import Batches
from training.fit.channels import distinct_channels, repeated
from training.fit.cutmix import cut_for, mixed, pasted
from training.fit.distributed import Processes, unsynchronized
from training.fit.loop import LOG, fit, prevalence_scores, starting_network
from training.fit.losses import (
    Targets,
    class_weights,
    constant_prior_loss,
    row_losses,
    target_known,
    target_values,
    weights_of_part,
)
from training.fit.lr_range import plot, range_test, rate_at, steepest
from training.fit.optimizers import clip, make_optimizer, set_rates
from training.fit.phase_run import TrainingError
from training.fit.phases import plan, set_learning, set_training_mode
from training.fit.place import Place
from training.fit.precision import precision_of
from training.fit.prior_correction import logit_shift
from training.fit.rows import chosen_indices, held_out_share, series_of
from training.fit.run_log import RunLog, read_log
from training.fit.sampling import Sampler
from training.fit.schedules import Plateau, momentum_at, rate_factor
from training.networks.built import Built
from training.networks.by_name import build
from training.recipe.degrade import NeedError, degraded
from training.recipe.read import named_recipe
from training.recipe.tree import Augmentation, Optimizer, RangeTest, Recipe, Sampling, Schedule

CPU = torch.device("cpu")
CYCLE = Schedule("one_cycle", 0.3, 0.04, 4e-6, (0.95, 0.85))


class TestSchedules:
    def test_one_cycle_is_torchs(self) -> None:
        parameter = nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.Adam([parameter], lr=1.0, betas=(0.9, 0.99))
        theirs = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, 1.0, total_steps=50, div_factor=25, final_div_factor=1e4, base_momentum=0.85
        )
        for step in range(50):
            group = optimizer.param_groups[0]
            assert rate_factor(CYCLE, step, 50, 50) == pytest.approx(group["lr"], rel=1e-6)
            assert momentum_at(CYCLE, step, 50) == pytest.approx(group["betas"][0], rel=1e-6)
            optimizer.step()
            if step < 49:
                theirs.step()

    def test_steps_fall_after_whole_epochs(self) -> None:
        every = Schedule("steps", factor=0.1, every_epochs=2)
        factors = [rate_factor(every, step, 60, 10.0) for step in (0, 19, 20, 39, 40)]
        assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01])

    def test_a_plateau_falls_after_its_patience_and_counts_anew(self) -> None:
        schedule, plateau, factors = Schedule("plateau", patience_epochs=2), Plateau(), []
        for loss in (1.0, 0.9, 0.95, 0.9, 0.91, 0.92, 0.5):
            plateau = plateau.after(loss, schedule)
            factors.append(plateau.factor)
        assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01, 0.01])
        assert plateau.best == 0.5

    @given(st.lists(st.floats(0.1, 50), min_size=1, max_size=5), st.integers(5, 400))
    def test_a_budget_is_spent_to_the_last_step(self, epochs: list[float], budget: int) -> None:
        phases = tuple(replace(tiny_recipe().phases[0], epochs=count) for count in epochs)
        planned = plan(phases, 7, budget)
        assert sum(phase.steps for phase in planned) == budget
        assert min(phase.steps for phase in planned) >= 1

    def test_too_small_a_budget_is_refused(self) -> None:
        with pytest.raises(ValueError, match="1 steps is too small for 2 phases"):
            plan(tiny_recipe().phases * 2, 7, 1)

    def test_sizes_share_the_steps_of_a_phase(self) -> None:
        phase = replace(tiny_recipe().phases[0], size_px=(64, 128), epochs=2.0)
        (planned,) = plan((phase,), 5)
        assert [planned.size_px(step) for step in range(10)] == [64] * 5 + [128] * 5
        assert [step for step in range(10) if planned.steers_after(step)] == [4, 9]


class TestSampling:
    CLASSES = np.array([1] * 3 + [0] * 9)

    def sampler(self, sampling: Sampling, batch_size: int = 4, centers: Any = None) -> Sampler:
        distances = np.zeros(12) if centers is None else centers
        return Sampler(sampling, self.CLASSES, distances, batch_size, seed=1)

    def epoch(self, sampler: Sampler, number: int = 0) -> list[int]:
        steps = range(number * sampler.steps_per_epoch, (number + 1) * sampler.steps_per_epoch)
        return [int(u) for s in steps for u in sampler.units_of(0, s, chance.generator(1, s))]

    @given(st.integers(1, 15))
    def test_shuffled_uses_every_row_once_an_epoch(self, batch_size: int) -> None:
        sampler = self.sampler(Sampling(), batch_size)
        assert sorted(self.epoch(sampler)) == list(range(12))
        assert self.epoch(sampler, 0) != self.epoch(sampler, 1)

    def test_a_step_gives_the_same_rows_whenever_it_is_asked(self) -> None:
        ahead, late = self.sampler(Sampling()), self.sampler(Sampling())
        for step in (5, 0, 7, 2):
            drawn = [s.units_of(0, step, chance.generator(1, step)).tolist() for s in (ahead, late)]
            assert drawn[0] == drawn[1]
            late.units_of(0, 11, chance.generator(1, 11))

    def test_hybrid_repeats_bleeding_rows_and_leaves_others_out(self) -> None:
        drawn = Counter(self.epoch(self.sampler(Sampling("hybrid", positive_share=0.5))))
        assert [drawn[row] for row in range(3)] == [2, 2, 2]
        assert sum(drawn[row] for row in range(3, 12)) == 6
        assert max(drawn[row] for row in range(3, 12)) == 1

    def test_class_balanced_draws_classes_alike(self) -> None:
        sampler = self.sampler(Sampling("class_balanced"))
        drawn = [row for number in range(100) for row in self.epoch(sampler, number)]
        assert np.mean(np.asarray(drawn) < 3) == pytest.approx(0.5, abs=0.05)

    def test_center_biased_draws_the_middle_more_often(self) -> None:
        centers = np.array([0.0, 0.5] * 6)
        sampler = self.sampler(Sampling("center_biased", center_spread=0.25), centers=centers)
        drawn = [row for number in range(100) for row in self.epoch(sampler, number)]
        assert np.mean(np.asarray(drawn) % 2) == pytest.approx(math.exp(-2) / (1 + math.exp(-2)), abs=0.03)

    def test_an_empty_class_is_refused(self) -> None:
        with pytest.raises(ValueError, match="with and without a bleed"):
            Sampler(Sampling("class_balanced"), np.zeros(4, dtype=np.int64), np.zeros(4), 2, 1)


class TestPriorCorrection:
    def test_resampling_is_taken_back(self) -> None:
        labels = np.array([[1.0], [0], [0], [0]])
        shift = logit_shift(labels, labels >= 0, np.array([3.0, 1, 1, 1]))
        assert shift == pytest.approx([math.log(1 / 3) - 0.0])

    def test_weights_are_taken_back(self) -> None:
        labels = np.array([[1.0], [0]])
        assert logit_shift(
            labels, labels >= 0, np.ones(2), np.array([6.0]), np.array([2.0])
        ) == pytest.approx([-math.log(3)])

    def test_a_label_without_positives_is_left_alone(self) -> None:
        assert logit_shift(
            np.zeros((3, 1)), np.ones((3, 1), dtype=np.bool_), np.array([5.0, 1, 1])
        ).tolist() == [0.0]

    def test_the_sampler_tells_what_it_did(self) -> None:
        """Hazard: scores of a balanced training read as probabilities in a clinic where one in ten bleeds."""
        classes = np.array([1] * 10 + [0] * 90)
        sampler = Sampler(Sampling("class_balanced"), classes, np.zeros(100), 10, 1)
        labels = classes[:, None].astype(float)
        shift = logit_shift(labels, labels >= 0, sampler.expected_draws)
        assert shift == pytest.approx([math.log(1 / 9)])


class TestLosses:
    def recipe(self, **loss: Any) -> Recipe:
        recipe = tiny_recipe()
        return replace(recipe, loss=replace(recipe.loss, **loss))

    def losses(
        self, recipe: Recipe, logits: torch.Tensor, values: torch.Tensor, known: Any = None
    ) -> torch.Tensor:
        given_labels = torch.ones_like(values) if known is None else known
        part = np.array([[0.0] * 6, [1.0] * 6, [0.0] * 6, [0.0] * 6])
        weights = class_weights(part, np.ones_like(part), recipe)
        return row_losses(logits, Targets(values, given_labels), recipe, recipe.phases[0], weights)

    def test_bce_is_torchs(self) -> None:
        logits, values = torch.randn(5, 6), (torch.rand(5, 6) < 0.5).float()
        expected = nn.functional.binary_cross_entropy_with_logits(logits, values)
        torch.testing.assert_close(self.losses(self.recipe(), logits, values).mean(), expected)

    def test_smoothing_moves_the_targets(self) -> None:
        losses = self.losses(self.recipe(smoothing=0.2), torch.full((1, 6), math.log(3)), torch.ones(1, 6))
        assert float(losses) == pytest.approx(0.9 * math.log(4 / 3) + 0.1 * math.log(4))

    def test_what_nobody_labeled_counts_nothing(self) -> None:
        """Hazard: a label that was never given learned as 'no bleed'."""
        known = torch.tensor([[1.0, 0, 0, 0, 0, 0]])
        logits = torch.tensor([[math.log(3), 50, 50, 50, 50, 50]])
        losses = self.losses(self.recipe(), logits, torch.zeros(1, 6), known)
        assert float(losses) == pytest.approx(math.log(4) / 6)

    def test_balanced_weights_are_n_over_twice_the_class(self) -> None:
        values = np.array([[1.0], [0], [0], [0]])
        weights = class_weights(values, np.ones_like(values), self.recipe(class_weights="balanced"))
        assert (weights.positive[0], weights.negative[0]) == pytest.approx((2, 2 / 3))

    def test_an_empty_class_is_named(self) -> None:
        values = np.ones((4, 6)) * [1, 0, 1, 1, 1, 1]
        values[0] = 0
        with pytest.raises(ValueError, match="'epidural' is empty"):
            class_weights(values, np.ones_like(values), self.recipe(class_weights="balanced"))

    def test_a_slice_with_two_subtypes_counts_as_the_first(self) -> None:
        recipe = named_recipe("ciardelli_resnet34")
        labels = np.array([[1, 0, 1, 0, 1, 0], [0, 0, 0, 0, 0, 0]])
        assert target_values(labels, recipe).argmax(axis=1).tolist() == [2, 0]
        known = np.array([[True] * 6, [True] + [False] * 5])
        assert target_known(known, recipe)[:, 0].tolist() == [1, 0]

    def test_the_constant_priors_loss_is_the_entropy(self) -> None:
        values = np.array([[1.0] * 6, [0.0] * 6])
        assert constant_prior_loss(values, self.recipe()) == pytest.approx(math.log(2))

    def test_biases_start_at_the_reports_value(self) -> None:
        """14.8 % with a bleed gives the report's -1.75."""
        recipe = named_recipe("melinte_resnet101_bias")
        labels = np.zeros((1000, 6), dtype=np.float32)
        labels[:148, [0, 5]] = 1
        rows = replace(spots(4), labels=labels, known=labels >= 0, indices=np.arange(1000))
        assert prevalence_scores(rows, recipe).tolist() == pytest.approx([-1.75], abs=0.001)


class TestVariation:
    def test_masks_move_with_their_slices(self) -> None:
        image = np.zeros((1, 1, 32, 32), dtype=np.float32)
        image[0, 0, 4:10, 6:14] = 0.9
        how = Augmentation(flip_share=1.0, rotation_degrees=20.0, shift=0.1)
        variation = draw_variation(1, how, np.random.default_rng(0))
        moved = vary(image, variation, 70.0, 32, 1)[0, 0].numpy() > 0.45
        classes = vary_classes((image[:, 0] > 0).astype(np.int64), variation, 32)[0] > 0
        assert (moved != classes).mean() < 0.02
        assert classes[:, 16:].sum() > classes[:, :16].sum()

    def test_a_random_cut_shows_a_part_at_full_size(self) -> None:
        ramp = np.linspace(0.1, 0.9, 64, dtype=np.float32)
        image = np.broadcast_to(ramp, (50, 1, 64, 64)).copy()
        variation = draw_variation(50, Augmentation(crop_share=0.5), np.random.default_rng(0))
        cut = vary(image, variation, 70.0, 32, 1)[:, 0, 16]
        spans = (cut[:, -1] - cut[:, 0]).numpy()
        assert spans == pytest.approx(0.4 * 31 / 32, abs=0.02)
        assert cut[:, 0].min() < 0.15
        assert cut[:, 0].max() > 0.45

    def test_neighbours_can_fall_out(self) -> None:
        image = np.stack([np.full((4, 4), level, np.float32) for level in (0.2, 0.5, 0.8)])[None]
        variation = draw_variation(1, Augmentation(neighbour_dropout=1.0), np.random.default_rng(0))
        assert vary(image, variation, 70.0, 4, copies=3)[0, :, 0, 0].tolist() == pytest.approx([0.5] * 3)

    def test_a_part_of_the_batch_is_varied_as_in_the_whole(self) -> None:
        how = tiny_augmentation(flip_share=0.5, noise_hu=3.0, rotation_degrees=9.0, jpeg_share=0.5)
        variation = draw_variation(6, how, np.random.default_rng(0))
        image = np.random.default_rng(1).random((6, 1, 16, 16), dtype=np.float32)
        whole = vary(image, variation, 70.0, 16, 1)
        part = np.array([1, 4])
        assert torch.equal(vary(image[part], variation.part(part), 70.0, 16, 1), whole[part])

    def test_equal_windows_are_repeated_for_the_network(self) -> None:
        spec = replace(tiny_recipe().preprocessing, neighbours=1, mean=(0.0,) * 6, std=(1.0,) * 6,
            windows=tiny_recipe().preprocessing.windows * 2)  # fmt: skip
        assert distinct_channels(spec) == [0, 2, 4]
        grey = np.arange(3, dtype=np.float32)[:, None, None] * np.ones((3, 2, 2), np.float32)
        assert repeated(grey, spec)[:, 0, 0].tolist() == [0, 0, 1, 1, 2, 2]
        with pytest.raises(ValueError, match="2 framed channels were given, 3 are wanted"):
            repeated(grey[:2], spec)


class TestCutMix:
    def test_a_cut_is_made_once_for_all(self) -> None:
        cuts = [cut_for(5, np.arange(9), (32, 32), 1.0, seed=3) for _ in range(2)]
        assert cuts[0] == cuts[1]
        assert cut_for(6, np.arange(9), (32, 32), 1.0, seed=3) != cuts[0]

    def test_sides_follow_the_report(self) -> None:
        cuts = [cut_for(row, np.arange(9), (1000, 1000), 1.0, seed=0) for row in range(600)]
        corners = [cut.rows.start for cut in cuts]
        assert np.mean(corners) == pytest.approx(500, abs=40)
        inner = [
            cut.rows.stop - cut.rows.start for cut in cuts if cut.rows.stop < 1000 and cut.rows.start < 100
        ]
        assert all(0 <= length <= 1000 for length in inner)
        share = np.mean([cut.share for cut in cuts])
        assert 0.05 < share < 0.3

    @pytest.mark.parametrize(("kind", "keeps"), [("kept_label", True), ("mixed_by_area", False)])
    def test_one_recipe_keeps_the_label_and_the_other_mixes(self, kind: str, keeps: bool) -> None:
        rows = spots(8)
        recipe = tiny_recipe(batch_size=8, augmentation=tiny_augmentation(cutmix=kind))
        batches = Batches(rows, recipe, plan(recipe.phases, 1)[0], 0, Processes())
        batch, seen = batches[0], False
        for unit, image, values in zip(batch.units, batch.images, batch.targets.values, strict=True):
            cut = cut_for(int(unit), rows.indices, (SIDE, SIDE), 1.0, recipe.seed)
            own, other = rows.frames.framed(int(unit)), rows.frames.framed(cut.other)
            np.testing.assert_allclose(image * 0.25 + 0.5, pasted(own, other, cut), atol=1e-5)
            label, pasted_label = rows.labels[int(unit)], rows.labels[cut.other]
            expected = label if keeps else mixed(label, pasted_label, cut)
            np.testing.assert_allclose(values, expected, atol=1e-6)
            seen |= cut.share > 0 and not np.array_equal(label, pasted_label)
        assert seen


class TestPhases:
    def build(self, **phase: Any) -> tuple[Any, Any]:
        recipe = named_recipe("ciardelli_resnet18")
        built = build(recipe)
        changed = replace(recipe.phases[0], **phase)
        set_learning(built, changed)
        set_training_mode(built, changed)
        return built, changed

    @pytest.mark.parametrize(
        ("mode", "frozen_updates", "head_updates"),
        [("with_its_part", False, True), ("always_updates", True, True), ("never_updates", False, False)],
    )
    def test_batch_norms_update_where_they_should(
        self, mode: str, frozen_updates: bool, head_updates: bool
    ) -> None:
        """Hazard: a frozen body whose statistics drift away from the weights they belong to."""
        built, _ = self.build(batch_norm=mode)
        body, head = built.module.features.bn1, built.module.head.layers[0]
        before = [norm.running_mean.clone() for norm in (body, head)]
        built.module(torch.randn(4, 3, 64, 64))
        moved = [
            not torch.equal(norm.running_mean, old) for norm, old in zip((body, head), before, strict=True)
        ]
        assert moved == [frozen_updates, head_updates]

    def test_decay_in_the_loss_and_on_the_weights_differ(self) -> None:
        made = []
        for decoupled in (False, True):
            built, phase = self.build()
            optimizer = make_optimizer(built, Optimizer("adam", 0.1, decoupled), phase)
            made.append(type(optimizer).__name__)
        assert made == ["Adam", "AdamW"]

    def test_momentum_goes_against_the_rate(self) -> None:
        built, phase = self.build()
        adam = make_optimizer(built, Optimizer("adam"), phase)
        set_rates(adam, 0.1, 0.85)
        assert adam.param_groups[0]["betas"] == (0.85, 0.999)
        sgd = make_optimizer(built, Optimizer("sgd", momentum=0.9), phase)
        set_rates(sgd, 0.1, 0.7)
        assert sgd.param_groups[0]["momentum"] == 0.7

    def test_a_long_gradient_is_shortened(self) -> None:
        layer = nn.Linear(2, 1)
        layer(torch.ones(1, 2)).sum().backward()
        moving = SGD([layer.weight], lr=0.1)
        clip(moving, 0.0)
        assert layer.weight.grad.tolist() == [[1, 1]]
        clip(moving, 0.5)
        assert float(layer.weight.grad.norm()) == pytest.approx(0.5)
        assert layer.bias.grad.tolist() == [1]

    def test_no_length_to_keep_to_is_no_length_to_measure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Measuring makes the processor wait for the graphics card at every step."""
        monkeypatch.delattr(nn.utils, "clip_grad_norm_")
        clip(SGD(nn.Linear(2, 1).parameters(), lr=0.1), 0.0)

    def test_what_is_frozen_keeps_no_gradient_of_an_earlier_phase(self) -> None:
        built = with_norm()
        built.module(torch.ones(2, 1, 8, 8)).sum().backward()
        set_learning(built, replace(tiny_recipe().phases[0], trainable=("head",)))
        has_gradient = {name for name, each in built.module.named_parameters() if each.grad is not None}
        assert has_gradient == {"1.2.weight", "1.2.bias"}

    def test_the_average_follows_closely_at_first(self) -> None:
        assert decay_at(0, 0.99) == 0.1
        assert decay_at(10_000, 0.99) == 0.99
        average, network = nn.Linear(1, 1), nn.Linear(1, 1)
        nn.init.zeros_(average.weight)
        nn.init.ones_(network.weight)
        follow(average, network, 0.75)
        assert average.weight.item() == pytest.approx(0.25)


class TestPrecision:
    def test_half_precision_on_a_cpu_is_full_and_says_so(self, tmp_path: Path) -> None:
        recipe = tiny_recipe()
        recipe = replace(recipe, phases=(replace(recipe.phases[0], precision="fp16"),))
        fitted = fit(recipe, spots(8), Place(tmp_path, CPU), budget=1)
        assert "fp16 with loss scaling needs a graphics card" in fitted.lost[0]

    def test_bf16_computes_in_16_bits_and_keeps_32(self) -> None:
        precision = precision_of(replace(tiny_recipe().phases[0], precision="bf16"), CPU)
        layer = nn.Linear(4, 4)
        with precision.passes():
            assert layer(torch.ones(1, 4)).dtype == torch.bfloat16
        assert layer.weight.dtype == torch.float32
        assert not precision.lost


def with_norm() -> Built:
    """A slice network of a convolution, a batch norm and a head."""
    block = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 6))
    return Built(nn.Sequential(block, head), (block,), 1, {"head": (head,)})


def synchronized_norms(built: Built) -> Built:
    """As among several graphics cards."""
    names = {id(module): name for name, module in built.module.named_modules()}
    module = nn.SyncBatchNorm.convert_sync_batchnorm(built.module)
    found = dict(module.named_modules())
    parts = {name: tuple(found[names[id(each)]] for each in part) for name, part in built.parts.items()}
    return replace(
        built, module=module, body=tuple(found[names[id(each)]] for each in built.body), parts=parts
    )


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums over threads differ in their last bits, and where a flat curve falls most may turn on them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class TestRangeTest:
    def test_the_steepest_fall_is_found(self) -> None:
        rates = [10.0**power for power in range(-6, 1)]
        losses = [1.0, 1.0, 0.95, 0.6, 0.2, 0.15, 3.0]
        assert steepest(rates, losses) == 1e-3

    def test_a_test_that_is_lost_at_once_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="lost in its first steps"):
            steepest([1.0, 2.0], [math.nan, math.nan])

    @pytest.mark.usefixtures("one_thread")
    def test_it_leaves_the_network_alone_and_draws_its_curve(self, tmp_path: Path) -> None:
        rows = spots(16)
        test = RangeTest(1e-5, 10.0, 25)
        recipe = tiny_recipe(range_test=test)
        built = starting_network(recipe, rows)
        before = {name: value.clone() for name, value in built.module.state_dict().items()}
        weights = weights_of_part(rows, recipe)
        found = range_test(built, recipe, plan(recipe.phases, 2)[0], 0, rows, weights, CPU)
        assert all(torch.equal(before[name], value) for name, value in built.module.state_dict().items())
        assert found.rates[0] == rate_at(test, 0) == pytest.approx(1e-5)
        assert 1e-5 < found.chosen < 10
        plot(found, tmp_path / "curve.svg", "tiny")
        assert "steepest fall" in (tmp_path / "curve.svg").read_text(encoding="utf-8")

    def test_it_waits_for_no_other_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It runs in the first process alone, on a copy of a network whose batch norms gather from all."""

        def wait_forever(*given: object) -> None:
            raise AssertionError("a synchronized batch norm was asked")

        rows, recipe = spots(16), tiny_recipe(range_test=RangeTest(1e-5, 1.0, 5))
        built = synchronized_norms(with_norm())
        monkeypatch.setattr(nn.SyncBatchNorm, "forward", wait_forever)
        weights = weights_of_part(rows, recipe)
        found = range_test(built, recipe, plan(recipe.phases, 2)[0], 0, rows, weights, CPU)
        assert len(found.rates) == 5
        assert any(isinstance(module, nn.SyncBatchNorm) for module in built.module.modules())

    @pytest.mark.parametrize("shape", [(4, 3), (4, 3, 5, 5)])
    def test_a_norm_that_is_taken_back_counts_as_it_did(self, shape: tuple[int, ...]) -> None:
        norm = nn.BatchNorm1d(3) if len(shape) == 2 else nn.BatchNorm2d(3)
        plain = Built(nn.Sequential(norm), (norm,), 1, {})
        again = unsynchronized(synchronized_norms(copy.deepcopy(plain)))
        values = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        torch.testing.assert_close(again.module(values), plain.module(values))
        assert again.body == (again.module[0],)  # type: ignore[index]
        for name, value in plain.module.state_dict().items():
            torch.testing.assert_close(again.module.state_dict()[name], value)

    def test_a_norm_that_is_taken_back_shares_weights_and_statistics(self) -> None:
        built = synchronized_norms(with_norm())
        before = {name: id(value) for name, value in built.module.state_dict(keep_vars=True).items()}
        again = unsynchronized(built)
        assert before == {name: id(value) for name, value in again.module.state_dict(keep_vars=True).items()}
        assert not any(isinstance(module, nn.SyncBatchNorm) for module in again.module.modules())

    @pytest.mark.usefixtures("one_thread")
    def test_a_phase_uses_what_it_finds(self, tmp_path: Path) -> None:
        recipe = tiny_recipe(peak_rate="range_test", range_test=RangeTest(1e-5, 1.0, 12))
        fit(recipe, spots(16), Place(tmp_path, CPU), budget=2)
        assert (tmp_path / "lr-range-0.svg").exists()
        assert 1e-5 < read_log(tmp_path / LOG)[-1]["rate"] < 1.0


class TestRows:
    def test_bleeding_rows_and_balanced_rows(self) -> None:
        rows = spots(24)
        bleeding = chosen_indices(rows, tiny_recipe(rows="bleeding"))
        assert rows.labels[bleeding, 0].all()
        few = rows.only(np.arange(24)[[1, 3, *range(0, 24, 2)]])
        balanced = chosen_indices(few, tiny_recipe(rows="balanced"))
        assert rows.labels[balanced, 0].mean() == 0.5
        assert len(balanced) == 4

    def test_five_slices_from_the_middle_upwards(self) -> None:
        rows = spots(24, slices_per_series=12)
        chosen = chosen_indices(rows, tiny_recipe(rows="middle_five"))
        assert chosen.tolist() == [*range(6, 11), *range(18, 23)]

    def test_the_bleeding_ones_among_those_five(self) -> None:
        """The middle is that of the whole series, not of its bleeding slices."""
        rows = spots(24, slices_per_series=12)
        chosen = chosen_indices(rows, tiny_recipe(rows="middle_five_bleeding"))
        assert chosen.tolist() == [row for row in (*range(6, 11), *range(18, 23)) if rows.labels[row, 0]]
        assert 0 < len(chosen) < 10

    def test_nothing_left_is_an_error(self) -> None:
        rows = spots(24)
        with pytest.raises(ValueError, match="No row is left"):
            chosen_indices(rows.only(np.arange(0, 24, 2)), tiny_recipe(rows="bleeding"))

    def test_whole_groups_are_held_out(self) -> None:
        """Hazard: slices of one patient on both sides of what training steers by."""
        rows = spots(24, slices_per_series=4)
        learned, held = held_out_share(rows, rows.indices, 0.3, seed=1)
        assert not set(rows.groups[learned]) & set(rows.groups[held])
        assert sorted([*learned, *held]) == list(range(24))
        with pytest.raises(ValueError, match="too few"):
            held_out_share(rows, rows.indices[:4], 0.3, seed=1)

    def test_series_are_in_the_order_of_their_places(self) -> None:
        rows = replace(spots(6, slices_per_series=3), places=np.array([3.0, 1, 2, 5, 4, 6]))
        assert [part.tolist() for part in series_of(rows, rows.indices)] == [[1, 2, 0], [4, 3, 5]]


class TestBatches:
    def batches(self, recipe: Recipe, **processes: int) -> Batches:
        return Batches(spots(20), recipe, plan(recipe.phases, 3)[0], 0, Processes(**processes))

    def test_loaders_that_work_ahead_change_nothing(self, tmp_path: Path) -> None:
        recipe = tiny_recipe(augmentation=tiny_augmentation(noise_hu=2.0, flip_share=0.5))
        weights = []
        for workers in (0, 2):
            folder = tmp_path / str(workers)
            folder.mkdir()
            fitted = fit(recipe, spots(16), Place(folder, CPU, workers=workers), budget=3)
            weights.append(torch.cat([p.detach().flatten() for p in fitted.network.parameters()]))
        assert torch.equal(weights[0], weights[1])

    def test_processes_share_a_batch_and_vary_it_alike(self) -> None:
        recipe = tiny_recipe(augmentation=tiny_augmentation(noise_hu=2.0, rotation_degrees=5.0))
        whole = self.batches(recipe)[1]
        parts = [self.batches(recipe, rank=rank, count=2)[1] for rank in range(2)]
        for rank, part in enumerate(parts):
            assert part.units.tolist() == whole.units[rank::2].tolist()
            torch.testing.assert_close(part.images, whole.images[rank::2])
            assert part.whole == whole.whole

    def test_short_series_are_filled_up_with_what_is_not_known(self) -> None:
        rows = spots(7, slices_per_series=4)
        recipe = tiny_recipe(sampling=Sampling(unit="series", series_length=4), batch_size=2)
        batch = Batches(rows, recipe, plan(recipe.phases, 1)[0], 0, Processes())[0]
        assert batch.images.shape == (2, 4, 1, SIDE, SIDE)
        assert sorted(batch.targets.known[:, :, 0].sum(dim=1).tolist()) == [3, 4]

    @pytest.mark.parametrize("share", [0.0, 1.0])
    def test_a_share_of_the_patches_of_bleeding_slices_is_cut_around_bleeds(self, share: float) -> None:
        recipe = tiny_recipe(
            labels="pixels",
            sampling=Sampling(patch_px=16, bleed_patch_share=share),
            batch_size=20,
            loss=named_recipe("majumdar_unet").loss,
        )
        batch = self.batches(recipe)[0]
        assert batch.images.shape[2:] == (16, 16)
        assert batch.targets.classes is not None
        assert batch.targets.classes.shape == (len(batch.images), 16, 16)
        bright = batch.images[:, 0] > (0.7 - 0.5) / 0.25
        assert torch.equal(bright, batch.targets.classes > 0)
        shows_bleed = bright.flatten(1).any(dim=1)
        bleeds = batch.targets.values[:, 0] > 0
        assert bool(shows_bleed[bleeds].all()) == (share == 1.0)


class TestEnds:
    def test_a_loss_that_is_no_number_ends_the_run(self, tmp_path: Path) -> None:
        recipe = tiny_recipe(peak_rate=1e30, optimizer=Optimizer("sgd"))
        with pytest.raises(TrainingError, match=r"at step .* of phase 0: the learning rate"):
            fit(recipe, spots(16), Place(tmp_path, CPU), budget=10)

    def test_lines_of_steps_that_are_made_again_are_taken_back(self, tmp_path: Path) -> None:
        with RunLog(tmp_path / "log", 10, 0, "x") as log:
            for done in (2, 4, 6):
                log.write("step", done=done)
        with (tmp_path / "log").open("a", encoding="utf-8") as file:
            file.write('{"event": "st')
        with RunLog(tmp_path / "log", 10, 4, "x") as log:
            log.write("step", done=5)
        assert [line["done"] for line in read_log(tmp_path / "log")] == [2, 4, 5]

    def test_the_best_weights_are_kept_where_asked_for(self, tmp_path: Path) -> None:
        recipe = tiny_recipe(epochs=6.0, keeps="best", validation_share=0.3, peak_rate=0.1)
        rows = spots(24)
        learned, held = held_out_share(rows, rows.indices, 0.3, 1)
        fitted = fit(recipe, rows.only(learned), Place(tmp_path, CPU), validation=rows.only(held))
        losses = [line["loss"] for line in read_log(tmp_path / LOG) if line["event"] == "validation"]
        assert fitted.validation_loss == pytest.approx(min(losses), rel=1e-5)


class TestDegrading:
    def test_a_lacking_source_is_refused_by_the_names_of_its_needs(self) -> None:
        recipe = named_recipe("ojha_mobilenet_v2")
        with pytest.raises(NeedError, match="ojha_mobilenet_v2 needs spacing, hu_beyond_brain_window"):
            degraded(recipe, {"spacing", "hu_beyond_brain_window"}, is_allowed=False)
        assert degraded(recipe, {"masks"}, is_allowed=False) == (recipe, ())

    def test_degrading_says_what_was_lost(self) -> None:
        """Hazard: pixels of unknown size taken for millimeters."""
        run, lost = degraded(named_recipe("ojha_resnet50"), {"spacing"}, is_allowed=True)
        assert run.preprocessing.frame == "head"
        assert "no known size" in lost[0]

    def test_without_masks_there_is_nothing_to_learn(self) -> None:
        with pytest.raises(NeedError, match="needs masks"):
            degraded(named_recipe("majumdar_unet"), {"masks"}, is_allowed=True)
