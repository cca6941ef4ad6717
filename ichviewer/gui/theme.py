"""Colours, font and style sheet: a dark, quiet room in which the image is the brightest thing.

The one thing to get wrong: amber and red belong to warnings alone; a label's colour is fixed, and
never stands without its letter code.
"""

from __future__ import annotations

from PySide6.QtCore import QDir, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from ichviewer.core.findings import Subtype
from ichviewer.resources import resource_path

WINDOW, PANEL, RAISED, LINE = "#1b1c1e", "#242629", "#2e3135", "#34373b"
TEXT, SECONDARY, ACCENT = "#d6d8db", "#9aa0a6", "#5b9dd9"
GREEN, AMBER, RED = "#7fb88a", "#e8a33d", "#ef5f5f"

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


def apply_theme(app: QApplication) -> None:
    """Give the application its font, palette, style sheet and icon."""
    # The style sheet names its icons as icons:NAME.svg.
    QDir.setSearchPaths("icons", [str(resource_path("icons"))])
    app.setStyle("Fusion")
    app.setPalette(_palette())
    app.setFont(interface_font(app.font()))
    app.setStyleSheet(_STYLE_SHEET)
    app.setWindowIcon(icon("ichviewer"))


def icon(name: str) -> QIcon:
    """One of the icons in ``resources/icons``; faint where its button is disabled."""
    drawn = QIcon(str(resource_path(f"icons/{name}.svg")))
    for ratio in (1, 2):
        picture = drawn.pixmap(QSize(ICON_PX, ICON_PX), float(ratio))
        faint = QPixmap(picture.size())
        faint.setDevicePixelRatio(picture.devicePixelRatio())
        faint.fill(Qt.GlobalColor.transparent)
        painter = QPainter(faint)
        painter.setOpacity(0.3)
        painter.drawPixmap(0, 0, picture)
        painter.end()
        drawn.addPixmap(faint, QIcon.Mode.Disabled)
    return drawn


def interface_font(font: QFont, pixel_size: int = FONT_PX, is_bold: bool = False) -> QFont:
    """The same family in the interface's size, with figures of one width."""
    sized = QFont(font)
    sized.setPixelSize(pixel_size)
    sized.setBold(is_bold)
    sized.setFeature(QFont.Tag("tnum"), 1)
    return sized


def _palette() -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: WINDOW,
        QPalette.ColorRole.WindowText: TEXT,
        QPalette.ColorRole.Base: PANEL,
        QPalette.ColorRole.AlternateBase: RAISED,
        QPalette.ColorRole.Text: TEXT,
        QPalette.ColorRole.Button: RAISED,
        QPalette.ColorRole.ButtonText: TEXT,
        QPalette.ColorRole.ToolTipBase: RAISED,
        QPalette.ColorRole.ToolTipText: TEXT,
        QPalette.ColorRole.PlaceholderText: SECONDARY,
        QPalette.ColorRole.Highlight: ACCENT,
        QPalette.ColorRole.HighlightedText: WINDOW,
        QPalette.ColorRole.Link: ACCENT,
    }
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    disabled = QPalette.ColorGroup.Disabled
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(disabled, role, QColor("#6b7076"))
    return palette


