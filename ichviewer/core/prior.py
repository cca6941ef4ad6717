"""Steps of the prior beside the open stack: which of its slices is shown, linked or by itself.

The one thing to get wrong: the prior is another examination. Nothing of the open stack, no score, heat,
measurement or export, may ever stand on it.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.beside import Alignment, Match, PriorStack, linked_match
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState


def with_prior(state: ViewState, prior: PriorStack) -> ViewState:
    """The prior beside the slice in view; linked, whatever the link of scrolling was."""
    return replace(
        state,
        prior=prior,
        prior_refusal=None,
        layout=Layout.PRIOR,
        active_view=View.AXIAL,
        promoted_view=None,
        links=replace(state.links, scroll=True),
    )


def without_prior(state: ViewState) -> ViewState:
    """The open stack alone again; what was refused as prior is forgotten."""
    alone = replace(state, prior=None, prior_refusal=None)
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
