"""The window: what is dropped, chosen and pressed is asked for; nothing is done by the window itself."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_card
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, opened_state

import ichviewer.gui
from ichviewer.core.findings import Subtype
from ichviewer.core.heatmap import CLOSED_FORM
from ichviewer.core.progress import Progress
from ichviewer.core.series import FileVerdict, FolderContents, Verdict
from ichviewer.core.viewstate import ViewState, listed
from ichviewer.gui.export_dialog import ExportDialog
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.reading_page import FIRST_SIZES
from ichviewer.gui.store import Store
from ichviewer.gui.top_bar import BADGE

NO_KEY, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


def shown(qtbot: QtBot, state: ViewState | None = None) -> MainWindow:
    window = MainWindow(Store(state))
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window


def mime(*urls: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(url) for url in urls])
    return data


def drag(window: QWidget, data: QMimeData) -> bool:
    """Hang *data* over the window; whether it may be dropped."""
    enter = QDragEnterEvent(QPoint(300, 300), Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
    enter.setAccepted(False)
    QApplication.sendEvent(window, enter)
    return enter.isAccepted()


def drop(window: QWidget, data: QMimeData) -> None:
    QApplication.sendEvent(
        window, QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, LEFT, NO_KEY)
    )


# Opening


def test_what_is_dropped_is_asked_for(qtbot: QtBot, tmp_path: Path) -> None:
    window, files = shown(qtbot), (tmp_path / "a b.zip", tmp_path / "Köpfe")
    data = mime(*(QUrl.fromLocalFile(str(path)).toString() for path in files))
    assert drag(window, data)
    with qtbot.waitSignal(window.open_requested) as asked:
        drop(window, data)
    assert asked.args == [files]


def test_a_drop_works_while_a_study_is_open(qtbot: QtBot, tmp_path: Path) -> None:
    window, data = shown(qtbot, analyzed_state()), mime(QUrl.fromLocalFile(str(tmp_path)).toString())
    image = window.reading_page.views
    assert drag(image, data)
    with qtbot.waitSignal(window.open_requested):
        drop(image, data)


@pytest.mark.parametrize("data", [mime(), mime("https://example.org/study.zip")])
def test_what_is_no_local_file_is_refused(qtbot: QtBot, data: QMimeData) -> None:
    window = shown(qtbot)
    assert not drag(window, data)
    with qtbot.assertNotEmitted(window.open_requested):
        drop(window, data)


def test_the_drop_area_lights_up_under_a_folder(qtbot: QtBot, tmp_path: Path) -> None:
    window = shown(qtbot)
    drag(window, mime(QUrl.fromLocalFile(str(tmp_path)).toString()))
    assert window.empty_page.area.property("hovered") is True
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert window.empty_page.area.property("hovered") is False


def test_the_open_dialogs_ask_for_what_was_chosen(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = shown(qtbot)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(tmp_path))
    with qtbot.waitSignal(window.open_requested) as asked:
        window.empty_page.open_button.click()
    assert asked.args == [(tmp_path,)]
    chosen = [str(tmp_path / "a"), str(tmp_path / "b")]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_args: (chosen, ""))
    with qtbot.waitSignal(window.open_requested) as asked:
        window.table["open-files"].trigger()
    assert asked.args == [(tmp_path / "a", tmp_path / "b")]


def test_a_dialog_that_was_left_asks_for_nothing(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    window = shown(qtbot)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: "")
    with qtbot.assertNotEmitted(window.open_requested):
        window.table["open-folder"].trigger()


def test_recent_folders_are_offered_and_can_be_cleared(qtbot: QtBot) -> None:
    window = shown(qtbot, ViewState(recent_paths=("studies/one & two", "studies/three")))
    buttons = [button for button in window.empty_page.recent_buttons if button.isVisible()]
    assert len(buttons) == 2
    with qtbot.waitSignal(window.open_requested) as asked:
        buttons[0].click()
    assert asked.args == [(Path("studies/one & two"),)]
    first, *_others, clear = window.menus.recent.actions()
    with qtbot.waitSignal(window.open_requested):
        first.trigger()
    with qtbot.waitSignal(window.recent_cleared):
        clear.trigger()


def test_the_demo_study_is_offered(qtbot: QtBot) -> None:
    window = shown(qtbot)
    with qtbot.waitSignal(window.demo_requested):
        window.empty_page.demo_button.click()


def test_the_page_follows_what_is_open(qtbot: QtBot) -> None:
    window = shown(qtbot)
    assert window.pages.currentWidget() is window.empty_page
    reading = ViewState(reading=Progress(3, 40, "Reading headers"))
    window.store.set(reading)
    assert window.pages.currentWidget() is window.loading_page
    assert window.loading_page.text.text() == "Reading headers 3 of 40"
    contents = opened_state().contents
    assert contents is not None
    window.store.set(listed(reading, contents))
    assert window.pages.currentWidget() is window.reading_page
    assert window.reading_page.middle.currentWidget() is window.reading_page.loading
    window.store.set(opened_state())
    assert window.reading_page.middle.currentWidget() is window.reading_page.views


def test_a_folder_without_a_readable_series_says_so(qtbot: QtBot) -> None:
    contents = opened_state().contents
    assert contents is not None
    window = shown(qtbot, listed(ViewState(), contents))
    assert "No series is open" in window.reading_page.loading.text.text()
    assert not window.reading_page.loading.cancel.isVisible()


def test_where_nothing_can_be_chosen_the_reason_stands_in_the_middle(qtbot: QtBot) -> None:
    locked = FileVerdict("study", Verdict.DAMAGED, "cannot be opened: no permission to read it")
    report = FileVerdict("SR1", Verdict.SKIPPED, "dose report")
    window = shown(qtbot, listed(ViewState(), FolderContents((), (locked,))))
    text = window.reading_page.loading.text
    assert text.text() == "Nothing to open: study: cannot be opened: no permission to read it"
    window.store.set(listed(ViewState(), FolderContents((), (report, locked))))
    assert "none of 2 files" in text.text()
    assert "study: cannot be opened" in text.text()
    window.store.set(listed(ViewState(), FolderContents((), ())))
    assert text.text() == "Nothing to open: no files were found."


def test_the_open_study_stays_while_another_is_read(qtbot: QtBot) -> None:
    window = shown(qtbot, replace(analyzed_state(), reading=Progress(1, 9, "Reading headers")))
    assert window.reading_page.middle.currentWidget() is window.reading_page.views
    assert window.status_line.bar.text() == "Reading headers 1/9"


# Series, analysis, export


@pytest.mark.parametrize(("key", "series"), [(Qt.Key.Key_PageUp, "1.2.4"), (Qt.Key.Key_PageDown, "1.2.5")])
def test_page_keys_ask_for_the_series_beside(qtbot: QtBot, key: Qt.Key, series: str) -> None:
    window = shown(qtbot, opened_state())
    with qtbot.waitSignal(window.series_requested) as asked:
        qtbot.keyClick(window, key)
    assert asked.args == [series]


def test_the_last_series_has_none_after_it(qtbot: QtBot) -> None:
    state = opened_state()
    assert state.contents is not None
    window = shown(qtbot, replace(state, contents=replace(state.contents, series=state.contents.series[:2])))
    with qtbot.assertNotEmitted(window.series_requested):
        qtbot.keyClick(window, Qt.Key.Key_PageDown)


def test_escape_cancels_reading_first_and_the_analysis_next(qtbot: QtBot) -> None:
    analysis = Progress(3, 12, "analyzing")
    window = shown(qtbot, replace(analyzed_state(pending=[1]), analysis=analysis, reading=analysis))
    with qtbot.waitSignal(window.reading_cancelled), qtbot.assertNotEmitted(window.analysis_cancelled):
        qtbot.keyClick(window, Qt.Key.Key_Escape)
    window.store.update(lambda state: replace(state, reading=None))
    with qtbot.waitSignal(window.analysis_cancelled):
        qtbot.keyClick(window, Qt.Key.Key_Escape)


@pytest.mark.parametrize("state", [None, listed(ViewState(), opened_state().contents)])  # type: ignore[arg-type]
def test_reading_can_be_cancelled_from_the_page(qtbot: QtBot, state: ViewState | None) -> None:
    window = shown(qtbot, replace(state or ViewState(), reading=Progress(1, 9, "Reading")))
    pages = (window.loading_page, window.reading_page.loading)
    button = next(page.cancel for page in pages if page.cancel.isVisible())
    with qtbot.waitSignal(window.reading_cancelled):
        button.click()


def test_f5_asks_for_the_analysis(qtbot: QtBot) -> None:
    window = shown(qtbot, opened_state())
    with qtbot.waitSignal(window.analysis_requested):
        qtbot.keyClick(window, Qt.Key.Key_F5)


@pytest.mark.parametrize(
    "state",
    [
        ViewState(model_card=make_card()),
        replace(opened_state(), model_card=None),
        replace(opened_state(), analysis=Progress(1, 12, "analyzing")),
    ],
    ids=["no study", "no checkpoint", "running"],
)
def test_f5_does_nothing_where_no_analysis_can_begin(qtbot: QtBot, state: ViewState) -> None:
    window = shown(qtbot, state)
    with qtbot.assertNotEmitted(window.analysis_requested):
        qtbot.keyClick(window, Qt.Key.Key_F5)


def export_dialog(window: MainWindow) -> ExportDialog:
    dialog = window.ask_for_export()
    assert dialog is not None
    return dialog


def test_an_export_names_no_patient_unless_asked_to(qtbot: QtBot, tmp_path: Path) -> None:
    """Hazard: a table that is passed on would carry the patient's name."""
    window = shown(qtbot, analyzed_state())
    dialog = export_dialog(window)
    dialog.path.setText(str(tmp_path / "out.csv"))
    with qtbot.waitSignal(window.export_requested) as asked:
        dialog.export_button.click()
    assert asked.args == [tmp_path / "out.csv", False]


