"""Cards at a hot spot say what was measured, appear where they should, and stay away from plain blood."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ichviewer.core.bright_pieces import bright_pieces, labeled
from ichviewer.core.false_positives import CardKind, false_positive_cards
from ichviewer.core.findings import Subtype
from ichviewer.core.phantom import Bleed, PhantomSpec, phantom_slice, to_patient_mm
from ichviewer.core.streaks import streaks_between_bones

SIZE, GAP = 400, 0.5
SPACING = (GAP, GAP)
DOWN, ACROSS = (np.mgrid[0:SIZE, 0:SIZE] - SIZE // 2) * GAP
MIDDLE = SIZE // 2
MIDLINE = ((40.0, float(MIDDLE)), (360.0, float(MIDDLE)))

Slice = NDArray[np.float64]


def plain_head(seed: int = 3) -> Slice:
    """Brain of 34 HU with noise in a skull of 7 mm, 0.5 mm pixels."""
    rim = np.hypot(DOWN / 90, ACROSS / 75)
    hu = np.where(rim < 1, 34.0 + np.random.default_rng(seed).normal(0, 4, rim.shape), -1000.0)
    hu[(rim >= 0.92) & (rim < 1)] = 1200
    return hu


def with_disc(hu: Slice, down_mm: float, across_mm: float, radius_mm: float, value: float) -> Slice:
    marred = hu.copy()
    marred[np.hypot(DOWN - down_mm, ACROSS - across_mm) <= radius_mm] = value
    return marred


def with_midline_sheet(hu: Slice, width_mm: float, value: float) -> Slice:
    marred = hu.copy()
    share = np.clip((width_mm / 2 + 0.5 - np.abs(ACROSS - 0.5)) / 1.0, 0, 1) * (np.abs(DOWN) < 70)
    return marred + share * (value - 34)


def place(down_mm: float, across_mm: float) -> tuple[float, float]:
    return MIDDLE + down_mm / GAP, MIDDLE + across_mm / GAP


def kinds(hu: Slice, spot: tuple[float, float], *, has_midline: bool = True) -> list[CardKind]:
    cards = false_positive_cards(hu, SPACING, spot, MIDLINE if has_midline else None)
    return [card.kind for card in cards]


@pytest.mark.parametrize("value", [55.0, 66.0, 78.0])
@pytest.mark.parametrize("radius_mm", [3.0, 8.0, 25.0])
def test_blood_in_the_brain_gives_no_card(value: float, radius_mm: float) -> None:
    """Hazard: a real bleed is waved away because a card says that it may be none."""
    hu = with_disc(plain_head(), 10, 30, radius_mm, value)
    assert kinds(hu, place(10, 30)) == []


def test_blood_on_both_sides_gives_no_card() -> None:
    """Hazard: blood that has settled in both ventricles is taken for choroid plexus."""
    hu = with_disc(with_disc(plain_head(), 30, 22, 4, 74.0), 30, -22, 4, 74.0)
    assert kinds(hu, place(30, 22)) == []


@pytest.mark.parametrize("with_noise", [2.5, 6.0])
def test_blood_in_the_generated_brain_gives_no_card(with_noise: float) -> None:
    """Hazard: a real bleed is waved away because a card says that it may be none."""
    center = (38.0, 5.0, 60.0)
    bleed = Bleed(Subtype.INTRAPARENCHYMAL, center, (12, 16, 14), 68.0)
    spec = PhantomSpec(11, (bleed,), rows=256, columns=256, noise_hu=with_noise)
    point = to_patient_mm(spec, center)
    index = round((point[2] - spec.lowest_mm) / spec.slice_spacing_mm)
    gap = spec.pixel_spacing_mm[0]
    spot = (point[1] / gap + 127.5, point[0] / gap + 127.5)
    hu = phantom_slice(spec, index).hu
    assert hu[round(spot[0]), round(spot[1])] > 50
    assert false_positive_cards(hu, spec.pixel_spacing_mm, spot, ((60.0, 127.5), (200.0, 127.5))) == ()


def test_calcium_is_named_with_its_peak_and_area() -> None:
    hu = with_disc(plain_head(), 10, 30, 2, 143.0)
    (card,) = false_positive_cards(hu, SPACING, place(14, 33), None)
    assert card.kind is CardKind.CALCIUM
    assert card.text.startswith("Peak 143 HU over 1")
    assert card.text.endswith("mm²: calcification or bone?")


def test_calcium_far_from_the_spot_is_no_card() -> None:
    assert kinds(with_disc(plain_head(), 10, 30, 2, 143.0), place(10, -5)) == []


def test_the_skull_is_no_calcium() -> None:
    """Hazard: every thin bleed under the skull gets a card."""
    assert kinds(plain_head(), place(0, 62)) == []


def test_metal_is_called_metal() -> None:
    assert kinds(with_disc(plain_head(), 10, 30, 2, 3071.0), place(10, 30))[0] is CardKind.METAL


def test_a_thin_line_on_the_midline_may_be_the_falx() -> None:
    hu = with_midline_sheet(plain_head(), 2.0, 58.0)
    (card,) = false_positive_cards(hu, SPACING, place(20, 8), MIDLINE)
    assert card.kind is CardKind.FALX
    assert "runs along the midline over 4" in card.text


def test_a_thick_collection_along_the_falx_gives_no_card() -> None:
    """Hazard: a parafalcine subdural, the one most often missed, is taken for the falx."""
    assert kinds(with_midline_sheet(plain_head(), 7.0, 62.0), place(20, 3)) == []


def test_a_brain_without_a_line_gives_no_falx() -> None:
    assert kinds(plain_head(), place(20, 3)) == []


def test_a_line_beside_the_midline_is_not_the_falx() -> None:
    """Hazard: a thin subdural along the convexity is taken for the falx."""
    hu = np.roll(with_midline_sheet(plain_head(), 2.0, 58.0), round(9 / GAP), axis=1)
    assert CardKind.FALX not in kinds(hu, place(20, 8))


def test_paired_calcium_may_be_choroid_plexus() -> None:
    hu = with_disc(with_disc(plain_head(), 35, 22, 2.5, 140.0), 33, -24, 2.0, 120.0)
    cards = false_positive_cards(hu, SPACING, place(35, 22), MIDLINE)
    assert [card.kind for card in cards] == [CardKind.CALCIUM, CardKind.PAIRED]
    assert "140 and 120 HU lie 22 mm from the midline" in cards[1].text


def test_calcium_on_one_side_is_not_paired() -> None:
    assert kinds(with_disc(plain_head(), 35, 22, 2.5, 140.0), place(35, 22)) == [CardKind.CALCIUM]


def test_calcium_on_the_midline_may_be_the_pineal_gland() -> None:
    hu = with_disc(plain_head(), 20, 1, 2.5, 150.0)
    assert kinds(hu, place(20, 1)) == [CardKind.CALCIUM, CardKind.MIDLINE_SPOT]


def test_without_a_midline_nothing_is_said_that_needs_one() -> None:
    hu = with_midline_sheet(with_disc(plain_head(), 20, 1, 2.5, 150.0), 2.0, 58.0)
    assert set(kinds(hu, place(20, 1), has_midline=False)) <= {CardKind.CALCIUM}


def test_a_midline_needs_two_points() -> None:
    with pytest.raises(ValueError, match="two points"):
        false_positive_cards(plain_head(), SPACING, place(0, 0), ((5.0, 5.0), (5.0, 5.0)))


def petrous_head(amplitude_hu: float) -> Slice:
    """Dense bones of 25 mm to either side, and stripes between them."""
    hu = plain_head()
    hu[(np.abs(DOWN) < 10) & (np.abs(ACROSS) > 42) & (np.abs(ACROSS) < 67)] = 1100
    stripes = amplitude_hu * np.cos(DOWN * 2 * np.pi / 14) * (np.abs(DOWN) < 21) * (np.abs(ACROSS) < 42)
    return hu + stripes


def test_stripes_between_thick_bones_may_be_beam_hardening() -> None:
    hu = petrous_head(12.0)
    (card,) = false_positive_cards(hu, SPACING, place(0, 0), None)
    assert card.kind is CardKind.STREAKS
    found = streaks_between_bones(hu, SPACING, place(0, 0))
    assert found is not None
    assert min(found.angle_degrees, 180 - found.angle_degrees) <= 5
    # Twice the standard deviation of a cosine of 12 HU.
    assert found.amplitude_hu == pytest.approx(17, abs=4)


def test_thick_bones_without_stripes_give_no_card() -> None:
    assert streaks_between_bones(petrous_head(0.0), SPACING, place(0, 0)) is None


def test_stripes_without_thick_bones_give_no_card() -> None:
    """Hazard: a long thin bleed is taken for an artifact."""
    hu = plain_head() + 20 * np.cos(DOWN * 2 * np.pi / 14) * (np.hypot(DOWN / 60, ACROSS / 60) < 1)
    assert streaks_between_bones(hu, SPACING, place(0, 0)) is None


def test_a_round_bleed_between_thick_bones_is_no_stripe() -> None:
    """Hazard: a bleed of the brainstem is taken for an artifact."""
    assert streaks_between_bones(with_disc(petrous_head(0.0), 0, 0, 8, 68.0), SPACING, place(0, 0)) is None


def test_a_round_bleed_amid_thick_bone_is_no_stripe() -> None:
    """Hazard: a bleed low in the posterior fossa is taken for an artifact."""
    hu = plain_head()
    hu[(np.hypot(DOWN, ACROSS) > 45) & (np.hypot(DOWN, ACROSS) < 65)] = 1100
    assert streaks_between_bones(with_disc(hu, 0, 0, 8, 68.0), SPACING, place(0, 0)) is None


def test_a_piece_that_the_edge_of_the_slice_cuts_gives_no_card() -> None:
    assert kinds(with_disc(plain_head(), -99, 0, 3, 143.0), place(-97, 0)) == []


def test_pieces_hang_together_by_their_sides() -> None:
    mask = np.array([[1, 1, 0, 1], [0, 1, 0, 1], [1, 0, 0, 0], [1, 1, 1, 1]], dtype=np.bool_)
    assert len(np.unique(labeled(mask)[mask])) == 3
    assert (labeled(mask) == 0).sum() == (~mask).sum()


def test_a_spiral_is_one_piece() -> None:
    mask = np.zeros((9, 9), dtype=np.bool_)
    mask[0], mask[:, 8], mask[8], mask[2:, 0], mask[2, :7], mask[2:7, 6], mask[6, 2:7] = (True,) * 7
    assert len(np.unique(labeled(mask)[mask])) == 1


def test_a_piece_that_goes_on_outside_is_not_whole() -> None:
    hu = with_disc(np.full((SIZE, SIZE), 30.0), 0, 0, 4, 120.0)
    (inside,) = bright_pieces(hu, SPACING, place(0, 0), 10, 10, 100)
    (cut,) = bright_pieces(hu, SPACING, place(12, 0), 10, 10, 100)
    assert inside.is_whole
    assert not cut.is_whole
    assert inside.area_mm2 == pytest.approx(np.pi * 16, rel=0.1)
    assert cut.nearest_mm == pytest.approx(8, abs=1)


def test_a_spot_at_the_edge_of_the_slice_is_looked_at_as_far_as_there_is_one() -> None:
    for corner in ((0.0, 0.0), (SIZE - 1.0, SIZE - 1.0)):
        assert kinds(plain_head(), corner) == []
