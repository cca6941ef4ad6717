"""States of the window for its tests: opened, analyzed in part, analyzed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from builders import make_card, make_findings, make_volume

from ichviewer.core.findings import SliceFinding, SliceStatus, StudyFindings
from ichviewer.core.series import FileVerdict, FolderContents, Verdict
from ichviewer.core.viewstate import ViewState, listed, opened
from ichviewer.core.volume import Volume


def opened_state(slices: int = 12) -> ViewState:
    """An open head with a checkpoint, nothing analyzed; three series and one damaged file are listed."""
    volume = make_volume(slices, 16, 16)
    other = make_volume(
        3, 16, 16, description="BONE", series_uid="1.2.4", patient=volume.series.patient
    ).series
    scout = make_volume(2, 16, 16, description="SCOUT", series_uid="1.2.5").series
    series = (other, volume.series, replace(scout, is_ai_candidate=False))
    files = (
        FileVerdict("b/IM2", Verdict.DAMAGED, "pixel data are cut off"),
        FileVerdict("a/IM1", Verdict.LOADED, ""),
        FileVerdict("c/IM3", Verdict.SKIPPED, "dose report"),
    )
    state = listed(ViewState(model_card=make_card()), FolderContents(series, files))
    return opened(state, volume, "sorted by position")


def analyzed_state(slices: int = 12, likely: Sequence[int] = (), pending: Sequence[int] = ()) -> ViewState:
    """The same with findings; all labels are likely on *likely*."""
    state = opened_state(slices)
    found = make_findings(open_volume(state), make_card(), likely=likely, pending=pending)
    return replace(state, findings=found, slice_index=0)


def with_status(state: ViewState, slice_index: int, status: SliceStatus, reason: str = "") -> ViewState:
    """One slice failed, pending or unreadable."""
    found = findings_of(state)
    finding = SliceFinding(slice_index, status, reason=reason)
    return replace(state, findings=found.with_slice(finding, found.series_key, found.checkpoint_sha256))


def open_volume(state: ViewState) -> Volume:
    """The stack of a state that has one."""
    assert state.volume is not None
    return state.volume


def findings_of(state: ViewState) -> StudyFindings:
    """The findings of a state that has some."""
    assert state.findings is not None
    return state.findings
