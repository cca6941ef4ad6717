"""Heat maps held against lesions whose place is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from stub_checkpoint import stub_checkpoint

from ichviewer.core.heatmap import CLOSED_FORM
from ichviewer.core.preprocessing import Framing
from training.evaluate.lesions import drawn_lesions, lesions_of_fold
from training.judge.localization import (
    LesionSlice,
    Pointing,
    localization_figures,
    point,
    point_all,
)
from training.sources.labeled_slice import LabeledSlice

WHOLE = Framing(0, 0, 64, 64)
HEAD = np.ones((64, 64), dtype=np.bool_)


def lesion(label_index: int = 3, host: int = 0) -> LesionSlice:
    """A lesion in the upper left quarter of the slice."""
    masks = np.zeros((64, 64), dtype=np.uint8)
    masks[:32, :32] = 1 << label_index
    return LesionSlice(np.zeros((64, 64), dtype=np.float32), (1.0, 1.0), masks, host)


def test_a_map_on_the_lesion_hits_and_one_beside_it_misses() -> None:
    on, beside = np.zeros((8, 8)), np.zeros((8, 8))
    on[1, 1], beside[6, 6] = 1, 1
    hit = point(on, WHOLE, lesion(), 3, "any method", HEAD)
    miss = point(beside, WHOLE, lesion(), 3, "any method", HEAD)
    assert (hit.is_hit, miss.is_hit) == (True, False)
    assert hit.energy == pytest.approx(1.0)
    assert miss.energy == 0.0
    assert hit.lesion_share == 0.25


def test_within_a_cell_of_the_lesion_is_near_and_farther_is_not() -> None:
    """Hazard: a map whose cells are larger than the lesion is called wrong where it cannot do better."""
    beside, far = np.zeros((8, 8)), np.zeros((8, 8))
    beside[1, 4], far[6, 6] = 1, 1
    near = point(beside, WHOLE, lesion(), 3, "m", HEAD)
    assert (near.is_hit, near.is_near) == (False, True)
    assert point(far, WHOLE, lesion(), 3, "m", HEAD).is_near is False
    assert point(np.zeros((8, 8)), WHOLE, lesion(), 3, "cold", HEAD).is_near is False
    # A quarter of 32 by 32 pixels, two strips of 8 pixels beside it and most of the corner between them.
    assert near.near_share == pytest.approx((32 * 32 + 2 * 8 * 32 + 8 * 8) / 64**2, abs=0.01)


def test_even_heat_has_the_energy_of_chance() -> None:
    found = point(np.ones((8, 8)), WHOLE, lesion(), 3, "even", HEAD)
    assert found.energy == pytest.approx(found.lesion_share)


def test_cold_maps_hit_nothing() -> None:
    """Hazard: a map without heat counts as a hit, because the lesion lies where counting begins."""
    found = point(np.full((8, 8), -1.0), WHOLE, lesion(), 3, "cold", HEAD)
    assert (found.is_hit, found.energy) == (False, 0.0)


def test_heat_outside_the_head_does_not_count() -> None:
    hot = np.zeros((8, 8))
    hot[1, 1], hot[6, 6] = 1, 5
    head = np.zeros((64, 64), dtype=np.bool_)
    head[:40, :40] = True
    assert point(hot, WHOLE, lesion(), 3, "m", HEAD).is_hit is False
    assert point(hot, WHOLE, lesion(), 3, "m", head).is_hit is True


def test_the_lesion_of_any_is_all_blood() -> None:
    both = lesion(3)
    both.masks[40:50, 40:50] = 1 << 5
    assert both.mask(0).sum() == 32 * 32 + 100
    assert both.mask(3).sum() == 32 * 32
    assert both.mask(5).sum() == 100
    assert not both.mask(1).any()


def test_figures_are_over_heads_and_need_ten_of_them() -> None:
    """Hazard: ten slices of one head, taken for ten heads."""
    few = [Pointing(CLOSED_FORM, 0, host // 3, True, 0.5, 0.1, True, 0.3) for host in range(27)]
    assert localization_figures(few)[CLOSED_FORM]["any"]["pointing"] is None
    enough = [Pointing(CLOSED_FORM, 0, host, host % 4 > 0, 0.5, 0.1, True, 0.3) for host in range(40)]
    found = localization_figures(enough)[CLOSED_FORM]["any"]
    assert (found["slices"], found["hosts"]) == (40, 40)
    assert found["pointing"]["value"] == 0.75
    assert 0.55 < found["pointing"]["low"] < 0.75 < found["pointing"]["high"] < 0.95
    assert found["energy"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert found["within_a_cell"]["value"] == 1.0
    assert found["within_a_cell_by_chance"]["value"] == 0.3


def test_generated_heads_are_held_against_every_method() -> None:
    lesions = list(drawn_lesions(1))
    assert lesions
    methods = (CLOSED_FORM, "Grad-CAM", "LayerCAM")
    found = point_all(stub_checkpoint(), lesions[:1], methods)
    assert {pointing.method for pointing in found} == set(methods)
    assert {pointing.label_index for pointing in found} >= {0}
    closed, grad = (next(p for p in found if p.method == method) for method in methods[:2])
    # Grad-CAM at the pooled layer is the closed form but for a factor.
    assert grad.energy == pytest.approx(closed.energy, abs=1e-5)
    assert all(0 <= pointing.energy <= 1 for pointing in found)


def test_a_lesion_is_shown_to_the_fold_that_held_its_head_out() -> None:
    """Hazard: a heat map praised on a head that the network knows."""
    rows = tuple(LabeledSlice("real", f"r{i}", Path("none"), f"P{i}", None, (0,) * 6) for i in range(6))
    made = tuple(
        LabeledSlice(
            "generated_lesions", f"g{i}", Path("none"), "", None, (1, 0, 1, 0, 0, 0), host=("real", f"r{i}")
        )
        for i in (4, 1, 2)
    )
    source = FewLesions(made)
    patients, folds = np.arange(6) + 10, np.arange(6) % 2
    shown = list(lesions_of_fold(source, rows, patients, folds, 0, most=9))  # type: ignore[arg-type]
    assert [lesion.host for lesion in shown] == [14, 12]
    assert len(list(lesions_of_fold(source, rows, patients, folds, 0, most=1))) == 1  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="which the split does not hold"):
        list(lesions_of_fold(source, rows[:2], patients[:2], folds[:2], 0, most=9))  # type: ignore[arg-type]


class FewLesions:
    """Stands in for a prepared source."""

    def __init__(self, rows: tuple[LabeledSlice, ...]) -> None:
        self.rows = rows

    def hu(self, index: int) -> NDArray[np.float32]:
        return np.zeros((8, 8), dtype=np.float32)

    def masks(self, index: int) -> NDArray[np.uint8]:
        return np.full((8, 8), 4, dtype=np.uint8)

    def spacing_mm(self, index: int) -> tuple[float, float]:
        return (1.0, 1.0)
