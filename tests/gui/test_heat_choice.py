"""Which heat map is shown, and what the view says instead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_card, make_findings, make_volume

from ichviewer.core.camera import Camera, Turn
from ichviewer.core.colormap import DOUBTED_COLORS, HEAT_COLORS
from ichviewer.core.findings import Subtype
from ichviewer.core.head import head_mask
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap
from ichviewer.core.map_verdict import MapVerdict, SliceVerdicts
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
    assert words(choice) == "HEAT MAP subdural, full color = logit 6.2, cell 5 mm, map not checked yet"


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
    assert words(choice) == "HEAT MAP subdural, HiResCAM, scale relative, cell 11 mm, map not checked yet"


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
    assert "computing HiResCAM …" in words(choice)


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


def checked(state: ViewState, verdict: MapVerdict) -> ViewState:
    """With one verdict on all maps of the slice in view."""
    assert state.findings is not None
    found = state.findings
    result = SliceVerdicts(found.series_key, found.checkpoint_sha256, state.slice_index, (verdict,) * 6)
    return replace(state, findings=found.with_verdicts(result))


def test_a_map_that_failed_its_check_is_grey_and_says_why(state: ViewState) -> None:
    """Hazard: a map that the score does not come from is believed because it glows."""
    choice = heat_to_show(checked(state, MapVerdict(0.01, 0.5, 0.2, 0.05)))
    assert choice.is_doubted
    assert choice.colors is DOUBTED_COLORS
    assert choice.as_contours
    assert "MAP FAILED ITS CHECK, grey lines only" in words(choice)
    assert "the score does not need its hottest part (logit -0.01 without)" in words(choice)
    assert "it does not flip with the image (correlation 0.20)" in words(choice)


def test_a_map_that_passed_keeps_its_colors(state: ViewState) -> None:
    choice = heat_to_show(checked(state, MapVerdict(2.0, 0.5, 0.9, 0.05)))
    assert not choice.is_doubted
    assert choice.colors is HEAT_COLORS
    assert "map passed its check" in words(choice)


def test_the_verdict_on_one_method_is_not_that_on_another(state: ViewState) -> None:
    """Hazard: the closed form passed, so every map of this slice would be believed."""
    other = replace(checked(state, MapVerdict(2.0, 0.5, 0.9, 0.05)), heatmap_method="HiResCAM")
    assert "not checked yet" in words(heat_to_show(replace(other, explanation=explanation())))
    failed = explanation(verdict=MapVerdict(0.0, 0.5, 0.9, 0.05))
    assert heat_to_show(replace(other, explanation=failed)).is_doubted


def test_below_threshold_a_map_is_said_to_be_unchecked_for_good(state: ViewState) -> None:
    below = replace(scrolled_to(state, UNLIKELY_SLICE), heatmap_below_threshold=True)
    assert words(heat_to_show(below)).endswith("map not checked")


def test_the_share_of_heat_outside_the_head_is_told(state: ViewState) -> None:
    """Hazard: heat in the air is cut off in the picture and nobody knows that it was there."""
    assert state.findings is not None
    finding = state.findings.slices[LIKELY_SLICE]
    corners = np.zeros((6, 8, 8), np.float32)
    corners[:, 0, 0], corners[:, 4, 4] = 3.0, 3.0
    changed = replace(finding, class_maps=corners)
    findings = state.findings.with_slice(changed, state.findings.series_key, state.findings.checkpoint_sha256)
    told = words(HeatLayer().choice(replace(state, findings=findings)))
    assert "50% of the heat lies outside the head" in told
    known = checked(state, MapVerdict(2.0, 0.5, 0.9, 0.125))
    assert "12% of the heat lies outside the head" in words(HeatLayer().choice(known))


def test_a_verdict_that_arrives_changes_what_is_drawn(state: ViewState) -> None:
    layer = HeatLayer()
    assert not layer.choice(state).is_doubted
    assert layer.choice(checked(state, MapVerdict(0.0, 0.5, 0.9, 0.0))).is_doubted


def test_contours_take_the_place_of_color_and_say_their_levels(state: ViewState) -> None:
    layer, volume = HeatLayer(), state.volume
    assert volume is not None
    placement = place_picture(volume.shape, (0.5, 0.5), (100, 100), Camera())
    colored, lined = layer.choice(state), layer.choice(replace(state, heatmap_as_contours=True))
    assert layer.contours(colored, volume) == ()
    assert layer.on_screen(lined, volume, placement) is None
    assert [contour.level for contour in layer.contours(lined, volume)] == [0.25, 0.5, 0.75]
    assert "lines at 25, 50 and 75 % of full color" in words(lined)


def test_a_map_too_cold_for_a_line_says_so(state: ViewState) -> None:
    """Hazard: no line on a flagged slice reads as no heat."""
    assert state.volume is not None
    assert state.model_card is not None
    faint = make_findings(state.volume, state.model_card, likely=[LIKELY_SLICE], map_logit=1.24)
    choice = heat_to_show(replace(state, findings=faint, heatmap_as_contours=True))
    assert "no line: hottest 20% of full color" in words(choice)


@pytest.mark.parametrize("turn", [Turn(), Turn(quarter_turns=1), Turn(is_mirrored=True)])
@pytest.mark.parametrize("view_px", [(90, 90), (301, 260), (602, 520)], ids=["small", "ratio 1", "ratio 2"])
@pytest.mark.parametrize("zoom", [0.25, 1.0, 3.7, 16.0])
def test_no_heat_is_painted_outside_the_head(
    state: ViewState, zoom: float, view_px: tuple[int, int], turn: Turn
) -> None:
    """Hazard: heat in the air shows how little a map means, and is cut off; but it must not leak either."""
    layer, volume = HeatLayer(), state.volume
    assert volume is not None
    hot = replace(state, heatmap_method="HiResCAM", explanation=explanation())
    placement = place_picture(volume.shape, (0.5, 0.5), view_px, Camera(zoom=zoom, turn=turn))
    heat = layer.on_screen(layer.choice(hot), volume, placement)
    assert heat is not None
    assert heat.max() == 255
    rows, columns = np.nonzero(heat)
    head = head_mask(volume.measured_hu(LIKELY_SLICE))
    left, top = placement.across.picture_start, placement.down.picture_start
    for row, column in zip(rows[::7].tolist(), columns[::7].tolist(), strict=True):
        # All of what one device pixel shows; enlarged, that is one pixel of the slice.
        part = 0.01 if placement.across.scale >= 1 else 0.5
        corners = [
            placement.pixel_at(left + column + 0.5 + x, top + row + 0.5 + y)
            for x in (-part, part)
            for y in (-part, part)
        ]
        (first_row, first_column), (last_row, last_column) = np.min(corners, axis=0), np.max(corners, axis=0)
        assert head[max(first_row, 0) : last_row + 1, max(first_column, 0) : last_column + 1].any()
