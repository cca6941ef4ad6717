"""What sampling and class weights did to the logits of a recipe's networks, network by network.

The one thing to get wrong: the shift is ADDED to a network's own logits, before any calibration is fitted.
Platt scaling's intercept takes out what all networks have in common, so the correction changes figures only
where folds differ; and generated slices, which no figure has, are not counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from training.fit.frames import prepared_frames
from training.fit.losses import weights_of_part
from training.fit.prior_correction import logit_shift
from training.fit.units import make_sampler, units_of
from training.recipe.tree import Recipe
from training.runs.material import Material, learning_rows
from training.runs.run_folders import learned_rows


def prior_shift(recipe: Recipe, material: Material, fold: int) -> NDArray[np.float64]:
    """What to add to the logits of one network of a recipe.

    Args:
        recipe: Of six labels.
        material: It was trained on.
        fold: That the network held out; WHOLE for none.

    Returns:
        (6,), in the order of SUBTYPES.

    Raises:
        ValueError: The recipe's outputs are not the six labels.
    """
    if recipe.labels != "six":
        raise ValueError(f"{recipe.name} learns {recipe.labels!r}, not the six labels one by one.")
    rows = learning_rows(material, prepared_frames(material.sources, recipe.preprocessing))
    learned, _ = learned_rows(recipe, material, rows, fold)
    members = units_of(learned, recipe).members
    draws = np.repeat(make_sampler(learned, recipe).expected_draws, [len(unit) for unit in members])
    drawn = np.concatenate(members)
    weights = weights_of_part(learned, recipe)
    shift = logit_shift(
        learned.labels[drawn], learned.known[drawn], draws, weights.positive, weights.negative
    )
    assert shift.shape == (len(SUBTYPES),)
    return shift
