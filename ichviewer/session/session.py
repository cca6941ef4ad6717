"""One sitting at the window: reading, network, writing and self-test, each with a thread of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ichviewer.controller import Controller
from ichviewer.core.history import ReaderWork
from ichviewer.core.viewstate import Message
from ichviewer.gui.store import Store
from ichviewer.session.analysis import Analysis
from ichviewer.session.coverage import CoverageWatch
from ichviewer.session.measuring import Measuring
from ichviewer.session.mirror import Mirror
from ichviewer.session.planes import Planes
from ichviewer.session.preferences import Preferences
from ichviewer.session.reading import Reading
from ichviewer.session.reading_aids import ReadingAids
from ichviewer.session.self_test import SelfTest
from ichviewer.session.sittings import Sittings
from ichviewer.session.straightening import Straightening
from ichviewer.session.writing import Writing
from ichviewer.settings import Settings


class Session:
    """The parts of a sitting; each turns what the window asks for into tasks, and their outcomes into states.

    Attributes:
        preferences: What is kept for the next sitting.
        analysis: The network.
        planes: Planes across the slices.
        straightening: The head's own midline.
        measuring: Regions that grow.
        mirror: The two sides of the head compared.
        reading: Opening.
        writing: Exports.
        self_test: What works on this machine.
        sittings: What is kept of this sitting, and of earlier ones.
        reading_aids: Tour of the blind spots, and questions at a place.
        coverage: What the reader has seen; it follows the state last, because it answers with another.
    """

    def __init__(
        self,
        store: Store,
        controller: Controller,
        settings: Settings,
        settings_path: Path,
        sessions_folder: Path | None = None,
    ) -> None:
        self._controller = controller
        self.preferences = Preferences(store, settings, settings_path)
        self.analysis = Analysis(store, controller, self.preferences)
        self.planes = Planes(store, controller)
        self.straightening = Straightening(store, controller)
        self.measuring = Measuring(store, controller)
        self.mirror = Mirror(store)
        self.reading = Reading(store, controller, self.preferences, self.analysis)
        self.writing = Writing(store, controller)
        self.self_test = SelfTest(store)
        self.sittings = Sittings(
            store,
            self.reading.shelf,
            sessions_folder or settings_path.parent / "sessions",
            self.reading.open_paths,
            self.reading.open_series,
        )
        self.reading_aids = ReadingAids(store, controller)
        self.coverage = CoverageWatch(store)
        self._store = store
        self._warned_of: ReaderWork | None = None

    def may_close(self) -> bool:
        """Whether nothing is lost by closing; if something is, it is said, and closing again means it."""
        if not self.writing.finish():
            return False
        work = self._store.state.work
        if not self.sittings.loses_work or self._warned_of == work:
            return True
        self._warned_of = work
        text = (
            "Decisions and measurements are not kept. Save the session (Ctrl+S), or close again to lose them."
        )
        self._store.update(lambda state: replace(state, message=Message(text, is_problem=True)))
        return False

    def close(self, layout: dict[str, Any]) -> None:
        """Stop all work and keep the settings."""
        self.sittings.close()
        self.preferences.keep_layout(layout)
        for part in (
            self.reading,
            self.planes,
            self.straightening,
            self.measuring,
            self.mirror,
            self.reading_aids,
            self.coverage,
            self.analysis,
            self.writing,
            self.self_test,
        ):
            part.close()
        self._controller.close()
