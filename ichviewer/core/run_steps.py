"""Going through the findings list: which run is in hand, and what is done to it, as steps of the state.

The run in hand is the one of the heat map's label through the slice in view; nothing else remembers it,
so list, ribbon and keys cannot disagree. The one thing to get wrong: an edit of a run is one step to undo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ichviewer.core.coverage import slices_text
from ichviewer.core.finding_sentence import finding_sentence, side_of
from ichviewer.core.findings import SUBTYPES, Decision, Review, Subtype
from ichviewer.core.hot_spots import (
    FlaggedRun,
    RunDecision,
    changed_to,
    flagged_runs,
    run_decision,
    with_run_changed,
    with_run_comment,
    with_run_decided,
)
from ichviewer.core.measurement import Measurement
from ichviewer.core.measurement_values import MeasuredValues
from ichviewer.core.reader_edits import review_changed
from ichviewer.core.viewstate import ViewState, scrolled_to, with_edit

Measured = Sequence[tuple[Measurement, MeasuredValues]]


def runs_of(state: ViewState) -> tuple[FlaggedRun, ...]:
    """Every run of the open stack that may be shown; none before all slices are scored, or while sealed."""
    if state.findings is None or state.model_card is None:
        return ()
    return flagged_runs(state.findings, state.model_card.slice_thresholds)


def run_in_hand(state: ViewState, runs: Sequence[FlaggedRun] | None = None) -> FlaggedRun | None:
    """The run of the heat map's label through the slice in view; None where there is none.

    Args:
        state: What the window shows.
        runs: From ``runs_of``, where they are known; None to find them.
    """
    known = runs_of(state) if runs is None else runs
    return next((run for run in known if _is_in_hand(state, run)), None)


def has_run_in_hand(state: ViewState) -> bool:
    """Whether there is a run in hand, without finding all runs: it is asked with every scroll."""
    findings, card = state.findings, state.model_card
    if findings is None or card is None or not findings.is_complete:
        return False
    probability = findings.slices[state.slice_index].probability(state.heatmap_subtype)
    threshold = card.slice_thresholds[SUBTYPES.index(state.heatmap_subtype)]
    return probability is not None and probability >= threshold


def _is_in_hand(state: ViewState, run: FlaggedRun) -> bool:
    return run.subtype is state.heatmap_subtype and state.slice_index in run.slices


def at_run(state: ViewState, run: FlaggedRun) -> ViewState:
    """The slice of a run with the highest score, and its label's heat map."""
    return replace(scrolled_to(state, run.peak_slice), heatmap_subtype=run.subtype)


def next_run(state: ViewState, step: int) -> ViewState:
    """The next run of the list, or the one before; where none is in hand the first, or the last."""
    runs = runs_of(state)
    if not runs:
        return state
    at = next((place for place, run in enumerate(runs) if _is_in_hand(state, run)), None)
    if at is None:
        return at_run(state, runs[0] if step > 0 else runs[-1])
    return at_run(state, runs[max(0, min(at + step, len(runs) - 1))])


def run_decided(state: ViewState, decision: Decision) -> ViewState:
    """The run in hand accepted or rejected on all its slices; the same decision again takes it back."""
    run = run_in_hand(state)
    if run is None:
        return state
    is_again = run_decision(state.review, run) == RunDecision(decision.value)
    deed = {Decision.ACCEPTED: "accept", Decision.REJECTED: "reject"}[decision]
    name = f"{'take back: ' if is_again else ''}{deed} {_run_text(run)}"
    after = None if is_again else decision
    return _edited(state, lambda review: with_run_decided(review, run, after), name)


def run_changed(state: ViewState, subtype: Subtype) -> ViewState:
    """The run in hand rejected as its own label and accepted as another; it stays in hand."""
    run = run_in_hand(state)
    if run is None or run.subtype is subtype:
        return state
    name = f"change {_run_text(run)} to {subtype.code}"
    return _edited(state, lambda review: with_run_changed(review, run, subtype), name)


def run_commented(state: ViewState, run: FlaggedRun, text: str) -> ViewState:
    """The comment on a run; typing is one step while the gesture stays the same."""
    name = f"comment on {_run_text(run)}"
    return _edited(state, lambda review: with_run_comment(review, run, text), name, state.gesture)


def run_sentence(state: ViewState, measured: Measured = ()) -> str:
    """The run in hand in one anonymous sentence; empty where none is in hand, or where it was rejected."""
    run, volume, findings = run_in_hand(state), state.volume, state.findings
    if run is None or volume is None or findings is None:
        return ""
    now, others = run_decision(state.review, run), changed_to(state.review, run)
    if now is RunDecision.REJECTED and not others:
        return ""
    subtype = others[0] if others else run.subtype
    is_accepted = bool(others) or now is RunDecision.ACCEPTED
    side = side_of(findings, run.subtype, run.slices, volume)
    return finding_sentence(volume.series, subtype, run.slices, side, measured, is_accepted)


def failed_maps(state: ViewState) -> int:
    """How many maps failed their check; with each of them the side of a finding may go."""
    verdicts = [] if state.findings is None else [each.map_verdicts for each in state.findings.slices]
    return sum(
        verdict is not None and not verdict.has_passed for of_slice in verdicts for verdict in of_slice or ()
    )


def sides_of(state: ViewState) -> tuple[tuple[Subtype, int, str], ...]:
    """The side of every run by its own label's maps. Takes long: work for a thread of its own."""
    volume, findings = state.volume, state.findings
    if volume is None or findings is None:
        return ()
    runs = runs_of(state)
    return tuple((run.subtype, run.first, side_of(findings, run.subtype, run.slices, volume)) for run in runs)


def side_in_list(state: ViewState, run: FlaggedRun) -> str:
    """The side of a run; empty until it is known, and where maps or files do not tell it."""
    sides = (side for subtype, first, side in state.run_sides if (subtype, first) == (run.subtype, run.first))
    return next(sides, "")


def _run_text(run: FlaggedRun) -> str:
    return f"{run.subtype.code} on {slices_text(run.slices)}"


def _edited(
    state: ViewState, change: Callable[[Review], Review], name: str, gesture: int | None = None
) -> ViewState:
    return with_edit(state, lambda work, history: review_changed(work, history, change, name, gesture))
