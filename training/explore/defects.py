"""What is wrong with a source, in words: mended, unreadable, contradictory, or too little of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.receipt import counted
from training.explore.measure import SourceFacts
from training.explore.tables import same_place
from training.sources.brain_share import BRAIN_CUT

FEWEST_POSITIVES = 50
"""With fewer positive slices, calibration and thresholds of a label are hardly to be had."""

FEWEST_PATIENTS = 10


def defects(facts: SourceFacts) -> Iterator[str]:
    """Sentences, gravest first."""
    source, rows = facts.source, facts.source.rows
    for entry in source.damaged[:10]:
        yield f"damaged: {entry.row.name}: {entry.fault}"
    if len(source.damaged) > 10:
        yield f"damaged: {len(source.damaged) - 10:,} more, listed in {source.folder / 'damaged.csv'}"
    yield from source.remarks
    blank = np.flatnonzero(facts.ranges_hu[:, 1] - facts.ranges_hu[:, 0] < 1)
    if len(blank):
        names = ", ".join(rows[index].name for index in blank[:5]) + (", ..." if len(blank) > 5 else "")
        bleeding = int(facts.labels[blank, 0].sum())
        yield f"{counted(len(blank), 'slice')} hold one value only, {bleeding} labeled as bleeding: {names}"
    yield from _masks(facts)
    low = facts.brain_share < BRAIN_CUT
    bleeding = int((low & facts.labels[:, 0]).sum())
    if bleeding:
        yield f"the {BRAIN_CUT:.0%} cut would drop {bleeding:,} bleeding slices among {int(low.sum()):,}"
    shared = same_place(rows)
    if shared:
        yield f"{shared:,} slices lie at the position of another one in their series"
    yield from _unknowns(facts)
    yield from _few(facts)


def _unknowns(facts: SourceFacts) -> Iterator[str]:
    rows = facts.source.rows
    without = {
        "patient": sum(not row.patient for row in rows),
        "place in a series": sum(row.position_mm is None and row.slice_number is None for row in rows),
        "pixel spacing": sum(entry.spacing_mm is None for entry in facts.source.entries),
        "header": sum(not row.header for row in rows),
    }
    for what, count in without.items():
        if count:
            which = "all" if count == len(rows) else f"{count:,} of {len(rows):,}"
            yield f"no {what}: {which} slices"
    highest = float(np.percentile(facts.ranges_hu[:, 1], 99)) if len(rows) else 0.0
    if highest < 200:
        yield f"windowed: nothing above {highest:.0f} HU is left, so bone and dense blood look alike"


def _masks(facts: SourceFacts) -> Iterator[str]:
    """Bleeding slices without mask, and masks on slices without bleed."""
    source = facts.source
    if all(entry.mask_offset is None for entry in source.entries):
        return
    has_mask = np.zeros(len(source), dtype=np.bool_)
    for index, entry in enumerate(source.entries):
        masks = source.masks(index) if entry.mask_offset is not None else None
        has_mask[index] = masks is not None and bool(masks.any())
    empty = int((facts.labels[:, 0] & ~has_mask).sum())
    false = int((~facts.labels[:, 0] & facts.known[:, 0] & has_mask).sum())
    if empty:
        yield f"{empty:,} bleeding slices have an empty mask"
    if false:
        yield f"{false:,} slices without bleed have a mask"


def _few(facts: SourceFacts) -> Iterator[str]:
    rows, absent = facts.source.rows, []
    for index, subtype in enumerate(SUBTYPES):
        if not facts.known[:, index].any():
            yield f"{subtype} is known of no slice"
            continue
        positives = int((facts.labels[:, index] & facts.known[:, index]).sum())
        if not positives:
            absent.append(str(subtype))
            continue
        patients = {row.patient for row in rows if row.patient and row.labels[index]}
        if positives < FEWEST_POSITIVES or (patients and len(patients) < FEWEST_PATIENTS):
            said = f", of {counted(len(patients), 'known patient')}" if patients else ""
            yield f"{subtype} is on {counted(positives, 'slice')}{said}: too few to judge by"
    if absent:
        yield f"on no slice: {', '.join(absent)}"
