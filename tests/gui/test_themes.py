"""Three themes: every text can be read, warnings above all, and a change is worn at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_states import analyzed_state

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.preferences import ThemeName
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store
from ichviewer.gui.theme import AMBER, apply_theme, follow_theme, icon, in_theme, label_text_color
from ichviewer.gui.themes import LEAST_CONTRAST, LEAST_GRAPHIC_CONTRAST, THEMES, contrast_ratio

TEXTS = ("text", "secondary", "link", "green", "amber", "red")
BACKGROUNDS = ("window", "panel", "raised")
OTHER_PAIRS = (
    ("text", "selected"),
    ("text", "checked"),
    ("text", "hover"),
    ("text", "pressed"),
    ("primary_text", "primary"),
    ("window", "accent"),
)


@pytest.fixture
def worn(qapp: QApplication) -> Iterator[QApplication]:
    before = qapp.style().name(), qapp.palette(), qapp.styleSheet()
    yield qapp
    qapp.setStyleSheet(before[2])
    qapp.setPalette(before[1])
    qapp.setStyle(before[0])


@pytest.mark.parametrize("name", list(ThemeName))
@pytest.mark.parametrize(
    ("text", "background"), [*((t, b) for t in TEXTS for b in BACKGROUNDS), *OTHER_PAIRS]
)
def test_every_text_can_be_read_in_every_theme(name: ThemeName, text: str, background: str) -> None:
    """Hazard: a warning that cannot be read is no warning (WCAG 2.2, 1.4.3)."""
    theme = THEMES[name]
    assert contrast_ratio(getattr(theme, text), getattr(theme, background)) >= LEAST_CONTRAST


@pytest.mark.parametrize("name", list(ThemeName))
def test_every_label_can_be_read_in_every_theme(worn: QApplication, name: ThemeName) -> None:
    apply_theme(worn, name)
    for subtype in SUBTYPES:
        assert contrast_ratio(label_text_color(subtype), THEMES[name].panel) >= LEAST_GRAPHIC_CONTRAST


def test_a_theme_is_worn_as_soon_as_it_is_preferred(qtbot: QtBot, worn: QApplication) -> None:
    store = Store(analyzed_state())
    apply_theme(worn)
    follow_theme(worn, store)
    window = MainWindow(store)
    qtbot.addWidget(window)
    window.show()
    light = replace(store.state.preferences, theme=ThemeName.LIGHT)
    store.update(lambda state: replace(state, preferences=light))
    assert worn.palette().color(QPalette.ColorRole.Window).name() == THEMES[ThemeName.LIGHT].window
    assert in_theme(AMBER) == THEMES[ThemeName.LIGHT].amber
    picture = window.status_line.grab().toImage()
    assert picture.pixelColor(2, picture.height() // 2).name() == THEMES[ThemeName.LIGHT].panel


@pytest.mark.parametrize("name", list(ThemeName))
def test_images_lie_on_black_in_every_theme(qtbot: QtBot, worn: QApplication, name: ThemeName) -> None:
    """Hazard: bright surroundings hide faint differences in an image."""
    state = analyzed_state()
    state = replace(state, preferences=replace(state.preferences, theme=name))
    store = Store(state)
    apply_theme(worn)
    follow_theme(worn, store)
    window = MainWindow(store)
    qtbot.addWidget(window)
    window.show()
    view = window.reading_page.views.views[state.active_view]
    picture: QImage = view.grab().toImage()
    assert picture.pixelColor(picture.width() // 2, picture.height() - 3).lightness() < 10


@pytest.mark.parametrize("name", list(ThemeName))
def test_icons_follow_the_theme(qtbot: QtBot, worn: QApplication, name: ThemeName) -> None:
    made_before = icon("open")
    apply_theme(worn, name)
    picture = made_before.pixmap(32, 32).toImage()
    colors = {
        picture.pixelColor(x, y).name()
        for x in range(picture.width())
        for y in range(picture.height())
        if picture.pixelColor(x, y).alpha() == 255
    }
    assert colors == {THEMES[name].text}
