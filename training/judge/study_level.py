"""Scores of whole studies, made of slice scores as the viewer makes them.

All systems alike, whatever a report took for its stacks: the highest patch or slice of a head would make one
noisy slice the study's score. The one thing to get wrong: only slices whose place in the study is known make
a study score; a heap of single slices of one patient is no study.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import windowed_means
from training.judge.predictions import NOT_SAID, Predictions


@dataclass(frozen=True, eq=False)
class Studies:
    """Study scores beside the truth.

    Attributes:
        scores: (studies, 6), highest mean over about 10 mm.
        labels: (studies, 6), what was said of the study; where nothing was, whether any slice is positive.
        known: (studies, 6), whether the label is known: said of the study, a positive slice, or all slices.
        patients: (studies,), a patient may have several.
        folds: (studies,), the fold that held the study out.
    """

    scores: NDArray[np.float64]
    labels: NDArray[np.bool_]
    known: NDArray[np.bool_]
    patients: NDArray[np.int64]
    folds: NDArray[np.int64]


def studies_of(probabilities: NDArray[np.float64], predictions: Predictions) -> Studies:
    """Study scores of all slices that belong to a study.

    Args:
        probabilities: (slices, 6), calibrated.
        predictions: Where the slices belong, and the truth.
    """
    numbers, labels = predictions.studies, predictions.labels & predictions.known
    positions = predictions.positions_mm
    members = [np.flatnonzero(numbers == number) for number in np.unique(numbers[numbers >= 0])]
    members = [inside[np.argsort(positions[inside], kind="stable")] for inside in members]
    shape = (len(members), probabilities.shape[1])
    scores = [windowed_means(probabilities[inside], positions[inside]).max(axis=0) for inside in members]
    truths = [labels[inside].any(axis=0) for inside in members]
    complete = [predictions.known[inside].all(axis=0) for inside in members]
    truth = np.reshape(np.asarray(truths, dtype=np.bool_), shape)
    known = np.reshape(np.asarray(complete, dtype=np.bool_), shape) | truth
    said = np.reshape([predictions.study_said[inside[0]] for inside in members], shape)
    is_said = said != NOT_SAID
    return Studies(
        scores=np.reshape(np.asarray(scores, dtype=np.float64), shape),
        labels=np.where(is_said, said == 1, truth),
        known=known | is_said,
        patients=np.asarray([predictions.patients[inside[0]] for inside in members], dtype=np.int64),
        folds=np.asarray([predictions.folds[inside[0]] for inside in members], dtype=np.int64),
    )
