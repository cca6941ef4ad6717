"""Where the value of a measurement stands: beside it, away from the middle of the head, over no other."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF

BESIDE_PX = 8.0
"""Between a measurement and its value."""


def place_label(
    size: QSizeF, around: QRectF, area: QRectF, middle: QPointF, taken: Sequence[QRectF]
) -> QRectF:
    """The best of the places around a measurement.

    Args:
        size: Of the value.
        around: Box around the measurement, Qt pixels of the view.
        area: Room for values; the place lies in it as far as it can.
        middle: Middle of the head; of two free places the farther one is taken.
        taken: Places of other values.
    """
    beside = around.adjusted(-BESIDE_PX, -BESIDE_PX, BESIDE_PX, BESIDE_PX)
    places = [_within(place, area) for place in _places(size, beside)]

    def cost(place: QRectF) -> float:
        # What is covered counts first: of what was drawn half as much as of another value.
        covered = sum(_overlap(place, other) for other in taken) + 0.5 * _overlap(place, around)
        return covered * 10 - math.hypot(*(place.center() - middle).toTuple())

    return min(places, key=cost)


def _places(size: QSizeF, around: QRectF) -> list[QRectF]:
    """Right, left, below, above; beside the middle and at both ends of each side."""
    wide, high = size.width(), size.height()
    xs = (around.left(), around.center().x() - wide / 2, around.right() - wide)
    ys = (around.top(), around.center().y() - high / 2, around.bottom() - high)
    beside = [(x, y) for y in ys for x in (around.right(), around.left() - wide)]
    beyond = [(x, y) for x in xs for y in (around.bottom(), around.top() - high)]
    return [QRectF(x, y, wide, high) for x, y in (*beside, *beyond)]


def _within(place: QRectF, area: QRectF) -> QRectF:
    left = max(area.left(), min(place.left(), area.right() - place.width()))
    top = max(area.top(), min(place.top(), area.bottom() - place.height()))
    return QRectF(left, top, place.width(), place.height())


def _overlap(one: QRectF, other: QRectF) -> float:
    """Area that two boxes share, Qt pixels squared."""
    shared = one.intersected(other)
    return shared.width() * shared.height()
