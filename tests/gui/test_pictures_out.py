"""Pictures that leave the window: as seen, in device pixels, without names, with the notice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QImage
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, open_volume, opened_state

from ichviewer.core.preferences import OverlayText
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.pictures_out import anonymous, picture_marks, png_of
from ichviewer.gui.store import Store


def shown(qtbot: QtBot, state: ViewState) -> MainWindow:
    window = MainWindow(Store(state))
    qtbot.addWidget(window)
    window.show()
    return window


def pixels(picture: QImage) -> np.ndarray:
    rgb = picture.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.width(), 4)[..., :3].copy()


@pytest.mark.parametrize("text", list(OverlayText))
def test_a_picture_names_nobody_whatever_the_corner_text_says(qtbot: QtBot, text: OverlayText) -> None:
    """Hazard: a picture that is passed on names the patient."""
    window = shown(qtbot, replace(opened_state(), overlay_text=text))
    picture = window.pictures.picture(View.BRAIN)
    other = replace(
        open_volume(window.store.state).series,
        patient=replace(open_volume(window.store.state).series.patient, patient_name="Somebody^Else"),
    )
    before = pixels(picture)
    window.store.update(lambda state: replace(state, volume=replace(open_volume(state), series=other)))
    assert np.array_equal(pixels(window.pictures.picture(View.BRAIN)), before)
    assert anonymous(window.store.state).overlay_text is not OverlayText.FULL


@pytest.mark.parametrize("text", list(OverlayText))
def test_the_notice_stands_on_every_picture(qtbot: QtBot, text: OverlayText) -> None:
    """Hazard: a picture without the notice is taken for one of a medical device."""
    window = shown(qtbot, replace(opened_state(), overlay_text=text))
    picture = pixels(window.pictures.picture(View.BRAIN))
    seen = pixels(window.reading_page.views.views[View.BRAIN].grab().toImage())
    corner = (slice(-30, -4), slice(-150, -4))
    assert np.array_equal(picture[corner], seen[corner])
    assert picture[corner].max() > 150


def test_a_picture_has_the_pixels_of_the_screen(qtbot: QtBot) -> None:
    window = shown(qtbot, opened_state())
    view = window.reading_page.views.views[View.BRAIN]
    picture = window.pictures.picture(View.BRAIN)
    assert picture.width() == round(view.width() * view.devicePixelRatioF())
    middle = (slice(100, 200), slice(60, 160))
    assert np.array_equal(pixels(picture)[middle], pixels(view.grab().toImage())[middle])


def test_copy_puts_the_active_view_on_the_clipboard(qtbot: QtBot) -> None:
    window = shown(qtbot, replace(opened_state(), active_view=View.BONE))
    window.table["copy-image"].trigger()
    copied = QGuiApplication.clipboard().image()
    assert np.array_equal(pixels(copied), pixels(window.pictures.picture(View.BONE)))
    assert window.store.state.message is not None


def test_what_makes_a_picture_doubtful_is_written_below_it(qtbot: QtBot) -> None:
    """Hazard: a picture of a stack that failed the input check, or was repaired, looks like any other."""
    state = replace(analyzed_state(), input_check="red")
    window = shown(qtbot, state)
    view = window.reading_page.views.views[View.BRAIN]
    picture = window.pictures.picture(View.BRAIN)
    assert picture_marks(state) == "INPUT CHECK RED"
    assert picture.height() > view.height()
    assert pixels(picture)[view.height() :].max() > 100
    volume = open_volume(state)
    repaired = replace(volume, series=replace(volume.series, repair="values unwrapped"))
    assert "VALUES REPAIRED" in picture_marks(replace(state, volume=repaired))


def test_a_dragged_picture_is_an_image_and_a_file_that_says_nothing_of_the_patient(qtbot: QtBot) -> None:
    window = shown(qtbot, opened_state())
    picture = window.pictures.picture(View.SUBDURAL)
    data = window.pictures.dragged_data(View.SUBDURAL, picture)
    (url,) = data.urls()
    assert url.fileName() == "slice-7-subdural.png"
    assert np.array_equal(pixels(QImage(url.toLocalFile())), pixels(picture))
    assert data.hasImage()


def test_the_png_is_the_picture(qtbot: QtBot) -> None:
    window = shown(qtbot, opened_state())
    name, content = window.pictures.png()
    assert name.endswith(".png")
    assert np.array_equal(pixels(QImage.fromData(content)), pixels(window.pictures.picture(View.BRAIN)))
    assert png_of(window.pictures.picture(View.BRAIN)) == content


def test_without_an_image_there_is_no_picture(qtbot: QtBot) -> None:
    window = shown(qtbot, ViewState())
    assert window.pictures.picture(View.BRAIN) is None
    assert not window.table["copy-image"].isEnabled()
