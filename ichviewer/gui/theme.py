"""Colours, font and style sheet: a dark, quiet room in which the image is the brightest thing.

The one thing to get wrong: amber and red belong to warnings alone; a label's colour is fixed, and
never stands without its letter code.
"""

from __future__ import annotations

from dataclasses import asdict

from PySide6.QtCore import QDir
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from ichviewer.core.findings import Subtype
from ichviewer.core.preferences import ThemeName
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.store import Store
from ichviewer.gui.style_sheet import style_sheet
from ichviewer.gui.themed_icon import ThemedIcon
from ichviewer.gui.themes import DARK, LEAST_GRAPHIC_CONTRAST, THEMES, Theme, contrast_ratio
from ichviewer.resources import resource_path

WINDOW, PANEL, RAISED, LINE = DARK.window, DARK.panel, DARK.raised, DARK.line
TEXT, SECONDARY, ACCENT = DARK.text, DARK.secondary, DARK.accent
GREEN, AMBER, RED = DARK.green, DARK.amber, DARK.red
"""Colors of what lies over images, in every theme; elsewhere ``in_theme`` gives the theme's own."""

CHECK_COLORS: dict[str, str] = {"green": GREEN, "amber": AMBER, "red": RED}

SUBTYPE_COLORS: dict[Subtype, str] = {
    Subtype.ANY: "#d6d8db",
    Subtype.EPIDURAL: "#e69f00",
    Subtype.INTRAPARENCHYMAL: "#cc79a7",
    Subtype.INTRAVENTRICULAR: "#56b4e9",
    Subtype.SUBARACHNOID: "#009e73",
    Subtype.SUBDURAL: "#f0e442",
}
"""Okabe and Ito's colours for the five subtypes, light grey for ``any``; the same everywhere."""

FONT_PX = 13
SMALL_PX = 11
ICON_PX = 16


def apply_theme(app: QApplication, name: ThemeName = ThemeName.DARK) -> None:
    """Give the application its font, palette, style sheet and icon."""
    # The style sheet names its icons as icons:NAME.svg.
    QDir.setSearchPaths("icons", [str(resource_path("icons"))])
    theme = THEMES[name]
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    app.setFont(interface_font(app.font()))
    app.setStyleSheet(style_sheet(theme, SMALL_PX))
    app.setWindowIcon(QIcon(str(resource_path("icons/ichviewer.svg"))))


def follow_theme(app: QApplication, store: Store) -> None:
    """Wear the theme that the reader prefers, now and whenever that changes.

    To be called before any widget follows the store, so that each finds the new colors when it draws.
    """
    worn = ThemeName.DARK

    def render(state: ViewState) -> None:
        nonlocal worn
        if state.preferences.theme is not worn:
            worn = state.preferences.theme
            apply_theme(app, worn)

    store.changed.connect(render)
    render(store.state)


def theme_worn() -> Theme:
    """The theme of the application, known by its palette; the dark one where it wears none of ours."""
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window).name()
    return next((theme for theme in THEMES.values() if theme.window == window), DARK)


def in_theme(color: str) -> str:
    """The color that stands in the theme worn now for one of the dark theme's.

    >>> in_theme("#e69f00")
    '#e69f00'
    """
    names = [name for name, value in asdict(DARK).items() if value == color]
    return str(getattr(theme_worn(), names[0])) if names else color


def label_text_color(subtype: Subtype) -> str:
    """A label's own color where all labels' can be read on a panel, else that of all texts.

    The codes are bold and stand beside bars of the same colors, so they need what graphics
    need (WCAG 1.4.11).
    """
    theme = theme_worn()
    are_readable = all(
        contrast_ratio(color, theme.panel) >= LEAST_GRAPHIC_CONTRAST for color in SUBTYPE_COLORS.values()
    )
    return SUBTYPE_COLORS[subtype] if are_readable else theme.text


def icon(name: str) -> QIcon:
    """One of the icons in ``resources/icons``, in the theme's color; faint where its button is disabled."""
    return QIcon(ThemedIcon(str(resource_path(f"icons/{name}.svg")), lambda: theme_worn().text))


def interface_font(font: QFont, pixel_size: int = FONT_PX, is_bold: bool = False) -> QFont:
    """The same family in the interface's size, with figures of one width."""
    sized = QFont(font)
    sized.setPixelSize(pixel_size)
    sized.setBold(is_bold)
    sized.setFeature(QFont.Tag("tnum"), 1)
    return sized


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.panel,
        QPalette.ColorRole.AlternateBase: theme.raised,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.secondary,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.window,
        QPalette.ColorRole.Link: theme.link,
    }
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    disabled = QPalette.ColorGroup.Disabled
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(disabled, role, QColor(theme.faint))
    return palette