def test_an_export_names_the_patient_where_asked_to(qtbot: QtBot, tmp_path: Path) -> None:
    window = shown(qtbot, analyzed_state())
    dialog = export_dialog(window)
    dialog.path.setText(str(tmp_path / "out.csv"))
    dialog.identify.setChecked(True)
    with qtbot.waitSignal(window.export_requested) as asked:
        dialog.export_button.click()
    assert asked.args == [tmp_path / "out.csv", True]


def test_the_suggested_file_name_says_nothing_about_the_patient(qtbot: QtBot) -> None:
    path = Path(export_dialog(shown(qtbot, analyzed_state())).path.text())
    assert path.name == "findings.csv"


def test_an_export_warns_of_what_it_replaces_and_of_what_is_missing(qtbot: QtBot, tmp_path: Path) -> None:
    dialog = export_dialog(shown(qtbot, analyzed_state(pending=[1, 2])))
    assert dialog.warning.text() == "2 slices are not analyzed yet; finish the analysis (F5), then export."
    assert not dialog.export_button.isEnabled()
    (tmp_path / "old.csv").write_text("old")
    dialog.path.setText(str(tmp_path / "old.csv"))
    assert "will be replaced" in dialog.warning.text()
    dialog.path.setText("  ")
    assert not dialog.export_button.isEnabled()


