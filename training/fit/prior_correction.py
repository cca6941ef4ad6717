"""What sampling and weights did to the logits, taken back.

The one thing to get wrong: Platt scaling on data of natural prevalence takes such a shift out by itself; both
would count it twice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def logit_shift(
    labels: NDArray[np.floating],
    known: NDArray[np.bool_],
    draws: NDArray[np.floating],
    positive_weights: NDArray[np.floating] | None = None,
    negative_weights: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """What to ADD to the logits of a network that was trained with sampling or class weights.

    Args:
        labels: (rows, labels), of the training part, 0 or 1.
        known: (rows, labels), whether each was given; the others count in no share.
        draws: (rows,), how often each row was drawn, up to a common factor.
        positive_weights: (labels,), factor on the loss of positives; None: 1.
        negative_weights: (labels,), on that of negatives.

    Returns:
        (labels,): logit of the share among the rows, minus that among the draws, minus the log of the
        weights' ratio. 0 for a label that is always or never positive.
    """
    own = _share(labels, known, np.ones(len(labels)))
    drawn = _share(labels, known, np.asarray(draws, dtype=np.float64))
    is_mixed = (own > 0) & (own < 1)
    own, drawn = np.where(is_mixed, own, 0.5), np.where(is_mixed, drawn, 0.5)
    shift = _logit(own) - _logit(drawn)
    if positive_weights is not None and negative_weights is not None:
        shift = shift - np.log(np.asarray(positive_weights) / np.asarray(negative_weights))
    return np.asarray(np.where(is_mixed, shift, 0.0), dtype=np.float64)


def _share(
    labels: NDArray[np.floating], known: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighted share of positives among the labels that were given, (labels,); 0 where none was."""
    given = known * weights[:, None]
    total = given.sum(axis=0)
    return np.asarray((labels * given).sum(axis=0) / np.where(total > 0, total, 1.0), dtype=np.float64)


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(p) - np.log1p(-p), dtype=np.float64)
