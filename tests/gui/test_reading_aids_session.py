"""What the reading aids compute in threads of their own: the tour's stops, questions, sides of findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, findings_of, open_volume, opened_state

from ichviewer.core.blind_spot_steps import tour_begun
from ichviewer.core.blind_spots import BLIND_SPOTS, Stop
from ichviewer.core.errors import IchViewerError
from ichviewer.core.findings import Peak, Subtype
from ichviewer.core.hot_place import asked_about, shown_cards
from ichviewer.core.midline import MidlineFit
from ichviewer.core.progress import CancelToken
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, opened, scrolled_to
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.session import reading_aids
from ichviewer.session.reading_aids import ReadingAids
from ichviewer.session.shelf import Shelf

MIDLINE = MidlineFit(0.0, 0.0, (4.0, 4.0, 20.0), 0.97)


class FakeController:
    """Knows the midline, or why not."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None

    def midline(self, _volume: Volume, _cancel: CancelToken) -> MidlineFit:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return MIDLINE


@pytest.fixture
def controller() -> FakeController:
    return FakeController()


def hot_state() -> ViewState:
    """Slices 4 and 8 are flagged, each with a hot spot."""
    state = analyzed_state(likely=[3, 7])
    findings, volume = findings_of(state), open_volume(state)

    def peak(index: int) -> Peak:
        x, y, z = (float(value) for value in volume.geometry.point_mm(index, 6.0, 9.0))
        return Peak(Subtype.ANY, 6, 9, (x, y, z), "left", 10.0)

    slices = tuple(
        replace(finding, peak=peak(finding.slice_index)) if finding.slice_index in (3, 7) else finding
        for finding in findings.slices
    )
    return replace(state, findings=replace(findings, slices=slices))


@pytest.fixture
def store() -> Store:
    return Store(hot_state())


@pytest.fixture
def aids(store: Store, controller: FakeController) -> Iterator[ReadingAids]:
    made = ReadingAids(store, controller)  # type: ignore[arg-type]
    yield made
    made.close()


def test_a_flagged_slice_is_questioned_at_its_hot_spot(
    aids: ReadingAids, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    store.update(lambda state: scrolled_to(state, 3))
    qtbot.waitUntil(lambda: shown_cards(store.state) is not None)
    cards = shown_cards(store.state)
    assert cards is not None
    assert cards.has_midline
    store.update(lambda state: scrolled_to(state, 7))
    qtbot.waitUntil(lambda: shown_cards(store.state) is not None)
    assert controller.asked == 1


def test_what_was_asked_before_is_there_at_once(
    aids: ReadingAids, store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.update(lambda state: scrolled_to(state, 3))
    qtbot.waitUntil(lambda: shown_cards(store.state) is not None)
    store.update(lambda state: scrolled_to(state, 4))
    monkeypatch.delattr(reading_aids, "cards_at")
    store.update(lambda state: scrolled_to(state, 3))
    assert shown_cards(store.state) is not None


def test_without_a_midline_the_other_questions_are_asked(
    aids: ReadingAids, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    controller.error = IchViewerError("The midline was not found.")
    store.update(lambda state: scrolled_to(state, 3))
    qtbot.waitUntil(lambda: shown_cards(store.state) is not None)
    cards = shown_cards(store.state)
    assert cards is not None
    assert not cards.has_midline
    assert store.state.message is None


def test_the_place_at_the_cursor_goes_before_the_hot_spot(
    aids: ReadingAids, store: Store, qtbot: QtBot
) -> None:
    store.update(lambda state: asked_about(scrolled_to(state, 3), 2.0, 2.0))
    qtbot.waitUntil(lambda: shown_cards(store.state) is not None)
    cards = shown_cards(store.state)
    assert cards is not None
    assert cards.is_asked
    assert (cards.place.x_mm, cards.place.y_mm) == (2.0, 2.0)


def test_the_sides_of_all_runs_become_known(aids: ReadingAids, store: Store, qtbot: QtBot) -> None:
    store.update(lambda state: scrolled_to(state, 1))
    qtbot.waitUntil(lambda: bool(store.state.run_sides))
    assert {(subtype, first) for subtype, first, _side in store.state.run_sides} == {
        (subtype, first) for subtype in Subtype for first in (3, 7)
    }


def test_the_tour_begins_once_its_stops_are_found(
    aids: ReadingAids, store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Stop(BLIND_SPOTS[0], 9, 8, 10, 4.0, 3.0, "About here: slice 10.")
    monkeypatch.setattr(reading_aids, "blind_spot_tour", lambda _volume: (stop,))
    store.update(tour_begun)
    qtbot.waitUntil(lambda: store.state.slice_index == 9)
    assert store.state.active_view is View.CORONAL


def test_a_head_without_its_vertex_has_no_tour_and_it_is_said(
    aids: ReadingAids, store: Store, qtbot: QtBot
) -> None:
    """Hazard: levels measured from the top of half a head would send the reader to the wrong places."""
    store.update(tour_begun)
    qtbot.waitUntil(lambda: store.state.message is not None)
    assert store.state.message is not None
    assert store.state.message.text.startswith("No tour of the blind spots. ")
    assert store.state.blind_spot_tour is None


def test_another_stack_ends_the_tour_and_the_questions(store: Store) -> None:
    toured = tour_begun(asked_about(store.state, 1.0, 1.0))
    other = opened(toured, open_volume(opened_state(5)), "")
    assert (other.blind_spot_tour, other.asked_place, other.placed_cards, other.run_sides) == (
        None,
        None,
        None,
        (),
    )


def test_coverage_and_seal_lie_on_the_shelf_with_their_stack() -> None:
    state = opened_state()
    seen = replace(state, coverage=state.coverage.with_look(3, ["Brain"], 1.0))
    shelf = Shelf()
    assert shelf.looks(open_volume(state)) == (None, None)
    shelf.put_away(seen)
    assert shelf.looks(open_volume(state)) == (seen.first_look, seen.coverage)
