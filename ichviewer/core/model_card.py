"""What belongs to a set of weights: how its input is made and how its output is to be read.

The card is saved beside the weights and read back; neither viewer nor training has a default of
its own. The one thing to get wrong: slice thresholds and study thresholds are different operating
points (a slice specificity of 0.95 is one of 0.17 over 34 slices).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.preprocessing import PreprocessingSpec


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on calibrated probabilities and what it was measured to do.

    Attributes:
        threshold: In (0, 1).
        sensitivity: Measured out of fold; None where not estimable.
        specificity: Measured out of fold; None where not estimable.
        rule: How the threshold was chosen, in words.
        positives: Independent positive cases that the sensitivity was measured on, each a patient of its own;
            None where they are not independent (slices of one head), or in cards of before it was counted.
        negatives: Likewise, for the specificity.
    """

    threshold: float
    sensitivity: float | None
    specificity: float | None
    rule: str
    positives: int | None = None
    negatives: int | None = None

    def __post_init__(self) -> None:
        for count in (self.positives, self.negatives):
            if count is not None and count < 1:
                raise ValueError(f"A rate is measured on one case or more, not on {count}.")


@dataclass(frozen=True)
class LabelCard:
    """What one label's output means.

    Attributes:
        label: One of SUBTYPES.
        calibration_slope: Platt: probability = sigmoid(slope * logit + intercept); slope > 0.
        calibration_intercept: Platt intercept.
        calibration_prevalence: Share of positives among the slices calibrated on.
        slice_point: Operating point for a slice.
        study_point: Operating point for the study score.
        heatmap_full_scale: Class-map value, logit units, at which the colour is full.
        metrics: Measured figures with intervals, free of meaning to the viewer.
    """

    label: str
    calibration_slope: float
    calibration_intercept: float
    calibration_prevalence: float
    slice_point: OperatingPoint
    study_point: OperatingPoint
    heatmap_full_scale: float
    metrics: Mapping[str, Any]


@dataclass(frozen=True)
class ModelCard:
    """Model card of a checkpoint.

    Attributes:
        name: Name of the checkpoint; the weights lie in NAME.safetensors.
        architecture: Name that ``inference.network`` builds.
        weights_sha256: SHA-256 of the weights file, hex.
        preprocessing: The only way to make its input.
        labels: In the order of SUBTYPES.
        calibrated_on: The data, in words, shown in the panel.
        license: What the weights may be used for.
        provenance: Data, split and hashes, recipe, seed, versions; free of meaning to the viewer.
        smoothing_mm: A slice's score is a mean over neighboring slices' logits, with weights that fall to 0
            at this distance (``core.score_smoothing``); 0: each slice for itself. Calibration and thresholds
            belong to these means. Cards of before it was introduced lack it.
    """

    name: str
    architecture: str
    weights_sha256: str
    preprocessing: PreprocessingSpec
    labels: tuple[LabelCard, ...]
    calibrated_on: str
    license: str
    provenance: Mapping[str, Any]
    smoothing_mm: float = 0.0

    def __post_init__(self) -> None:
        if tuple(label.label for label in self.labels) != tuple(SUBTYPES):
            raise ValueError("A model card has the six labels in the order of the RSNA data.")
        if not all(label.calibration_slope > 0 for label in self.labels):
            raise ValueError("A calibration slope is positive.")
        if not all(label.heatmap_full_scale > 0 for label in self.labels):
            raise ValueError("The full scale of a heat map is positive.")
        if not (math.isfinite(self.smoothing_mm) and self.smoothing_mm >= 0):
            raise ValueError("The smoothing is a finite distance, 0 or more.")

    @property
    def slice_thresholds(self) -> tuple[float, ...]:
        """Per label, in the order of SUBTYPES."""
        return tuple(label.slice_point.threshold for label in self.labels)

    @property
    def study_thresholds(self) -> tuple[float, ...]:
        """Per label, in the order of SUBTYPES."""
        return tuple(label.study_point.threshold for label in self.labels)

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON; what a card lacks reads as before there was any."""
        values = {**asdict(self), "preprocessing": self.preprocessing.to_dict()}
        for label in values["labels"]:
            for point in (label["slice_point"], label["study_point"]):
                for count in ("positives", "negatives"):
                    if point[count] is None:
                        del point[count]
        if not self.smoothing_mm:
            del values["smoothing_mm"]
        return values

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ModelCard:
        """Read back what ``to_dict`` gave.

        Raises:
            KeyError, TypeError, ValueError: A value is missing, unknown or of the wrong kind.
        """
        fields = dict(values)
        fields["preprocessing"] = PreprocessingSpec.from_dict(fields["preprocessing"])
        fields["labels"] = tuple(_label_from_dict(label) for label in fields["labels"])
        return ModelCard(**fields)


def _label_from_dict(values: Mapping[str, Any]) -> LabelCard:
    fields = dict(values)
    fields["slice_point"] = OperatingPoint(**fields["slice_point"])
    fields["study_point"] = OperatingPoint(**fields["study_point"])
    return LabelCard(**fields)


def calibrated_probabilities(logits: NDArray[np.floating], card: ModelCard) -> NDArray[np.float64]:
    """Logits to calibrated probabilities, as a user sees them.

    Args:
        logits: (..., 6), in the order of SUBTYPES.
        card: Platt slopes and intercepts.

    Returns:
        Same shape, in [0, 1].
    """
    slopes = np.asarray([label.calibration_slope for label in card.labels])
    intercepts = np.asarray([label.calibration_intercept for label in card.labels])
    z = np.clip(np.asarray(logits, dtype=np.float64) * slopes + intercepts, -60.0, 60.0)
    return at_most_any(1.0 / (1.0 + np.exp(-z)))


def at_most_any(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Calibrated probabilities with no subtype above ``any``; the one place that sees to it.

    Args:
        probabilities: (..., 6), in the order of SUBTYPES.

    Returns:
        Same shape.

    >>> at_most_any(np.array([0.3, 0.5, 0.1, 0.3, 0.0, 0.9])).tolist()
    [0.3, 0.3, 0.1, 0.3, 0.0, 0.3]
    """
    return np.asarray(np.minimum(probabilities, probabilities[..., :1]))
