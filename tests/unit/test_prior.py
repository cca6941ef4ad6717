"""A prior beside the open stack: refused, linked, let go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import AIR, head_hu
from stacks_beside import JANE, contents_of, stack

from ichviewer.core.beside import Alignment, prior_beside
from ichviewer.core.navigation import scrolled_in, shows_stored_slice
from ichviewer.core.prior import (
    linked_here,
    prior_asked_for,
    prior_insisted,
    prior_match,
    scroll_link_toggled,
    with_prior,
    without_prior,
)
from ichviewer.core.shown import shift_beside_mm, shown_image, shows_open_stack, why_not_shown
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState, opened, scrolled_to
from ichviewer.core.volume import Volume

CURRENT = stack(9, 5.0)
OTHER_STUDY = {"series_uid": "7.1", "study_uid": "7", "frame": "7.9"}


def with_beside(prior: Volume, current: Volume = CURRENT, slice_index: int = 4) -> ViewState:
    state = replace(opened(ViewState(), current, ""), contents=contents_of(current, prior))
    beside = prior_beside(current, prior, "", ())
    return scrolled_to(with_prior(state, beside), slice_index)


def shown_index(state: ViewState) -> int:
    match = prior_match(state)
    assert match is not None
    return match.slice_index


def head_up_to(highest: int, slices: int = 9) -> np.ndarray:
    """A head in all slices up to *highest*, air above."""
    hu = np.repeat(head_hu(64, 64)[None], slices, axis=0)
    hu[highest + 1 :] = AIR
    return hu


def test_in_one_frame_of_reference_slices_go_by_millimeters() -> None:
    """Hazard: a lesion seems to have moved because slices were counted instead of measured."""
    state = with_beside(stack(21, 2.0, lowest_mm=0.5, series_uid="1.2.4"))
    assert state.prior is not None
    assert state.prior.alignment is Alignment.FRAME
    assert shown_index(state) == 10, "20.5 mm beside 20 mm"
    assert shown_index(scrolled_to(state, 2)) == 5, "10.5 mm beside 10 mm"


def test_two_studies_are_linked_by_the_distance_from_the_vertex() -> None:
    current = stack(9, 5.0, hu=head_up_to(7))
    prior = stack(9, 5.0, hu=head_up_to(5), **OTHER_STUDY)
    state = with_beside(prior, current)
    assert state.prior is not None
    assert state.prior.alignment is Alignment.VERTEX
    assert shown_index(scrolled_to(state, 7)) == 5
    assert shown_index(scrolled_to(state, 4)) == 2


def test_a_place_that_the_prior_does_not_reach_is_said() -> None:
    """Hazard: the end of the prior stands for all slices beyond it."""
    state = with_beside(stack(3, 5.0, series_uid="1.2.4"), slice_index=8)
    match = prior_match(state)
    assert match is not None
    assert match.slice_index == 2
    assert not match.is_near
    assert match.off_mm == pytest.approx(30.0)


def test_link_here_makes_the_shown_slices_the_same_place() -> None:
    state = with_beside(stack(9, 5.0, **OTHER_STUDY))
    apart = scrolled_in(scroll_link_toggled(state), View.PRIOR, 3)
    assert (apart.slice_index, shown_index(apart)) == (4, 7)
    linked = linked_here(apart)
    assert linked.links.scroll
    assert linked.prior is not None
    assert linked.prior.alignment is Alignment.READER
    assert (shown_index(linked), shown_index(scrolled_to(linked, 3))) == (7, 6)


def test_unlinked_the_wheel_scrolls_the_prior_alone_and_stops_at_its_ends() -> None:
    state = scroll_link_toggled(with_beside(stack(9, 5.0, **OTHER_STUDY)))
    before = shown_index(state)
    assert before == 4, "it stays where it is"
    down = scrolled_in(state, View.PRIOR, -2)
    assert (down.slice_index, shown_index(down)) == (4, 2)
    assert shown_index(scrolled_in(down, View.PRIOR, -99)) == 0
    assert shown_index(scrolled_in(down, View.AXIAL, 1)) == 2, "nor does the open stack take it along"


def test_linked_the_wheel_over_the_prior_scrolls_both() -> None:
    state = scrolled_in(with_beside(stack(9, 5.0, **OTHER_STUDY)), View.PRIOR, 1)
    assert (state.slice_index, shown_index(state)) == (5, 5)


def test_nothing_of_the_open_stack_stands_on_the_prior() -> None:
    """Hazard: today's heat or measurement is seen on last year's head."""
    state = with_beside(stack(9, 5.0, **OTHER_STUDY))
    assert not shows_stored_slice(state, View.PRIOR)
    assert not shows_open_stack(state, View.PRIOR)
    image = shown_image(state, View.PRIOR)
    assert image is not None
    assert state.prior is not None
    assert np.shares_memory(image.stored_values, state.prior.volume.stored_values)


def test_another_patients_series_is_refused_until_the_reader_insists() -> None:
    """Hazard: the prior of another patient is read as this patient's own."""
    stranger = stack(9, 5.0, patient=replace(JANE, birth_date="19610203"), **OTHER_STUDY)
    state = replace(opened(ViewState(), CURRENT, ""), contents=contents_of(CURRENT, stranger))
    refused = prior_asked_for(state, stranger.series)
    assert refused.wanted_prior == ""
    assert refused.layout is Layout.PRIOR
    assert "birth date differs" in why_not_shown(refused, View.PRIOR)
    assert "1961" not in why_not_shown(refused, View.PRIOR)
    assert prior_insisted(refused).wanted_prior == "7.1"


