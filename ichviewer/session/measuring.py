"""Grows the regions that the reader asks for, in a thread of its own.

The one thing to get wrong: a region is of the stack that it was grown in; what arrives after another one was
opened, or after another wish, is dropped.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.controller import Controller
from ichviewer.core.growing import growth_over, region_arrived
from ichviewer.core.growth import WantedRegion
from ichviewer.core.region import Region
from ichviewer.core.viewstate import Message, ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import problem

MAY_GO_ON = (
    "The region reaches the farthest distance, an end of the stack or a slice that could not be read; it may"
    " go on there, or have run out into something else."
)


class Measuring:
    """Follows the state; each wish for a region is one task, and a new one supersedes the one before."""

    def __init__(self, store: Store, controller: Controller) -> None:
        self._store = store
        self._controller = controller
        self._runner = TaskRunner("measuring")
        self._asked: WantedRegion | None = None
        store.changed.connect(self._follow)

    def close(self) -> None:
        """Stop the work."""
        self._runner.close()

    def _follow(self, state: ViewState) -> None:
        wanted, volume = state.growth.wanted, state.volume
        if wanted == self._asked:
            return
        self._asked = wanted
        self._runner.cancel()
        if wanted is not None and volume is not None:
            self._grow(wanted, volume, state)

    def _grow(self, wanted: WantedRegion, volume: Volume, state: ViewState) -> None:
        def take(grown: tuple[Region, bool]) -> None:
            region, reaches_limit = grown
            message = Message(MAY_GO_ON, is_problem=True) if reaches_limit else None

            def step(now: ViewState) -> ViewState:
                if now.volume is None or now.volume.series is not volume.series:
                    return growth_over(now, wanted)
                return replace(region_arrived(now, wanted, region), message=message)

            self._store.update(step)

        def failed(error: Exception) -> None:
            message = problem("No region grew", error)
            self._store.update(lambda now: replace(growth_over(now, wanted), message=message))

        growth = state.growth
        self._runner.start(
            Task(
                lambda _report, cancel: self._controller.grow_region(volume, wanted.seed_mm, growth, cancel),
                take,
                failed,
            )
        )
