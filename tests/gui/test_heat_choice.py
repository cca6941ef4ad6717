"""Which heat map is shown, and what the view says instead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_card, make_findings, make_volume

from ichviewer.core.camera import Camera
from ichviewer.core.findings import Subtype
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap
from ichviewer.core.preprocessing import Framing
from ichviewer.core.viewstate import ViewState, opened, scrolled_to
from ichviewer.gui.heat_choice import HeatChoice, heat_to_show
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.placement import place_picture

LIKELY_SLICE, UNLIKELY_SLICE, PENDING_SLICE, BROKEN_SLICE = 1, 2, 3, 4


@pytest.fixture
def state() -> ViewState:
    volume, card = make_volume(5, unreadable={BROKEN_SLICE: "truncated"}), make_card(full_scale=6.2)
    findings = make_findings(volume, card, likely=[LIKELY_SLICE], pending=[PENDING_SLICE])
    return replace(
        opened(ViewState(), volume, ""),
        findings=findings,
        model_card=card,
        shows_heatmap=True,
        heatmap_subtype=Subtype.SUBDURAL,
        slice_index=LIKELY_SLICE,
    )


def words(choice: HeatChoice) -> str:
    return ", ".join(text for text, _short in choice.lines)


def test_a_slice_above_threshold_shows_its_map_with_scale_and_cell(state: ViewState) -> None:
    choice = heat_to_show(state)
    assert choice.heatmap is not None
    assert (choice.heatmap.subtype, choice.heatmap.slice_index) == (Subtype.SUBDURAL, LIKELY_SLICE)
    assert words(choice) == "HEAT MAP subdural, full color = logit 6.2, cell 5 mm"


def test_the_scale_is_the_cards_and_not_the_slices(state: ViewState) -> None:
    """Hazard: a map scaled to its own maximum paints a healthy head as hot as a bleeding one."""
    assert state.volume is not None
    assert state.model_card is not None
    faint = make_findings(state.volume, state.model_card, likely=[LIKELY_SLICE], map_logit=1.24)
    choice = heat_to_show(replace(state, findings=faint))
    assert choice.heatmap is not None
    assert choice.heatmap.values.max() == pytest.approx(0.2)


def test_a_slice_below_threshold_is_not_colored_unless_asked(state: ViewState) -> None:
    """Hazard: color on a slice that the network does not suspect draws the eye there."""
    below = scrolled_to(state, UNLIKELY_SLICE)
    assert heat_to_show(below).heatmap is None
    assert words(heat_to_show(below)) == "HEAT MAP subdural, below threshold: not colored"
    asked = heat_to_show(replace(below, heatmap_below_threshold=True))
    assert asked.heatmap is not None
    assert "slice is below threshold" in words(asked)


@pytest.mark.parametrize("below", [False, True])
def test_a_pending_slice_is_never_colored(state: ViewState, below: bool) -> None:
    choice = heat_to_show(replace(scrolled_to(state, PENDING_SLICE), heatmap_below_threshold=below))
    assert choice.heatmap is None
    assert "not scored yet" in words(choice)


def test_an_unreadable_slice_says_nothing_of_heat(state: ViewState) -> None:
    assert heat_to_show(scrolled_to(state, BROKEN_SLICE)).lines == ()


def test_the_layer_can_be_off(state: ViewState) -> None:
    assert heat_to_show(replace(state, shows_heatmap=False)).lines == ()


def test_scores_of_another_series_or_checkpoint_are_not_shown(state: ViewState) -> None:
    """Hazard: the heat map of one patient over the head of another."""
    assert state.findings is not None
    other_series = replace(state, findings=replace(state.findings, series_key="9.9"))
    other_weights = replace(state, model_card=make_card(sha256="cd" * 32))
    for wrong in (other_series, other_weights):
        assert heat_to_show(wrong).heatmap is None
        assert "another series" in words(heat_to_show(wrong))


def explanation(**changes: object) -> Heatmap:
    made = Heatmap(
        Subtype.SUBDURAL,
        LIKELY_SLICE,
        np.ones((3, 3), np.float32),
        Framing(0, 0, 64, 64),
        11,
        "HiResCAM",
        "ab" * 32,
    )
    return replace(made, **changes)


def test_another_method_shows_its_own_map(state: ViewState) -> None:
    made = explanation()
    choice = heat_to_show(replace(state, heatmap_method="HiResCAM", explanation=made))
    assert choice.heatmap is made
    assert words(choice) == "HEAT MAP subdural, HiResCAM, cell 11 mm"


@pytest.mark.parametrize(
    "changes",
    [
        {"slice_index": UNLIKELY_SLICE},
        {"subtype": Subtype.EPIDURAL},
        {"method": "EigenCAM"},
        {"checkpoint_sha256": "cd" * 32},
    ],
)
def test_a_map_of_something_else_is_not_shown(state: ViewState, changes: dict[str, object]) -> None:
    """Hazard: the map of one slice or label over another one."""
    choice = heat_to_show(replace(state, heatmap_method="HiResCAM", explanation=explanation(**changes)))
    assert choice.heatmap is None
    assert "no HiResCAM of this slice" in words(choice)


def test_three_views_of_one_size_share_the_heat_that_was_made_for_the_first(state: ViewState) -> None:
    layer, volume = HeatLayer(), state.volume
    assert volume is not None
    placement = place_picture(volume.shape, (0.5, 0.5), (100, 100), Camera())
    first = layer.on_screen(layer.choice(state), volume, placement)
    again = layer.on_screen(layer.choice(replace(state, active_view=2)), volume, placement)
    assert first is again
    assert first is not None
    assert first.max() > 200


def test_a_new_stack_leaves_nothing_of_the_old_one(state: ViewState) -> None:
    layer, other = HeatLayer(), make_volume(5, series_uid="7.7")
    old = layer.choice(state)
    new = layer.choice(replace(opened(state, other, ""), slice_index=LIKELY_SLICE))
    assert old.heatmap is not None
    assert new.heatmap is None
    assert state.heatmap_method == CLOSED_FORM
