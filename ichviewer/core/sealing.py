"""First look on the screen: where the network's result is kept while sealed, and how it is opened.

While sealed, results lie in ``ViewState.sealed_findings`` and ``ViewState.findings`` is empty, so that
nothing that draws findings can show them by mistake. The one thing to get wrong: a reading that was made with
the result in view must never be sealed again and exported as one made without it.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.coverage import Coverage
from ichviewer.core.findings import Review, StudyFindings
from ichviewer.core.first_look import (
    BEFORE,
    NO_FIRST_LOOK,
    FirstLook,
    opened_by_coverage,
    opened_on_request,
)
from ichviewer.core.viewstate import ViewState


def network_findings(state: ViewState) -> StudyFindings | None:
    """What the network found so far, sealed or not; for whoever computes and exports, never for drawing."""
    return state.sealed_findings if state.first_look.is_sealed else state.findings


def with_network_findings(state: ViewState, findings: StudyFindings | None) -> ViewState:
    """Same state with other results of the network, where the seal allows them to be."""
    if state.first_look.is_sealed:
        return replace(state, sealed_findings=findings, findings=None)
    return replace(state, findings=findings, sealed_findings=None)


def taken_up(
    state: ViewState, first_look: FirstLook | None = None, coverage: Coverage | None = None
) -> ViewState:
    """A stack that was just put on the screen, with the seal and the coverage that belong to it.

    Args:
        state: With the stack, and with what the reader had made of it.
        first_look: As it was when the stack was put away in this sitting; None where it was not open before.
        coverage: Likewise.
    """
    looked = state if coverage is None else replace(state, coverage=coverage)
    if first_look is not None:
        return _with_seal(looked, first_look)
    review = state.review
    was_shown = not review.is_empty and review.reading != BEFORE
    is_wanted = state.preferences.uses_first_look and state.volume is not None
    if not is_wanted or was_shown or state.volume is None or not state.volume.series.is_ai_candidate:
        return _with_seal(looked, NO_FIRST_LOOK)
    return _with_seal(looked, FirstLook.sealed())


def _with_seal(state: ViewState, first_look: FirstLook) -> ViewState:
    findings = network_findings(state)
    return with_network_findings(replace(state, first_look=first_look), findings)


def result_shown(state: ViewState) -> ViewState:
    """The network's result shown because the reader asks; unchanged where it is not sealed."""
    return _with_opened(state, *opened_on_request(state.first_look, state.review, state.coverage))


def result_shown_if_seen(state: ViewState) -> ViewState:
    """The network's result shown if enough of the slices was seen; unchanged otherwise."""
    return _with_opened(state, *opened_by_coverage(state.first_look, state.review, state.coverage))


def _with_opened(state: ViewState, first_look: FirstLook, review: Review) -> ViewState:
    if first_look is state.first_look:
        return state
    work = replace(state.work, review=review)
    return replace(
        state, first_look=first_look, work=work, findings=state.sealed_findings, sealed_findings=None
    )