def test_there_is_nothing_to_export_before_an_analysis(qtbot: QtBot) -> None:
    window = shown(qtbot, opened_state())
    assert not window.table["export"].isEnabled()
    assert window.ask_for_export() is None


def test_a_device_is_asked_for_and_the_one_in_use_is_marked(qtbot: QtBot) -> None:
    window = shown(qtbot, ViewState(device="auto"))
    actions = {action.data(): action for action in window.menus.devices.actions()}
    assert actions["auto"].isChecked()
    with qtbot.waitSignal(window.device_requested) as asked:
        actions["cpu"].trigger()
    assert asked.args == ["cpu"]


def test_another_method_asks_for_an_explanation(qtbot: QtBot) -> None:
    window = shown(qtbot, replace(analyzed_state(likely=[0]), shows_heatmap=True))
    other = next(m for m in combo_texts(window) if m != CLOSED_FORM)
    with qtbot.waitSignal(window.explanation_requested):
        window.store.update(lambda state: replace(state, heatmap_method=other))


def combo_texts(window: MainWindow) -> list[str]:
    combo = window.reading_page.side.heatmap.method
    return [combo.itemText(index) for index in range(combo.count())]


# Panels, layout, close


def test_tab_leaves_the_image_alone_and_brings_the_panels_back(qtbot: QtBot) -> None:
    window = shown(qtbot, analyzed_state())
    page = window.reading_page
    page.toggle_panel("ribbon")
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    assert not any(panel.isVisible() for panel in page.panels.values())
    assert page.views.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    assert [name for name, panel in page.panels.items() if panel.isVisible()] == [
        "series",
        "findings",
        "tools",
    ]


