"""A judgement as one self-contained page: what was measured, how sure it is, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.judge import markup
from training.judge.contact_sheet import PictureOf
from training.judge.decisions import Decisions
from training.judge.predictions import Predictions
from training.judge.sections import (
    against_section,
    calibration_section,
    confusion_section,
    localization_section,
    mistakes_section,
    overall_section,
    points_section,
    slices_section,
    sources_section,
    studies_section,
)

SECTIONS = (
    ("overall", "Overall"),
    ("slices", "Slices"),
    ("points", "Operating points"),
    ("confusion", "Confusion"),
    ("calibration", "Calibration"),
    ("sources", "Sources"),
    ("studies", "Studies"),
    ("against", "Against others"),
    ("localization", "Heat maps"),
    ("mistakes", "Worst mistakes"),
)


def page(
    title: str,
    values: Mapping[str, Any],
    predictions: Predictions,
    decisions: Decisions,
    picture_of: PictureOf | None,
) -> str:
    """The page as HTML text.

    Args:
        title: Of the page.
        values: From ``judge``, with ``measured_on``; ``against`` and ``localization`` where there are any.
        predictions: The same.
        decisions: The same.
        picture_of: Gives the picture of a slice; None leaves the contact sheets out.
    """
    has = {
        "against": bool(values.get("against")),
        "localization": bool(values.get("localization")),
        "mistakes": picture_of is not None,
        "studies": bool(len(decisions.studies.patients)),
        "sources": any(values["source_in_scores"].values()),
    }
    anchors = [(anchor, name) for anchor, name in SECTIONS if has.get(anchor, True)]
    body = [
        markup.heading(1, title),
        markup.paragraph("Research use only. Figures are of slices that the scoring network never saw."),
        markup.paragraph(f"Measured {values['measured_on']}; {values['decided']}."),
        markup.paragraph(
            "In brackets: 95 % interval, bootstrap over patients. Not estimable: fewer than 10 positive "
            "patients. Where a slice's patient is not known, its group of near-duplicates counts as one."
        ),
        markup.contents(anchors),
        *overall_section(values),
        *slices_section(values, predictions, decisions),
        *points_section(values),
        *confusion_section(values),
        *calibration_section(values, predictions, decisions),
    ]
    if has["sources"]:
        body += sources_section(values)
    if has["studies"]:
        body += studies_section(values, decisions)
    if has["against"]:
        body += against_section(values)
    if has["localization"]:
        body += localization_section(values)
    if picture_of is not None:
        body += mistakes_section(predictions, decisions, picture_of)
    return markup.document(title, body)
