"""What comes late from a stack that was closed, and what must not leave under the seal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event

from builders import make_card, make_findings, make_volume
from pytestqt.qtbot import QtBot

from ichviewer.core.errors import IchViewerError
from ichviewer.core.finding_sentence import side_of
from ichviewer.core.findings import Subtype
from ichviewer.core.first_look import FirstLook
from ichviewer.core.navigation import straight_wanted
from ichviewer.core.progress import CancelToken
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.gui.tasks import Task, TaskRunner
from ichviewer.session.straightening import Straightening
from ichviewer.session.while_open import while_open
from ichviewer.session.writing import Writing


def test_a_step_is_taken_only_while_its_stack_is_open() -> None:
    volume = make_volume(3)
    state = opened(ViewState(), volume, "")
    step = while_open(volume, lambda state: replace(state, slice_index=2))
    assert step(state).slice_index == 2
    other = opened(ViewState(), make_volume(3), "")
    assert step(other) is other


class SlowController:
    """Fails once another stack is on the screen."""

    def __init__(self) -> None:
        self.may_fail = Event()

    def midline(self, volume: Volume, _cancel: CancelToken) -> None:
        self.may_fail.wait(10)
        raise IchViewerError("not symmetric")


def test_a_failure_of_the_last_stack_is_not_told_on_the_next(qtbot: QtBot) -> None:
    """Hazard: "not straightened" stands over another patient's head, whose planes turn back."""
    store = Store(opened(ViewState(), make_volume(9), ""))
    controller = SlowController()
    straightening = Straightening(store, controller)
    store.update(lambda state: straight_wanted(state, is_wanted=True))
    following = replace(opened(store.state, make_volume(7), ""), wants_straight=False)
    store.set(following)
    controller.may_fail.set()
    qtbot.waitUntil(lambda: straightening._runner._current is None)
    assert store.state.message is None
    straightening.close()


def test_nothing_is_exported_under_the_seal(tmp_path: Path, qtbot: QtBot) -> None:
    """Hazard: sealed scores lie open in a table, and what is decided after it passes for unaided."""
    volume, card = make_volume(3), make_card()
    sealed = replace(
        opened(ViewState(model_card=card), volume, ""),
        sealed_findings=make_findings(volume, card),
        first_look=FirstLook.sealed(),
    )
    store = Store(sealed)
    writing = Writing(store, None)
    writing.export(tmp_path / "f.csv", identify=False)
    writing.close()
    assert store.state.message is not None
    assert "sealed" in store.state.message.text
    assert not (tmp_path / "f.csv").exists()


def test_a_cold_map_gives_no_side() -> None:
    """Hazard: a finding is said to be on the left where its map holds no heat at all."""
    volume, card = make_volume(3), make_card()
    findings = make_findings(volume, card, likely=[1])
    maps = findings.slices[1].class_maps
    assert maps is not None
    assert side_of(findings, Subtype.SUBDURAL, [1], volume) != ""
    cold = replace(findings.slices[1], class_maps=-abs(maps) - 1)
    cold_findings = findings.with_slice(cold, findings.series_key, findings.checkpoint_sha256)
    assert side_of(cold_findings, Subtype.SUBDURAL, [1], volume) == ""


def test_a_runner_keeps_nothing_of_a_task_that_is_done(qtbot: QtBot) -> None:
    runner = TaskRunner("test")
    done: list[int] = []
    runner.start(Task(lambda _report, _cancel: 7, done.append))
    qtbot.waitUntil(lambda: done == [7])
    assert runner._current is None
    runner.close()
