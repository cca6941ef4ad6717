"""The page: what is in the data, for someone who is about to train on them.

The one thing to get wrong: it shows pictures of patients, so it is kept where the data are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.explore.defects import defects
from training.explore.figures import (
    brain_share_histograms,
    co_occurrence_maps,
    distance_histograms,
    prevalence_bars,
)
from training.explore.forest import FOLDS, TREES, ForestResult, metadata_forest
from training.explore.measure import SourceFacts
from training.explore.sheets import twin_sheet, twins, variation_sheet, window_sheet
from training.explore.tables import distinct, header_split, label_counts
from training.judge.bootstrap import Interval
from training.judge.markup import contents, document, figure, heading, paragraph, table, text
from training.sources.brain_share import BRAIN_CUT

TWIN_CORRELATION, MOST_TWINS = 0.97, 12

SECTIONS = (
    ("sources", "Sources"),
    ("labels", "Labels"),
    ("defects", "Defects"),
    ("storage", "Storage"),
    ("brain", "Brain pixels"),
    ("thickness", "Slice distance"),
    ("windows", "Windows"),
    ("twins", "Near-duplicates"),
    ("forest", "Header forest"),
)


def explore_page(sources: Sequence[SourceFacts], seed: int) -> str:
    """The whole page, HTML.

    Args:
        sources: Measured.
        seed: Of samples and forest.
    """
    slices = sum(len(facts.source) for facts in sources)
    bleeding = sum(int(facts.labels[:, 0].sum()) for facts in sources)
    known = sum(int(facts.known[:, 0].sum()) for facts in sources)
    body = [
        heading(1, "What is in the data"),
        paragraph(
            f"{slices:,} slices from {len(sources)} {'source' if len(sources) == 1 else 'sources'}; "
            f"{bleeding:,} of the {known:,} whose label is known show a bleed "
            f"({bleeding / max(known, 1):.1%}). Research use only; this page shows pictures of patients."
        ),
        contents(SECTIONS),
        *_sources(sources),
        *_labels(sources),
        *_defects(sources),
        *_storage(sources),
        *_brain(sources),
        *_thickness(sources),
        *_windows(sources, seed),
        *_twins(sources),
        *_forest(sources, seed),
    ]
    return document("What is in the data", body)


def _sources(sources: Sequence[SourceFacts]) -> list[str]:
    rows = []
    for facts in sources:
        source, patients = facts.source, distinct(facts.source.rows, "patient")
        unknown = sum(not row.patient for row in source.rows)
        shown = f"{patients:,}" + (f" (+ {unknown:,} slices of unknown)" if unknown else "")
        size = "as they are" if source.size_px is None else f"at most {source.size_px} px"
        several = f"{distinct(source.rows, 'study'):,}" if distinct(source.rows, "study") else "not known"
        cells = (f"{len(source):,}", shown, several, f"{len(source.damaged):,}", size, source.sha256[:12])
        rows.append([source.name, *(text(cell) for cell in cells)])
    headers = ("source", "slices", "patients", "studies", "damaged", "kept", "hash")
    cited = [paragraph(f"{facts.source.name}: {facts.source.citation}.") for facts in sources]
    return [heading(2, "Sources", "sources"), table(headers, rows), *cited]


def _labels(sources: Sequence[SourceFacts]) -> list[str]:
    rows = []
    for facts in sources:
        for count in label_counts(facts.source.rows):
            patients = "not known" if count.patients is None else f"{count.patients:,}"
            without, unknown = count.known - count.positive, len(facts.source) - count.known
            numbers = f"{count.positive:,}", f"{without:,}", f"{unknown:,}"
            cells = (*numbers, f"{count.prevalence:.2%}", patients)
            rows.append([f"{facts.source.name} {count.label}", *(text(cell) for cell in cells)])
    headers = ("source and label", "with it", "without", "not known", "prevalence", "patients with it")
    parts = [
        heading(2, "Labels", "labels"),
        figure(
            prevalence_bars(sources), "Prevalence by source; the number of positive slices over each bar."
        ),
    ]
    if len(sources) > 1:
        parts.append(
            paragraph(
                "Where the bars of a label differ between sources, a network can score by telling the "
                "source. Judge such a label within a source."
            )
        )
    said = (
        "Which labels come together. A cell counts the slices with both; its shade is the share of the row's "
        "slices that have the column's label too."
    )
    return [*parts, table(headers, rows), figure(co_occurrence_maps(sources), said)]


def _defects(sources: Sequence[SourceFacts]) -> list[str]:
    parts = [heading(2, "Defects", "defects")]
    for facts in sources:
        found = list(defects(facts))
        lines = "".join(f"<li>{text(line)}</li>" for line in found) or "<li>none found</li>"
        parts += [heading(3, facts.source.name), f"<ul>{lines}</ul>"]
    return parts


def _storage(sources: Sequence[SourceFacts]) -> list[str]:
    parts = [
        heading(2, "Storage", "storage"),
        paragraph(
            "Bits stored, sign and intercept tell scanners and hospitals apart. Where the share of bleeding "
            "differs between the rows, a network can learn it from the way the files were written."
        ),
    ]
    for facts in sources:
        split = header_split(facts.source.rows)
        if not split:
            parts.append(paragraph(f"{facts.source.name} has no headers."))
            continue
        rows = [[said, text(f"{count:,}"), text(f"{share:.1%}")] for said, count, share in split]
        parts += [heading(3, facts.source.name), table(("stored as", "slices", "bleeding"), rows)]
    return parts


def _brain(sources: Sequence[SourceFacts]) -> list[str]:
    rows = []
    for facts in sources:
        low = facts.brain_share < BRAIN_CUT
        dropped, bleeding = int(low.sum()), int((low & facts.labels[:, 0]).sum())
        cells = (f"{np.median(facts.brain_share):.2f}", f"{dropped:,} ({low.mean():.1%})", f"{bleeding:,}")
        rows.append([facts.source.name, *(text(cell) for cell in cells)])
    headers = ("source", "median share", f"slices below {BRAIN_CUT:.0%}", "of them bleeding")
    said = "Share of pixels from 0 to 80 HU, with and without bleed; each curve sums to 1."
    return [
        heading(2, "Brain pixels", "brain"),
        figure(brain_share_histograms(sources), said),
        table(headers, rows, "What the cut would drop"),
    ]


def _thickness(sources: Sequence[SourceFacts]) -> list[str]:
    drawn = distance_histograms(sources)
    parts = [heading(2, "Slice distance", "thickness")]
    if drawn:
        said = "Distance between neighboring slices by position, and thickness where headers say it."
        return [*parts, figure(drawn, said)]
    return [*parts, paragraph("No source says positions or thickness in mm.")]


def _windows(sources: Sequence[SourceFacts], seed: int) -> list[str]:
    parts = [
        heading(2, "Windows", "windows"),
        paragraph(
            "A windowed picture shows no more in a window wider than its own: what was cut off stays so. "
            "The last column goes from the lowest to the highest value that is left."
        ),
    ]
    parts += [window_sheet(facts, seed) for facts in sources]
    parts.append(heading(3, "Varied as in training"))
    return [*parts, *(variation_sheet(facts, seed) for facts in sources)]


def _twins(sources: Sequence[SourceFacts]) -> list[str]:
    count, pairs = twins(sources, TWIN_CORRELATION, MOST_TWINS)
    said = (
        f"{count:,} pairs of slices of different (or unknown) patients correlate at {TWIN_CORRELATION} or "
        "more over 32 x 32 pixels of the brain window. Most are heads that look alike; look for the same "
        "head twice. Slices of unknown patients that are so alike are kept in one fold."
    )
    parts = [heading(2, "Near-duplicates across patients", "twins"), paragraph(said)]
    return [*parts, twin_sheet(sources, pairs)] if pairs else parts


def _forest(sources: Sequence[SourceFacts], seed: int) -> list[str]:
    parts = [
        heading(2, "Header forest: a warning", "forest"),
        paragraph(
            f"A random forest of {TREES} trees that sees header columns alone (no pixel, UID or label), "
            "asked for bleeding or not on as many slices with as without. What it finds above one half is "
            "not blood."
        ),
    ]
    for facts in sources:
        parts.append(heading(3, facts.source.name))
        parts += _forest_result(metadata_forest(facts.source.rows, seed))
    return parts


def _forest_result(found: ForestResult | str) -> list[str]:
    if isinstance(found, str):
        return [paragraph(found)]
    rows = [
        ["accuracy, split by patient", text(_with_interval(found.accuracy))],
        ["AUC, split by patient", text(_with_interval(found.auc))],
        ["accuracy, split slice by slice", text(f"{found.accuracy_slice_random:.3f}")],
        ["slices, patients", text(f"{found.slices:,}, {found.patients:,}")],
        ["columns that vary", text(len(found.columns))],
    ]
    weights = [[name, text(f"{share:.2f}")] for name, share in found.weightiest]
    return [
        table(("", "value"), rows, f"{FOLDS} folds, interval by bootstrap over patients"),
        table(("weightiest columns", "share of the decisions"), weights),
    ]


def _with_interval(found: Interval | None) -> str:
    if found is None:
        return "not estimable"
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
