"""CutMix off line: every picture gets, once and for all, a rectangle of another one.

The one thing to get wrong: one recipe keeps the first picture's label whatever was pasted in, as its report
did; the other mixes the labels as the areas are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.fit import chance


@dataclass(frozen=True)
class Cut:
    """A rectangle and where it comes from.

    Attributes:
        other: Row that it is taken from, at the same place.
        rows: Of the rectangle.
        columns: Of the rectangle.
        share: Of the picture that it covers.
    """

    other: int
    rows: slice
    columns: slice
    share: float


def cut_for(row: int, others: NDArray[np.int64], shape: tuple[int, int], alpha: float, seed: int) -> Cut:
    """The cut of a row; always the same one.

    Args:
        row: Number of the row.
        others: Rows to take from.
        shape: (rows, columns) of the picture.
        alpha: Sides are normal with mean side / 2 and standard deviation side / alpha, clipped at the border.
        seed: Of the recipe.
    """
    draw = chance.generator(seed, chance.CUTMIX, row)
    other = int(draw.choice(others))
    spans = []
    for side in shape:
        corner = int(draw.integers(side))
        length = int(np.clip(round(draw.normal(side / 2, side / alpha)), 0, side))
        spans.append(slice(corner, min(corner + length, side)))
    height, width = (span.stop - span.start for span in spans)
    return Cut(other, spans[0], spans[1], height * width / (shape[0] * shape[1]))


def pasted(framed: NDArray[np.float32], other: NDArray[np.float32], cut: Cut) -> NDArray[np.float32]:
    """The picture, (channels, rows, columns), with the rectangle of the other one."""
    result = framed.copy()
    result[:, cut.rows, cut.columns] = other[:, cut.rows, cut.columns]
    return result


def mixed(target: NDArray[np.float32], other: NDArray[np.float32], cut: Cut) -> NDArray[np.float32]:
    """Targets mixed as the areas are."""
    return np.asarray(target * (1 - cut.share) + other * cut.share, dtype=np.float32)
