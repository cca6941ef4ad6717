"""The score ribbon: every slice at its place, nothing hidden, a click goes there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_states import analyzed_state, findings_of, open_volume, opened_state, with_status

from ichviewer.core.findings import SUBTYPES, SliceStatus
from ichviewer.core.first_look import FirstLook
from ichviewer.core.geometry import Gap
from ichviewer.core.sealing import with_network_findings
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.gui.ribbon_rows import Mark, marks_above_threshold, ribbon_rows
from ichviewer.gui.score_ribbon import ScoreRibbon
from ichviewer.gui.store import Store

HALF = (0.5,) * len(SUBTYPES)


def shown(qtbot: QtBot, state: ViewState) -> ScoreRibbon:
    ribbon = ScoreRibbon(Store(state))
    ribbon.resize(140, 500)
    qtbot.addWidget(ribbon)
    ribbon.show()
    return ribbon


def store_of(ribbon: ScoreRibbon) -> Store:
    return ribbon._store


def cell(ribbon: ScoreRibbon, slice_index: int, column: int = 3) -> QImage:
    """The left part of one cell, where no mark lies."""
    row, step = ribbon.row_rect(slice_index, slice_index), ribbon.cells_rect().width() / len(SUBTYPES)
    corner = QPoint(round(row.left() + column * step) + 3, round(row.top()) + 4)
    return ribbon.grab().toImage().copy(corner.x(), corner.y(), 4, max(round(row.height()) - 8, 2))


def test_the_vertex_is_at_the_top(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, analyzed_state(12))
    assert ribbon.row_rect(11, 11).top() == ribbon.cells_rect().top()
    assert ribbon.slice_at(ribbon.cells_rect().top() + 1) == 11
    assert ribbon.slice_at(ribbon.cells_rect().bottom() - 1) == 0


@pytest.mark.parametrize("slices", [1, 12, 400])
def test_a_click_goes_to_the_slice_that_is_drawn_there(qtbot: QtBot, slices: int) -> None:
    ribbon = shown(qtbot, analyzed_state(slices))
    for index in {0, slices // 3, slices - 1}:
        middle = ribbon.row_rect(index, index).center()
        qtbot.mouseClick(ribbon, Qt.MouseButton.LeftButton, pos=QPoint(round(middle.x()), int(middle.y())))
        assert abs(store_of(ribbon).state.slice_index - index) <= (1 if slices == 400 else 0)


def test_a_drag_follows_and_stops_at_the_ends(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, analyzed_state(12))
    qtbot.mousePress(ribbon, Qt.MouseButton.LeftButton, pos=ribbon.cells_rect().center())
    qtbot.mouseMove(ribbon, QPoint(50, ribbon.cells_rect().top() - 40))
    assert store_of(ribbon).state.slice_index == 11
    qtbot.mouseMove(ribbon, QPoint(50, ribbon.height() + 40))
    assert store_of(ribbon).state.slice_index == 0


def test_without_a_study_a_click_does_nothing(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, ViewState())
    qtbot.mouseClick(ribbon, Qt.MouseButton.LeftButton, pos=ribbon.cells_rect().center())
    assert store_of(ribbon).state == ViewState()


def test_pending_failed_and_unreadable_look_different_from_a_low_score_and_from_each_other(
    qtbot: QtBot,
) -> None:
    """Hazard: a slice that the network never saw would be taken for one without a bleed."""
    state = analyzed_state(12, pending=[2])
    state = with_status(with_status(state, 5, SliceStatus.FAILED), 8, SliceStatus.UNREADABLE)
    ribbon = shown(qtbot, state)
    # The same hatch begins elsewhere in every row, so colors are compared and not pixels.
    pictures = [cell(ribbon, index) for index in (10, 2, 5, 8)]
    colors = [
        frozenset(image.pixel(x, y) for x in range(image.width()) for y in range(image.height()))
        for image in pictures
    ]
    assert len(set(colors)) == 4


def test_a_higher_score_is_brighter(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, analyzed_state(12, likely=[5]))
    low, high = cell(ribbon, 8), cell(ribbon, 5)
    assert QColor(high.pixel(0, 0)).lightness() > QColor(low.pixel(0, 0)).lightness() + 60


def test_an_isolated_slice_is_marked_otherwise_than_a_run() -> None:
    found = findings_of(analyzed_state(12, likely=[2, 6, 7, 8]))
    marks = [mark for mark in marks_above_threshold(found, HALF) if mark.column == 0]
    assert marks == [Mark(0, 2, 2), Mark(0, 6, 8)]
    assert [mark.is_isolated for mark in marks] == [True, False]


def test_marks_do_not_join_across_a_slice_without_scores() -> None:
    state = with_status(analyzed_state(12, likely=[4, 5, 6]), 5, SliceStatus.FAILED)
    marks = marks_above_threshold(findings_of(state), HALF)
    assert [(mark.first, mark.last) for mark in marks if mark.column == 0] == [(4, 4), (6, 6)]


def test_the_marks_are_drawn_open_and_filled(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, analyzed_state(12, likely=[2, 6, 7]))
    image, step = ribbon.grab().toImage(), ribbon.cells_rect().width() / len(SUBTYPES)

    def middle(first: int, last: int) -> QColor:
        row = ribbon.row_rect(first, last)
        return QColor(image.pixel(round(row.left() + 1.5 * step), round(row.center().y())))

    assert middle(6, 7) == QColor("white")
    assert middle(2, 2).lightness() < 160


def test_many_slices_in_one_row_do_not_hide_a_score_above_threshold() -> None:
    """Hazard: in a series of 400 slices a bleed on one of them would not be seen."""
    found = findings_of(analyzed_state(400, likely=[237]))
    rows = ribbon_rows(found, HALF, 100)
    assert rows.is_flagged.any(axis=1).sum() == 1
    assert rows.probabilities.max() == 0.9


def test_many_slices_in_one_row_do_not_hide_a_failed_one() -> None:
    state = with_status(analyzed_state(400), 237, SliceStatus.FAILED)
    rows = ribbon_rows(findings_of(state), HALF, 100)
    assert rows.statuses.count(SliceStatus.FAILED) == 1


def test_a_row_without_scores_has_none() -> None:
    rows = ribbon_rows(findings_of(analyzed_state(4, pending=range(4))), HALF, 100)
    assert set(rows.statuses) == {SliceStatus.PENDING}
    assert not rows.is_flagged.any()
    assert np.all(rows.probabilities == 0)


def test_the_header_counts_what_is_done_and_what_never_will_be(qtbot: QtBot) -> None:
    state = with_status(analyzed_state(12, pending=[0, 1]), 5, SliceStatus.FAILED)
    assert shown(qtbot, state).header == "9 of 12 slices, 1 failed"


def test_the_tooltip_gives_the_numbers(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, with_status(analyzed_state(12, likely=[3]), 5, SliceStatus.FAILED, "no memory"))
    lines = ribbon.tooltip_at(ribbon.row_rect(3, 3).center().toPoint()).splitlines()
    assert lines[:2] == ["Slice 4", "any: 0.90, above threshold 0.50"]
    assert ribbon.tooltip_at(ribbon.row_rect(5, 5).center().toPoint()) == "Slice 6: failed: no memory"


def test_without_a_checkpoint_nothing_is_marked(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, replace(analyzed_state(12, likely=[3]), model_card=None))
    assert ribbon.marks == ()
    assert "above" not in ribbon.tooltip_at(ribbon.row_rect(3, 3).center().toPoint())


def with_gap(state: ViewState, after_slice: int) -> ViewState:
    volume = open_volume(state)
    series = replace(volume.series, gaps=(Gap(after_slice, 1.24),))
    return replace(state, volume=replace(volume, series=series))


@pytest.mark.parametrize("is_analyzed", [True, False])
def test_the_rows_are_broken_where_a_slice_may_be_missing(qtbot: QtBot, is_analyzed: bool) -> None:
    """Hazard: a bleed on a slice that was not sent is taken for looked for."""
    state = analyzed_state(12) if is_analyzed else opened_state(12)
    whole, broken = shown(qtbot, state), shown(qtbot, with_gap(state, 4))
    edge = round(broken.row_rect(4, 4).top())
    ((top, bottom),) = [(rect.top(), rect.bottom()) for rect in broken.gap_rects()]
    assert top < edge < bottom
    pictures = [ribbon.grab().toImage() for ribbon in (whole, broken)]
    rows = [QRect(0, y, whole.width(), 1) for y in range(whole.height())]
    changed = [y for y, row in enumerate(rows) if pictures[0].copy(row) != pictures[1].copy(row)]
    assert changed
    assert min(changed) >= top - 1
    assert max(changed) <= bottom + 1


def test_a_break_hides_no_low_row(qtbot: QtBot) -> None:
    """Hazard: the one slice above threshold lies beside a gap and cannot be seen in the ribbon."""
    state = analyzed_state(400, likely=[200])
    ribbon = shown(qtbot, with_gap(state, 200))
    assert all(rect.right() < ribbon.cells_rect().left() for rect in ribbon.gap_rects())


def test_a_scroll_keeps_the_picture_and_a_result_makes_a_new_one(qtbot: QtBot) -> None:
    state = analyzed_state(12)
    ribbon = shown(qtbot, state)
    ribbon.grab()
    picture = ribbon._picture
    store_of(ribbon).update(lambda now: scrolled_to(now, 5))
    ribbon.grab()
    assert ribbon._picture is picture
    store_of(ribbon).set(analyzed_state(12, likely=[3]))
    ribbon.grab()
    assert ribbon._picture is not picture


def test_the_wheel_goes_up_towards_the_vertex(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, analyzed_state(12))
    place = QPointF(ribbon.rect().center())
    up, none = QPoint(0, 120), QPoint()
    no_button, no_key = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    wheel = QWheelEvent(place, place, none, up, no_button, no_key, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(ribbon, wheel)
    assert store_of(ribbon).state.slice_index == 1


def test_an_unanalyzed_stack_shows_no_scores(qtbot: QtBot) -> None:
    ribbon = shown(qtbot, opened_state())
    assert ribbon.header == ""
    assert ribbon.marks == ()


def test_a_sealed_ribbon_says_so(qtbot: QtBot) -> None:
    state = replace(opened_state(), first_look=FirstLook.sealed())
    ribbon = ScoreRibbon(Store(with_network_findings(state, findings_of(analyzed_state(likely=[3])))))
    qtbot.addWidget(ribbon)
    assert (ribbon.header, ribbon.marks) == ("sealed", ())
