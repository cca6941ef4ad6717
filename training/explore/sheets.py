"""Sample slices: one row a slice, one column a window; and the same head turned, mirrored and blurred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ichviewer.core.findings import SUBTYPES
from ichviewer.core.windowing import BRAIN, PRESETS, Window, apply_window
from training.explore.measure import SourceFacts
from training.judge.contact_sheet import data_url
from training.judge.markup import table, text
from training.sources.brain_share import BRAIN_CUT
from training.split.near_duplicates import near_duplicate_pairs

WINDOWS = (*((preset.name, preset.window) for preset in PRESETS), ("Held range", None))
"""Columns of a sheet; the last one goes from the slice's lowest to its highest value."""

TURN_DEGREES, BLUR_PX = 15.0, 1.5

SIDE_PX = 118


def sample_indices(facts: SourceFacts, seed: int) -> list[tuple[str, int]]:
    """One slice without bleed and one of every label, with much brain, drawn by *seed*."""
    generator = np.random.default_rng(seed)
    has_brain = facts.brain_share >= min(BRAIN_CUT, float(np.median(facts.brain_share)))
    wanted = [("no bleed", facts.known[:, 0] & ~facts.labels[:, 0])]
    wanted += [(str(subtype), facts.labels[:, i]) for i, subtype in enumerate(SUBTYPES) if i]
    found = []
    for name, which in wanted:
        candidates = np.flatnonzero(which & has_brain)
        if not len(candidates):
            candidates = np.flatnonzero(which)
        if len(candidates):
            found.append((name, int(candidates[generator.integers(len(candidates))])))
    return found


def window_sheet(facts: SourceFacts, seed: int) -> str:
    """The samples in every window, as an HTML table."""
    rows = []
    for name, index in sample_indices(facts, seed):
        hu = facts.source.hu(index)
        held = Window(float(hu.min() + hu.max()) / 2, max(1.0, float(hu.max() - hu.min())))
        cells = [_picture(apply_window(hu, window or held), f"{name}, {said}") for said, window in WINDOWS]
        rows.append([name, *cells])
    headers = [
        "",
        *(f"{said} {window.center:g}/{window.width:g}" if window else said for said, window in WINDOWS),
    ]
    return table(headers, rows, f"{facts.source.name}: each row is one slice; level and width in HU")


def variation_sheet(facts: SourceFacts, seed: int) -> str:
    """One head as it is, mirrored, turned either way and blurred."""
    samples = sample_indices(facts, seed)
    hu = facts.source.hu(samples[0][1])
    air = float(hu.min())
    variants: list[tuple[str, NDArray[np.float32]]] = [
        ("as it is", hu),
        ("mirrored", hu[:, ::-1]),
        (f"turned by {TURN_DEGREES:g}°", ndimage.rotate(hu, TURN_DEGREES, reshape=False, order=1, cval=air)),
        (
            f"turned by -{TURN_DEGREES:g}°",
            ndimage.rotate(hu, -TURN_DEGREES, reshape=False, order=1, cval=air),
        ),
        ("blurred", ndimage.gaussian_filter(hu, BLUR_PX)),
    ]
    cells = [_picture(apply_window(np.ascontiguousarray(v), BRAIN), said) for said, v in variants]
    return table(["", *(said for said, _ in variants)], [[facts.source.name, *cells]])


def twins(
    sources: Sequence[SourceFacts], correlation: float, most: int
) -> tuple[int, list[tuple[float, tuple[int, int], tuple[int, int]]]]:
    """Near-duplicates of which the two slices are of different patients, or of unknown ones.

    Args:
        sources: All are compared with all.
        correlation: At least so alike.
        most: How many pairs are given back, the most alike.

    Returns:
        Number of pairs; and of the first ones correlation and (source number, slice number) of both.
    """
    small = np.concatenate([facts.small for facts in sources])
    origin = [(number, index) for number, facts in enumerate(sources) for index in range(len(facts.source))]
    people = _people(sources)
    count, best = 0, []
    for a, b in near_duplicate_pairs(small, np.ones(len(small), dtype=np.bool_), correlation):
        apart = people[a] != people[b]
        count += int(apart.sum())
        alike = np.einsum("ij,ij->i", small[a[apart]], small[b[apart]])
        first = np.argsort(-alike, kind="stable")[:most]
        found = (alike[first], a[apart][first], b[apart][first])
        best += list(zip(*(values.tolist() for values in found), strict=True))
        best = sorted(best, reverse=True)[:most]
    return count, [(alike, origin[a], origin[b]) for alike, a, b in best]


def _people(sources: Sequence[SourceFacts]) -> NDArray[np.int64]:
    """A number per patient; slices without patient are each their own, and made slices their host's."""
    names = []
    for facts in sources:
        for row in facts.source.rows:
            source, name = row.host or (row.source, row.name)
            names.append(f"{source} {row.patient}" if row.patient else f"{source} slice {name}")
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)


def twin_sheet(
    sources: Sequence[SourceFacts], pairs: Sequence[tuple[float, tuple[int, int], tuple[int, int]]]
) -> str:
    """The pairs side by side, with their names, patients and labels."""
    rows = []
    for alike, *both in pairs:
        cells = []
        for number, index in both:
            facts = sources[number]
            row = facts.source.rows[index]
            codes = [s.code for s, label in zip(SUBTYPES[1:], row.labels[1:], strict=True) if label]
            said = (
                f"{row.source} {row.name}, {f'patient {row.patient}' if row.patient else 'patient unknown'}"
            )
            picture = _picture(apply_window(facts.source.hu(index), BRAIN), said)
            cells.append(f"{picture}<br>{text(said)}<br>{text(' '.join(codes) or 'no bleed')}")
        rows.append([f"{alike:.3f}", *cells])
    return table(["correlation", "one slice", "the other"], rows)


def _picture(grey: NDArray[np.float32], said: str) -> str:
    """A grey picture, [0, 1], as an HTML image."""
    url = data_url((grey * 255).round().astype(np.uint8))
    return f'<img src="{url}" alt="{text(said)}" width="{SIDE_PX}">'
