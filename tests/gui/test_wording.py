"""What the window says: an absent score is a word, and nothing is called more than the network can know."""

from __future__ import annotations

import doctest
from dataclasses import replace

import pytest
from builders import make_card, make_volume
from window_states import analyzed_state, findings_of, opened_state, with_status

from ichviewer.core.findings import NOT_LOOKED_FOR, SliceStatus, StudyFindings
from ichviewer.core.series import FileVerdict, Verdict
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.gui import actions, wording
from ichviewer.gui.study_panel import summary_of


@pytest.mark.parametrize("module", [wording, actions])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.0, "<0.01"), (0.0049, "<0.01"), (0.5, "0.50"), (0.994, "0.99"), (1.0, ">0.99")],
)
def test_a_score_is_never_printed_as_zero_or_one(probability: float, text: str) -> None:
    """Hazard: 0.00 reads as an exclusion, which no network can give."""
    assert wording.probability_text(probability) == text


def sentence(findings: StudyFindings) -> str:
    state = replace(analyzed_state(len(findings.slices)), findings=findings)
    return wording.study_sentence(findings, summary_of(state))


def test_there_is_no_summary_before_the_last_slice() -> None:
    """Hazard: a study of which half is read and nothing found would be taken for one without findings."""
    text = sentence(findings_of(analyzed_state(12, pending=[3])))
    assert text == "11 of 12 slices, no summary yet"


def test_nothing_found_names_what_was_not_looked_for() -> None:
    text = sentence(findings_of(analyzed_state(12)))
    assert text == f"No slice above threshold; {NOT_LOOKED_FOR}"


def test_what_is_found_names_what_was_not_looked_for() -> None:
    text = sentence(findings_of(analyzed_state(12, likely=range(12))))
    assert text.startswith("Above the study threshold: any, EDH, IPH, IVH, SAH, SDH;")
    assert text.endswith(NOT_LOOKED_FOR)


def test_one_hit_that_the_study_score_does_not_reach_is_still_told() -> None:
    """Hazard: a small bleed on one slice would vanish behind a quiet study score."""
    state, card = analyzed_state(12, likely=[4]), make_card()
    point = replace(card.labels[0].study_point, threshold=0.7)
    labels = tuple(replace(label, study_point=point) for label in card.labels)
    state = replace(state, model_card=replace(card, labels=labels))
    text = wording.study_sentence(findings_of(state), summary_of(state))
    assert text.startswith("No label above its study threshold; 1 slice above threshold;")


def test_slices_without_scores_are_told_beside_the_summary() -> None:
    state = with_status(analyzed_state(12), 4, SliceStatus.FAILED)
    assert "11 of 12 slices, 1 failed" in sentence(findings_of(state))


def test_a_study_without_any_score_has_no_summary() -> None:
    state = analyzed_state(1)
    assert "could be scored" in sentence(findings_of(with_status(state, 0, SliceStatus.UNREADABLE)))


@pytest.mark.parametrize("likely", [(), (4,), range(12)])
def test_no_study_is_called_normal(likely: range) -> None:
    """Hazard: the network looks for bleeding only."""
    words = sentence(findings_of(analyzed_state(12, likely=likely))).lower()
    assert not any(
        word in words for word in ("normal", "healthy", "negative", "no bleed", "excluded", "clear")
    )


def test_the_calibration_names_its_data_and_prevalence() -> None:
    assert wording.calibration_text(make_card()) == "calibrated on made-up slices; prevalence 20%"


def test_a_score_that_is_a_mean_over_neighbors_says_so() -> None:
    """Hazard: the reader takes a neighbor's bleed for one of the slice in view."""
    card, series = replace(make_card(), smoothing_mm=10.0), make_volume(3).series
    assert "mean over neighboring slices, weights falling to 0 at 10 mm" in wording.smoothing_text(
        card, series
    )
    headers = tuple(replace(header, image_position_mm=None) for header in series.slices)
    assert "hold no slice positions" in wording.smoothing_text(card, replace(series, slices=headers))
    assert wording.smoothing_text(make_card(), series) == wording.smoothing_text(None, series) == ""


def test_the_files_line_accounts_for_every_file() -> None:
    files = [
        *(FileVerdict(str(number), Verdict.LOADED, "") for number in range(34)),
        FileVerdict("a", Verdict.SKIPPED, "dose report"),
        FileVerdict("b", Verdict.DAMAGED, "cut off"),
    ]
    assert wording.files_text(files) == "34 loaded, 1 skipped (dose report), 1 damaged"


def test_many_reasons_are_summed_up_in_the_line_and_told_in_the_list() -> None:
    files = [FileVerdict(str(number), Verdict.SKIPPED, f"reason {number}") for number in range(5)]
    assert wording.files_text(files) == "0 loaded, 5 skipped"
    assert wording.files_list(files).splitlines()[4] == "skipped: 4: reason 4"


def test_files_of_two_folders_are_told_apart() -> None:
    """Hazard: the damaged IM1 of one patient is looked for among the files of another."""
    files = [
        FileVerdict("IM1", Verdict.LOADED, "", below="/a"),
        FileVerdict("IM1", Verdict.DAMAGED, "cut off", below="/b"),
    ]
    assert wording.files_list(files).splitlines() == ["damaged: /b: IM1: cut off", "loaded: /a: IM1"]
    assert wording.files_list(files[1:]) == "damaged: IM1: cut off"


def test_thickness_falls_back_to_the_spacing_and_says_so() -> None:
    volume = opened_state().volume
    assert volume is not None
    series = volume.series
    assert wording.thickness_text(series) == "5 mm"
    bare = tuple(replace(header, thickness_mm=None) for header in series.slices)
    assert wording.thickness_text(replace(series, slices=bare)) == "every 5 mm"
    mixed = (replace(series.slices[0], thickness_mm=7.0), *series.slices[1:])
    assert wording.thickness_text(replace(series, slices=mixed)) == "5–7 mm"
    assert wording.thickness_text(replace(series, slices=bare, geometry=None)) == ""


def test_a_position_along_a_tilted_normal_is_not_called_z() -> None:
    """Hazard: a bleed is looked for at the wrong height in another program."""
    tilted = make_volume(column_direction=(0.0, 0.94, -0.34))
    assert wording.position_text(opened(ViewState(), make_volume(), "")) == "z +10.0 mm"
    assert wording.position_text(opened(ViewState(), tilted, "")).startswith("position ")
