"""Stripes where a plane meets what was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from ichviewer.core.geometry import Gap
from ichviewer.core.navigation import with_layout
from ichviewer.core.plane import Plane
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.stack_holes import HoleKind
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import OverlayText, ViewState, opened
from ichviewer.core.volume import Volume
from ichviewer.gui.hole_hatch import STRIPES, hole_masks, hole_words
from ichviewer.gui.store import Store
from ichviewer.gui.view_grid import ViewGrid


class Grey:
    """Brain everywhere."""

    def __init__(self, frame: StackFrame) -> None:
        self.frame = frame

    def hu(self, plane: Plane) -> NDArray[np.float32]:
        return np.full(plane.shape, 40, np.float32)


def state_of(volume: Volume) -> ViewState:
    state = with_layout(opened(ViewState(overlay_text=OverlayText.OFF), volume, ""), Layout.PLANES)
    return replace(state, reformats=Grey(volume.frame), shows_crosshair=False)


def with_unreadable(volume: Volume, slices: Sequence[int]) -> Volume:
    readable = volume.is_readable.copy()
    readable[list(slices)] = False
    return replace(volume, is_readable=readable, unreadable_reasons=dict.fromkeys(slices, "cut off"))


def with_gap(volume: Volume, after: int) -> Volume:
    return replace(volume, series=replace(volume.series, gaps=(Gap(after, 10.0),)))


def colors(qtbot: QtBot, state: ViewState, view: View) -> set[int]:
    grid = ViewGrid(Store(replace(state, promoted_view=view)))
    qtbot.addWidget(grid)
    grid.resize(400, 400)
    grid.show()
    image = grid.views[view].grab().toImage()
    return {image.pixel(x, y) for x in range(60, 340) for y in range(60, 340)}


@pytest.mark.parametrize("view", [View.CORONAL, View.SAGITTAL])
def test_what_was_not_measured_is_striped_and_said(qtbot: QtBot, view: View) -> None:
    """Hazard: black is taken for air, and interpolated grey across a missing slice for a normal brain."""
    for volume, kind in (
        (with_unreadable(make_volume(9), [4]), HoleKind.UNREADABLE),
        (with_gap(make_volume(9), 4), HoleKind.MISSING),
    ):
        state = state_of(volume)
        assert STRIPES[kind] in colors(qtbot, state, view)
        (words,) = hole_words(hole_masks(state, view))
        assert "slice" in words


def test_a_whole_stack_has_no_stripes(qtbot: QtBot) -> None:
    state = state_of(make_volume(9))
    assert hole_masks(state, View.CORONAL) == {}
    assert not set(STRIPES.values()) & colors(qtbot, state, View.CORONAL)


def test_a_stored_slice_has_no_stripes_whatever_its_stack_lacks() -> None:
    state = state_of(with_gap(make_volume(9), 4))
    assert hole_masks(state, View.BRAIN) == hole_masks(state, View.AXIAL) == {}