@pytest.mark.parametrize(
    ("key", "panel"),
    [(Qt.Key.Key_F7, "series"), (Qt.Key.Key_F8, "ribbon"), (Qt.Key.Key_F9, "findings")],
)
def test_each_panel_has_a_key(qtbot: QtBot, key: Qt.Key, panel: str) -> None:
    window = shown(qtbot, analyzed_state())
    qtbot.keyClick(window, key)
    assert not window.reading_page.panels[panel].isVisible()
    qtbot.keyClick(window, key)
    assert window.reading_page.panels[panel].isVisible()


def test_a_panel_can_be_brought_back_alone(qtbot: QtBot) -> None:
    window = shown(qtbot, analyzed_state())
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    qtbot.keyClick(window, Qt.Key.Key_F8)
    assert [name for name, panel in window.reading_page.panels.items() if panel.isVisible()] == ["ribbon"]


def test_the_layout_comes_back(qtbot: QtBot) -> None:
    first = shown(qtbot, analyzed_state())
    first.resize(1400, 800)
    first.reading_page.splitter.setSizes([220, 700, 150, 330])
    first.reading_page.toggle_panel("series")
    layout = first.save_layout()
    second = shown(qtbot, analyzed_state())
    second.restore_layout(layout)
    assert (second.width(), second.height()) == (1400, 800)
    assert not second.reading_page.panels["series"].isVisible()
    assert second.reading_page.splitter.sizes()[2:] == first.reading_page.splitter.sizes()[2:]
    second.reading_page.toggle_panel("series")
    assert second.reading_page.panels["series"].width() == pytest.approx(220, abs=2)


