"""What follows from the figures of a map's check."""

from __future__ import annotations

import pytest
from builders import make_card, make_findings, make_volume

from ichviewer.core.errors import MismatchError
from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.heatmap import closed_form_heatmap
from ichviewer.core.map_verdict import MapVerdict, SliceVerdicts, verdict_text
from ichviewer.core.self_doubt import unchecked_maps

GOOD = MapVerdict(3.0, 0.5, 0.95, 0.1)


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (MapVerdict(None, None, 0.0, 0.0), "no heat in the head"),
        (MapVerdict(0.0, 0.0, 0.95, 0.1), "does not need its hottest part"),
        (MapVerdict(-1.0, -2.0, 0.95, 0.1), "does not need its hottest part (logit +1.00 without)"),
        (MapVerdict(0.99, 0.5, 0.95, 0.1), "logit -0.99 without, -0.50 elsewhere"),
        (MapVerdict(3.0, 0.5, 0.69, 0.1), "does not flip with the image (correlation 0.69)"),
        (MapVerdict(3.0, 0.5, 0.95, 0.21), "21% of its heat lies outside the head"),
    ],
)
def test_a_map_that_fails_says_why(verdict: MapVerdict, reason: str) -> None:
    """Hazard: a heat map persuades even where the score does not come from there."""
    assert not verdict.has_passed
    assert reason in verdict_text(verdict)
    assert len(verdict.reasons) == len(verdict.short_reasons)


def test_every_reason_is_given() -> None:
    verdict = MapVerdict(0.0, 0.0, 0.0, 0.9)
    assert len(verdict.reasons) == len(verdict.short_reasons) == 3


@pytest.mark.parametrize("verdict", [GOOD, MapVerdict(1.0, 0.5, 0.7, 0.2), MapVerdict(0.1, -1.0, 1.0, 0.0)])
def test_a_map_at_the_bounds_passes(verdict: MapVerdict) -> None:
    assert verdict.has_passed
    assert verdict_text(verdict) == "passed"


def test_a_map_that_was_not_checked_did_not_pass() -> None:
    """Hazard: silence about a map that was never tested reads as trust."""
    finding = make_findings(make_volume(1), make_card()).slices[0]
    assert finding.map_verdict(Subtype.ANY) is None
    assert verdict_text(finding.map_verdict(Subtype.ANY)) == "not checked yet"


def test_a_verdict_belongs_to_its_slice_and_label_and_others_stay() -> None:
    volume, card = make_volume(3), make_card()
    findings = make_findings(volume, card)
    key, sha = volume.series.key, card.weights_sha256
    for label in (0, 4):
        verdicts = tuple(GOOD if each == label else None for each in range(len(SUBTYPES)))
        findings = findings.with_verdicts(SliceVerdicts(key, sha, 1, verdicts))
    assert [findings.slices[1].map_verdict(each) for each in SUBTYPES] == [GOOD, None, None, None, GOOD, None]
    assert findings.slices[0].map_verdict(Subtype.ANY) is None
    heatmap = closed_form_heatmap(findings.slices[1], Subtype.ANY, card, (0.5, 0.5))
    assert heatmap is not None
    assert heatmap.verdict is GOOD


@pytest.mark.parametrize("changes", [{"series_key": "another"}, {"checkpoint_sha256": "cd" * 32}])
def test_verdicts_of_strangers_are_refused(changes: dict[str, str]) -> None:
    """Hazard: a map of this patient would be trusted because another patient's was."""
    volume, card = make_volume(3), make_card()
    names = {"series_key": volume.series.key, "checkpoint_sha256": card.weights_sha256, **changes}
    result = SliceVerdicts(names["series_key"], names["checkpoint_sha256"], 1, (GOOD,) * 6)
    with pytest.raises(MismatchError):
        make_findings(volume, card).with_verdicts(result)


def test_only_flagged_maps_without_a_verdict_are_to_be_checked() -> None:
    volume, card = make_volume(5, unreadable={4: "cut off"}), make_card()
    findings = make_findings(volume, card, likely=[1, 2], pending=[3])
    verdicts = (GOOD, None, None, None, None, None)
    checked = SliceVerdicts(volume.series.key, card.weights_sha256, 1, verdicts)
    unchecked = unchecked_maps(findings.with_verdicts(checked), card.slice_thresholds)
    assert unchecked == {1: (1, 2, 3, 4, 5), 2: (0, 1, 2, 3, 4, 5)}
