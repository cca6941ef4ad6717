"""The sections of a judgement's page, each made of a judgement's values: tables, curves, contact sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ichviewer.core.findings import SUBTYPES
from training.judge import markup
from training.judge.contact_sheet import PictureOf, Tile, tiles, worst
from training.judge.decisions import Decisions
from training.judge.figures import (
    calibration_curves,
    precision_recall_curves,
    roc_curves,
    study_roc_curves,
)
from training.judge.predictions import Predictions
from training.judge.rates import RATES

MISTAKES_OF_ANY, MISTAKES_OF_A_SUBTYPE = 12, 6


def overall_section(values: Mapping[str, Any]) -> list[str]:
    """The RSNA metric of each part."""
    names = ("gain_over_prior", "weighted_log_loss", "prior_weighted_log_loss")
    rows = [
        [
            part,
            *(f"{found[name]:,}" for name in ("slices", "bleeding_slices", "patients")),
            *(markup.interval(found[name], 4 if "loss" in name else 3) for name in names),
        ]
        for part, found in values["overall"].items()
    ]
    headers = [
        "",
        "slices",
        "bleeding",
        "patients",
        "1 - loss / prior's loss",
        "weighted log loss",
        "prior's loss",
    ]
    caption = (
        "The RSNA 2019 metric: log loss over six labels, any counted double. It compares only at equal "
        "prevalence, so the first figure says how much of the best constant's loss is gone: 1 is perfect, "
        "0 is useless."
    )
    return [markup.heading(2, "Overall", "overall"), markup.table(headers, rows, caption)]


def slices_section(values: Mapping[str, Any], predictions: Predictions, decisions: Decisions) -> list[str]:
    """Figures of slices, and their curves."""
    names = ("auc", "average_precision", "gain_over_prior", "log_loss", "brier")
    rows = [
        [
            f"{label}, {part}",
            f"{found['positive_slices']:,} of {found['slices']:,}",
            f"{found['positive_patients']:,} of {found['patients']:,}",
            *(markup.interval(found[name]) for name in names),
        ]
        for label, parts in values["slices"].items()
        for part, found in parts.items()
    ]
    headers = ["label, source", "positive slices", "positive patients", "AUC", "average precision"]
    headers += ["1 - loss / prior's", "log loss", "Brier"]
    caption = "Epidural and subdural have no pooled figure: their source gives them away."
    return [
        markup.heading(2, "Slices", "slices"),
        markup.table(headers, rows, caption),
        markup.figure(
            roc_curves(predictions, decisions),
            "ROC curves, AUC in the legends. The dot is the operating point over all folds.",
        ),
        markup.figure(
            precision_recall_curves(predictions, decisions),
            "Precision-recall curves, average precision in the legends. The level line is the prevalence.",
        ),
    ]


def points_section(values: Mapping[str, Any]) -> list[str]:
    """What the decisions at the thresholds are worth."""
    points = values["operating_points"]
    extra = _extra_rates(points[str(SUBTYPES[0])])
    rows = [
        [
            f"{label}, {part}",
            _threshold(parts["threshold"]),
            *(markup.interval(found[name]) for name in [*RATES, *extra]),
        ]
        for label, parts in points.items()
        for part, found in parts.items()
        if part != "threshold"
    ]
    headers = [
        "label, source",
        "threshold",
        "sensitivity",
        "specificity",
        "PPV",
        "NPV",
        *_extra_headers(extra),
    ]
    caption = (
        "PPV and NPV, the predictive values of a flagged and an unflagged slice, hold at the prevalence of "
        "these slices, which is no clinic's. The threshold is that over all folds, and each fold was decided "
        "at its own."
    )
    return [markup.heading(2, "Operating points", "points"), markup.table(headers, rows, caption)]


def _extra_rates(found_of_parts: Mapping[str, Any]) -> list[str]:
    """Names of the predictive values at chosen prevalences."""
    found = next(each for each in found_of_parts.values() if isinstance(each, Mapping))
    return [name for name in found if name.startswith("positive_predictive_value_at_")]


def _extra_headers(names: Sequence[str]) -> list[str]:
    return [f"PPV at {float(name.rpartition('_')[2]):.1%}" for name in names]


_OUTCOMES = ("true_positive", "false_negative", "false_positive", "true_negative")


def _threshold(found: float | None) -> str:
    return "-" if found is None else f"{found:.3f}"


def confusion_section(values: Mapping[str, Any]) -> list[str]:
    """What was flagged as what, and the four counts of each label and part."""
    rows = []
    for truth, found in values["flagged_as"].items():
        count = found["slices"]
        shares = [
            markup.shaded(f"{n:,} ({n / count:.0%})", n / count) if count else "-"
            for n in found["flagged"].values()
        ]
        rows.append([truth, f"{count:,}", *shares])
    headers = ["truth", "slices", *(f"flagged {label}" for label in SUBTYPES)]
    caption = (
        "How slices without a bleed, and with one subtype alone, were flagged at the slice thresholds. A "
        "slice may be flagged with several labels or none."
    )
    counts = [
        [f"{label}, {part}", *(f"{found['confusion'][name]:,}" for name in _OUTCOMES)]
        for label, parts in values["operating_points"].items()
        for part, found in parts.items()
        if part != "threshold"
    ]
    names = ["label, source", *(name.replace("_", " ") for name in _OUTCOMES)]
    return [
        markup.heading(2, "Confusion", "confusion"),
        markup.table(headers, rows, caption),
        markup.table(names, counts, "Slices at the same thresholds, label by label."),
    ]


def calibration_section(
    values: Mapping[str, Any], predictions: Predictions, decisions: Decisions
) -> list[str]:
    """How far the probabilities can be trusted."""
    rows = []
    for label, parts in values["calibration"].items():
        for part, found in parts.items():
            if found is None:
                continue
            verdict = {True: "good", False: "not good", None: "fewer than 50 positives"}[found["is_good"]]
            numbers = ("slope", "mean_score", "prevalence", "error", "error_by_chance")
            rows.append(
                [f"{label}, {part}", *(f"{found[name]:.3f}" for name in numbers), markup.text(verdict)]
            )
    headers = ["label, source", "slope", "mean score", "prevalence", "error", "by chance", "verdict"]
    caption = (
        "Good: slope 0.8 to 1.25, mean score within .02 of the prevalence, error at most .02 above what "
        "chance makes. Error: mean distance of score and share in ten bins of equal mass."
    )
    drawn = (
        "Share of positives against mean score in ten bins of equal mass, with 95 % intervals that take "
        "slices as independent. Each panel ends at its own highest score or share."
    )
    return [
        markup.heading(2, "Calibration", "calibration"),
        markup.table(headers, rows, caption),
        markup.figure(calibration_curves(predictions, decisions), drawn),
    ]


def sources_section(values: Mapping[str, Any]) -> list[str]:
    """How well each score tells the source."""
    found = values["source_in_scores"]
    sources = list(found[str(SUBTYPES[0])])
    rows = [[label, *(markup.interval(each[source]) for source in sources)] for label, each in found.items()]
    caption = "AUC of each label's score for the source, among slices without the label. 0.5 would be right."
    return [markup.heading(2, "Sources", "sources"), markup.table(["label", *sources], rows, caption)]


def studies_section(values: Mapping[str, Any], decisions: Decisions) -> list[str]:
    """Figures of whole studies."""
    extra = _extra_rates(values["studies"])
    rows = [
        [
            label,
            f"{found['positive_studies']} of {found['studies']}",
            _threshold(found["threshold"]),
            *(markup.interval(found[name]) for name in ["auc", *RATES, *extra]),
        ]
        for label, found in values["studies"].items()
    ]
    headers = ["label", "positive studies", "threshold", "AUC", "sensitivity", "specificity", "PPV", "NPV"]
    headers += _extra_headers(extra)
    caption = "A study's score is its highest mean over about 10 mm of adjacent slices."
    drawn = "ROC curves of whole studies, AUC in the legends."
    return [
        markup.heading(2, "Studies", "studies"),
        markup.table(headers, rows, caption),
        markup.figure(study_roc_curves(decisions), drawn),
    ]


def against_section(values: Mapping[str, Any]) -> list[str]:
    """Paired differences to other networks."""
    body = [
        markup.heading(2, "Against others", "against"),
        markup.paragraph(
            "Differences on the same draws of patients; an interval without 0 speaks for one of the two. A "
            "higher AUC is better, and a lower log loss."
        ),
    ]
    for other, differences in values["against"].items():
        rows = [[name, markup.interval(found, 4)] for name, found in differences.items()]
        body.append(markup.table(["figure", "difference"], rows, f"This network minus {other}."))
    return body


def localization_section(values: Mapping[str, Any]) -> list[str]:
    """How heat maps met lesions whose place is known."""
    body = [
        markup.heading(2, "Heat maps", "localization"),
        markup.paragraph(
            "On generated lesions, whose place is known; a map without heat hits nothing. By chance: the "
            "share of the head that is lesion, for the hottest pixel and the energy in it, and the share "
            "that lies within one cell of the map from it."
        ),
    ]
    names = {
        "pointing": "hottest pixel in it",
        "energy": "energy in it",
        "by_chance": "by chance",
        "within_a_cell": "hottest within a cell",
        "within_a_cell_by_chance": "by chance",
    }
    headers = ["method, label", "slices", "heads", *names.values()]
    for words, methods in values["localization"].items():
        rows = []
        for method, labels in methods.items():
            for label, found in labels.items():
                figures = (markup.interval(found[name]) for name in names)
                rows.append([f"{method}, {label}", f"{found['slices']:,}", f"{found['hosts']:,}", *figures])
        body.append(markup.table(headers, rows, f"{words[0].upper()}{words[1:]}."))
    return body


def mistakes_section(predictions: Predictions, decisions: Decisions, picture_of: PictureOf) -> list[str]:
    """Contact sheets of the worst mistakes."""
    body = [
        markup.heading(2, "Worst mistakes", "mistakes"),
        markup.paragraph("One slice a patient. The pictures are of patients: keep this page with the data."),
    ]
    for i, label in enumerate(SUBTYPES):
        count = MISTAKES_OF_ANY if i == 0 else MISTAKES_OF_A_SUBTYPE
        for positive, words in ((False, "highest scores without the label"), (True, "lowest scores with it")):
            slices = worst(predictions, decisions.probabilities, i, positive=positive, count=count)
            if len(slices):
                found = tiles(predictions, decisions.probabilities, i, slices, picture_of)
                body += [markup.heading(3, f"{label}: {words}"), _sheet(found)]
    return body


def _sheet(found: list[Tile]) -> str:
    parts = [
        f'<div><img src="{tile.jpeg}" alt="{markup.text(tile.name)}">score {tile.score:.2f}, labels: '
        f"{markup.text(tile.truth)}<br>{markup.text(tile.name)}</div>"
        for tile in found
    ]
    return f'<div class="sheet">{"".join(parts)}</div>'
