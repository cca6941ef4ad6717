"""Scores of the slice in view at the reader's own share of bleeding slices.

The one thing to get wrong: re-weighted scores are drawn and no more; flags and exports never see them.
"""

from __future__ import annotations

import numpy as np

from ichviewer.core.findings import SliceFinding
from ichviewer.core.model_card import ModelCard
from ichviewer.core.preferences import Preferences
from ichviewer.core.prevalence import prevalences_at, reweighted
from ichviewer.gui.score_bar import REWEIGHTED_MARK, Reweighted


def reweighted_scores(
    finding: SliceFinding | None, card: ModelCard | None, preferences: Preferences
) -> tuple[Reweighted, ...] | None:
    """Scores and thresholds of six labels, re-weighted; None where not wanted, or without a score."""
    wanted = preferences.slice_prevalence if preferences.reweights_scores else None
    if finding is None or card is None or finding.probabilities is None or wanted is None:
        return None
    prevalences = prevalences_at(card, wanted)
    scores = reweighted(np.asarray(finding.probabilities), card, prevalences)
    # Each threshold for itself: they are no scores of one slice, so none is held below that of ``any``.
    thresholds = [_moved(card, prevalences, index) for index in range(len(prevalences))]
    return tuple(Reweighted(float(s), t) for s, t in zip(scores, thresholds, strict=True))


def _moved(card: ModelCard, prevalences: tuple[float, ...], index: int) -> float:
    """One label's threshold, moved as its scores are."""
    row = np.ones(len(prevalences))
    row[index] = card.slice_thresholds[index]
    return float(reweighted(row, card, prevalences)[index])


def reweighted_text(preferences: Preferences) -> str:
    """What the mark on a number means."""
    share = preferences.slice_prevalence or 0.0
    return f"{REWEIGHTED_MARK} re-weighted to {share:.1%} of slices; flags and export as calibrated"
