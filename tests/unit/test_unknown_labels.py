"""A label that nobody gave: neither positive nor negative, wherever labels are counted or rows are drawn."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fit_data import spots, tiny_recipe

from training.fit.loop import prevalence_scores
from training.fit.losses import weights_of_part
from training.fit.prior_correction import logit_shift
from training.fit.rows import TrainingRows, chosen_indices
from training.fit.units import units_of

ANY, SUBDURAL = 0, 5


def half_unknown(labels: dict[int, tuple[int, ...]]) -> TrainingRows:
    """Eight slices: of the first four all labels are known, of the others none; (row: positive labels)."""
    rows = spots(8)
    given = np.zeros((8, 6), dtype=np.float32)
    for row, positive in labels.items():
        given[row, list(positive)] = 1
    known = np.ones((8, 6), dtype=np.bool_)
    known[4:] = False
    return replace(rows, labels=given, known=known)


@pytest.mark.parametrize("kind", ["binary", "cross_entropy"])
def test_balanced_weights_count_only_labels_that_were_given(kind: str) -> None:
    """Hazard: slices that nobody read counted as healthy, so that a bleed weighs too much."""
    rows = half_unknown({0: (ANY, SUBDURAL)})
    loss = replace(
        tiny_recipe().loss, class_weights="balanced", kind="bce" if kind == "binary" else "cross_entropy"
    )
    weights = weights_of_part(rows, tiny_recipe(labels="binary", loss=loss))
    # One of four that are known bleeds.
    if kind == "binary":
        assert (weights.positive[0], weights.negative[0]) == pytest.approx((2, 2 / 3))
    else:
        assert weights.positive == pytest.approx((2 / 3, 2))


def test_a_bias_starts_at_the_prevalence_of_what_was_read() -> None:
    """Hazard: a network that starts, and stays, too sure that there is no bleed."""
    rows = half_unknown({0: (ANY, SUBDURAL)})
    scores = prevalence_scores(rows, tiny_recipe(labels="binary"))
    assert scores.tolist() == pytest.approx([math.log(1 / 3)])


def test_a_label_that_was_given_nowhere_has_no_bias_to_start_at() -> None:
    rows = replace(half_unknown({}), known=np.zeros((8, 6), dtype=np.bool_))
    with pytest.raises(ValueError, match="always or never positive"):
        prevalence_scores(rows, tiny_recipe(labels="binary"))


def test_the_prior_is_corrected_by_shares_of_what_was_read() -> None:
    """Hazard: probabilities shifted by slices that nobody read."""
    rows = half_unknown({0: (ANY,)})
    draws = np.array([3.0, 1, 1, 1, 50, 50, 50, 50])
    shift = logit_shift(rows.labels[:, :1], rows.known[:, :1], draws)
    assert shift == pytest.approx([math.log(1 / 3) - math.log(1)])


def test_no_slice_that_nobody_read_is_drawn_as_one_without_bleed() -> None:
    """Hazard: slices of a bleeding study, of which no one said where it bleeds, learned as healthy ones."""
    rows = half_unknown({0: (ANY, SUBDURAL), 1: (ANY, SUBDURAL)})
    rows = replace(rows, known=rows.known | (np.arange(8)[:, None] >= 4) & (np.arange(6)[None] == 1))
    chosen = chosen_indices(rows, tiny_recipe(rows="balanced"))
    assert chosen.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("unit", ["slice", "series"])
def test_a_subtype_is_a_bleed_where_nobody_said_any(unit: Any) -> None:
    rows = half_unknown({6: (SUBDURAL,)})
    known = rows.known.copy()
    known[6, SUBDURAL] = True
    recipe = tiny_recipe()
    recipe = replace(recipe, sampling=replace(recipe.sampling, unit=unit, series_length=4))
    assert units_of(replace(rows, known=known), recipe).classes.tolist() == [0, 0, 0, 0, 0, 0, 1, 0]