def test_the_same_patients_series_is_wanted_at_once() -> None:
    prior = stack(9, 5.0, **OTHER_STUDY)
    state = replace(opened(ViewState(), CURRENT, ""), contents=contents_of(CURRENT, prior))
    assert prior_asked_for(state, prior.series).wanted_prior == "7.1"


def test_only_an_axial_series_with_positions_can_be_a_prior() -> None:
    """Hazard: slices from left to right are linked with slices from neck to vertex, and called alike."""
    prior = stack(9, 5.0, **OTHER_STUDY).series
    state = replace(opened(ViewState(), CURRENT, ""), contents=contents_of(CURRENT))
    unplaced = tuple(replace(header, image_position_mm=None) for header in prior.slices)
    for series in (replace(prior, orientation="sagittal"), replace(prior, slices=unplaced)):
        asked = prior_asked_for(state, series)
        assert not asked.wanted_prior
        assert asked.message is not None
        assert "axial series" in asked.message.text


def test_the_open_series_is_no_prior_of_itself() -> None:
    state = replace(opened(ViewState(), CURRENT, ""), contents=contents_of(CURRENT))
    asked = prior_asked_for(state, CURRENT.series)
    assert asked.wanted_prior == ""
    assert asked.message is not None


def test_another_stack_opens_without_the_prior() -> None:
    """Hazard: the prior of one patient stays beside the head of the next."""
    state = opened(with_beside(stack(9, 5.0, **OTHER_STUDY)), stack(5, 5.0, series_uid="8.1"), "")
    assert state.prior is None


def test_closing_the_prior_brings_the_triptych_back() -> None:
    state = without_prior(with_beside(stack(9, 5.0, **OTHER_STUDY)))
    assert state.layout is Layout.TRIPTYCH
    assert state.active_view in state.layout.views


def test_the_heads_of_two_studies_lie_on_one_another_whatever_their_fields_of_view() -> None:
    """Hazard: the prior's head lies beside its view, and the reader compares with half of it."""
    hu = np.full((9, 64, 96), AIR, dtype=np.int16)
    hu[:, :, 32:] = head_hu(64, 64)
    prior = stack(9, 5.0, hu=hu, **OTHER_STUDY)
    # Its head lies 16 columns of 0.5 mm right of the middle: the picture goes to the left.
    assert shift_beside_mm(with_beside(prior), View.PRIOR) == pytest.approx((-8.0, 0.0), abs=0.6)
    assert shift_beside_mm(with_beside(stack(9, 5.0, **OTHER_STUDY)), View.PRIOR) == pytest.approx((0.0, 0.0))
