"""The worst mistakes as pictures: highest scores without the label, lowest scores with it.

The one thing to get wrong: pictures of patients are in the page that shows them, so it is kept where the
data are kept.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ichviewer.core.findings import SUBTYPES
from training.judge.predictions import Predictions

TILE_PX = 224
"""A little more than the page shows, for screens with small pixels."""

PictureOf = Callable[[int], NDArray[np.uint8]]
"""From the number of a slice to its picture, (rows, columns), 8-bit grey."""


@dataclass(frozen=True)
class Tile:
    """One slice on a sheet.

    Attributes:
        name: Source and name.
        score: Calibrated probability of the sheet's label.
        truth: Codes of the labels that the slice has, ``none`` without any.
        jpeg: The picture as a data URL.
    """

    name: str
    score: float
    truth: str
    jpeg: str


def worst(
    predictions: Predictions,
    probabilities: NDArray[np.float64],
    label_index: int,
    *,
    positive: bool,
    count: int,
) -> NDArray[np.int64]:
    """Slices with the label and the lowest scores, or without it and the highest; one a patient.

    Args:
        predictions: The truth.
        probabilities: (slices, 6).
        label_index: Position in SUBTYPES.
        positive: Whether the slices have the label.
        count: At most so many.
    """
    rows = predictions.judged[:, label_index] & (predictions.labels[:, label_index] == positive)
    candidates = np.flatnonzero(rows)
    scores = probabilities[candidates, label_index]
    order = candidates[np.argsort(scores if positive else -scores, kind="stable")]
    _, firsts = np.unique(predictions.patients[order], return_index=True)
    return np.asarray(order[np.sort(firsts)][:count], dtype=np.int64)


def tiles(
    predictions: Predictions,
    probabilities: NDArray[np.float64],
    label_index: int,
    slices: NDArray[np.int64],
    picture_of: PictureOf,
) -> list[Tile]:
    """The tiles of a sheet.

    Args:
        predictions: The truth.
        probabilities: (slices, 6).
        label_index: Position in SUBTYPES.
        slices: From ``worst``.
        picture_of: Gives the picture of a slice.
    """
    sheet = []
    for index in slices:
        codes = [SUBTYPES[i].code for i in range(1, len(SUBTYPES)) if predictions.labels[index, i]]
        name = f"{predictions.sources[index]} {predictions.names[index]}"
        score = float(probabilities[index, label_index])
        sheet.append(Tile(name, score, " ".join(codes) or "none", data_url(picture_of(int(index)))))
    return sheet


def data_url(picture: NDArray[np.uint8]) -> str:
    """A grey picture as a small JPEG in a data URL."""
    image = Image.fromarray(picture)
    image.thumbnail((TILE_PX, TILE_PX))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
