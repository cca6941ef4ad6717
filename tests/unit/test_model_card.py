"""Model card and calibration."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from builders import make_card
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import ModelCard, OperatingPoint, calibrated_probabilities

LOGITS = arrays(np.float32, (4, 6), elements=st.floats(-1e4, 1e4, width=32))


def card_with(**changes: float) -> ModelCard:
    """A card whose labels all have *changes*."""
    card = make_card()
    return replace(card, labels=tuple(replace(label, **changes) for label in card.labels))


def test_a_card_survives_json() -> None:
    card = make_card()
    assert ModelCard.from_dict(json.loads(json.dumps(card.to_dict()))) == card


def test_a_card_without_smoothing_is_written_as_before_there_was_any() -> None:
    values = make_card().to_dict()
    assert "smoothing_mm" not in values
    assert ModelCard.from_dict(values).smoothing_mm == 0.0


def test_the_smoothing_of_a_card_survives_json() -> None:
    card = replace(make_card(), smoothing_mm=10.0)
    assert ModelCard.from_dict(json.loads(json.dumps(card.to_dict()))) == card


def test_counts_behind_a_rate_survive_json_and_their_absence_does() -> None:
    card = make_card()
    assert "positives" not in card.to_dict()["labels"][0]["study_point"]
    point = replace(card.labels[0].study_point, positives=29, negatives=37)
    card = replace(card, labels=(replace(card.labels[0], study_point=point), *card.labels[1:]))
    assert ModelCard.from_dict(json.loads(json.dumps(card.to_dict()))) == card
    assert card.to_dict()["labels"][0]["study_point"]["positives"] == 29


def test_a_rate_of_no_case_is_refused() -> None:
    with pytest.raises(ValueError, match="one case or more"):
        OperatingPoint(0.5, 0.9, 0.9, "", positives=0)


@pytest.mark.parametrize("smoothing_mm", [-1.0, float("nan"), float("inf")])
def test_a_smoothing_that_is_no_distance_is_refused(smoothing_mm: float) -> None:
    with pytest.raises(ValueError, match="smoothing"):
        replace(make_card(), smoothing_mm=smoothing_mm)


@pytest.mark.parametrize("missing", ["labels", "preprocessing", "weights_sha256"])
def test_a_card_that_lacks_a_value_is_refused(missing: str) -> None:
    """Hazard: a default in its place would be a guess about a medical result."""
    values = make_card().to_dict()
    del values[missing]
    with pytest.raises((KeyError, TypeError)):
        ModelCard.from_dict(values)


def test_a_card_with_an_unknown_value_is_refused() -> None:
    with pytest.raises(TypeError):
        ModelCard.from_dict({**make_card().to_dict(), "temperature": 2.0})


def test_labels_in_another_order_are_refused() -> None:
    """Hazard: scores would stand under the wrong subtype."""
    card = make_card()
    with pytest.raises(ValueError, match="order"):
        replace(card, labels=card.labels[::-1])


@pytest.mark.parametrize("slope", [0.0, -1.0, float("nan")])
def test_a_calibration_that_turns_the_order_round_is_refused(slope: float) -> None:
    """Hazard: a negative slope calls the healthiest slice the worst one."""
    with pytest.raises(ValueError, match="slope"):
        card_with(calibration_slope=slope)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_heatmap_scale_that_is_not_positive_is_refused(scale: float) -> None:
    """Hazard: a scale of 0 paints every healthy head in the hottest color."""
    with pytest.raises(ValueError, match="full scale"):
        card_with(heatmap_full_scale=scale)


def test_slice_and_study_thresholds_are_kept_apart() -> None:
    """Hazard: a slice specificity of 0.95 is one of 0.17 over 34 slices."""
    card = make_card(threshold=0.5)
    study = OperatingPoint(0.8, None, None, "made up for a test")
    card = replace(card, labels=tuple(replace(label, study_point=study) for label in card.labels))
    assert card.slice_thresholds == (0.5,) * 6
    assert card.study_thresholds == (0.8,) * 6


@given(LOGITS)
def test_a_subtype_never_exceeds_any(logits: np.ndarray) -> None:
    """Hazard: 'subdural 0.8, any 0.3' would contradict itself."""
    probabilities = calibrated_probabilities(logits, make_card())
    assert np.all(probabilities <= probabilities[:, :1])
    assert np.all((probabilities >= 0) & (probabilities <= 1))


def test_probabilities_are_platt_scaled() -> None:
    card = card_with(calibration_slope=2.0, calibration_intercept=-1.0)
    logits = np.asarray([1.0, 0.5, 0.0, -1.0, 0.9, -20.0])
    expected = 1 / (1 + np.exp(-(2 * logits - 1)))
    np.testing.assert_allclose(calibrated_probabilities(logits, card), expected)


def test_each_label_has_its_own_calibration() -> None:
    card = make_card()
    labels = list(card.labels)
    labels[3] = replace(labels[3], calibration_intercept=-2.0)
    probabilities = calibrated_probabilities(np.zeros(6), replace(card, labels=tuple(labels)))
    np.testing.assert_allclose(probabilities, [0.5, 0.5, 0.5, 1 / (1 + np.exp(2)), 0.5, 0.5])


def test_labels_are_in_the_order_of_the_rsna_data() -> None:
    assert SUBTYPES == ("any", "epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
    assert [subtype.code for subtype in SUBTYPES] == ["ANY", "EDH", "IPH", "IVH", "SAH", "SDH"]