@pytest.mark.parametrize(
    ("screen", "expected"),
    [((1366, 728), (1366, 700)), ((3840, 2120), (1600, 1000)), ((800, 500), (960, 600))],
)
def test_the_window_opens_no_larger_than_the_screen(
    qtbot: QtBot, screen: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Hazard: the notice, the input check and the lower slices lie below the edge of a small screen."""
    window = MainWindow(Store())
    qtbot.addWidget(window)
    window.fit_into(QSize(*screen))
    assert window.width() == expected[0]
    assert window.height() == pytest.approx(expected[1], abs=30)
    assert window.height() <= max(screen[1], 600)


def test_a_panel_that_was_never_laid_out_comes_back_in_its_first_size(qtbot: QtBot) -> None:
    window = shown(qtbot, analyzed_state())
    window.restore_layout({"sizes": [0, 0, 0, 0]})
    assert window.reading_page.splitter.sizes()[0] == pytest.approx(FIRST_SIZES[0], abs=20)


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"sizes": "wide"},
        {"sizes": [1, 2]},
        {"sizes": [-1, 2, 3, 4]},
        {"window": [None, 3]},
        {"hidden": 7},
    ],
)
def test_a_layout_that_does_not_fit_is_left_alone(qtbot: QtBot, layout: dict[str, object]) -> None:
    window = shown(qtbot, analyzed_state())
    before = window.save_layout()
    window.restore_layout(layout)
    assert window.save_layout() == before


def test_closing_is_told_to_those_who_run_threads(qtbot: QtBot) -> None:
    window = shown(qtbot)
    with qtbot.waitSignal(window.closing):
        window.close()
    assert not window.isVisible()


def test_full_screen_and_back(qtbot: QtBot) -> None:
    window = shown(qtbot, analyzed_state())
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()


def test_results_that_arrive_move_nothing(qtbot: QtBot) -> None:
    """Hazard: a button that moves under the pointer is pressed for the wrong label."""
    window = shown(qtbot, replace(opened_state(), slice_index=0))
    panels = window.reading_page.findChildren(QWidget)
    QApplication.processEvents()
    before = [(panel, panel.geometry()) for panel in panels if panel.isVisible()]
    window.store.set(replace(analyzed_state(likely=[0, 4]), contents=window.store.state.contents))
    QApplication.processEvents()
    assert [panel.objectName() for panel, place in before if panel.geometry() != place] == []


def test_a_long_device_name_moves_nothing(qtbot: QtBot) -> None:
    window = shown(qtbot, opened_state())
    before = [button.geometry() for button in window.top_bar.preset_buttons]
    name = "NVIDIA H200 NVL 141GB HBM3e, CUDA device 0 of 8"
    window.store.update(lambda state: replace(state, device=name))
    QApplication.processEvents()
    assert [button.geometry() for button in window.top_bar.preset_buttons] == before
    assert name in window.top_bar.device.toolTip()


# What every window says


@pytest.mark.parametrize("state", [ViewState(), opened_state(), analyzed_state()])
def test_research_use_only_stands_on_every_window(qtbot: QtBot, state: ViewState) -> None:
    window = shown(qtbot, state)
    assert any(label.text() == BADGE and label.isVisible() for label in window.findChildren(QLabel))
    for other in (
        window,
        window.show_keys(),
        window.side_windows.show_about(),
        window.status_line.show_check(),
    ):
        assert "research use only" in other.windowTitle()


def test_about_names_the_license_of_the_weights(qtbot: QtBot) -> None:
    card = replace(make_card(), license="non-commercial research")
    text = shown(qtbot, ViewState(model_card=card)).side_windows.show_about().text.toPlainText()
    assert "License of the weights: non-commercial research" in text
    assert "RESEARCH USE ONLY" in text
    assert card.weights_sha256 in text


def test_every_control_that_has_no_words_has_an_accessible_name(qtbot: QtBot) -> None:
    window = shown(qtbot, analyzed_state())
    buttons = [button for button in window.findChildren(QPushButton) if button.isVisible()]
    assert [button for button in buttons if not button.text() and not button.accessibleName()] == []
    assert window.reading_page.side.slice_scores.bars[Subtype.ANY].accessibleName().startswith("any: ")


def test_the_title_names_no_patient(qtbot: QtBot) -> None:
    """Hazard: window titles end up in screenshots, task lists and logs."""
    assert "Doe" not in shown(qtbot, analyzed_state()).windowTitle()


def test_no_widget_reads_analyzes_or_writes() -> None:
    """Widgets stand on the core and on each other."""
    allowed = ("ichviewer.core", "ichviewer.gui", "ichviewer.resources", "ichviewer.__version__")
    for path in Path(ichviewer.gui.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ichviewer"):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                assert all(name.startswith(allowed) for name in names), path.name