_STYLE_SHEET = f"""
QMainWindow, QDialog {{ background: {WINDOW}; }}
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid #4a4e54; padding: 4px; }}
QMenuBar {{ background: transparent; }}
QMenuBar::item {{ padding: 6px 10px; background: transparent; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {RAISED}; }}
QMenu {{ background: {PANEL}; border: 1px solid {LINE}; padding: 4px; }}
QMenu::item {{ padding: 5px 28px 5px 24px; border-radius: 3px; }}
QMenu::item:selected {{ background: #35506a; }}
QMenu::item:disabled {{ color: #6b7076; }}
QMenu::separator {{ height: 1px; background: {LINE}; margin: 4px 8px; }}
QMenu::indicator {{ width: 14px; height: 14px; left: 6px; }}
QMenu::indicator:checked {{ image: url(icons:accept.svg); }}

#TopBar, #StatusLine {{ background: {PANEL}; }}
#TopBar {{ border-bottom: 1px solid {LINE}; }}
#StatusLine {{ border-top: 1px solid {LINE}; }}
#Panel {{ background: {PANEL}; border: none; }}
#PanelTitle {{ color: {SECONDARY}; font-weight: bold; font-size: {SMALL_PX}px; }}
#Secondary {{ color: {SECONDARY}; font-size: {SMALL_PX + 1}px; }}
#Badge {{ color: {TEXT}; border: 1px solid #6b7076; border-radius: 4px; padding: 2px 8px;
          font-weight: bold; font-size: {SMALL_PX}px; }}
#BigText {{ font-size: 18px; color: {TEXT}; }}
#DropArea {{ border: 2px dashed #4a4e54; border-radius: 12px; }}
#DropArea[hovered="true"] {{ border-color: {ACCENT}; background: #20303f; }}

QPushButton, QToolButton {{ background: {RAISED}; border: 1px solid {LINE}; border-radius: 4px;
    padding: 4px 10px; color: {TEXT}; }}
QToolButton {{ padding: 3px 7px; }}
#Decision {{ padding: 0; }}
QPushButton:hover, QToolButton:hover {{ border-color: #565b61; background: #383c41; }}
QPushButton:pressed, QToolButton:pressed {{ background: #22262a; }}
QPushButton:focus, QToolButton:focus, QLineEdit:focus, QComboBox:focus
    {{ border: 1px solid {ACCENT}; outline: none; }}
QToolButton:checked {{ background: #2c4a66; border-color: {ACCENT}; }}
QPushButton:disabled, QToolButton:disabled {{ color: #6b7076; background: {PANEL}; }}
QPushButton#Primary {{ background: #2c5a85; border-color: {ACCENT}; padding: 7px 18px; }}
QPushButton#Primary:hover {{ background: #376b9b; }}
QPushButton#Link {{ background: transparent; border: 1px solid transparent; color: #7ab4e8;
    padding: 1px 3px; text-align: left; }}
QPushButton#Link:hover {{ text-decoration: underline; }}
QPushButton#Link:focus {{ border: 1px solid {ACCENT}; }}
QPushButton#Link:disabled {{ color: {SECONDARY}; }}

QLineEdit, QComboBox, QPlainTextEdit {{ background: {WINDOW}; border: 1px solid {LINE}; border-radius: 4px;
    padding: 3px 6px; color: {TEXT}; selection-background-color: {ACCENT}; selection-color: {WINDOW}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url(icons:down.svg); width: 10px; height: 10px; }}
QComboBox QAbstractItemView {{ background: {PANEL}; border: 1px solid {LINE};
    selection-background-color: #35506a; selection-color: {TEXT}; }}
QCheckBox {{ spacing: 7px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid #565b61; border-radius: 3px;
    background: {WINDOW}; }}
QCheckBox::indicator:checked {{ background: #2c5a85; border-color: {ACCENT}; image: url(icons:accept.svg); }}
QCheckBox::indicator:focus {{ border-color: {ACCENT}; }}
QCheckBox:disabled {{ color: #6b7076; }}
QSlider::groove:horizontal {{ height: 4px; background: {LINE}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {ACCENT}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
    background: {TEXT}; }}
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled {{ background: #565b61; }}
QProgressBar {{ background: {WINDOW}; border: 1px solid {LINE}; border-radius: 4px; text-align: center; }}
#WorkBar {{ font-size: {SMALL_PX}px; color: {TEXT}; }}
#WorkBar::chunk {{ background: #35506a; }}
QProgressBar::chunk {{ background: {ACCENT}; border-radius: 3px; }}
QListWidget {{ background: {PANEL}; border: 1px solid transparent; }}
QScrollArea {{ background: {PANEL}; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: #4a4e54; border-radius: 4px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSplitter::handle {{ background: {LINE}; }}
"""
