"""Scores that wait for their neighbors, in the window: hatched until they are final, then there to stay."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import BRAIN_HU, head_hu, make_volume
from pytestqt.qtbot import QtBot
from stub_checkpoint import STUB_SPEC, save_stub_checkpoint, stub_network

from ichviewer.controller import Controller
from ichviewer.core.findings import SUBTYPES, SliceResult, SliceStatus, Subtype
from ichviewer.core.preprocessing import preprocess_volume_slice
from ichviewer.core.progress import CancelToken
from ichviewer.core.viewstate import opened, scrolled_to
from ichviewer.core.volume import Volume
from ichviewer.gui.elided_label import ElidedLabel
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store
from ichviewer.inference.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from ichviewer.inference.network import SliceNetwork
from ichviewer.inference.predict import predict
from ichviewer.session.session import Session
from ichviewer.settings import Settings

SLICES, BLEEDING = 9, 4
BLEEDING_LOGIT, HEALTHY_LOGIT = 5.0, -2.0
PATIENCE_S = 10


def bleeding_volume() -> Volume:
    """Slices 5 mm apart; on one the whole brain is brighter."""
    hu = np.stack([head_hu(64, 64)] * SLICES)
    hu[BLEEDING][hu[BLEEDING] == BRAIN_HU] = 65
    return make_volume(hu=hu)


def trained_for(volume: Volume) -> SliceNetwork:
    """A network whose own logits are BLEEDING_LOGIT on the bright slice and HEALTHY_LOGIT on the others."""
    network = stub_network()
    inputs = [preprocess_volume_slice(volume, index, STUB_SPEC).values for index in (BLEEDING, 0)]
    with torch.no_grad():
        features = network.feature_maps(torch.from_numpy(np.stack(inputs))).mean(dim=(2, 3))
        direction = (features[0] - features[1]) / (features[0] - features[1]).square().sum()
        weight = direction * (BLEEDING_LOGIT - HEALTHY_LOGIT)
        network.classifier.weight[:] = weight
        network.classifier.bias[:] = HEALTHY_LOGIT - weight @ features[1]
    return network


class SteppedEngine:
    """The real prediction in the network's thread; goes on by a slice whenever the test says so."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self.wanted_device = "cpu"
        self.steps = threading.Semaphore(0)

    def wait_until_ready(self, cancel: CancelToken) -> str:
        return "CPU"

    def start(self) -> None:
        """It runs here."""

    def predict(
        self,
        volume: Volume,
        order: Sequence[int],
        on_scored: Callable[[tuple[SliceResult, ...]], None],
        cancel: CancelToken,
    ) -> None:
        sha = self._checkpoint.card.weights_sha256
        for findings in predict(volume, self._checkpoint, torch.device("cpu"), order, cancel):
            self.steps.acquire(timeout=PATIENCE_S)
            cancel.raise_if_cancelled()
            on_scored(tuple(SliceResult(volume.series.key, sha, finding) for finding in findings))

    def close(self) -> None:
        """Let the thread go on to where it sees that it was canceled."""
        self.steps.release(SLICES)


class WithSteppedEngine(Controller):
    def __init__(self, card_path: Path, folder: Path) -> None:
        super().__init__(card_path, "cpu", folder)
        self.engine = SteppedEngine(load_checkpoint(card_path))
        self._engine = self.engine  # type: ignore[assignment]


class Desk:
    """A window with its session on one open stack, and a hand on the network."""

    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        volume = bleeding_volume()
        card_path = save_stub_checkpoint(folder, smoothing_mm=10.0)
        save_checkpoint(folder, load_checkpoint(card_path).card, trained_for(volume))
        self.controller = WithSteppedEngine(card_path, folder)
        self.store = Store()
        self.window = MainWindow(self.store)
        self.session = Session(self.store, self.controller, Settings(), folder / "settings.json")
        self._qtbot = qtbot
        qtbot.addWidget(self.window)
        self.window.show()
        self.store.update(lambda state: opened(state, volume, "sorted by position"))

    def step(self, count: int = 1) -> None:
        """Let the network score so many slices more."""
        progress = self.store.state.analysis
        done = (progress.done if progress is not None else 0) + count
        self.controller.engine.steps.release(count)

        def has_come() -> bool:
            now = self.store.state.analysis
            return now is None or now.done >= done

        self._qtbot.waitUntil(has_come)

    def statuses(self) -> list[SliceStatus]:
        assert self.store.state.findings is not None
        return [finding.status for finding in self.store.state.findings.slices]

    def scored(self) -> list[int]:
        return [index for index, status in enumerate(self.statuses()) if status is SliceStatus.OK]

    def look_at(self, slice_index: int) -> None:
        self.store.update(lambda state: scrolled_to(state, slice_index))

    def trigger(self, name: str) -> None:
        self.window.table[name].trigger()


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    one = Desk(tmp_path, qtbot)
    yield one
    one.session.analysis.cancel()
    one.controller.engine.close()
    one.session.close({})


