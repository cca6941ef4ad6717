"""How every control looks, in the colors of a theme."""

from __future__ import annotations

from ichviewer.gui.themes import Theme


def style_sheet(theme: Theme, small_px: int) -> str:
    """Qt's style sheet in the colors of a theme; small texts have *small_px* pixels."""
    return f"""
QMainWindow, QDialog {{ background: {theme.window}; }}
QToolTip {{ background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.border};
    padding: 4px; }}
QMenuBar {{ background: transparent; }}
QMenuBar::item {{ padding: 6px 10px; background: transparent; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {theme.raised}; }}
QMenu {{ background: {theme.panel}; border: 1px solid {theme.line}; padding: 4px; }}
QMenu::item {{ padding: 5px 28px 5px 24px; border-radius: 3px; }}
QMenu::item:selected {{ background: {theme.selected}; }}
QMenu::item:disabled {{ color: {theme.faint}; }}
QMenu::separator {{ height: 1px; background: {theme.line}; margin: 4px 8px; }}
QMenu::indicator {{ width: 14px; height: 14px; left: 6px; }}
QMenu::indicator:checked {{ image: url(icons:accept{theme.icons}.svg); }}

#TopBar, #StatusLine {{ background: {theme.panel}; }}
#TopBar {{ border-bottom: 1px solid {theme.line}; }}
#StatusLine {{ border-top: 1px solid {theme.line}; }}
#Separator {{ background: {theme.line}; border: none; }}
#Panel {{ background: {theme.panel}; border: none; }}
#PanelTitle {{ color: {theme.secondary}; font-weight: bold; font-size: {small_px}px; }}
#Secondary {{ color: {theme.secondary}; font-size: {small_px + 1}px; }}
#Badge {{ color: {theme.text}; border: 1px solid {theme.faint}; border-radius: 4px; padding: 2px 8px;
          font-weight: bold; font-size: {small_px}px; }}
#BigText {{ font-size: 18px; color: {theme.text}; }}
#DropArea {{ border: 2px dashed {theme.border}; border-radius: 12px; }}
#DropArea[hovered="true"] {{ border-color: {theme.accent}; background: {theme.selected}; }}

QPushButton, QToolButton {{ background: {theme.raised}; border: 1px solid {theme.line}; border-radius: 4px;
    padding: 4px 10px; color: {theme.text}; }}
QToolButton {{ padding: 3px 7px; }}
#Decision {{ padding: 0; }}
QToolButton#FoldTitle, QToolButton#FoldTitle:checked {{ background: transparent;
    border: 1px solid transparent;
    color: {theme.secondary}; font-weight: bold; font-size: {small_px}px; padding: 2px 4px;
    text-align: left; }}
QToolButton#FoldTitle:hover {{ color: {theme.text}; }}
QToolButton#FoldTitle:focus {{ border: 1px solid {theme.accent}; }}
QPushButton:hover, QToolButton:hover {{ border-color: {theme.border}; background: {theme.hover}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {theme.pressed}; }}
QPushButton:focus, QToolButton:focus, QLineEdit:focus, QComboBox:focus
    {{ border: 1px solid {theme.accent}; outline: none; }}
QToolButton:checked {{ background: {theme.checked}; border-color: {theme.accent}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {theme.faint}; background: {theme.panel}; }}
QPushButton#Primary {{ background: {theme.primary}; color: {theme.primary_text};
    border-color: {theme.accent}; padding: 7px 18px; }}
QPushButton#Primary:hover {{ border-color: {theme.text}; }}
QPushButton#Link {{ background: transparent; border: 1px solid transparent; color: {theme.link};
    padding: 1px 3px; text-align: left; }}
QPushButton#Link:hover {{ text-decoration: underline; }}
QPushButton#Link:focus {{ border: 1px solid {theme.accent}; }}
QPushButton#Link:disabled {{ color: {theme.secondary}; }}

QLineEdit, QComboBox, QPlainTextEdit {{ background: {theme.window}; border: 1px solid {theme.line};
    border-radius: 4px;
    padding: 3px 6px; color: {theme.text}; selection-background-color: {theme.accent};
    selection-color: {theme.window}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url(icons:down{theme.icons}.svg); width: 10px; height: 10px; }}
QComboBox QAbstractItemView {{ background: {theme.panel}; border: 1px solid {theme.line};
    selection-background-color: {theme.selected}; selection-color: {theme.text}; }}
QCheckBox {{ spacing: 7px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {theme.border}; border-radius: 3px;
    background: {theme.window}; }}
QCheckBox::indicator:checked {{ background: {theme.primary}; border-color: {theme.accent};
    image: url(icons:accept.svg); }}
QCheckBox::indicator:focus {{ border-color: {theme.accent}; }}
QCheckBox:disabled {{ color: {theme.faint}; }}
QSlider::groove:horizontal {{ height: 4px; background: {theme.line}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {theme.accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
    background: {theme.text}; }}
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled {{ background: {theme.border}; }}
QProgressBar {{ background: {theme.window}; border: 1px solid {theme.line}; border-radius: 4px;
    text-align: center; }}
#WorkBar {{ font-size: {small_px}px; color: {theme.text}; }}
#WorkBar::chunk {{ background: {theme.selected}; }}
QProgressBar::chunk {{ background: {theme.accent}; border-radius: 3px; }}
QListWidget {{ background: {theme.panel}; border: 1px solid transparent; }}
QTabWidget::pane {{ border: none; }}
QTabBar {{ background: {theme.panel}; }}
QTabBar::tab {{ background: {theme.panel}; color: {theme.secondary}; border: 1px solid transparent;
    border-bottom: 2px solid {theme.line}; padding: 6px 8px; }}
QTabBar::tab:hover {{ color: {theme.text}; }}
QTabBar::tab:selected {{ color: {theme.text}; border-bottom: 2px solid {theme.accent}; }}
QTabBar::tab:focus {{ border: 1px solid {theme.accent}; }}
QScrollArea {{ background: {theme.panel}; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {theme.border}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QSplitter::handle {{ background: {theme.line}; }}
QTextBrowser, QTableWidget {{ background: {theme.window}; color: {theme.text};
    border: 1px solid {theme.line};
    selection-background-color: {theme.selected}; selection-color: {theme.text}; }}
QHeaderView::section {{ background: {theme.raised}; color: {theme.secondary}; border: none;
    padding: 4px 8px; }}
QTreeWidget {{ background: {theme.panel}; border: 1px solid {theme.line}; }}
QListWidget::item:selected, QTableWidget::item:selected,
    QTreeWidget::item:selected {{ background: {theme.selected};
    color: {theme.text}; }}
QDoubleSpinBox, QSpinBox {{ background: {theme.window}; border: 1px solid {theme.border};
    border-radius: 4px;
    padding: 3px 6px; color: {theme.text}; }}
QDoubleSpinBox::up-button, QSpinBox::up-button {{ subcontrol-origin: border; subcontrol-position: top right;
    width: 20px; border: none; }}
QDoubleSpinBox::down-button, QSpinBox::down-button {{ subcontrol-origin: border;
    subcontrol-position: bottom right; width: 20px; border: none; }}
QDoubleSpinBox::up-arrow, QSpinBox::up-arrow {{ image: url(icons:up{theme.icons}.svg); width: 9px;
    height: 9px; }}
QDoubleSpinBox::down-arrow, QSpinBox::down-arrow {{ image: url(icons:down{theme.icons}.svg); width: 9px;
    height: 9px; }}
#Entries::item {{ padding: 4px 6px; }}
QDoubleSpinBox:focus, QSpinBox:focus, QTableWidget:focus, QListWidget:focus, QTextBrowser:focus
    {{ border: 1px solid {theme.accent}; }}
PatternWindow, ImagesWindow {{ background: {theme.window}; }}
#Tour {{ background: {theme.raised}; border: 2px solid {theme.accent}; border-radius: 6px; }}
#TourTitle {{ font-size: 15px; font-weight: bold; }}
"""
