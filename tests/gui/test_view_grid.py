"""Three linked views."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_card, make_findings, make_volume
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ichviewer.core.camera import Camera
from ichviewer.core.progress import Progress
from ichviewer.core.views import TRIPTYCH_VIEWS, View
from ichviewer.core.viewstate import ViewState, opened, scrolled_to, with_camera, with_window
from ichviewer.core.windowing import Window
from ichviewer.gui.store import Store
from ichviewer.gui.view_grid import ViewGrid


class Paints(QObject):
    """Which views were painted since the last look."""

    def __init__(self, triptych: ViewGrid) -> None:
        super().__init__(triptych)
        self._views, self._painted = list(triptych.views.values()), set[int]()
        for view in triptych.views.values():
            view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._painted.add([view is watched for view in self._views].index(True))
        return False

    def look(self) -> set[int]:
        QApplication.processEvents()
        painted, self._painted = self._painted, set()
        return painted


@pytest.fixture
def store() -> Store:
    return Store(opened(ViewState(), make_volume(9), ""))


@pytest.fixture
def triptych(qtbot: QtBot, store: Store) -> ViewGrid:
    triptych = ViewGrid(store)
    qtbot.addWidget(triptych)
    triptych.resize(900, 400)
    triptych.show()
    QApplication.processEvents()
    return triptych


def test_three_views_of_one_width_show_the_same_place(triptych: ViewGrid, store: Store) -> None:
    store.update(lambda state: with_camera(state, View.BRAIN, Camera(2.5, (4.0, -3.0))))
    widths = [triptych.views[view].width() for view in TRIPTYCH_VIEWS]
    assert max(widths) - min(widths) <= 1
    scales = [triptych.views[view].placement().mm_per_px for view in TRIPTYCH_VIEWS]
    assert scales == pytest.approx([scales[0]] * 3, rel=0.01)


def test_a_promoted_view_stands_alone_until_it_is_brought_back(triptych: ViewGrid, store: Store) -> None:
    shown = []
    for promoted in (View.BONE, None):
        store.update(lambda state, p=promoted: replace(state, promoted_view=p))
        shown.append([triptych.views[view].isVisible() for view in TRIPTYCH_VIEWS])
    assert shown == [[False, False, True], [True, True, True]]


def test_each_change_paints_only_the_views_that_show_it(triptych: ViewGrid, store: Store) -> None:
    paints, volume = Paints(triptych), store.state.volume
    paints.look()
    assert volume is not None
    findings = make_findings(volume, make_card(), pending=[8])
    changes = [
        (lambda state: scrolled_to(state, 0), {0, 1, 2}),
        (lambda state: with_window(state, 1, Window(50, 100)), {1}),
        (lambda state: replace(state, analysis=Progress(1, 9, "analyzing")), set()),
        (lambda state: replace(state, active_view=View.BONE), {0, 2}),
        (lambda state: replace(state, is_inverted=True), {0, 1, 2}),
    ]
    seen = []
    for change, _expected in changes:
        store.update(change)
        seen.append(paints.look())
    assert seen == [expected for _change, expected in changes]
    store.update(lambda state: replace(state, findings=findings))
    paints.look()
    other_slice = replace(findings, slices=(*findings.slices[:8], findings.slices[7]))
    store.update(lambda state: replace(state, findings=other_slice))
    assert paints.look() == set()


def test_a_new_state_is_drawn_and_never_a_stale_one(triptych: ViewGrid, store: Store) -> None:
    """Hazard: the picture of the slice or window before stays on the screen."""
    volume = make_volume(2, hu=None, intercepts=[0, 0])
    shifted = make_volume(2, 64, 64, series_uid="4.5.6", intercepts=[0, 0])
    store.set(opened(ViewState(), volume, ""))
    grey = []
    for change in (
        lambda state: with_window(state, 0, Window(35, 200)),
        lambda state: with_window(state, 0, Window(85, 200)),
        lambda state: replace(state, is_inverted=True),
        lambda state: opened(state, shifted, ""),
    ):
        store.update(change)
        grey.append(triptych.views[0].grab().toImage().pixelColor(150, 220).red())
    assert grey == [128, 64, 191, round(35 / 80 * 255)]


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
def test_the_screen_shows_the_rendered_picture_pixel_for_pixel(ratio: float) -> None:
    """Hazard: a second, hidden change of size blurs or shifts thin blood."""
    environment = {
        **os.environ,
        "QT_SCALE_FACTOR": str(ratio),
        "QT_SCALE_FACTOR_ROUNDING_POLICY": "PassThrough",
    }
    program = Path(__file__).with_name("drawn_at_scale.py")
    done = subprocess.run(
        [sys.executable, str(program)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"ratio": ratio, "differing": [0, 0, 0]}
