"""Regions: a seed asks for one, a thread grows it, a brush paints it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume
from measuring_mouse import click, drag, on_screen, opened_store
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ichviewer.core.errors import IchViewerError
from ichviewer.core.growing import brush_resized, grown_again, growth_over, region_arrived, region_wanted
from ichviewer.core.measurement import MeasurementKind
from ichviewer.core.measurement_values import measure
from ichviewer.core.measuring import undone
from ichviewer.core.region import Region
from ichviewer.core.tool import Tool
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, opened, scrolled_to
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.measurement_layer import MeasurementLayer
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store
from ichviewer.session.measuring import Measuring

SHAPE = (9, 64, 64)


def block(first: int, last: int) -> Region:
    """Rows and columns from *first* to before *last* on slices 4 and 5."""
    mask = np.zeros(SHAPE[1:], np.bool_)
    mask[first:last, first:last] = True
    return Region.of(SHAPE, {4: mask, 5: mask})


class Grower:
    """Grows what it is told to, when it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[float, float, float], float]] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.answer: tuple[Region, bool] | Exception = (block(20, 30), False)

    def grow_region(self, volume, seed_mm, growth, cancel):
        self.asked.append((seed_mm, growth.lower_hu))
        assert self.may_end.wait(20)
        cancel.raise_if_cancelled()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def growing(qtbot: QtBot):
    store, grower = opened_store(Tool.REGION), Grower()
    measuring = Measuring(store, grower)
    view = SliceView(store, View.BRAIN, HeatLayer(), OverlayPainter(), MeasurementLayer())
    qtbot.addWidget(view)
    view.resize(400, 400)
    view.show()
    yield store, grower, view
    grower.may_end.set()
    measuring.close()


Growing = tuple[Store, Grower, SliceView]


def grown(store: Store):
    (measurement,) = store.state.work.measurements.items
    return measurement


def is_over(store: Store) -> Callable[[], bool]:
    return lambda: store.state.growth.wanted is None


def test_a_press_into_a_hematoma_grows_a_region(qtbot: QtBot, growing: Growing) -> None:
    store, grower, view = growing
    click(view, on_screen(view, 25, 25))
    assert store.state.growth.wanted is not None
    qtbot.waitUntil(is_over(store))
    region = grown(store)
    assert (region.kind, region.plane, region.region) == (MeasurementKind.REGION, 4, block(20, 30))
    assert grower.asked == [(pytest.approx((12.5, 12.5, 20.0)), 50.0)]
    assert store.state.history.undo_name == "add grown region 1"
    # 100 pixels of 0.25 mm2 on two slices of 5 mm.
    assert measure(region, store.state.volume).volume_ml == pytest.approx(0.25)


def test_other_values_grow_it_anew_in_its_place(qtbot: QtBot, growing: Growing) -> None:
    store, grower, view = growing
    click(view, on_screen(view, 25, 25))
    qtbot.waitUntil(is_over(store))
    grower.answer = block(22, 26), False
    store.update(lambda state: grown_again(replace(state, growth=replace(state.growth, lower_hu=60.0))))
    qtbot.waitUntil(is_over(store))
    assert grower.asked[-1][1] == 60.0
    assert (grown(store).identifier, grown(store).region) == (1, block(22, 26))
    store.update(undone)
    assert grown(store).region == block(20, 30)


def test_a_region_that_may_go_on_says_so(qtbot: QtBot, growing: Growing) -> None:
    """Hazard: a part of a hematoma is taken for the whole."""
    store, grower, view = growing
    grower.answer = block(20, 30), True
    click(view, on_screen(view, 25, 25))
    qtbot.waitUntil(is_over(store))
    assert store.state.message is not None
    assert store.state.message.is_problem
    assert "may go on" in store.state.message.text


def test_a_seed_in_which_nothing_grows_is_said(qtbot: QtBot, growing: Growing) -> None:
    store, grower, view = growing
    grower.answer = IchViewerError("The value there is 20 HU.")
    click(view, on_screen(view, 25, 25))
    qtbot.waitUntil(is_over(store))
    assert not store.state.work.measurements.items
    assert store.state.message is not None
    assert store.state.message.text == "No region grew: The value there is 20 HU."


