"""The SERIES panel: what was found, and what became of every file."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ichviewer.core.open_studies import Study, study_of
from ichviewer.core.prior import prior_asked_for
from ichviewer.core.series import FolderContents, Series, Verdict
from ichviewer.core.viewstate import OverlayText, Thumbnail, ViewState
from ichviewer.gui.details_window import DetailsWindow
from ichviewer.gui.key_images_line import KeyImagesLine
from ichviewer.gui.localizer_view import LocalizerView
from ichviewer.gui.overlay import displayed_date, displayed_name
from ichviewer.gui.plain_tooltip import plain_tooltip
from ichviewer.gui.redraw import DrawnInputs
from ichviewer.gui.series_delegate import (
    IS_OPEN_ROLE,
    KEY_ROLE,
    LINES_ROLE,
    PICTURE_ROLE,
    STUDY_ROLE,
    SeriesDelegate,
)
from ichviewer.gui.store import Store
from ichviewer.gui.theme import AMBER, SECONDARY, in_theme
from ichviewer.gui.wording import files_list, files_text, plural, thickness_text

HIDDEN_MARK = "hidden from AI"


class SeriesPanel(QWidget):
    """Lists the series, study by study; a click asks for one."""

    series_requested = Signal(str)
    study_close_requested = Signal(object)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._store = store
        self._list_inputs, self._picture_inputs = DrawnInputs(), DrawnInputs()
        self._open_inputs, self._file_inputs = DrawnInputs(), DrawnInputs()
        title = QLabel("SERIES")
        title.setObjectName("PanelTitle")
        title.setContentsMargins(8, 8, 8, 0)
        self.items = QListWidget()
        self.items.setItemDelegate(SeriesDelegate(self.items))
        self.items.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.items.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.items.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.items.setMouseTracking(True)
        self.items.setAccessibleName("Series")
        self.items.setToolTip(
            "Click opens a series (PgUp and PgDn: previous and next); a right click offers it as prior"
        )
        self.items.itemClicked.connect(self._on_item)
        self.items.itemActivated.connect(self._on_item)
        self.items.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.items.customContextMenuRequested.connect(self._show_menu)
        self.localizer, self.key_images = LocalizerView(store), KeyImagesLine(store)
        self.files = QLabel()
        self.files.setWordWrap(True)
        self.files.setContentsMargins(8, 0, 8, 0)
        self.files_button = QPushButton("Show list of files")
        self.files_button.setObjectName("Link")
        self.files_button.setToolTip("What became of every file, and why; the list can be copied")
        self.files_button.clicked.connect(self.show_files)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(4)
        layout.addWidget(title)
        layout.addWidget(self.items, 1)
        layout.addWidget(self.localizer)
        layout.addWidget(self.key_images)
        layout.addWidget(self.files)
        below = QHBoxLayout()
        below.setContentsMargins(4, 0, 8, 0)
        below.addWidget(self.files_button)
        layout.addLayout(below)
        store.changed.connect(self._render)
        self._render(store.state)

    def show_files(self) -> DetailsWindow | None:
        """Every file with its verdict, in a window of its own."""
        contents = self._store.state.contents
        if contents is None:
            return None
        window = DetailsWindow(files_text(contents.files), files_list(contents.files), self)
        window.show()
        return window

    def _render(self, state: ViewState) -> None:
        is_full = state.overlay_text is OverlayText.FULL
        is_new = self._list_inputs.differ(state.contents, is_full)
        if is_new:
            self._fill(state.contents, names_patients=is_full)
        if self._picture_inputs.differ(state.thumbnails) or is_new:
            self._show_pictures(state.thumbnails)
        open_series = None if state.volume is None else state.volume.series
        beside = state.prior, state.bone_stack
        if self._open_inputs.differ(open_series, *beside) or is_new:
            self._mark_open(None if open_series is None else open_series.key)
            self._mark_beside(state)
        if self._file_inputs.differ(state.contents):
            self._show_files_line(state.contents)

    def _fill(self, contents: FolderContents | None, names_patients: bool) -> None:
        self.items.clear()
        whose: tuple[Study, tuple[str, ...]] | None = None
        for series in () if contents is None else contents.series:
            study = study_of(series)
            if (study, _heading(series, names_patients=True)) != whose:
                whose = study, _heading(series, names_patients=True)
                heading = _item("", _heading(series, names_patients), is_enabled=False)
                heading.setData(STUDY_ROLE, study)
                self.items.addItem(heading)
            self.items.addItem(_item(series.key, series_lines(series), is_enabled=True, tip=_tooltip(series)))

    def _show_pictures(self, thumbnails: tuple[Thumbnail, ...]) -> None:
        by_key = {thumbnail.series_key: thumbnail for thumbnail in thumbnails}
        for item in self._series_items():
            thumbnail = by_key.get(item.data(KEY_ROLE))
            if thumbnail is not None and item.data(PICTURE_ROLE) is None:
                item.setData(PICTURE_ROLE, _pixmap(thumbnail))

    def _mark_open(self, key: str | None) -> None:
        for item in self._series_items():
            is_open = item.data(KEY_ROLE) == key
            item.setData(IS_OPEN_ROLE, is_open)
            if is_open:
                self.items.setCurrentItem(item)

    def _mark_beside(self, state: ViewState) -> None:
        """Say which series stand beside the open one."""
        marks = {}
        if state.prior is not None:
            marks[state.prior.volume.series.key] = "prior"
        if state.bone_stack is not None:
            marks[state.bone_stack.volume.series.key] = "in bone view"
        by_key = {series.key: series for series in (() if state.contents is None else state.contents.series)}
        for item in self._series_items():
            series = by_key.get(item.data(KEY_ROLE))
            if series is not None:
                mark = marks.get(series.key)
                lines = series_lines(series)
                item.setData(LINES_ROLE, (*lines, mark) if mark else lines)

    def menu_at(self, item: QListWidgetItem | None) -> QMenu | None:
        """What can be done with a series, or with the study of a heading; None where there is nothing."""
        contents = self._store.state.contents
        if item is None or contents is None:
            return None
        key, study = item.data(KEY_ROLE), item.data(STUDY_ROLE)
        series = next((each for each in contents.series if key and each.key == key), None)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if series is not None:
            study = study_of(series)
            menu.addAction("Open", lambda: self._on_item(item))
            prior = menu.addAction("Show as prior", lambda: self._ask_for_prior(series))
            volume = self._store.state.volume
            prior.setEnabled(volume is not None and volume.series.key != series.key)
        menu.addAction("Close study", lambda: self.study_close_requested.emit(study))
        return menu

    def _show_menu(self, place: QPoint) -> None:
        menu = self.menu_at(self.items.itemAt(place) or self.items.currentItem())
        if menu is not None:
            menu.popup(self.items.viewport().mapToGlobal(place))

    def _ask_for_prior(self, series: Series) -> None:
        self._store.update(lambda state: prior_asked_for(state, series))

    def _show_files_line(self, contents: FolderContents | None) -> None:
        self.files.setText("" if contents is None else files_text(contents.files))
        is_damaged = contents is not None and any(f.verdict is Verdict.DAMAGED for f in contents.files)
        self.files.setStyleSheet(f"color: {in_theme(AMBER if is_damaged else SECONDARY)}; font-size: 12px;")
        self.files_button.setVisible(contents is not None)

    def _series_items(self) -> list[QListWidgetItem]:
        every = (self.items.item(row) for row in range(self.items.count()))
        return [item for item in every if item.data(KEY_ROLE)]

    def _on_item(self, item: QListWidgetItem) -> None:
        key = item.data(KEY_ROLE)
        state = self._store.state
        is_open = state.volume is not None and state.volume.series.key == key
        is_cut_short = state.reading is None and state.volume is not None and not state.volume.is_complete
        if key and (not is_open or is_cut_short):
            self.series_requested.emit(key)


def series_lines(series: Series) -> tuple[str, ...]:
    """Description, slices and thickness, and the mark of what the network does not read."""
    facts = " · ".join(part for part in (plural(len(series.slices), "slice"), thickness_text(series)) if part)
    lines = (series.description or series.kernel or f"{series.modality or 'unknown'} series", facts)
    return lines if series.is_ai_candidate else (*lines, HIDDEN_MARK)


def _heading(series: Series, names_patients: bool) -> tuple[str, ...]:
    study = " · ".join(part for part in (series.study_description, displayed_date(series.study_date)) if part)
    if not names_patients:
        return ("Patient not shown", study)
    name = displayed_name(series.patient.patient_name)
    patient = " · ".join(part for part in (name, series.patient.patient_id) if part)
    return (patient or "No patient name", study)


def _tooltip(series: Series) -> str:
    lines = [" · ".join(series_lines(series)), f"{series.orientation}, {series.modality}"]
    if not series.is_ai_candidate:
        lines.append("Shown, but not read by the network: it takes axial CT stacks of originals only")
    return "\n".join([*lines, *series.notes])


def _item(key: str, lines: tuple[str, ...], is_enabled: bool, tip: str = "") -> QListWidgetItem:
    item = QListWidgetItem()
    item.setData(KEY_ROLE, key)
    item.setData(LINES_ROLE, lines)
    item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(lines))
    item.setToolTip(plain_tooltip(tip or "\n".join(lines)))
    if not is_enabled:
        item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item


def _pixmap(thumbnail: Thumbnail) -> QPixmap:
    height, width = thumbnail.grey.shape
    image = QImage(thumbnail.grey.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
    return QPixmap.fromImage(image.copy())
