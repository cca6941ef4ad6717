"""The HEAT MAP panel: sets the state, says what is drawn, asks for another method's map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_card, make_findings
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, open_volume, opened_state, with_status

from ichviewer.core.findings import SUBTYPES, SliceStatus, Subtype
from ichviewer.core.heatmap import CLOSED_FORM, OTHER_METHODS, Heatmap
from ichviewer.core.map_verdict import MapVerdict, SliceVerdicts
from ichviewer.core.preprocessing import Framing
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.heatmap_panel import METHOD_TIPS, HeatmapPanel, heatmap_note
from ichviewer.gui.store import Store

OTHER = "Grad-CAM++"


def shown(qtbot: QtBot, state: ViewState) -> tuple[HeatmapPanel, Store]:
    store = Store(state)
    panel = HeatmapPanel(store, (OTHER, "LayerCAM"))
    qtbot.addWidget(panel)
    panel.show()
    return panel, store


def explained(state: ViewState) -> ViewState:
    """With the other method's map of the slice and label in view."""
    heatmap = Heatmap(
        state.heatmap_subtype,
        state.slice_index,
        np.ones((7, 7), dtype=np.float32),
        Framing(0, 0, 16, 16),
        5.0,
        state.heatmap_method,
        make_card().weights_sha256,
    )
    return replace(state, explanation=heatmap)


def checked(state: ViewState, verdict: MapVerdict) -> ViewState:
    """With one verdict on all maps of the slice in view."""
    assert state.findings is not None
    found = state.findings
    result = SliceVerdicts(found.series_key, found.checkpoint_sha256, state.slice_index, (verdict,) * 6)
    return replace(state, findings=found.with_verdicts(result))


def test_the_controls_change_the_state(qtbot: QtBot) -> None:
    panel, store = shown(qtbot, analyzed_state())
    panel.shown.click()
    panel.below.click()
    panel.contours.click()
    panel.opacity.setValue(80)
    qtbot.keyClick(panel.label, Qt.Key.Key_Down)
    qtbot.keyClick(panel.method, Qt.Key.Key_Down)
    state = store.state
    assert (state.shows_heatmap, state.heatmap_below_threshold, state.heatmap_opacity) == (True, True, 0.8)
    assert state.heatmap_as_contours
    assert state.heatmap_subtype is SUBTYPES[1]
    assert state.heatmap_method == OTHER


def test_the_controls_follow_the_state(qtbot: QtBot) -> None:
    panel, store = shown(qtbot, analyzed_state())
    store.update(
        lambda state: replace(
            state,
            shows_heatmap=True,
            heatmap_opacity=0.2,
            heatmap_subtype=Subtype.SUBDURAL,
            heatmap_method="LayerCAM",
        )
    )
    assert panel.shown.isChecked()
    assert panel.opacity.value() == 20
    assert panel.label.currentText() == "SDH (subdural)"
    assert panel.method.currentText() == "LayerCAM"


def test_following_the_state_changes_nothing(qtbot: QtBot) -> None:
    _panel, store = shown(qtbot, analyzed_state())
    asked = replace(store.state, heatmap_opacity=0.4567)
    store.set(asked)
    assert store.state is asked


def test_the_methods_begin_with_the_closed_form(qtbot: QtBot) -> None:
    panel, _store = shown(qtbot, analyzed_state())
    texts = [panel.method.itemText(index) for index in range(panel.method.count())]
    assert texts == [CLOSED_FORM, OTHER, "LayerCAM"]


@pytest.mark.parametrize(
    ("state", "note"),
    [
        (opened_state(), "No scores, no heat map."),
        (analyzed_state(pending=[0]), "No heat map: no scores (pending)."),
        (with_status(analyzed_state(), 0, SliceStatus.FAILED), "No heat map: no scores (failed)."),
        (analyzed_state(likely=[0]), "Hidden."),
        (replace(analyzed_state(), shows_heatmap=True), "Below threshold: nothing is colored."),
        (
            replace(analyzed_state(), shows_heatmap=True, heatmap_below_threshold=True),
            "below threshold; one cell is 1 mm; map not checked",
        ),
        (replace(analyzed_state(likely=[0]), shows_heatmap=True), "one cell is 1 mm; map not checked yet"),
        (
            replace(analyzed_state(likely=[0]), shows_heatmap=True, heatmap_method=OTHER),
            "computing Grad-CAM++ …",
        ),
        (
            explained(replace(analyzed_state(likely=[0]), shows_heatmap=True, heatmap_method=OTHER)),
            "one cell is 5 mm; map not checked yet",
        ),
    ],
)
def test_the_note_says_what_is_drawn_or_why_nothing_is(state: ViewState, note: str) -> None:
    """Hazard: no color could mean no heat, no score, or a slice that was never looked at."""
    assert heatmap_note(state) == note


