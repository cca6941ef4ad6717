"""What reports use to say of their systems, at the recipe's own threshold, by the names that recipes give it.

The one thing to get wrong: nothing here is calibrated. What a network says of its own accord is judged; a
calibration would take back what class weights did, and would mend a network that never saw a slice
without a bleed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ichviewer.core.findings import SUBTYPES
from training.judge.metrics import auc, value
from training.judge.predictions import Predictions
from training.recipe.tree import Labels

NOT_COMPUTABLE = {
    "training_loss": "of the slices that a network learned from; only those that were held out are scored",
    "kaggle": "of the competition's test slices, whose labels were never published",
    "sensitivity_by_lesion": "of lesions that were drawn on real slices, of which there are none here",
    "cases_right": "of whole heads, decided by the report's post-processing, which it does not say",
}
"""Names of report figures that these scores cannot give, and why."""

ANY = 0
ON_BLEEDING = ("five", "five_heads")
"""Systems of five subtypes, which learn and report on bleeding slices only."""

Figures = dict[str, float]
Said = NDArray[np.bool_]


def plain_figures(found: Predictions, labels: Labels, threshold: float) -> Figures:
    """Accuracy and its like from raw logits, each beside what the best constant reaches.

    Args:
        found: Scores and truth.
        labels: What the system learned, as its recipe says.
        threshold: Probability from which on a label counts as said; of classes that exclude each other the
            likeliest is said.

    Returns:
        Figures by name, in [0, 1], without those for which there is no slice. ``*_any`` are of *any* on all
        slices; ``sensitivity_*`` of one label. The others are of the labels that the system learned, on
        the slices that it reports on: ``accuracy_multi`` over labels and slices, ``precision``,
        ``recall`` and ``f1`` means over the labels that occur, ``accuracy`` of classes where they exclude
        each other, over labels where there are five subtypes, and of *any* otherwise. ``f1_both_classes``
        is the mean of bleed and none. ``validation_loss`` is the binary cross-entropy of the raw scores.
    """
    said = said_labels(found.logits, labels, threshold)
    figures = {**_of_any(found, said), **_sensitivities(found, said)}
    columns = _columns(labels)
    rows = found.judged[:, columns].all(axis=1)
    if labels in ON_BLEEDING:
        rows &= found.labels[:, ANY]
    if rows.any():
        here, truth = said[rows][:, columns], found.labels[rows][:, columns]
        figures |= _over_labels(here, truth)
        figures |= _accuracy(labels, figures, here, truth)
        if labels != "single_label":
            signed = np.where(truth, -1.0, 1.0) * found.logits[rows][:, columns]
            figures["validation_loss"] = float(np.logaddexp(0, signed).mean())
    return {name: round(figure, 4) for name, figure in figures.items()}


def said_labels(logits: NDArray[np.floating], labels: Labels, threshold: float) -> Said:
    """(slices, 6), which labels a system says, from its log odds of the six labels."""
    probabilities = expit(np.asarray(logits, dtype=np.float64))
    if labels != "single_label":
        return np.asarray(probabilities >= threshold)
    likeliest = np.concatenate([1 - probabilities[:, :1], probabilities[:, 1:]], axis=1).argmax(axis=1)
    said: Said = np.eye(len(SUBTYPES), dtype=np.bool_)[likeliest]
    said[:, ANY] = likeliest > 0
    return said


def _columns(labels: Labels) -> slice:
    """The labels that a system learned, among the six."""
    if labels == "binary":
        return slice(ANY, ANY + 1)
    return slice(1, None) if labels in ON_BLEEDING else slice(None)


def _of_any(found: Predictions, said: Said) -> Figures:
    rows = found.judged[:, ANY]
    if not rows.any():
        return {}
    here, truth = said[rows, ANY], found.labels[rows, ANY]
    figures = {
        "accuracy_any": float((here == truth).mean()),
        "constant_accuracy_any": float(max(truth.mean(), 1 - truth.mean())),
        "f1_any": _f1(here, truth),
        "f1_both_classes": (_f1(here, truth) + _f1(~here, ~truth)) / 2,
    }
    if 0 < truth.sum() < len(truth):
        figures["auc"] = value(auc, found.logits[rows, ANY], truth)
    return figures


def _sensitivities(found: Predictions, said: Said) -> Figures:
    positive = found.judged & found.labels
    return {
        f"sensitivity_{label}": float(said[positive[:, i], i].mean())
        for i, label in enumerate(SUBTYPES)
        if positive[:, i].any()
    }


def _over_labels(said: Said, truth: Said) -> Figures:
    """Figures over labels and slices; a label that is never said has precision 0."""
    figures = {
        "accuracy_multi": float((said == truth).mean()),
        "constant_accuracy_multi": float(np.maximum(truth.mean(axis=0), 1 - truth.mean(axis=0)).mean()),
    }
    occur = truth.any(axis=0)
    if occur.any():
        hits = (said & truth).sum(axis=0)[occur]
        figures["precision"] = float((hits / np.maximum(1, said.sum(axis=0)[occur])).mean())
        figures["recall"] = float((hits / truth.sum(axis=0)[occur]).mean())
        figures["f1"] = float(np.mean([_f1(said[:, i], truth[:, i]) for i in np.flatnonzero(occur)]))
    return figures


def _accuracy(labels: Labels, figures: Figures, said: Said, truth: Said) -> Figures:
    """The accuracy that a report of such a system states, and its error."""
    if labels == "single_label":
        true_class = _first_class(truth)
        accuracy = float((_first_class(said) == true_class).mean())
        constant = float(np.bincount(true_class).max() / len(true_class))
    else:
        name = "multi" if labels in ON_BLEEDING else "any"
        accuracy, constant = figures[f"accuracy_{name}"], figures[f"constant_accuracy_{name}"]
    return {"accuracy": accuracy, "constant_accuracy": constant, "error": 1 - accuracy}


def _first_class(labels: Said) -> NDArray[np.int64]:
    """(slices,), 0 for none, else the first subtype: the class that a slice with several is learned as."""
    return np.where(labels[:, 1:].any(axis=1), labels[:, 1:].argmax(axis=1) + 1, 0)


def _f1(said: Said, truth: Said) -> float:
    return float(2 * (said & truth).sum() / max(1, said.sum() + truth.sum()))