def test_a_slice_whose_neighbors_are_not_scored_is_pending_and_has_no_number(desk: Desk) -> None:
    """Hazard: a score that waits for its neighbors is shown as 0, or as one that changes afterwards."""
    desk.session.analysis.analyze()
    desk.step()
    assert desk.statuses() == [SliceStatus.PENDING] * SLICES
    assert desk.window.reading_page.ribbon.header == "0 of 9 slices"
    assert desk.window.reading_page.side.slice_scores.bars[Subtype.ANY].text == "pending"
    desk.trigger("suspicious-up")
    assert desk.store.state.slice_index == BLEEDING
    desk.step(2)
    assert desk.scored() == [BLEEDING]
    early = desk.window.reading_page.side.slice_scores.bars[Subtype.ANY].text
    desk.step(SLICES - 3)
    assert desk.window.reading_page.side.slice_scores.bars[Subtype.ANY].text == early


def test_progress_counts_slices_that_were_scored_and_the_ribbon_those_that_are_final(desk: Desk) -> None:
    """Hazard: a progress that stands still reads as a network that hangs."""
    desk.session.analysis.analyze()
    for done in range(1, 4):
        desk.step()
        assert desk.store.state.analysis is not None
        assert (desk.store.state.analysis.done, desk.store.state.analysis.total) == (done, SLICES)
    assert desk.window.reading_page.ribbon.header == "1 of 9 slices"
    assert "no summary yet" in desk.window.reading_page.side.study.sentence.text()


def test_a_finished_analysis_has_every_score_and_n_and_p_find_the_bleed(desk: Desk, qtbot: QtBot) -> None:
    desk.session.analysis.analyze()
    desk.step(SLICES)
    qtbot.waitUntil(lambda: desk.store.state.analysis is None)
    assert desk.scored() == list(range(SLICES))
    assert desk.window.reading_page.ribbon.header == "9 of 9 slices"
    findings = desk.store.state.findings
    assert findings is not None
    any_scores = [finding.probability(Subtype.ANY) or 0.0 for finding in findings.slices]
    own = np.where(np.arange(SLICES) == BLEEDING, BLEEDING_LOGIT, HEALTHY_LOGIT)
    means = np.convolve(own, (0.25, 0.5, 0.25), mode="same")[1:-1]
    np.testing.assert_allclose(any_scores[1:-1], 1 / (1 + np.exp(-means)), rtol=1e-3)
    for start, name in ((0, "suspicious-up"), (SLICES - 1, "suspicious-down")):
        desk.look_at(start)
        desk.trigger(name)
        assert desk.store.state.slice_index == BLEEDING
    assert [(mark.first, mark.last) for mark in desk.window.reading_page.ribbon.marks][:1] == [
        (BLEEDING, BLEEDING)
    ]


def test_the_class_map_stays_the_slices_own(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: heat of a neighbor's bleed is painted on a slice that has none."""
    desk.session.analysis.analyze()
    desk.step(SLICES)
    qtbot.waitUntil(lambda: desk.store.state.analysis is None)
    findings = desk.store.state.findings
    assert findings is not None
    bias = float(trained_for(bleeding_volume()).classifier.bias[0].detach())
    for finding in findings.slices:
        assert finding.class_maps is not None
        own = float(finding.class_maps[SUBTYPES.index(Subtype.ANY)].mean()) + bias
        expected = BLEEDING_LOGIT if finding.slice_index == BLEEDING else HEALTHY_LOGIT
        assert own == pytest.approx(expected, abs=1e-3)


def test_the_panel_says_over_what_a_score_is_a_mean(desk: Desk) -> None:
    tooltips = [
        label.toolTip() for label in desk.window.reading_page.side.slice_scores.findChildren(ElidedLabel)
    ]
    assert any("mean over neighboring slices, weights falling to 0 at 10 mm" in text for text in tooltips)


def test_a_canceled_analysis_leaves_what_is_not_final_pending(desk: Desk) -> None:
    """Hazard: a score without its neighbors is kept as if it were the final one."""
    desk.session.analysis.analyze()
    desk.step(4)
    before = desk.scored()
    desk.session.analysis.cancel()
    assert desk.store.state.analysis is None
    assert desk.scored() == before
    assert 0 < len(before) < 4