def test_a_region_never_lands_on_a_stack_that_was_opened_since(qtbot: QtBot, growing: Growing) -> None:
    """Hazard: the hematoma of one patient on the head of another."""
    store, grower, view = growing
    grower.may_end.clear()
    click(view, on_screen(view, 25, 25))
    wanted = store.state.growth.wanted
    other = opened(store.state, make_volume(9, series_uid="9.9"), "")
    assert other.growth.wanted is None
    store.set(other)
    grower.may_end.set()
    assert region_arrived(store.state, wanted, block(20, 30)) is store.state
    assert growth_over(store.state, wanted) is store.state
    qtbot.wait(1)
    assert not store.state.work.measurements.items


def test_a_region_of_another_size_is_dropped() -> None:
    state = region_wanted(opened(ViewState(), make_volume(3), ""), (1.0, 1.0, 5.0), 1)
    after = region_arrived(state, state.growth.wanted, block(20, 30))
    assert not after.work.measurements.items
    assert after.growth.wanted is None


def with_region(qtbot: QtBot, growing: Growing) -> tuple[Store, SliceView]:
    store, _, view = growing
    click(view, on_screen(view, 25, 25))
    qtbot.waitUntil(is_over(store))
    store.update(lambda state: replace(state, tool=Tool.BRUSH, growth=replace(state.growth, brush_mm=1.0)))
    return store, view


def test_the_brush_adds_and_with_control_removes_and_a_drag_is_one_step(
    qtbot: QtBot, growing: Growing
) -> None:
    store, view = with_region(qtbot, growing)
    drag(view, on_screen(view, 35, 25), on_screen(view, 50, 25))
    painted = grown(store).region.mask(4)
    # Nothing is left out between two places of a fast hand.
    assert painted[25, 33:53].all()
    assert painted[27, 35:51].all()
    assert not painted[28, 35:51].any()
    assert np.array_equal(grown(store).region.mask(5), block(20, 30).mask(5))
    assert store.state.history.undo_name == "paint grown region 1"
    drag(
        view,
        on_screen(view, 20, 25),
        on_screen(view, 50, 25),
        keys=Qt.KeyboardModifier.ControlModifier,
    )
    assert not grown(store).region.mask(4)[24:27, 20:51].any()
    store.update(undone)
    assert np.array_equal(grown(store).region.mask(4), painted)
    store.update(undone)
    assert grown(store).region == block(20, 30)


def test_the_brush_paints_the_slice_in_view_alone(qtbot: QtBot, growing: Growing) -> None:
    store, view = with_region(qtbot, growing)
    store.update(lambda state: scrolled_to(state, 7))
    click(view, on_screen(view, 25, 25))
    assert grown(store).region.slice_indices == (4, 5, 7)
    before = measure(grown(store), store.state.volume).volume_ml
    store.update(undone)
    assert measure(grown(store), store.state.volume).volume_ml < before


def test_without_a_chosen_region_the_brush_does_nothing(qtbot: QtBot, growing: Growing) -> None:
    store, view = with_region(qtbot, growing)
    store.update(lambda state: replace(state, selected_measurement=None))
    before = store.state.work
    drag(view, on_screen(view, 35, 25), on_screen(view, 50, 25))
    assert store.state.work is before
    assert store.state.windows == ViewState().windows


def test_the_brush_has_a_least_and_a_largest_size() -> None:
    state = ViewState()
    for _ in range(30):
        state = brush_resized(state, 1.25)
    assert state.growth.brush_mm == 20.0
    for _ in range(60):
        state = brush_resized(state, 0.8)
    assert state.growth.brush_mm == 0.5


def test_the_outline_of_a_region_lies_on_the_edges_of_its_pixels(qtbot: QtBot, growing: Growing) -> None:
    """Hazard: an outline half a pixel beside the voxels that are counted."""
    store, view = with_region(qtbot, growing)
    store.update(lambda state: replace(state, tool=Tool.WINDOW, selected_measurement=None))
    image = view.grab().toImage()
    left, top = on_screen(view, 19.5, 19.5)
    right, bottom = on_screen(view, 29.5, 29.5)
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2

    def is_outline(x: float, y: float) -> bool:
        colors = [
            image.pixelColor(round(x - 0.5) + across, round(y - 0.5) + down)
            for across in (-1, 0, 1)
            for down in (-1, 0, 1)
        ]
        return any(color.blue() > color.green() + 50 for color in colors)

    for place in ((left, middle_y), (right, middle_y), (middle_x, top), (middle_x, bottom)):
        assert is_outline(*place), place
    for place in ((left + 8, middle_y + 8), (left - 6, middle_y), (middle_x, bottom + 6)):
        assert not is_outline(*place), place
