"""What a hot spot may be if it is not blood: measured facts at the place, as questions to the reader.

The one thing to get wrong: a card never says that a finding is false. Blood lies beside calcium and along the
falx, too; a card names what was measured and what often looks like that. Motion has no card: in one slice it
cannot be told from texture by any measure that we could show to be right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.bright_pieces import BrightPiece, bright_pieces
from ichviewer.core.streaks import streaks_between_bones
from ichviewer.core.thin_sheet import sheet_on_line

REACH_MM = 15.0
"""This far around a hot spot is looked: half a cell of a coarse map, no finer is the spot known."""

CALCIUM_HU = 100.0
"""Clotted blood stays below: its density follows its hemoglobin (New and Aronow, Radiology 1976;121:635) and
ends at some 90 to 100 HU in the densest clot."""

PAIRED_HU = 80.0
"""Paired spots and spots on the midline are looked for from here on; 5 mm slices thin out small calcium."""

CALCIUM_MM2 = (3.0, 300.0)
"""Smaller is noise, larger is no calcified choroid, pineal gland or vessel."""

PAIRED_MM2 = 150.0
ON_MIDLINE_MM = 4.0
OFF_MIDLINE_MM = 8.0
MIRRORED_WITHIN_MM = 8.0
MOST_UNLIKE = 4.0
"""Paired spots differ in area by no more than this factor."""

PART_MM = 45.0
"""Half the side of the square in which pieces are traced; the skull reaches its edge from everywhere."""

Point = tuple[float, float]


class CardKind(StrEnum):
    """What a place often turns out to be."""

    CALCIUM = "calcification or bone"
    METAL = "metal"
    FALX = "falx"
    PAIRED = "choroid plexus or paired calcium"
    MIDLINE_SPOT = "pineal gland or calcified falx"
    STREAKS = "beam hardening"


METAL_HU = 2500.0
"""Denser than any bone (``core.check_metal``)."""


@dataclass(frozen=True)
class FalsePositiveCard:
    """One question at a hot spot.

    Attributes:
        kind: What it may be.
        text: What was measured, and the question.
    """

    kind: CardKind
    text: str


def false_positive_cards(
    hu: NDArray[np.floating],
    pixel_spacing_mm: tuple[float, float],
    spot: Point,
    midline: tuple[Point, Point] | None,
) -> tuple[FalsePositiveCard, ...]:
    """Cards at a hot spot of one axial slice; none where nothing but soft tissue was found.

    Args:
        hu: (rows, columns), Hounsfield units, canonical, "no measurement" as air.
        pixel_spacing_mm: (between rows, between columns).
        spot: (row, column) of the hot spot, canonical.
        midline: Two points (row, column) on the slice's midline; None where it is not known, then no card
            that needs it.
    """
    line = None if midline is None else _Line.through(*midline, pixel_spacing_mm)
    dense = _islands(bright_pieces(hu, pixel_spacing_mm, spot, PART_MM, REACH_MM, CALCIUM_HU))
    cards = [_calcium(piece) for piece in dense[:1]]
    if line is not None:
        cards += _paired(hu, pixel_spacing_mm, spot, line)
        cards += _falx(hu, pixel_spacing_mm, spot, line)
    found = streaks_between_bones(hu, pixel_spacing_mm, spot)
    if found is not None:
        text = (
            f"Stripes of {found.amplitude_hu:.0f} HU run between {found.bone_mm[0]:.0f} and"
            f" {found.bone_mm[1]:.0f} mm of dense bone: beam hardening?"
        )
        cards.append(FalsePositiveCard(CardKind.STREAKS, text))
    return tuple(cards)


def _islands(pieces: tuple[BrightPiece, ...]) -> list[BrightPiece]:
    """Small pieces near the spot that do not hang together with the skull."""
    low, high = CALCIUM_MM2
    return [p for p in pieces if p.is_whole and low <= p.area_mm2 <= high]


def _calcium(piece: BrightPiece) -> FalsePositiveCard:
    measured = f"Peak {piece.peak_hu:.0f} HU over {piece.area_mm2:.0f} mm²"
    if piece.peak_hu >= METAL_HU:
        return FalsePositiveCard(CardKind.METAL, f"{measured}: metal?")
    return FalsePositiveCard(CardKind.CALCIUM, f"{measured}: calcification or bone?")


@dataclass(frozen=True)
class _Line:
    """A line in the slice, mm: down and right from pixel [0, 0].

    Attributes:
        start: A point on it.
        along: Unit vector.
    """

    start: NDArray[np.float64]
    along: NDArray[np.float64]

    @staticmethod
    def through(one: Point, two: Point, spacing_mm: tuple[float, float]) -> _Line:
        """Through two places in pixels.

        Raises:
            ValueError: They are the same.
        """
        start, end = np.multiply(one, spacing_mm), np.multiply(two, spacing_mm)
        length = float(np.linalg.norm(end - start))
        if length == 0:
            raise ValueError("A midline goes through two points.")
        return _Line(start, (end - start) / length)

    def offset_mm(self, place_mm: NDArray[np.float64]) -> float:
        """Signed distance of a place from the line."""
        gap = place_mm - self.start
        return float(gap[0] * self.along[1] - gap[1] * self.along[0])

    def mirrored(self, place_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """The place on the other side."""
        gap = place_mm - self.start
        return np.asarray(self.start + 2 * (gap @ self.along) * self.along - gap)


def _paired(
    hu: NDArray[np.floating], spacing_mm: tuple[float, float], spot: Point, line: _Line
) -> list[FalsePositiveCard]:
    """A dense spot with its like on the other side, or one on the midline."""
    for piece in _islands(bright_pieces(hu, spacing_mm, spot, PART_MM, REACH_MM, PAIRED_HU)):
        place = np.multiply((piece.row, piece.column), spacing_mm)
        offset = abs(line.offset_mm(place))
        if piece.area_mm2 > PAIRED_MM2:
            continue
        if offset <= ON_MIDLINE_MM:
            text = (
                f"A spot of {piece.peak_hu:.0f} HU over {piece.area_mm2:.0f} mm² lies {offset:.0f} mm from"
                " the midline: pineal gland or calcified falx?"
            )
            return [FalsePositiveCard(CardKind.MIDLINE_SPOT, text)]
        like = _like(hu, spacing_mm, piece, line.mirrored(place)) if offset >= OFF_MIDLINE_MM else None
        if like is not None:
            text = (
                f"Spots of {piece.peak_hu:.0f} and {like.peak_hu:.0f} HU lie {offset:.0f} mm from the"
                " midline on both sides: choroid plexus, or other paired calcium?"
            )
            return [FalsePositiveCard(CardKind.PAIRED, text)]
    return []


def _like(
    hu: NDArray[np.floating],
    spacing_mm: tuple[float, float],
    piece: BrightPiece,
    mirrored_mm: NDArray[np.float64],
) -> BrightPiece | None:
    row, column = (float(place) for place in mirrored_mm / np.asarray(spacing_mm))
    for other in _islands(bright_pieces(hu, spacing_mm, (row, column), PART_MM, REACH_MM, PAIRED_HU)):
        ratio = max(other.area_mm2, piece.area_mm2) / min(other.area_mm2, piece.area_mm2)
        apart = math.hypot((other.row - row) * spacing_mm[0], (other.column - column) * spacing_mm[1])
        if ratio <= MOST_UNLIKE and apart <= MIRRORED_WITHIN_MM:
            return other
    return None


def _falx(
    hu: NDArray[np.floating], spacing_mm: tuple[float, float], spot: Point, line: _Line
) -> list[FalsePositiveCard]:
    place = np.multiply(spot, spacing_mm)
    if abs(line.offset_mm(place)) > REACH_MM:
        return []
    foot = line.start + ((place - line.start) @ line.along) * line.along
    sheet = sheet_on_line(hu, spacing_mm, foot, line.along)
    if sheet is None:
        return []
    text = (
        f"A line {sheet.width_mm:.1f} mm wide, up to {sheet.peak_hu:.0f} HU, runs along the midline over"
        f" {sheet.length_mm:.0f} mm: falx?"
    )
    return [FalsePositiveCard(CardKind.FALX, text)]
