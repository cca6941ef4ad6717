"""Steps of the prior beside the open stack: which of its slices is shown, linked or by itself.

The one thing to get wrong: the prior is another examination. Nothing of the open stack, no score, heat,
measurement or export, may ever stand on it.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.beside import Alignment, Match, PriorRefusal, PriorStack, linked_match
from ichviewer.core.identity import patient_differences
from ichviewer.core.series import Series
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import Message, ViewState


def prior_asked_for(state: ViewState, series: Series, insists: bool = False) -> ViewState:
    """A series is to stand beside the open stack, or it is said why not.

    Args:
        state: Before.
        series: One of the list.
        insists: The reader knows what speaks against one patient, and wants it all the same.
    """
    if state.volume is None or not state.volume.is_complete:
        return replace(state, message=Message("A prior stands beside a stack that was read: open one first."))
    if series.key == state.volume.series.key:
        return replace(state, message=Message("This series is open; choose another one as prior."))
    if series.orientation != "axial" or not series.has_positions:
        text = "Only an axial series with slice positions can stand beside this one."
        return replace(state, message=Message(text, is_problem=True))
    differences = patient_differences(state.volume.series.patient, series.patient)
    if differences and not insists:
        beside = replace(without_prior(state), prior_refusal=PriorRefusal(series.key, differences))
        text = (
            f"Not shown as prior: {'; '.join(differences)}. View > Prior > Show it anyway frames it in red."
        )
        return replace(
            beside,
            layout=Layout.PRIOR,
            active_view=View.AXIAL,
            promoted_view=None,
            message=Message(text, is_problem=True),
        )
    return replace(state, wanted_prior=series.key, message=None)


def prior_insisted(state: ViewState) -> ViewState:
    """The series that was refused is to be shown all the same, framed in red."""
    refusal = state.prior_refusal
    series = () if state.contents is None or refusal is None else state.contents.series
    refused = next((each for each in series if refusal is not None and each.key == refusal.series_key), None)
    return state if refused is None else prior_asked_for(state, refused, insists=True)


def with_prior(state: ViewState, prior: PriorStack) -> ViewState:
    """The prior beside the slice in view; linked, whatever the link of scrolling was."""
    return replace(
        state,
        prior=prior,
        prior_refusal=None,
        wanted_prior="",
        layout=Layout.PRIOR,
        active_view=View.AXIAL,
        promoted_view=None,
        links=replace(state.links, scroll=True),
    )


def without_prior(state: ViewState) -> ViewState:
    """The open stack alone again; what was refused as prior is forgotten."""
    alone = replace(state, prior=None, prior_refusal=None, wanted_prior="")
    if state.layout is not Layout.PRIOR:
        return alone
    layout = Layout.TRIPTYCH
    return replace(alone, layout=layout, active_view=layout.views[0], promoted_view=None)


def prior_match(state: ViewState) -> Match | None:
    """The slice of the prior that is shown; None without a prior."""
    if state.volume is None or state.prior is None:
        return None
    if not state.links.scroll:
        return Match(state.prior.slice_index, 0.0, True)
    return linked_match(state.volume, state.slice_index, state.prior)


def prior_scrolled(state: ViewState, steps: int) -> ViewState:
    """Further through the prior alone; stops at its ends."""
    if state.prior is None:
        return state
    last = state.prior.volume.slice_count - 1
    index = max(0, min(state.prior.slice_index + steps, last))
    return replace(state, prior=replace(state.prior, slice_index=index))


def scroll_link_toggled(state: ViewState) -> ViewState:
    """Scrolling linked or not; a prior that is let go stays where it is."""
    match, links = prior_match(state), replace(state.links, scroll=not state.links.scroll)
    if match is None or state.prior is None or links.scroll:
        return replace(state, links=links)
    return replace(state, links=links, prior=replace(state.prior, slice_index=match.slice_index))


def linked_here(state: ViewState) -> ViewState:
    """The two slices that are shown now are the same place, because the reader says so."""
    match = prior_match(state)
    if match is None or state.prior is None or state.volume is None:
        return state
    there = float(state.prior.volume.frame.positions_mm[match.slice_index])
    offset = there - float(state.volume.frame.positions_mm[state.slice_index])
    linked = replace(state.prior, alignment=Alignment.READER, offset_mm=offset)
    return replace(state, prior=linked, links=replace(state.links, scroll=True))
