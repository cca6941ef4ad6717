"""Which slices were seen, in which window, and what is said of the rest."""

from __future__ import annotations

import itertools

import pytest

from ichviewer.core.coverage import LEAST_SECONDS, Coverage, coverage_text, unseen_text, window_name
from ichviewer.core.windowing import PRESETS, VoiFunction, Window


def test_every_preset_has_its_own_name() -> None:
    assert [window_name(preset.window) for preset in PRESETS] == [preset.name for preset in PRESETS]


def test_a_small_drag_keeps_the_name_and_a_large_one_loses_it() -> None:
    assert window_name(Window(44, 86, VoiFunction.LINEAR)) == "Brain"
    assert window_name(Window(40, 95)) == window_name(Window(60, 80)) == "other"


def test_no_window_is_two_presets() -> None:
    for one, two in itertools.combinations(PRESETS, 2):
        assert window_name(two.window, [one]) == "other"


def test_a_slice_that_flew_past_was_not_seen() -> None:
    """Hazard: a slice that nobody looked at counts as read."""
    coverage = Coverage.none([True] * 3)
    for _ in range(10):
        coverage = coverage.with_look(1, ["Brain"], LEAST_SECONDS / 2)
    assert coverage.share() == 0.0
    assert coverage.with_look(1, ["Brain"], LEAST_SECONDS).share() == pytest.approx(1 / 3)


def test_each_window_is_counted_by_itself() -> None:
    coverage = Coverage.none([True] * 4)
    for index in range(4):
        coverage = coverage.with_look(index, ["Brain"] if index < 3 else ["Brain", "Bone"], 1.0)
    assert (coverage.share(), coverage.share("Brain")) == (1.0, 1.0)
    assert coverage.share("Bone") == 0.25
    assert coverage.share("Subdural") == 0.0


def test_the_last_look_does_not_depend_on_the_order() -> None:
    looks = [(0, ["Brain"]), (2, ["Bone", "Brain"]), (1, ["Subdural"])]
    ends = set()
    for order in itertools.permutations(looks):
        coverage = Coverage.none([True] * 3)
        for index, names in order:
            coverage = coverage.with_look(index, names, 1.0)
        ends.add(coverage)
    assert len(ends) == 1


def test_a_slice_without_an_image_is_neither_seen_nor_missed() -> None:
    """Hazard: a damaged slice counts as read, or keeps the result sealed for ever."""
    coverage = Coverage.none([True, False, True]).with_look(1, ["Brain"], 1.0)
    assert coverage.share() == 0.0
    assert coverage.seen_in() == frozenset()
    coverage = coverage.with_look(0, ["Brain"], 1.0).with_look(2, ["Brain"], 1.0)
    assert coverage.share() == 1.0
    assert coverage.unseen("Bone") == (0, 2)


def test_a_slice_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError, match="Slice 3 is not one of 3"):
        Coverage.none([True] * 3).with_look(3, ["Brain"], 1.0)


def test_no_stack_has_no_share() -> None:
    assert Coverage.none([]).share() == 0.0
    assert coverage_text(Coverage.none([]), ["Bone"]) == ("0 of 0 slices seen",)


def test_what_was_not_seen_is_said_in_words() -> None:
    coverage = Coverage.none([True] * 13)
    for index in range(13):
        if index not in (2, 3, 4, 11):
            coverage = coverage.with_look(index, ["Subdural"], 1.0)
        coverage = coverage.with_look(index, ["Brain"], 1.0)
    assert unseen_text(coverage, "Subdural") == "slices 3–5 and 12 not seen in the subdural window"
    assert unseen_text(coverage, "Brain") == unseen_text(coverage) == ""
    assert coverage_text(coverage, ["Brain", "Subdural", "Bone"]) == (
        "13 of 13 slices seen",
        "slices 3–5 and 12 not seen in the subdural window",
        "no slice seen in the bone window",
    )


def test_one_slice_is_one_slice() -> None:
    assert unseen_text(Coverage(3, seen=(("Bone", frozenset({0, 2})),)), "Bone") == (
        "slice 2 not seen in the bone window"
    )
