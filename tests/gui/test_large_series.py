"""A large series in the window: the first slice at once, the rest while the reader looks."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_card, make_findings, make_volume
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ichviewer.controller import GrowingStack, OpenStack
from ichviewer.core.errors import UnreadableError
from ichviewer.core.findings import SliceResult, StudyFindings, Subtype
from ichviewer.core.history import ReaderWork
from ichviewer.core.input_check import CheckLevel, InputCheck
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.reading_order import WantedSlice
from ichviewer.core.series import FolderContents, Series
from ichviewer.core.viewstate import Thumbnail, ViewState, scrolled_to
from ichviewer.core.volume import Volume
from ichviewer.gui.main_window import MainWindow
from ichviewer.gui.store import Store
from ichviewer.session.session import Session
from ichviewer.settings import Settings

PATIENCE_S = 10


class Gates:
    """Where the reading thread waits until the test lets it go on; a canceled task goes on by itself."""

    def __init__(self) -> None:
        self._allowed = threading.Condition()
        self._open: set[str] = set()
        self.reached: list[str] = []
        self.left: list[str] = []

    def open(self, *names: str) -> None:
        """Let the reading thread pass."""
        with self._allowed:
            self._open.update(names)
            self._allowed.notify_all()

    def pass_through(self, name: str, cancel: CancelToken) -> None:
        """In the reading thread: wait here."""
        self.reached.append(name)
        with self._allowed:
            self._allowed.wait_for(lambda: name in self._open or cancel.is_cancelled, PATIENCE_S)
        self.left.append(name)
        cancel.raise_if_cancelled()


class GatedController:
    """Reads two series of made-up slices; its gates: ``scan``, ``slice 4``, ``check``, ``thumbnail``."""

    def __init__(self, volumes: list[Volume]) -> None:
        self.card = make_card()
        self.volumes = {volume.series.key: volume for volume in volumes}
        self.gates = Gates()
        self.wanted: WantedSlice | None = None
        self.first_slices: list[int] = []
        self.analyzed: list[Volume] = []
        self.unreadable: dict[int, str] = {}

    def scan(self, paths: object, report: Callable[..., None], cancel: CancelToken) -> FolderContents:
        report(Progress(1, 2, "Reading headers"))
        self.gates.pass_through("scan", cancel)
        return FolderContents(tuple(volume.series for volume in self.volumes.values()), ())

    def best_series(self, contents: FolderContents) -> Series:
        return contents.series[0]

    def read_growing(
        self, series: Series, first_slice: int, show: Callable[..., None], cancel: CancelToken
    ) -> OpenStack:
        whole = self.volumes[series.key]
        self.first_slices.append(first_slice)
        self.wanted = wanted = WantedSlice(first_slice)
        left, read = set(range(whole.slice_count)), set[int]()
        # As in the real one: what is not read yet holds zeros.
        stored = np.zeros_like(whole.stored_values)
        while left:
            index = min(left, key=lambda index: (abs(index - wanted.slice_index), index))
            self.gates.pass_through(f"slice {index}", cancel)
            left.remove(index)
            if index not in self.unreadable:
                stored[index] = whole.stored_values[index]
                read.add(index)
            volume = replace(
                whole,
                stored_values=stored.view(),
                is_readable=np.asarray([index in read for index in range(whole.slice_count)]),
                unreadable_reasons={i: r for i, r in self.unreadable.items() if i not in left},
                awaited_slices=frozenset(left),
            )
            if left:
                show(GrowingStack(volume, "sorted by position", wanted))
        self.gates.pass_through("check", cancel)
        return OpenStack(volume, "sorted by position", InputCheck(CheckLevel.GREEN, ()))

    def thumbnail(self, series: Series, cancel: CancelToken) -> Thumbnail:
        self.gates.pass_through("thumbnail", cancel)
        return Thumbnail(series.key, np.zeros((4, 4), np.uint8))

    def device(self, cancel: CancelToken) -> str:
        return "CPU"

    def start_decoder(self) -> None:
        return

    def use_device(self, device: str) -> None:
        return

    def analyze(
        self, volume: Volume, first: int, on_scored: Callable[..., None], cancel: CancelToken
    ) -> StudyFindings:
        self.analyzed.append(volume)
        findings = make_findings(volume, self.card)
        for done, finding in enumerate(findings.slices, start=1):
            result = SliceResult(volume.series.key, self.card.weights_sha256, finding)
            on_scored((result,), Progress(done, volume.slice_count, "analyzing"))
        return findings

    def close(self) -> None:
        return


SLICES = 7
EVERY_SLICE = tuple(f"slice {index}" for index in range(SLICES))


class Desk:
    """A window with its session, and a hand on the gates."""

    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        first = make_volume(SLICES, series_uid="1.2.3", intercepts=(-1024.0,) * SLICES)
        self.controller = GatedController([first, make_volume(3, series_uid="1.2.4")])
        self.gates = self.controller.gates
        self.store = Store()
        self.window = MainWindow(self.store)
        self.session = Session(self.store, self.controller, Settings(), folder / "settings.json")  # type: ignore[arg-type]
        self._qtbot = qtbot
        qtbot.addWidget(self.window)
        self.window.reading_cancelled.connect(self.session.reading.cancel)
        self.window.series_requested.connect(self.session.reading.open_series)
        self.window.show()

    @property
    def state(self) -> ViewState:
        return self.store.state

    @property
    def volume(self) -> Volume:
        assert self.state.volume is not None
        return self.state.volume

    def drop(self) -> None:
        self.session.reading.open_paths((Path("/study"),))

    def until_reached(self, name: str) -> None:
        self._qtbot.waitUntil(lambda: name in self.gates.reached)
        QApplication.processEvents()

    def until_read(self, count: int) -> None:
        self._qtbot.waitUntil(lambda: self.state.volume is not None and self.volume.settled_count == count)

    def until_left(self, name: str) -> None:
        """The reading thread went on, or gave up."""

        def has_left() -> bool:
            self.gates.open()  # A cancel alone wakes nobody.
            return name in self.gates.left

        self._qtbot.waitUntil(has_left)

    def open_to_middle(self) -> None:
        """The middle slice is there, the next one waits."""
        self.gates.open("scan", "slice 3")
        self.drop()
        self.until_read(1)
        self.until_reached("slice 2")


@pytest.fixture
def desk(tmp_path: Path, qtbot: QtBot) -> Iterator[Desk]:
    one = Desk(tmp_path, qtbot)
    yield one
    one.gates.open("scan", *EVERY_SLICE, "check", "thumbnail")
    one.session.close({})


def is_analyzed(desk: Desk) -> bool:
    findings = desk.state.findings
    return findings is not None and findings.is_complete and desk.state.analysis is None


def picture(desk: Desk) -> bytes:
    """The pixels of the first view."""
    image = desk.window.reading_page.views.views[0].grab().toImage()
    return bytes(image.constBits())


def test_the_middle_slice_is_shown_before_the_rest_is_read(desk: Desk, qtbot: QtBot) -> None:
    desk.open_to_middle()
    assert desk.state.slice_index == 3
    assert desk.volume.is_readable.tolist() == [index == 3 for index in range(SLICES)]
    assert desk.window.reading_page.middle.currentWidget() is desk.window.reading_page.views
    assert desk.window.status_line.bar.text() == "Reading slices 1/7"
    assert desk.window.reading_page.ribbon.header == "reading 1 of 7"
    assert "reading 1 of 7" in desk.window.reading_page.side.study.sentence.text()


def test_a_slice_that_is_not_there_yet_says_so_and_is_not_black(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: a slice that was not read yet passes for one without a bleed, or for air."""
    desk.open_to_middle()
    desk.store.update(lambda state: scrolled_to(state, 6))
    awaited = picture(desk)
    view = desk.window.reading_page.views.views[0]
    assert view.cursor_value() == ""
    read = desk.volume
    lost = replace(read, awaited_slices=frozenset())
    desk.store.update(lambda state: replace(state, volume=lost))
    assert picture(desk) != awaited
    black = replace(read, awaited_slices=frozenset(), is_readable=np.ones(SLICES, dtype=np.bool_))
    desk.store.update(lambda state: replace(state, volume=black))
    assert picture(desk) != awaited