@pytest.mark.parametrize(
    ("logit", "note"),
    [
        (3.1, "one cell is 1 mm; map not checked yet"),
        (0.9, "one cell is 1 mm; hottest 0.9 of 6.2: hardly visible on the fixed scale; map not checked yet"),
        (
            -0.5,
            "one cell is 1 mm; hottest 0.0 of 6.2: hardly visible on the fixed scale; map not checked yet",
        ),
    ],
)
def test_a_map_too_weak_to_be_seen_says_so(logit: float, note: str) -> None:
    """Hazard: a flagged slice without a visible color is taken for one where the map found nothing."""
    state = replace(opened_state(), shows_heatmap=True, slice_index=0)
    found = make_findings(open_volume(state), make_card(), likely=[0], map_logit=logit)
    assert heatmap_note(replace(state, findings=found)) == note


def test_a_map_that_failed_its_check_says_so_with_the_figures() -> None:
    """Hazard: a grey map without a reason is taken for a weak one."""
    state = replace(analyzed_state(likely=[0]), shows_heatmap=True)
    note = heatmap_note(checked(state, MapVerdict(-0.5, 0.25, 0.91, 0.12)))
    assert "map failed: the score does not need its hottest part" in note
    assert "[without its hottest part logit +0.5, elsewhere -0.2; flip 0.91; 12% outside the head]" in note
    assert "map passed [" in heatmap_note(checked(state, MapVerdict(3.0, 0.25, 0.91, 0.12)))


def test_every_method_says_in_its_tooltip_what_it_is() -> None:
    assert set(METHOD_TIPS) == {CLOSED_FORM, *OTHER_METHODS}


def test_another_method_asks_for_its_map(qtbot: QtBot) -> None:
    panel, store = shown(qtbot, replace(analyzed_state(likely=[0]), shows_heatmap=True))
    with qtbot.waitSignal(panel.explanation_requested):
        store.update(lambda state: replace(state, heatmap_method=OTHER))


@pytest.mark.parametrize(
    "step",
    [
        lambda state: scrolled_to(state, 1),
        lambda state: replace(state, heatmap_subtype=Subtype.SUBDURAL),
        lambda state: replace(state, heatmap_method="LayerCAM"),
    ],
)
def test_what_is_in_view_changed_so_the_map_is_asked_for_again(qtbot: QtBot, step) -> None:
    state = replace(analyzed_state(likely=[0, 1]), shows_heatmap=True, heatmap_method=OTHER)
    panel, store = shown(qtbot, explained(state))
    with qtbot.waitSignal(panel.explanation_requested):
        store.update(step)


@pytest.mark.parametrize(
    "state",
    [
        replace(analyzed_state(likely=[0]), shows_heatmap=True),
        replace(analyzed_state(likely=[0]), heatmap_method=OTHER),
        replace(analyzed_state(pending=[0]), shows_heatmap=True, heatmap_method=OTHER),
        explained(replace(analyzed_state(likely=[0]), shows_heatmap=True, heatmap_method=OTHER)),
    ],
    ids=["closed form", "hidden", "no scores", "there already"],
)
def test_nothing_is_asked_for_without_need(qtbot: QtBot, state: ViewState) -> None:
    panel, _store = shown(qtbot, state)
    assert not panel._timer.isActive()


def test_a_slice_that_gets_its_scores_is_explained(qtbot: QtBot) -> None:
    state = replace(analyzed_state(pending=[0]), shows_heatmap=True, heatmap_method=OTHER)
    panel, store = shown(qtbot, state)
    with qtbot.waitSignal(panel.explanation_requested):
        store.update(lambda now: replace(now, findings=analyzed_state().findings))


def test_a_heat_map_that_is_on_cannot_be_made_invisible(qtbot: QtBot) -> None:
    """Hazard: "heat map on" with nothing to see reads as nothing suspicious."""
    panel, store = shown(qtbot, analyzed_state())
    panel.opacity.setValue(0)
    assert store.state.heatmap_opacity == 0.05
