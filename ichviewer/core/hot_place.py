"""Which place of the slice in view is in question: the one that the reader asked about, else its hot spot.

The one thing to get wrong: while the first look keeps the scores sealed, there is no hot spot.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ichviewer.core.placed_cards import AskedPlace, PlacedCards
from ichviewer.core.viewstate import ViewState


def place_in_question(state: ViewState) -> tuple[AskedPlace, bool] | None:
    """The place, and whether the reader asked about it; None where there is none on the slice in view."""
    if state.volume is None or not state.volume.is_readable[state.slice_index]:
        return None
    asked = state.asked_place
    if asked is not None and asked.slice_index == state.slice_index:
        return asked, True
    hot = hot_spot(state)
    return None if hot is None else (hot, False)


def hot_spot(state: ViewState) -> AskedPlace | None:
    """Hottest place of the slice in view, where any label of it is flagged."""
    volume, findings, card = state.volume, state.findings, state.model_card
    if volume is None or findings is None or card is None:
        return None
    finding = findings.slices[state.slice_index]
    if finding.probabilities is None or finding.peak is None:
        return None
    pairs = zip(finding.probabilities, card.slice_thresholds, strict=True)
    if not any(probability >= threshold for probability, threshold in pairs):
        return None
    x, y, _z = volume.frame.from_patient_mm(np.asarray(finding.peak.point_mm))
    return AskedPlace(state.slice_index, float(x), float(y))


def asked_about(state: ViewState, x_mm: float, y_mm: float) -> ViewState:
    """The reader asks about a place of the slice in view, in the stack's frame."""
    return replace(state, asked_place=AskedPlace(state.slice_index, x_mm, y_mm))


def shown_cards(state: ViewState) -> PlacedCards | None:
    """The cards of the place in question; None while they are sought, or where there is none."""
    cards, wanted = state.placed_cards, place_in_question(state)
    if cards is None or wanted is None or (cards.place, cards.is_asked) != wanted:
        return None
    return cards
