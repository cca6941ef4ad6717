"""The mirror view: the denser side is orange, and what is compared is what is in view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from ichviewer.core.camera import Camera
from ichviewer.core.midline import MidlineFit
from ichviewer.core.navigation import plane_of, with_layout, with_midline
from ichviewer.core.plane import Plane, triple
from ichviewer.core.shown import shown_image, why_not_shown
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import OverlayText, ViewState, opened, scrolled_to, with_camera
from ichviewer.gui.store import Store
from ichviewer.gui.view_grid import ViewGrid
from ichviewer.session.mirror import Mirror

BLEED_MM = 24.0
"""Of the lesion from the midline, to the patient's left."""


class Skull:
    """A round skull of brain with a dense spot on the patient's left."""

    def __init__(self, frame: StackFrame) -> None:
        self.frame = frame
        self.center = frame.center_mm
        self.asked = 0

    def hu(self, plane: Plane) -> NDArray[np.float32]:
        self.asked += 1
        rows, columns = np.mgrid[: plane.shape[0], : plane.shape[1]]
        points = plane.to_frame_mm(rows.astype(float), columns.astype(float))
        x, y = points[..., 0] - self.center[0], points[..., 1] - self.center[1]
        radius = np.hypot(x, y)
        hu = np.where(radius < 60, 35.0, np.where(radius < 68, 1200.0, -1000.0))
        return np.where(np.hypot(x - BLEED_MM, y) < 9, 70.0, hu).astype(np.float32)


@pytest.fixture
def state() -> ViewState:
    volume = make_volume(9, 150, 150, pixel_spacing_mm=(1.0, 1.0))
    start = replace(opened(ViewState(), volume, ""), overlay_text=OverlayText.OFF)
    midline = MidlineFit(0.0, 0.0, triple(volume.frame.center_mm), 0.99)
    ready = with_midline(with_layout(start, Layout.MIRROR), midline)
    return replace(ready, reformats=Skull(volume.frame), promoted_view=View.MIRROR)


@pytest.fixture
def store(state: ViewState) -> Store:
    return Store(state)


@pytest.fixture
def mirror(store: Store) -> Iterator[Mirror]:
    mirror = Mirror(store)
    yield mirror
    mirror.close()


def compared(qtbot: QtBot, store: Store) -> None:
    store.update(lambda state: replace(state, is_inverted=state.is_inverted))
    qtbot.waitUntil(lambda: shown_image(store.state, View.MIRROR) is not None)


@pytest.mark.parametrize("is_flipped", [False, True])
def test_the_denser_side_is_orange_and_its_mirror_place_blue(
    mirror: Mirror, store: Store, qtbot: QtBot, is_flipped: bool
) -> None:
    """Hazard: a bleed is colored on the healthy side."""
    compared(qtbot, store)
    if is_flipped:
        turned = store.state.cameras[View.MIRROR].turn.flipped_across()
        store.update(lambda state: with_camera(state, View.MIRROR, Camera(turn=turned)))
    grid = ViewGrid(store)
    qtbot.addWidget(grid)
    grid.resize(450, 450)
    grid.show()
    view = grid.views[View.MIRROR]
    picture = view.grab().toImage()
    volume = store.state.volume
    assert volume is not None
    for side, is_orange in ((BLEED_MM, True), (-BLEED_MM, False)):
        x, y = view.to_screen(volume.frame.center_mm + np.array([side, 0.0, 0.0]))
        color = picture.pixelColor(round(x), round(y))
        assert (color.red() > color.blue() + 40) == is_orange
        assert (color.blue() > color.red() + 40) == (not is_orange)
    brain = view.to_screen(volume.frame.center_mm + np.array([0.0, 40.0, 0.0]))
    plain = picture.pixelColor(*(round(each) for each in brain))
    assert plain.red() == pytest.approx(plain.blue(), abs=12)


def test_a_picture_of_another_slice_is_never_shown(mirror: Mirror, store: Store, qtbot: QtBot) -> None:
    """Hazard: the comparison of the slice before is taken for that of the slice in view."""
    compared(qtbot, store)
    there = scrolled_to(store.state, 0)
    assert shown_image(there, View.MIRROR) is None
    assert why_not_shown(there, View.MIRROR) == "Comparing the two sides …"
    store.set(there)
    qtbot.waitUntil(lambda: shown_image(store.state, View.MIRROR) is not None)
    assert store.state.mirror is not None
    assert store.state.mirror.plane == plane_of(store.state, View.MIRROR)


def test_nothing_is_compared_while_the_mirror_view_is_not_on_the_screen(mirror: Mirror, store: Store) -> None:
    store.update(lambda state: with_layout(state, Layout.TRIPTYCH))
    skull = store.state.reformats
    assert isinstance(skull, Skull)
    asked = skull.asked
    store.update(lambda state: scrolled_to(state, 0))
    assert skull.asked == asked
    assert store.state.mirror is None


def test_without_a_midline_there_is_nothing_to_mirror_about(state: ViewState) -> None:
    unknown = replace(state, midline=None, wants_straight=False)
    assert plane_of(unknown, View.MIRROR) is None
    assert "No midline" in why_not_shown(unknown, View.MIRROR)
