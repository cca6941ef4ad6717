"""The store says when the state was replaced, and only then."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot

from ichviewer.core.viewstate import ViewState
from ichviewer.gui.store import Store


def test_a_new_state_is_announced_once(qtbot: QtBot) -> None:
    store, seen = Store(), []
    store.changed.connect(seen.append)
    store.update(lambda state: replace(state, slice_index=2))
    assert [state.slice_index for state in seen] == [2]
    assert store.state is seen[0]


def test_the_same_state_again_is_silent(qtbot: QtBot) -> None:
    store, seen = Store(ViewState()), []
    store.changed.connect(seen.append)
    store.set(store.state)
    store.update(lambda state: state)
    assert seen == []