def test_scrolling_reads_the_slice_in_view_next(desk: Desk, qtbot: QtBot) -> None:
    desk.open_to_middle()
    desk.store.update(lambda state: scrolled_to(state, 6))
    desk.gates.open("slice 2", "slice 6")
    desk.until_read(3)
    assert desk.volume.is_readable.tolist() == [index in (2, 3, 6) for index in range(SLICES)]


def test_the_picture_of_a_half_read_stack_is_the_final_one(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: the reader judges a picture that is not the one in the end."""
    desk.open_to_middle()
    early = picture(desk)
    desk.gates.open(*EVERY_SLICE, "check", "thumbnail")
    qtbot.waitUntil(lambda: is_analyzed(desk))
    assert picture(desk) == early


def test_nothing_is_analyzed_checked_or_exported_before_every_slice_is_read(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: a study of which half was read is scored, and reads as one without a bleed."""
    desk.open_to_middle()
    desk.gates.open(*EVERY_SLICE[1:])
    desk.until_read(5)
    desk.session.analysis.analyze()
    desk.session.analysis.use_device("cpu")
    desk.session.writing.export(Path("/findings.csv"), identify=False)
    assert desk.state.findings is None
    assert desk.state.input_check == ""
    assert not desk.window.table["analyze"].isEnabled()
    assert not desk.window.table["export"].isEnabled()
    assert desk.controller.analyzed == []
    desk.gates.open("slice 0", "check")
    qtbot.waitUntil(lambda: len(desk.controller.analyzed) == 1)
    assert desk.controller.analyzed[0].is_complete
    assert desk.state.input_check == "green"
    assert desk.window.table["analyze"].isEnabled() or desk.state.analysis is not None


def test_canceled_while_headers_are_read_the_study_on_the_screen_stays(desk: Desk, qtbot: QtBot) -> None:
    desk.gates.open("scan", *EVERY_SLICE, "check", "thumbnail")
    desk.drop()
    qtbot.waitUntil(lambda: len(desk.state.thumbnails) == 2)
    before = desk.volume
    desk.gates._open.clear()
    desk.gates.left.clear()
    desk.drop()
    qtbot.waitUntil(lambda: desk.gates.reached.count("scan") == 2)
    desk.window.table["cancel"].trigger()
    desk.until_left("scan")
    assert desk.state.reading is None
    assert desk.volume is before
    assert desk.state.message.text == "Opening was canceled."


def test_canceled_before_the_first_slice_there_is_a_way_on(desk: Desk, qtbot: QtBot) -> None:
    desk.gates.open("scan")
    desk.drop()
    desk.until_reached("slice 3")
    desk.window.table["cancel"].trigger()
    desk.until_left("slice 3")
    assert desk.state.volume is None
    assert desk.state.reading is None
    assert "Choose one on the left" in desk.window.reading_page.loading.text.text()


def test_canceled_half_way_what_was_read_stays_and_the_rest_can_be_read(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: slices that nobody read are taken for read, or the reader's comments are lost."""
    desk.open_to_middle()
    desk.store.update(lambda state: replace(state, work=ReaderWork(state.review.with_comment(3, "falx"))))
    desk.window.table["cancel"].trigger()
    desk.until_left("slice 2")
    assert desk.volume.settled_count == 1
    assert desk.state.message.text == "Canceled after 1 of 7 slices."
    assert "read the rest" in desk.state.message.details
    assert desk.window.reading_page.side.study.sentence.text() == "Not analyzed: only 1 of 7 slices."
    desk.session.analysis.analyze()
    assert desk.state.findings is None
    assert "only 1 of 7 slices were read" in desk.state.message.text
    desk.store.update(lambda state: scrolled_to(state, 5))
    desk.gates.open(*EVERY_SLICE, "check", "thumbnail")
    panel = desk.window.reading_page.series
    (item, *_others) = panel._series_items()
    panel._on_item(item)
    qtbot.waitUntil(lambda: desk.state.findings is not None and desk.state.findings.is_complete)
    assert desk.controller.first_slices == [3, 5]
    assert desk.state.slice_index == 5
    assert desk.state.review.comment(3) == "falx"


def test_canceled_while_thumbnails_are_made_nothing_goes_on(desk: Desk, qtbot: QtBot) -> None:
    desk.gates.open("scan", *EVERY_SLICE, "check")
    desk.drop()
    desk.until_reached("thumbnail")
    desk.session.reading.cancel()
    desk.until_left("thumbnail")
    desk.gates.open("thumbnail")
    assert desk.state.thumbnails == ()
    assert desk.volume.is_complete
    assert desk.gates.reached.count("thumbnail") == 1


def test_another_drop_supersedes_the_reading_at_once(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: slices of the study before appear among those of the next."""
    desk.open_to_middle()
    half = desk.volume
    desk.controller.volumes = {"1.2.4": desk.controller.volumes["1.2.4"]}
    desk.drop()
    desk.until_left("slice 2")
    desk.gates.open("slice 1")
    qtbot.waitUntil(lambda: desk.state.slice_count == 3)
    assert half.settled_count == 1
    assert desk.volume.series.key == "1.2.4"
    assert desk.gates.reached.count("slice 4") == 0


def test_another_series_can_be_opened_while_one_is_read_and_the_first_again(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: scores of the whole stack are forgotten because it was looked at for a moment."""
    desk.gates.open("scan", *EVERY_SLICE, "check", "thumbnail")
    desk.drop()
    qtbot.waitUntil(lambda: is_analyzed(desk))
    decided = desk.state.review.with_comment(2, "calcification")
    desk.store.update(lambda state: replace(state, work=ReaderWork(decided)))
    desk.session.reading.open_series("1.2.4")
    qtbot.waitUntil(lambda: desk.state.slice_count == 3 and is_analyzed(desk))
    desk.gates._open.discard("slice 2")
    desk.session.reading.open_series("1.2.3")
    qtbot.waitUntil(lambda: desk.state.slice_count == SLICES)
    assert desk.state.review.comment(2) == "calcification"
    assert desk.state.findings is None
    desk.session.reading.open_series("1.2.4")
    desk.gates.open("slice 2")
    qtbot.waitUntil(lambda: desk.state.slice_count == 3 and desk.volume.is_complete)
    desk.session.reading.open_series("1.2.3")
    qtbot.waitUntil(lambda: desk.state.slice_count == SLICES and desk.state.findings is not None)
    assert desk.state.review == decided
    assert len(desk.controller.analyzed) == 2


def test_damaged_slices_are_said_once_all_were_tried(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.unreadable = {2: "the pixel data end after 364 of 384 bytes"}
    desk.open_to_middle()
    desk.gates.open("slice 2")
    desk.until_read(2)
    desk.store.update(lambda state: scrolled_to(state, 2))
    assert desk.state.message is None
    desk.gates.open(*EVERY_SLICE, "check", "thumbnail")
    qtbot.waitUntil(lambda: desk.state.message is not None)
    assert desk.state.message.text == "1 of 7 slices could not be read"
    assert "slice 3: the pixel data end" in desk.state.message.details


def test_a_failure_half_way_leaves_what_was_read(desk: Desk, qtbot: QtBot) -> None:
    desk.open_to_middle()
    whole = desk.controller.volumes["1.2.3"]

    def fail(*_arguments: object) -> OpenStack:
        raise UnreadableError("the disk is gone.")

    desk.controller.read_growing = fail  # type: ignore[method-assign]
    desk.window.table["cancel"].trigger()
    desk.until_left("slice 2")
    desk.session.reading.open_series(whole.series.key)
    qtbot.waitUntil(lambda: desk.state.message is not None and desk.state.message.is_problem)
    assert desk.state.message.text == "Opening failed: the disk is gone."
    assert desk.volume.settled_count == 1
    assert desk.state.reading is None


def test_a_closed_study_leaves_the_memory(desk: Desk, qtbot: QtBot) -> None:
    """Hazard: the second large study of the day ends the window for want of memory."""
    desk.gates.open("scan", *EVERY_SLICE, "check", "thumbnail")
    desk.drop()
    qtbot.waitUntil(lambda: is_analyzed(desk))
    qtbot.waitUntil(lambda: len(desk.state.thumbnails) == 2)
    closed = weakref.ref(desk.volume)
    desk.controller.analyzed.clear()
    desk.session.reading.open_series("1.2.4")
    qtbot.waitUntil(lambda: desk.state.slice_count == 3 and desk.state.findings is not None)
    desk.window.reading_page.views.grab()
    qtbot.waitUntil(lambda: closed() is None)


def test_the_heat_map_layer_is_silent_on_a_slice_that_is_not_there(desk: Desk, qtbot: QtBot) -> None:
    desk.open_to_middle()
    desk.store.update(
        lambda state: replace(scrolled_to(state, 6), shows_heatmap=True, heatmap_subtype=Subtype.SUBDURAL)
    )
    assert picture(desk)
    assert desk.state.explanation is None
