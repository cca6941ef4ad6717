"""Computes the reading aids that take their time: the tour's stops, questions at a place, sides of findings.

The one thing to get wrong: what arrives must belong to the stack and the slice on the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ichviewer.controller import Controller
from ichviewer.core.blind_spot_steps import tour_ended, with_stops
from ichviewer.core.blind_spots import LeftOut, Stop, blind_spot_tour
from ichviewer.core.brain_extent import NoExtent
from ichviewer.core.errors import IchViewerError
from ichviewer.core.findings import Subtype
from ichviewer.core.hot_place import place_in_question
from ichviewer.core.midline import MidlineFit
from ichviewer.core.navigation import with_midline
from ichviewer.core.placed_cards import AskedPlace, PlacedCards
from ichviewer.core.progress import CancelToken
from ichviewer.core.question_place import cards_at
from ichviewer.core.run_steps import failed_maps, runs_of, sides_of
from ichviewer.core.viewstate import Message, ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import problem
from ichviewer.session.while_open import while_open

MOST_KEPT = 400
"""Places whose cards are kept for the stack on the screen."""


class ReadingAids:
    """Follows the state; one thread for the tour and the questions, the latest wish first."""

    def __init__(self, store: Store, controller: Controller) -> None:
        self._store = store
        self._controller = controller
        self._tour_runner = TaskRunner("blind spots")
        self._cards_runner = TaskRunner("questions")
        self._toured: Volume | None = None
        self._kept_for: Volume | None = None
        self._kept: dict[tuple[AskedPlace, bool], PlacedCards] = {}
        self._sought_midline = False
        self._wanted: tuple[AskedPlace, bool] | None = None
        self._sides_runner = TaskRunner("sides")
        self._findings, self._runs = DrawnInputs(), DrawnInputs()
        store.changed.connect(self._follow)

    def close(self) -> None:
        """Stop the work."""
        self._tour_runner.close()
        self._cards_runner.close()
        self._sides_runner.close()

    def _follow(self, state: ViewState) -> None:
        self._follow_tour(state)
        self._follow_place(state)
        self._follow_runs(state)

    # The tour

    def _follow_tour(self, state: ViewState) -> None:
        tour, volume = state.blind_spot_tour, state.volume
        if tour is None or volume is None:
            self._toured = None
        elif not tour.stops and volume is not self._toured and volume.is_complete:
            self._toured = volume
            self._find_stops(volume)

    def _find_stops(self, volume: Volume) -> None:
        def take(found: tuple[Stop | LeftOut, ...] | NoExtent) -> None:
            def step(state: ViewState) -> ViewState:
                if state.volume is not volume:
                    return state
                if isinstance(found, NoExtent):
                    message = Message(f"No tour of the blind spots. {found.reason}", is_problem=True)
                    return replace(tour_ended(state), message=message)
                return with_stops(state, found)

            self._store.update(step)

        def failed(error: Exception) -> None:
            message = problem("The tour of the blind spots failed", error)
            self._store.update(while_open(volume, lambda state: replace(tour_ended(state), message=message)))

        self._tour_runner.start(Task(lambda _report, _cancel: blind_spot_tour(volume), take, failed))

    # The sides of the findings

    def _follow_runs(self, state: ViewState) -> None:
        volume = state.volume
        if volume is None:
            # A closed stack is not kept alive by what was made of it.
            self._findings.forget()
            self._runs.forget()
            return
        if not self._findings.differ(volume, state.findings, state.model_card):
            return
        runs = runs_of(state)
        # Findings change with every map that is checked; runs do not, and sides only where a map failed.
        words = ";".join(f"{r.subtype}{r.first}-{r.last}" for r in runs)
        if self._runs.differ(volume, words, failed_maps(state)) and runs:
            self._find_sides(state, volume)

    def _find_sides(self, state: ViewState, volume: Volume) -> None:
        def take(sides: tuple[tuple[Subtype, int, str], ...]) -> None:
            self._store.update(
                lambda now: replace(now, run_sides=sides) if now.volume is volume and now.findings else now
            )

        def failed(error: Exception) -> None:
            message = problem("The sides of the findings are not known", error)
            self._store.update(while_open(volume, lambda now: replace(now, message=message)))

        self._sides_runner.start(Task(lambda _report, _cancel: sides_of(state), take, failed))

    # Questions at a place

    def _follow_place(self, state: ViewState) -> None:
        volume = state.volume
        if volume is not self._kept_for:
            self._kept_for, self._sought_midline = volume, False
            self._kept.clear()
        wanted = place_in_question(state)
        if volume is None or wanted is None or not volume.is_complete:
            self._wanted = None
            return
        if wanted == self._wanted:
            return
        self._wanted = wanted
        kept = self._kept.get(wanted)
        if kept is not None and kept.has_midline == (state.midline is not None):
            self._show(volume, kept)
        else:
            self._ask(volume, *wanted, state.midline)

    def _ask(self, volume: Volume, place: AskedPlace, is_asked: bool, midline: MidlineFit | None) -> None:
        seeks_midline = midline is None and not self._sought_midline

        def work(report: Callable[[object], None], cancel: CancelToken) -> PlacedCards:
            line = midline
            if seeks_midline:
                line = self._midline(volume, cancel)
                report(line)
            return cards_at(volume, place, is_asked, line)

        def take_midline(found: MidlineFit | None) -> None:
            self._sought_midline = True
            if found is not None:
                self._store.update(
                    lambda state: with_midline(state, found) if state.volume is volume else state
                )

        def failed(error: Exception) -> None:
            message = problem("Nothing can be asked about this place", error)
            self._store.update(while_open(volume, lambda state: replace(state, message=message)))

        self._cards_runner.start(Task(work, lambda cards: self._take(volume, cards), failed, take_midline))

    def _midline(self, volume: Volume, cancel: CancelToken) -> MidlineFit | None:
        """The midline; None where this head does not tell it; the panel says what was left out."""
        try:
            return self._controller.midline(volume, cancel)
        except IchViewerError:
            return None

    def _take(self, volume: Volume, cards: PlacedCards) -> None:
        if self._kept_for is volume and len(self._kept) < MOST_KEPT:
            self._kept[cards.place, cards.is_asked] = cards
        self._show(volume, cards)

    def _show(self, volume: Volume, cards: PlacedCards) -> None:
        self._store.update(
            lambda state: replace(state, placed_cards=cards) if state.volume is volume else state
        )
