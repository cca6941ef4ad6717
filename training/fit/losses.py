"""What is made small, row by row.

Every loss gives one number per row, and a batch's loss is their sum divided by the number of rows: several
processes that each hold a part of the batch then get exactly one process's gradient. The one thing to get
wrong: weights multiply a row's loss and are not divided out again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ichviewer.core.findings import SUBTYPES
from training.fit.rows import TrainingRows
from training.networks.heads import Outputs, PatchOutputs
from training.recipe.tree import Phase, Recipe


@dataclass(frozen=True, eq=False)
class Targets:
    """What the outputs of a batch should be.

    Attributes:
        values: (n, outputs), or (n, slices, outputs) for series; in [0, 1].
        known: Same shape; 0 where nobody said, and for slices that only fill up a series.
        classes: (n, h, w), class of every pixel, int64; None without masks.
    """

    values: Tensor
    known: Tensor
    classes: Tensor | None = None


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """Factors on the loss of positive and negative labels, each (outputs,)."""

    positive: NDArray[np.float64]
    negative: NDArray[np.float64]


def target_values(labels: NDArray[np.floating], recipe: Recipe) -> NDArray[np.float32]:
    """Targets of a recipe's outputs from the six labels.

    Args:
        labels: (..., 6), 0 or 1.
        recipe: Says what is learned.

    Returns:
        (..., outputs). Of exclusive classes exactly one is 1; a slice with several subtypes counts as the
        first.
    """
    labels = np.asarray(labels, dtype=np.float32)
    if recipe.labels in ("five", "five_heads"):
        return labels[..., 1:]
    if recipe.labels in ("single_label", "pixels"):
        first = np.where(labels[..., 1:].any(axis=-1), labels[..., 1:].argmax(axis=-1) + 1, 0)
        return np.eye(6, dtype=np.float32)[first] if recipe.labels == "single_label" else labels
    if recipe.labels == "binary":
        bleeding = labels[..., :1]
        is_softmax = recipe.loss.kind == "cross_entropy"
        return np.concatenate([1 - bleeding, bleeding], axis=-1) if is_softmax else bleeding
    return labels


def target_known(known: NDArray[np.bool_], recipe: Recipe) -> NDArray[np.float32]:
    """Which targets were given, (..., outputs), from which labels were, (..., 6)."""
    given = np.asarray(known, dtype=np.float32)
    if recipe.labels in ("five", "five_heads"):
        return given[..., 1:]
    if recipe.labels == "single_label":
        return np.repeat(given.min(axis=-1, keepdims=True), 6, axis=-1)
    if recipe.labels == "binary":
        return np.repeat(given[..., :1], 2 if recipe.loss.kind == "cross_entropy" else 1, axis=-1)
    return given


def class_weights(values: NDArray[np.floating], known: NDArray[np.floating], recipe: Recipe) -> ClassWeights:
    """Weights of the classes in the training part: n / (2 n_class) per label where they are balanced.

    Args:
        values: (rows, outputs), targets of the training part.
        known: (rows, outputs), from ``target_known``: what nobody said is in no class.
        recipe: Says whether.

    Raises:
        ValueError: A class is empty; names the label.
    """
    count = values.shape[-1]
    if recipe.loss.class_weights == "none":
        return ClassWeights(np.ones(count), np.ones(count))
    given = known.sum(axis=0, dtype=np.float64)
    positive = (values * known).sum(axis=0, dtype=np.float64)
    if recipe.loss.kind == "cross_entropy":
        _refuse_empty(positive, recipe)
        return ClassWeights(given / (count * positive), np.ones(count))
    negative = given - positive
    _refuse_empty(np.minimum(positive, negative), recipe)
    return ClassWeights(given / (2 * positive), given / (2 * negative))


def weights_of_part(rows: TrainingRows, recipe: Recipe) -> ClassWeights:
    """``class_weights`` of the rows that may be used."""
    labels, known = rows.labels[rows.indices], rows.known[rows.indices]
    return class_weights(target_values(labels, recipe), target_known(known, recipe), recipe)


def _refuse_empty(counts: NDArray[np.float64], recipe: Recipe) -> None:
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        names = [str(label) for label in SUBTYPES]
        if recipe.labels in ("five", "five_heads"):
            names = names[1:]
        elif recipe.labels == "single_label":
            names[0] = "no bleed"
        raise ValueError(
            f"The class {names[empty[0]]!r} is empty on one side in the training part, so its weight "
            "cannot be balanced."
        )


def row_losses(
    outputs: Outputs, targets: Targets, recipe: Recipe, phase: Phase, weights: ClassWeights
) -> Tensor:
    """Loss of every row, (n,), float32.

    Args:
        outputs: Of the network.
        targets: Of the batch.
        recipe: Kind of loss, smoothing.
        phase: Label weights; which branches of a patch network learn.
        weights: Of the classes.
    """
    kind = recipe.loss.kind
    if isinstance(outputs, PatchOutputs):
        return _patch_losses(outputs, targets, recipe, phase)
    logits = outputs.float()
    if kind == "pixel_cross_entropy":
        return _pixel_losses(logits, targets, recipe)
    positive, negative = (
        torch.as_tensor(w, dtype=torch.float32, device=logits.device)
        for w in (weights.positive, weights.negative)
    )
    if kind == "cross_entropy":
        wanted = targets.values * (1 - recipe.loss.smoothing) + recipe.loss.smoothing / logits.shape[-1]
        terms = -wanted * functional.log_softmax(logits, dim=-1) * positive
        return _mean_over_slices((terms * targets.known).sum(dim=-1), targets.known)
    if kind == "bag_bce":
        return _bag_losses(logits, targets, recipe, positive, negative)
    wanted = targets.values * (1 - recipe.loss.smoothing) + recipe.loss.smoothing / 2
    terms = _bce(logits, wanted, positive, negative) * _label_weights(recipe, phase, logits) * targets.known
    per_slice = terms.sum(dim=-1) if kind == "bce_sum" else terms.mean(dim=-1)
    return _mean_over_slices(per_slice, targets.known)


def _bce(logits: Tensor, wanted: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    return wanted * positive * functional.softplus(-logits) + (1 - wanted) * negative * functional.softplus(
        logits
    )


def _label_weights(recipe: Recipe, phase: Phase, like: Tensor) -> Tensor:
    chosen = phase.label_weights or recipe.loss.label_weights
    return like.new_tensor(chosen) if chosen else like.new_ones(like.shape[-1])


def _mean_over_slices(per_slice: Tensor, known: Tensor) -> Tensor:
    """(n,) as it is; (n, slices) to the mean over those that are no filling."""
    if per_slice.ndim == 1:
        return per_slice
    there = known.amax(dim=-1)
    return (per_slice * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)


def _bag_losses(
    logits: Tensor, targets: Targets, recipe: Recipe, positive: Tensor, negative: Tensor
) -> Tensor:
    """The highest logit of a series against whether any of its slices is positive."""
    highest = logits.masked_fill(targets.known == 0, -torch.inf).amax(dim=1)
    wanted = (targets.values * targets.known).amax(dim=1)
    wanted = wanted * (1 - recipe.loss.smoothing) + recipe.loss.smoothing / 2
    is_known = targets.known.amax(dim=1)
    # A label that nobody gave has no highest logit; its place is kept finite and counts nothing.
    highest = torch.where(is_known > 0, highest, torch.zeros_like(highest))
    return (_bce(highest, wanted, positive, negative) * is_known).mean(dim=-1)


def _pixel_losses(pixels: Tensor, targets: Targets, recipe: Recipe) -> Tensor:
    if targets.classes is None:
        raise ValueError("A loss over pixels needs masks.")
    weights = pixels.new_full((pixels.shape[1],), recipe.loss.positive_pixel_weight)
    weights[0] = 1.0
    terms = functional.cross_entropy(pixels, targets.classes, weight=weights, reduction="none")
    return terms.mean(dim=(1, 2))


def _patch_losses(outputs: PatchOutputs, targets: Targets, recipe: Recipe, phase: Phase) -> Tensor:
    """Pixel and patch terms, each only where its branch learns."""
    if targets.classes is None:
        raise ValueError("A loss over pixels needs masks.")
    total = outputs.patch.float().sum(dim=(1, 2)) * 0
    if "pixel_branch" in phase.trainable:
        total = total + _pixel_losses(outputs.pixels.float(), targets, recipe)
    if "patch_branch" in phase.trainable:
        flat = targets.classes.flatten(1)
        present = torch.stack(
            [(flat > 0).any(dim=1), *((flat == k).any(dim=1) for k in range(1, outputs.patch.shape[1]))],
            dim=1,
        )
        log_p = functional.log_softmax(outputs.patch.float(), dim=-1)
        total = total - log_p.gather(-1, present.long()[..., None])[..., 0].mean(dim=1)
    return total


def constant_prior_loss(values: NDArray[np.floating], recipe: Recipe) -> float:
    """Loss, without any weights, of the best constant scores: what a network must beat to have learned.

    Args:
        values: (rows, outputs), targets.
        recipe: Kind of loss.
    """
    p = np.clip(values.reshape(-1, values.shape[-1]).mean(axis=0, dtype=np.float64), 1e-12, 1 - 1e-12)
    if recipe.loss.kind == "cross_entropy":
        return float(-(p * np.log(p)).sum())
    entropies = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    return float(entropies.sum() if recipe.loss.kind == "bce_sum" else entropies.mean())
