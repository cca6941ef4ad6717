"""What counts as seen: only what stood still, in the windows that showed it, while the reader was there."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot
from window_states import analyzed_state, findings_of, opened_state

from ichviewer.core.first_look import FirstLook, Seal
from ichviewer.core.navigation import with_layout
from ichviewer.core.sealing import with_network_findings
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState, scrolled_to, with_window
from ichviewer.core.windowing import Window
from ichviewer.gui.coverage_panel import CoveragePanel
from ichviewer.gui.score_ribbon import ScoreRibbon
from ichviewer.gui.store import Store
from ichviewer.session.coverage import CoverageWatch


class Clock:
    """Says what it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def watched(state: ViewState) -> tuple[Store, CoverageWatch, Clock]:
    store, clock = Store(state), Clock()
    return store, CoverageWatch(store, clock), clock


def look(store: Store, clock: Clock, seconds: float, then: int) -> None:
    """Let the slice in view stand for a while, then go to another."""
    clock.now += seconds
    store.update(lambda state: scrolled_to(state, then))


def test_a_slice_that_stood_is_seen_in_every_window_that_showed_it(qtbot: QtBot) -> None:
    store, _watch, clock = watched(scrolled_to(opened_state(), 2))
    look(store, clock, 0.5, then=3)
    assert store.state.coverage.seen == tuple(
        (name, frozenset({2})) for name in ("Bone", "Brain", "Subdural")
    )


def test_a_slice_that_flew_past_is_not_seen(qtbot: QtBot) -> None:
    """Hazard: a stack scrolled through in a second would be called read, and open the seal."""
    store, _watch, clock = watched(scrolled_to(opened_state(), 0))
    for index in range(1, 12):
        look(store, clock, 0.05, then=index)
    assert store.state.coverage.seen_in() == frozenset()


def test_one_view_alone_is_seen_in_its_window_alone(qtbot: QtBot) -> None:
    state = replace(scrolled_to(opened_state(), 2), promoted_view=View.BONE)
    store, _watch, clock = watched(state)
    look(store, clock, 0.5, then=3)
    assert dict(store.state.coverage.seen) == {"Bone": frozenset({2})}


def test_no_time_passes_behind_another_program(qtbot: QtBot) -> None:
    """Hazard: a head that stood open over lunch is not a head that was read."""
    store, watch, clock = watched(scrolled_to(opened_state(), 2))
    clock.now += 0.1
    watch.set_active(False)
    clock.now += 3600
    watch.set_active(True)
    look(store, clock, 0.1, then=3)
    assert store.state.coverage.seen_in() == frozenset()


def test_planes_across_the_slices_count_for_no_slice(qtbot: QtBot) -> None:
    state = replace(with_layout(opened_state(), Layout.PLANES), promoted_view=View.CORONAL)
    store, watch, clock = watched(state)
    clock.now += 5
    watch.count()
    assert store.state.coverage.seen_in() == frozenset()


def sealed_and_all_but_one_seen() -> tuple[Store, CoverageWatch, Clock]:
    state = replace(scrolled_to(opened_state(), 0), first_look=FirstLook.sealed())
    store, watch, clock = watched(with_network_findings(state, findings_of(analyzed_state(likely=[3]))))
    for index in range(1, 12):
        look(store, clock, 0.5, then=index)
    return store, watch, clock


def test_the_seal_opens_as_the_reader_goes_on_and_not_before(qtbot: QtBot) -> None:
    """Hazard: scores that appear while a slice is being judged change the judgment."""
    store, watch, clock = sealed_and_all_but_one_seen()
    clock.now += 5
    watch.count()
    assert store.state.coverage.share() == 1.0
    assert store.state.first_look.is_sealed
    look(store, clock, 0.5, then=4)
    assert store.state.first_look.seal is Seal.OPENED_BY_COVERAGE
    assert store.state.findings is not None


def test_slices_without_an_image_are_not_waited_for(qtbot: QtBot) -> None:
    state = opened_state()
    assert state.volume is not None
    is_readable = state.volume.is_readable.copy()
    is_readable[5] = False
    store, _watch, _clock = watched(state)
    store.update(lambda now: replace(now, volume=replace(now.volume, is_readable=is_readable)))  # type: ignore[type-var]
    assert store.state.coverage.blank_slices == {5}


def test_the_panel_counts_and_goes_to_the_next_unseen(qtbot: QtBot) -> None:
    store, clock = Store(scrolled_to(opened_state(), 2)), Clock()
    panel, ribbon = CoveragePanel(store), ScoreRibbon(store)
    # As in the window: widgets hear of a state before those who answer it with another.
    watch = CoverageWatch(store, clock)
    qtbot.addWidget(panel)
    qtbot.addWidget(ribbon)
    look(store, clock, 0.5, then=3)
    assert "1 of 12 slices seen" in panel.line.text()
    assert "bone window: 11 unseen" in panel.line.text()
    assert ribbon.unseen == ((0, 1), (3, 11))
    store.update(lambda state: scrolled_to(state, 1))
    panel.line.linkActivated.emit("2")
    assert (store.state.slice_index, store.state.active_view) == (3, View.BONE)
    watch.close()


def test_another_window_on_the_same_slice_does_not_open_the_seal(qtbot: QtBot) -> None:
    """Hazard: the same, for a reader who only widens the window to judge the slice."""
    store, watch, clock = sealed_and_all_but_one_seen()
    clock.now += 5
    watch.count()
    store.update(lambda state: with_window(state, View.BRAIN, Window(90, 300)))
    assert store.state.first_look.is_sealed
