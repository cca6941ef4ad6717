"""The network's part of a sitting: scores, other methods' maps, and where it runs.

The one thing to get wrong: a result must never land on a stack that was opened after it was asked for; a new
task supersedes the old one, and the findings refuse a stranger's slice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ichviewer.controller import Controller
from ichviewer.core.errors import MismatchError
from ichviewer.core.findings import SliceResult, StudyFindings
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap
from ichviewer.core.map_verdict import SliceVerdicts
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.sealing import network_findings, with_network_findings
from ichviewer.core.viewstate import Message
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.messages import analysis_canceled, problem
from ichviewer.session.preferences import Preferences

Reporter = Callable[[Any], None]


class Analysis:
    """Asks the network and puts its answers into the state."""

    def __init__(self, store: Store, controller: Controller, preferences: Preferences) -> None:
        self._store = store
        self._controller = controller
        self._preferences = preferences
        self._wanted_device = preferences.device
        self._runner = TaskRunner("network")
        self._store.update(lambda state: replace(state, model_card=controller.card))

    @property
    def device(self) -> str:
        """Where the network is to run: what was asked for last."""
        return self._wanted_device

    def warm_up(self) -> None:
        """Start the child processes while the window waits for a study."""

        def work(_report: Reporter, cancel: CancelToken) -> str:
            self._controller.start_decoder()
            return self._controller.device(cancel)

        if self._store.state.volume is None and self._store.state.reading is None:
            self._runner.start(Task(work, self._take_device, self._failed))

    def analyze(self) -> None:
        """Score the open stack, the slice in view first."""
        state = self._store.state
        volume, card = state.volume, self._controller.card
        if volume is None:
            return
        # What is read beside the stack, such as a prior, is no reason to wait.
        if not volume.is_complete:
            read = f"{volume.settled_count} of {volume.slice_count} slices were read"
            self._say(f"Not analyzed: only {read}. Click the series to read the rest.", is_problem=True)
            return
        pending = StudyFindings.pending(
            volume.series.key, card.weights_sha256, volume.is_readable, volume.unreadable_reasons
        )

        def work(report: Reporter, cancel: CancelToken) -> StudyFindings:
            report(self._controller.device(cancel))
            # The reader may have scrolled while the network was loaded; a state is frozen, so any thread may
            # look at the one that is shown.
            in_view = self._store.state.slice_index
            return self._controller.analyze(volume, in_view, lambda *scored: report(scored), cancel)

        self._store.update(
            lambda state: replace(
                with_network_findings(state, pending),
                explanation=None,
                analysis=Progress(0, volume.slice_count, "loading the network"),
            )
        )
        self._runner.start(Task(work, self._done, self._failed, self._take))

    def cancel(self) -> None:
        """Stop the analysis; slices that were scored keep their scores, the others stay pending."""
        self.drop()
        self._store.update(
            lambda state: replace(state, analysis=None, message=analysis_canceled(state.volume))
        )

    def drop(self) -> None:
        """Stop whatever the network does, without a word: another stack takes the window."""
        self._runner.cancel()

    def explain(self) -> bool:
        """Ask for the chosen other method's map of the slice and label in view; whether one was asked for."""
        state = self._store.state
        if state.volume is None or state.findings is None or state.heatmap_method == CLOSED_FORM:
            return False
        if state.analysis is not None:
            self._say("Other methods are available once the analysis is done.")
            return False
        volume, finding = state.volume, state.findings.slices[state.slice_index]
        if finding.class_maps is None:
            return False

        def work(report: Reporter, cancel: CancelToken) -> Heatmap:
            subtype, method = state.heatmap_subtype, state.heatmap_method
            heatmap = self._controller.explain(volume, finding, subtype, method, cancel)
            report(heatmap)
            return self._controller.check_explanation(volume, heatmap, cancel)

        def show(heatmap: Heatmap) -> None:
            self._store.update(lambda state: replace(state, explanation=heatmap))

        def show_and_go_on(heatmap: Heatmap) -> None:
            show(heatmap)
            self.check_maps()

        self._runner.start(Task(work, show_and_go_on, self._failed, show))
        return True

    def check_maps(self) -> None:
        """Find out which heat maps of the flagged slices may be believed, once all scores are there.

        Whatever else is asked of the network goes first and ends this; it is taken up again afterwards.
        """
        state = self._store.state
        volume, findings = state.volume, network_findings(state)
        if volume is None or findings is None or state.analysis is not None or not findings.is_complete:
            return

        def work(report: Reporter, cancel: CancelToken) -> None:
            self._controller.check_maps(volume, findings, state.slice_index, report, cancel)

        def failed(error: Exception) -> None:
            message = problem("The heat maps could not be checked", error)
            self._store.update(lambda state: replace(state, message=message))

        self._runner.start(Task(work, on_error=failed, on_progress=self._take_verdicts))

    def use_device(self, device: str) -> None:
        """Run the network elsewhere from now on; the open stack is analyzed again.

        The choice is kept once the network runs there, and dropped if it cannot.
        """
        self._wanted_device = device
        self._controller.use_device(device)
        self._store.update(lambda state: replace(state, device=device, analysis=None))
        self.warm_up()
        self.analyze()

    def close(self) -> None:
        """Stop the work."""
        self._runner.close()

    def _take(self, value: str | tuple[tuple[SliceResult, ...], Progress]) -> None:
        """Something arrived from the network's thread: its device, or one more slice was scored."""
        if isinstance(value, str):
            self._take_device(value)
            return
        results, progress = value
        state = self._store.state
        known = network_findings(state)
        if known is None:
            return
        try:
            findings = known.with_results(results)
        except MismatchError as error:
            self._say(str(error), is_problem=True)
            return
        self._store.set(replace(with_network_findings(state, findings), analysis=progress))

    def _take_verdicts(self, verdicts: SliceVerdicts) -> None:
        """The maps of one more slice were checked."""
        state = self._store.state
        known = network_findings(state)
        if known is not None:
            try:
                findings = known.with_verdicts(verdicts)
            except MismatchError as error:
                self._say(str(error), is_problem=True)
                return
            self._store.set(with_network_findings(state, findings))

    def _take_device(self, name: str) -> None:
        self._store.update(lambda state: replace(state, device=name))
        self._preferences.keep_device(self._wanted_device)

    def _done(self, _findings: StudyFindings) -> None:
        self._store.update(lambda state: replace(state, analysis=None))
        if not self.explain():
            self.check_maps()

    def _failed(self, error: Exception) -> None:
        kept = self._preferences.device
        if self._wanted_device != kept:
            self._wanted_device = kept
            self._controller.use_device(kept)
            self._store.update(lambda state: replace(state, device=kept))
        message = problem("The network failed", error)
        self._store.update(lambda state: replace(state, analysis=None, message=message))

    def _say(self, text: str, is_problem: bool = False) -> None:
        self._store.update(lambda state: replace(state, message=Message(text, is_problem)))
