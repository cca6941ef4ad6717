"""Rows of a comparison as Markdown and JSON: figures with intervals, differences to a reference, cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ichviewer.core.findings import SUBTYPES
from training.compare.plain import plain_figures
from training.compare.row import Row, Status
from training.judge.bootstrap import Interval
from training.judge.decisions import Decisions, cross_fitted_decisions
from training.judge.differences import paired_differences
from training.judge.judgement import overall_figures, slice_figures, study_figures
from training.judge.predictions import Predictions, check_same_slices

NONE = "-"
NOT_ESTIMABLE = "not estimable"


@dataclass(frozen=True, eq=False)
class Measured:
    """A row with its figures.

    Attributes:
        row: What was run.
        figures: ``overall``, ``slices`` and ``studies`` as in a judgement; empty unless it was run.
        differences: Name -> figure minus that of the reference; empty for the reference and what was not run.
        plain: What reports use to say, from raw scores at the recipe's own threshold.
    """

    row: Row
    figures: dict[str, Any]
    differences: dict[str, Interval | None]
    plain: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            **asdict(self.row),
            "share_of_report": self.row.share_of_report,
            **self.figures,
            "differences": self.differences,
            "plain": self.plain,
        }


def measure(rows: Sequence[tuple[Row, Predictions | None]], reference: str) -> list[Measured]:
    """Figures of every row that was run, and differences to the reference's.

    Args:
        rows: Rows, with their predictions where they were run.
        reference: Name of the recipe that the others are compared with.

    Raises:
        ValueError: A row was scored on other slices than the reference.
    """
    decided = {row.recipe: cross_fitted_decisions(found) for row, found in rows if found is not None}
    probabilities = {name: decisions.probabilities for name, decisions in decided.items()}
    by_name = {row.recipe: found for row, found in rows if found is not None}
    measured = []
    for row, found in rows:
        if found is None:
            measured.append(Measured(row, {}, {}, {}))
            continue
        scores = probabilities[row.recipe]
        figures = {
            "overall": overall_figures(found, scores),
            "slices": slice_figures(found, scores),
            "studies": _study_figures(found, decided[row.recipe]),
        }
        differences: dict[str, Interval | None] = {}
        against = reference_of(row, reference)
        compared = by_name.get(against)
        if compared is not None and row.recipe != against:
            check_same_slices(found, compared, row.recipe, against)
            differences = paired_differences(found, scores, compared, probabilities[against])
        measured.append(Measured(row, figures, differences, plain_figures(found, row.labels, row.threshold)))
    return measured


def _study_figures(found: Predictions, decisions: Decisions) -> dict[str, Any]:
    """Figures of studies, of the labels that the system gives."""
    figures = study_figures(decisions)
    given = zip(map(str, SUBTYPES), found.scored, strict=True)
    return {label: figures[label] for label, is_scored in given if is_scored}


def reference_of(row: Row, reference: str) -> str:
    """The recipe that a row is compared with: for a slice-random one its own twin that splits by patient."""
    return reference if row.split == "patient" else row.recipe.replace("_as_reported", "")


def markdown(measured: Sequence[Measured], reference: str, heading: str) -> str:
    """The tables as Markdown.

    Args:
        measured: Rows in the order of the table.
        reference: Name of the recipe that the others are compared with.
        heading: A sentence on data, folds and budget.
    """
    brackets = (
        "In brackets: 95 % interval, bootstrap over patients. A difference is paired, on the same patients: "
        f"the row minus `{reference}`. {_calibration(measured)}"
    )
    accuracy = (
        "The reports' figures are on data that are not here. Ours are of raw scores, not calibrated, at a "
        "recipe's threshold (0.5 unless it says otherwise; of classes that exclude each other the likeliest "
        "is said). Accuracy says little: the constant beside it is what a network without eyes reaches. The "
        "last two columns are over the labels that a recipe learns; of systems of five subtypes, on bleeding "
        "slices only."
    )
    by_patient = [each for each in measured if each.row.split == "patient"]
    parts = [
        heading,
        brackets,
        "### Figures",
        _figures_table(by_patient, reference),
        *_as_reported(measured, reference),
        "### Labels: AUC",
        _labels_table(by_patient),
        *_studies(by_patient),
        "### Cost",
        _cost_table(measured),
        "### Beside the reports",
        accuracy,
        _reports_table(measured),
        "### Where each row comes from",
        _origin_table(measured),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _calibration(measured: Sequence[Measured]) -> str:
    """What was done to the scores that losses are of."""
    if any(len(each.row.folds) > 1 for each in measured if each.row.status is Status.RUN):
        return "Calibration is cross-fitted."
    return "With one fold there is no other to calibrate on: losses are of raw scores."


def _as_reported(measured: Sequence[Measured], reference: str) -> list[str]:
    """What a slice-random split gives away, where recipes ask for one."""
    as_reported = [each for each in measured if each.row.split != "patient"]
    if not as_reported:
        return []
    words = (
        "Slices of one head stand on both sides, so these figures are no measure of anything but that: each "
        "difference is to the same recipe split by patient. Never to be compared with other rows."
    )
    return ["### Split slice by slice, as reported", words, _figures_table(as_reported, reference)]


def _figures_table(measured: Sequence[Measured], reference: str) -> str:
    sources = _parts(measured)
    headers = ["recipe", "1 - loss / prior's", *(f"AUC any, {part}" for part in sources)]
    headers += [f"difference, {part}" for part in sources]
    lines = []
    for each in measured:
        if each.row.status is not Status.RUN:
            words = f"{each.row.status}: {each.row.reason}" if each.row.reason else str(each.row.status)
            lines.append([f"`{each.row.recipe}`", words])
            continue
        overall = each.figures["overall"]
        first = next(iter(overall))
        cells = [_interval(overall[first]["gain_over_prior"])]
        cells += [_interval(_any_auc(each, part)) for part in sources]
        is_reference = each.row.recipe == reference
        cells += [
            "reference" if is_reference else _signed(each.differences.get(f"auc any {part}"))
            for part in sources
        ]
        lines.append([f"`{each.row.recipe}`", *cells])
    return _table(headers, lines)


def _any_auc(each: Measured, part: str) -> Interval | None:
    found: Interval | None = each.figures["slices"]["any"].get(part, {}).get("auc")
    return found


def _labels_table(measured: Sequence[Measured]) -> str:
    columns = [
        (label, part)
        for label in SUBTYPES[1:]
        for part in _parts(measured)
        if any(
            each.figures["slices"][str(label)].get(part, {}).get("auc")
            for each in measured
            if each.row.status is Status.RUN
        )
    ]
    lines = [
        [
            f"`{each.row.recipe}`",
            *(
                _interval(each.figures["slices"][str(label)].get(part, {}).get("auc"))
                for label, part in columns
            ),
        ]
        for each in measured
        if each.row.status is Status.RUN
    ]
    return _table(["recipe", *(f"{label}, {part}" for label, part in columns)], lines)


def _studies(measured: Sequence[Measured]) -> list[str]:
    """Figures of whole studies, where a source says which slices are one."""
    run = [each for each in measured if each.row.status is Status.RUN]
    found = {each.row.recipe: each.figures["studies"] for each in run}
    columns = [
        label for label in map(str, SUBTYPES) if any(one.get(label, {}).get("auc") for one in found.values())
    ]
    if not columns:
        return _too_few_studies([figures for one in found.values() for figures in one.values()])
    said = (
        "A study's score is the highest mean over about 10 mm, as in the viewer, of every system alike. In "
        "the head of a column: studies with the label, of those for which it is known."
    )
    heads = []
    for label in columns:
        counts = next(one[label] for one in found.values() if label in one)
        heads.append(f"{label}, {counts['positive_studies']} of {counts['studies']}")
    lines = [
        [f"`{name}`", *(_interval(one.get(label, {}).get("auc")) for label in columns)]
        for name, one in found.items()
    ]
    return ["### Studies: AUC", said, _table(["recipe", *heads], lines)]


def _too_few_studies(figures: Sequence[dict[str, Any]]) -> list[str]:
    """In the place of a table: how few there are; nothing where there are no studies at all."""
    studies = max((each["studies"] for each in figures), default=0)
    if not studies:
        return []
    most = max(each["positive_patients"] for each in figures)
    said = f"{NOT_ESTIMABLE}: of {studies} studies, no label is on those of more than {most} patients."
    return ["### Studies: AUC", said.capitalize()]


def _cost_table(measured: Sequence[Measured]) -> str:
    headers = [
        "recipe",
        "parameters",
        "ms a slice",
        "training",
        "steps a fold",
        "of the report's steps",
        "lost",
    ]
    lines = []
    for each in measured:
        cost, share = each.row.cost, each.row.share_of_report
        if cost is not None:
            lines.append(
                [
                    f"`{each.row.recipe}`",
                    f"{cost.parameters / 1e6:.2f} M",
                    f"{cost.seconds_per_slice * 1000:.1f}",
                    _minutes(cost.training_seconds),
                    f"{cost.steps:,}",
                    "not said" if share is None else f"{share:.2%}",
                    "; ".join(each.row.lost) or NONE,
                ]
            )
    return _table(headers, lines)


def _minutes(seconds: float | None) -> str:
    return "not measured" if seconds is None else f"{seconds / 60:.1f} min"


def _reports_table(measured: Sequence[Measured]) -> str:
    headers = [
        "recipe",
        "the report says",
        "accuracy any (constant)",
        "F1 any",
        "accuracy of classes (constant)",
        "accuracy over labels (constant)",
        "mean precision, recall, F1",
    ]
    lines = []
    for each in measured:
        if each.row.status is Status.RUN:
            plain = each.plain
            lines.append(
                [
                    f"`{each.row.recipe}`",
                    each.row.reports or NONE,
                    _beside(plain, "accuracy_any"),
                    f"{plain['f1_any']:.3f}" if "f1_any" in plain else NONE,
                    _beside(plain, "accuracy") if each.row.labels == "single_label" else NONE,
                    _beside(plain, "accuracy_multi"),
                    ", ".join(
                        f"{plain[name]:.3f}" for name in ("precision", "recall", "f1") if name in plain
                    ),
                ]
            )
    return _table(headers, lines)


def _beside(plain: dict[str, float], name: str) -> str:
    return f"{plain[name]:.3f} ({plain[f'constant_{name}']:.3f})" if name in plain else NONE


def _origin_table(measured: Sequence[Measured]) -> str:
    headers = ["recipe", "commit", "seed", "sources", "folds", "slices", "patients", "machine", "assumed"]
    lines = []
    for each in measured:
        row = each.row
        if row.cost is not None:
            lines.append(
                [
                    f"`{row.recipe}`",
                    row.commit,
                    str(row.seed),
                    ", ".join(row.sources),
                    ", ".join(map(str, row.folds)),
                    f"{row.slices:,}",
                    f"{row.patients:,}",
                    row.cost.machine,
                    ", ".join(f"`{name}`" for name in row.assumed) or NONE,
                ]
            )
    return _table(headers, lines)


def _parts(measured: Sequence[Measured]) -> list[str]:
    """Pooled and the sources, as the first row that was run has them."""
    for each in measured:
        if each.row.status is Status.RUN:
            return list(each.figures["overall"])
    return []


def _table(headers: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a short line is filled up."""
    padded = [[*line, *[""] * (len(headers) - len(line))] for line in lines]
    rows = [headers, ["---"] * len(headers), *padded]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows
    )


def _interval(found: Interval | None) -> str:
    if found is None:
        return NOT_ESTIMABLE
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _signed(found: Interval | None) -> str:
    if found is None:
        return NOT_ESTIMABLE
    return f"{found['value']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"
