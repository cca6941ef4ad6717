"""Network input, prior and bone kernel on the screen: the right pixels, frames and words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_card, make_findings
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from stacks_beside import JANE, contents_of, stack

from ichviewer.core.beside import prior_beside
from ichviewer.core.camera import Turn
from ichviewer.core.hanging import BoneStack
from ichviewer.core.navigation import with_layout
from ichviewer.core.preprocessing import PreprocessingSpec
from ichviewer.core.prior import scroll_link_toggled, with_prior
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import OverlayText, ViewState, opened, with_camera
from ichviewer.core.windowing import BRAIN
from ichviewer.gui.heat_choice import NOTHING
from ichviewer.gui.overlay import Overlay
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store
from ichviewer.gui.theme import RED
from ichviewer.gui.view_grid import ViewGrid
from ichviewer.gui.view_overlay import view_overlay

CURRENT = stack(9, 5.0)
STRANGER = replace(JANE, patient_name="Roe^Richard", birth_date="19610203")


def shown(qtbot: QtBot, state: ViewState) -> tuple[ViewGrid, Store]:
    store = Store(state)
    grid = ViewGrid(store)
    qtbot.addWidget(grid)
    grid.resize(800, 400)
    grid.show()
    QApplication.processEvents()
    return grid, store


def picture_of(view: SliceView) -> QImage:
    return view.grab().toImage()


def prior_state(differences: tuple[str, ...] = (), **changes: object) -> ViewState:
    patient = STRANGER if differences else JANE
    prior = stack(9, 5.0, series_uid="7.1", study_uid="7", frame="7.9", patient=patient, **changes)
    state = replace(
        opened(ViewState(model_card=make_card()), CURRENT, ""), contents=contents_of(CURRENT, prior)
    )
    return with_prior(state, prior_beside(CURRENT, prior, "", differences))


def network_state(spec: PreprocessingSpec | None = None) -> ViewState:
    card = make_card() if spec is None else replace(make_card(), preprocessing=spec)
    return replace(
        with_layout(opened(ViewState(model_card=card), CURRENT, ""), Layout.FOUR), promoted_view=View.NETWORK
    )


def overlay(state: ViewState, view: View) -> Overlay:
    return view_overlay(state, view, NOTHING, "")


def words(found: Overlay) -> str:
    return " | ".join(found.texts)


def test_the_network_view_shows_the_networks_input(qtbot: QtBot) -> None:
    one = PreprocessingSpec((BRAIN,) * 3, 56, 0.05, 0.5, (0.5,) * 3, (0.25,) * 3)
    grid, _store = shown(qtbot, replace(network_state(one), overlay_text=OverlayText.OFF))
    view = grid.views[View.NETWORK]
    image, placement = view.image(), view.placement()
    assert image is not None
    assert placement is not None
    picture = picture_of(view)
    compared = 0
    for column, row in ((20, 30), (28, 28), (2, 20), (36, 20)):
        x, y = placement.screen_point(column + 0.5, row + 0.5)
        wanted = image.hu_at(row, column)
        around = [image.hu_at(row + dy, column + dx) or 0.0 for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        if wanted is None or np.ptp(around) > 0.02:
            continue
        compared += 1
        assert picture.pixelColor(round(x), round(y)).red() == pytest.approx(wanted * 255, abs=3)
    assert compared >= 3


def test_dragging_a_window_changes_no_grey_of_the_networks_input(qtbot: QtBot) -> None:
    """Hazard: the reader looks at another picture than the network did, and does not know."""
    grid, store = shown(qtbot, network_state())
    view = grid.views[View.NETWORK]
    before = picture_of(view)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    qtbot.mouseMove(view, QPoint(380, 260))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(380, 260))
    QApplication.processEvents()
    cursor_off = replace(store.state, active_view=View.NETWORK)
    store.set(cursor_off)
    view.leaveEvent(None)  # type: ignore[arg-type]
    QApplication.processEvents()
    assert picture_of(view) == before


def test_letters_of_the_networks_input_follow_a_flip() -> None:
    state = network_state()
    assert overlay(state, View.NETWORK).letters == ("R", "L", "A", "P")
    flipped = with_camera(state, View.NETWORK, replace(state.cameras[View.NETWORK], turn=Turn(0, True)))
    assert overlay(flipped, View.NETWORK).letters == ("L", "R", "A", "P")
    assert "FLIPPED" in words(overlay(flipped, View.NETWORK))


def test_without_a_checkpoint_the_network_view_says_so() -> None:
    state = replace(network_state(), model_card=None)
    assert "NETWORK INPUT" in words(overlay(state, View.NETWORK))
    assert overlay(state, View.NETWORK).letters == ("", "", "", "")


def is_framed_red(view: SliceView) -> bool:
    picture, middle = picture_of(view), view.height() // 2
    edges = (picture.pixelColor(1, middle), picture.pixelColor(view.width() - 2, middle))
    return all(edge == QColor(RED) for edge in edges)


@pytest.mark.parametrize("text", list(OverlayText))
def test_a_prior_of_doubtful_identity_is_framed_in_red_with_words(qtbot: QtBot, text: OverlayText) -> None:
    """Hazard: the reader forgets that the prior may be another patient's."""
    state = replace(prior_state(("name differs", "birth date differs")), overlay_text=text)
    grid, _store = shown(qtbot, state)
    assert is_framed_red(grid.views[View.PRIOR])
    assert not is_framed_red(grid.views[View.AXIAL])
    said = words(overlay(state, View.PRIOR))
    assert "name differs" in said
    assert "birth date differs" in said


