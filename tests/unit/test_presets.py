"""The list of window presets can be edited, and never becomes ambiguous."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ichviewer.core.presets import added, changed, moved, preset_fault, preset_of, removed, with_key
from ichviewer.core.windowing import BRAIN, PRESETS, Window


def names(presets) -> list[str]:
    return [preset.name for preset in presets]


def test_a_preset_moves_and_stops_at_the_ends() -> None:
    assert names(moved(PRESETS, 0, 1))[:2] == ["Subdural", "Brain"]
    assert moved(PRESETS, 0, -1) == PRESETS
    assert moved(PRESETS, len(PRESETS) - 1, 1) == PRESETS


def test_a_new_preset_has_a_free_name_and_a_window_of_its_own() -> None:
    twice = added(added(PRESETS, BRAIN), BRAIN)
    assert names(twice)[-2:] == ["Preset 1", "Preset 2"]
    assert len({preset.window for preset in twice}) == len(twice)
    assert all(preset_fault(twice, index, preset) == "" for index, preset in enumerate(twice))


def test_a_key_belongs_to_one_preset() -> None:
    """Hazard: one key with two windows shows whichever comes first."""
    keyed = with_key(PRESETS, 0, "3")
    assert [preset.key for preset in keyed] == ["3", "2", "", "4", "5", "6"]


@pytest.mark.parametrize(
    ("preset", "says"),
    [
        (replace(PRESETS[0], name=" "), "needs a name"),
        (replace(PRESETS[0], name="bone"), "called bone already"),
        (replace(PRESETS[0], name="x" * 41), "at most 40"),
        (replace(PRESETS[0], window=Window(40, 0.5)), "A width"),
        (replace(PRESETS[0], window=Window(1e6, 80)), "A center"),
        (replace(PRESETS[0], window=PRESETS[2].window), "Bone has this window"),
    ],
)
def test_what_would_be_ambiguous_is_refused(preset, says: str) -> None:
    """Hazard: a view is called by the name of another window."""
    assert says in preset_fault(PRESETS, 0, preset)


def test_the_defaults_are_without_fault_and_one_can_be_taken_out() -> None:
    assert [preset_fault(PRESETS, i, p) for i, p in enumerate(PRESETS)] == [""] * len(PRESETS)
    assert names(removed(PRESETS, 1))[:2] == ["Brain", "Bone"]
    assert changed(PRESETS, 0, preset_of("Mine", 1, 2))[0].name == "Mine"


def test_numbers_that_make_no_window_are_refused() -> None:
    with pytest.raises(ValueError, match="no window"):
        preset_of("A", float("nan"), 80)
