"""The head's midline is sought when straight planes are wanted, and never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume
from pytestqt.qtbot import QtBot

from ichviewer.core.errors import IchViewerError
from ichviewer.core.midline import MidlineFit
from ichviewer.core.navigation import is_straight, plane_of, straight_wanted, with_layout
from ichviewer.core.progress import CancelToken
from ichviewer.core.views import PLANE_VIEWS, Layout, View
from ichviewer.core.viewstate import NOT_ROTATED, ViewState, opened
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.session.straightening import Straightening

MIDLINE = MidlineFit(10.0, -4.0, (16.0, 16.0, 20.0), 0.97)


class FakeController:
    """Knows the midline, or why not."""

    def __init__(self) -> None:
        self.asked: list[Volume] = []
        self.error: Exception | None = None

    def midline(self, volume: Volume, _cancel: CancelToken) -> MidlineFit:
        self.asked.append(volume)
        if self.error is not None:
            raise self.error
        return MIDLINE


@pytest.fixture
def controller() -> FakeController:
    return FakeController()


@pytest.fixture
def store() -> Store:
    return Store(with_layout(opened(ViewState(), make_volume(9), ""), Layout.PLANES))


@pytest.fixture
def straightening(store: Store, controller: FakeController) -> Iterator[Straightening]:
    straightening = Straightening(store, controller)
    yield straightening
    straightening.close()


def test_the_three_planes_are_turned_along_the_midline(
    straightening: Straightening, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    assert controller.asked == []
    store.update(lambda state: straight_wanted(state, is_wanted=True))
    qtbot.waitUntil(lambda: store.state.midline is not None)
    assert all(is_straight(store.state, view) for view in PLANE_VIEWS)
    sagittal = plane_of(store.state, View.SAGITTAL)
    assert sagittal is not None
    assert np.abs(sagittal.normal @ MIDLINE.normal) == pytest.approx(1.0)
    store.update(lambda state: straight_wanted(state, is_wanted=False))
    store.update(lambda state: straight_wanted(state, is_wanted=True))
    assert all(is_straight(store.state, view) for view in PLANE_VIEWS)
    assert len(controller.asked) == 1


def test_a_midline_that_is_not_found_turns_nothing_and_is_said(
    straightening: Straightening, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    """Hazard: planes turned by a guess make one side look thicker than the other."""
    controller.error = IchViewerError("The head is not symmetric enough.")
    store.update(lambda state: straight_wanted(state, is_wanted=True))
    qtbot.waitUntil(lambda: store.state.message is not None)
    assert store.state.message is not None
    assert "not symmetric enough" in store.state.message.text
    assert store.state.plane_rotations == (NOT_ROTATED,) * 3
    assert not store.state.wants_straight


def test_another_stack_is_straight_only_when_asked_again(
    straightening: Straightening, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    """Hazard: the last patient's midline turns the next patient's planes."""
    store.update(lambda state: straight_wanted(state, is_wanted=True))
    qtbot.waitUntil(lambda: store.state.midline is not None)
    store.update(lambda state: opened(state, make_volume(7), ""))
    assert (store.state.midline, store.state.wants_straight) == (None, False)
    assert store.state.plane_rotations == (NOT_ROTATED,) * 3
    store.update(lambda state: replace(state, slice_index=1))
    assert len(controller.asked) == 1