def test_the_same_patients_prior_has_no_red_frame(qtbot: QtBot) -> None:
    grid, _store = shown(qtbot, prior_state())
    assert not is_framed_red(grid.views[View.PRIOR])


@pytest.mark.parametrize("text", [OverlayText.ANONYMOUS, OverlayText.OFF])
def test_anonymous_text_names_nobody_on_the_prior(text: OverlayText) -> None:
    """Hazard: a screenshot of the anonymous view would still carry the prior's name or dates."""
    state = replace(prior_state(("name differs",)), overlay_text=text)
    said = words(overlay(state, View.PRIOR))
    assert not any(secret in said for secret in ("Roe", "Richard", "1961", "2024", "ID-"))
    assert "PRIOR" in said


def test_no_heat_of_today_stands_on_the_prior(qtbot: QtBot) -> None:
    """Hazard: heat of one examination is believed on another."""
    state = prior_state()
    cold = shown(qtbot, state)[0]
    hot_state = replace(
        state, findings=make_findings(CURRENT, make_card(), likely=range(9)), shows_heatmap=True
    )
    hot = shown(qtbot, hot_state)[0]
    assert picture_of(hot.views[View.PRIOR]) == picture_of(cold.views[View.PRIOR])
    assert picture_of(hot.views[View.AXIAL]) != picture_of(cold.views[View.AXIAL])


def test_nothing_can_be_marked_on_the_prior_or_the_network_input(qtbot: QtBot) -> None:
    """Hazard: a ruler drawn on the prior is measured and exported as one on today's head."""
    grid, _store = shown(qtbot, prior_state())
    assert grid.views[View.PRIOR].to_frame_mm(QPointF(200, 200)) is None
    assert grid.views[View.AXIAL].to_frame_mm(QPointF(200, 200)) is not None
    assert np.isnan(grid.views[View.PRIOR].to_screen(np.zeros(3))).all()
    grid, _store = shown(qtbot, network_state())
    assert grid.views[View.NETWORK].to_frame_mm(QPointF(200, 200)) is None


def wheel(view: SliceView, notches: int) -> None:
    middle = QPointF(view.width() / 2, view.height() / 2)
    event = QWheelEvent(
        middle,
        view.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def test_the_wheel_over_an_unlinked_prior_scrolls_it_alone(qtbot: QtBot) -> None:
    grid, store = shown(qtbot, scroll_link_toggled(prior_state()))
    wheel(grid.views[View.PRIOR], 2)
    assert store.state.slice_index == 4
    assert store.state.prior is not None
    assert store.state.prior.slice_index == 6
    assert "slice 7 of 9" in words(overlay(store.state, View.PRIOR))
    assert "not linked" in words(overlay(store.state, View.PRIOR))


def test_a_prior_of_another_size_is_drawn_at_the_scale_of_the_open_stack(qtbot: QtBot) -> None:
    """Hazard: a bleed seems to have grown because two pictures fill their views at two scales."""
    grid, _store = shown(qtbot, prior_state(side=40))
    here, there = grid.views[View.AXIAL].placement(), grid.views[View.PRIOR].placement()
    assert here is not None
    assert there is not None
    assert here.mm_per_px == pytest.approx(there.mm_per_px)


def test_the_bone_kernel_lies_where_the_brain_does(qtbot: QtBot) -> None:
    """Hazard: a fracture beside a bleed is seen on the other side of it."""
    bone = stack(9, 5.0, series_uid="1.2.5", kernel="H70h", side=32)
    state = replace(opened(ViewState(), CURRENT, ""), bone_stack=BoneStack(bone, ""), wants_bone_kernel=True)
    grid, _store = shown(qtbot, state)
    brain, other = grid.views[View.BRAIN].placement(), grid.views[View.BONE].placement()
    assert brain is not None
    assert other is not None
    # Both stacks begin at x = y = 0: their first pixels lie at one place.
    offset = grid.views[View.BONE].width() - grid.views[View.BRAIN].width()
    assert other.across.start == pytest.approx(brain.across.start + offset / 2, abs=1.0)
    assert other.down.start == pytest.approx(brain.down.start, abs=1.0)
    said = words(overlay(state, View.BONE))
    assert "BONE KERNEL H70h" in said
    assert "same frame of reference" in said


def test_the_bone_view_offers_the_bone_kernel() -> None:
    bone = stack(9, 5.0, series_uid="1.2.5", kernel="H70h")
    state = replace(opened(ViewState(), CURRENT, ""), contents=contents_of(CURRENT, bone))
    assert "bone kernel available: Shift+B" in words(overlay(state, View.BONE))
    assert "bone kernel" not in words(overlay(state, View.BRAIN))
