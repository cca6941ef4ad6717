"""The open stack is made ready for planes across its slices when a view needs one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from builders import make_volume
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from ichviewer.core.errors import IchViewerError
from ichviewer.core.navigation import with_layout
from ichviewer.core.plane import Plane
from ichviewer.core.progress import CancelToken
from ichviewer.core.views import Layout
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.core.volume import Volume
from ichviewer.gui.store import Store
from ichviewer.session.planes import Planes


class Air:
    """Planes of one volume, all air."""

    def __init__(self, volume: Volume) -> None:
        self.volume, self.frame = volume, volume.frame

    def hu(self, plane: Plane) -> NDArray[np.float32]:
        return np.full(plane.shape, -1000, np.float32)


class FakeController:
    """Prepares when it may, and counts."""

    def __init__(self) -> None:
        self.asked: list[Volume] = []
        self.may_go_on = Event()
        self.may_go_on.set()
        self.error: Exception | None = None

    def prepare_planes(self, volume: Volume, cancel: CancelToken) -> Air:
        self.asked.append(volume)
        self.may_go_on.wait(10)
        cancel.raise_if_cancelled()
        if self.error is not None:
            raise self.error
        return Air(volume)


@pytest.fixture
def controller() -> FakeController:
    return FakeController()


@pytest.fixture
def store() -> Store:
    return Store(opened(ViewState(), make_volume(5), ""))


@pytest.fixture
def planes(store: Store, controller: FakeController) -> Iterator[Planes]:
    planes = Planes(store, controller)
    yield planes
    controller.may_go_on.set()
    planes.close()


def in_planes(state: ViewState) -> ViewState:
    return with_layout(state, Layout.PLANES)


def test_nothing_is_prepared_for_the_triptych(
    planes: Planes, store: Store, controller: FakeController
) -> None:
    store.update(lambda state: replace(state, slice_index=3))
    assert controller.asked == []


def test_a_stack_is_prepared_once_when_planes_are_shown(
    planes: Planes, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    store.update(in_planes)
    store.update(lambda state: replace(state, slice_index=3))
    qtbot.waitUntil(lambda: store.state.reformats is not None)
    assert controller.asked == [store.state.volume]


def test_a_stack_that_is_still_read_waits_until_it_is_whole(
    planes: Planes, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    whole = make_volume(5)
    readable = whole.is_readable.copy()
    readable[4] = False
    half = replace(whole, is_readable=readable, awaited_slices=frozenset({4}))
    store.update(lambda state: in_planes(opened(state, half, "")))
    assert controller.asked == []
    store.update(lambda state: replace(state, volume=whole))
    qtbot.waitUntil(lambda: store.state.reformats is not None)
    assert controller.asked == [whole]


def test_planes_of_a_stack_that_was_left_never_arrive(
    planes: Planes, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    """Hazard: the last patient's coronal plane is shown beside the next patient's slices."""
    controller.may_go_on.clear()
    store.update(in_planes)
    qtbot.waitUntil(lambda: len(controller.asked) == 1)
    following = make_volume(7)
    store.update(lambda state: in_planes(opened(state, following, "")))
    controller.may_go_on.set()
    qtbot.waitUntil(lambda: store.state.reformats is not None)
    assert isinstance(store.state.reformats, Air)
    assert store.state.reformats.volume is following


def test_what_cannot_be_prepared_is_said(
    planes: Planes, store: Store, controller: FakeController, qtbot: QtBot
) -> None:
    controller.error = IchViewerError("The files do not say where the slices lie.")
    store.update(in_planes)
    qtbot.waitUntil(lambda: store.state.message is not None)
    assert store.state.message is not None
    assert "where the slices lie" in store.state.message.text
    assert store.state.reformats is None
