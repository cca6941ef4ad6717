"""Charts of the page as SVG text; drawn without a display and without a clock."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from training.explore.measure import SourceFacts
from training.explore.tables import co_occurrence, label_counts, slice_distances, thicknesses
from training.judge.figures import COLORS, DASHES, STYLE
from training.sources.brain_share import BRAIN_CUT

PANELS_A_ROW = 3


def prevalence_bars(sources: Sequence[SourceFacts]) -> str:
    """Prevalence of every label, one bar a source."""

    def draw(panel: Axes, _: int) -> None:
        places = np.arange(len(SUBTYPES))
        width = 0.8 / len(sources)
        for number, facts in enumerate(sources):
            counts = label_counts(facts.source.rows)
            bars = panel.bar(
                places + (number - (len(sources) - 1) / 2) * width,
                [count.prevalence for count in counts],
                width,
                label=facts.source.name,
                color=COLORS[(number + 1) % len(COLORS)],
                hatch=("", "//", "..", "xx")[number % 4],
                edgecolor="white",
            )
            panel.bar_label(bars, [f"{count.positive:,}" for count in counts], padding=2, fontsize=9)
        panel.set_xticks(places, [str(subtype) for subtype in SUBTYPES])
        panel.margins(y=0.12)
        panel.set_axisbelow(True)
        panel.set_ylabel("share of slices that have it")
        panel.grid(visible=False, axis="x")
        panel.legend()

    return _drawn(draw, [""], (11.0, 3.8))


def co_occurrence_maps(sources: Sequence[SourceFacts]) -> str:
    """Share of the slices with the row's label that have the column's; counts in the cells."""

    def draw(panel: Axes, number: int) -> None:
        counts = co_occurrence(sources[number].labels)
        shares = counts / np.maximum(np.diag(counts), 1)[:, None]
        panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row in range(len(SUBTYPES)):
            for column in range(len(SUBTYPES)):
                color = "white" if shares[row, column] > 0.55 else "black"
                panel.text(
                    column, row, f"{counts[row, column]:,}", ha="center", va="center", color=color, fontsize=9
                )
        codes = [subtype.code for subtype in SUBTYPES]
        panel.set_xticks(range(len(codes)), codes)
        panel.set_yticks(range(len(codes)), codes)
        panel.grid(visible=False)

    return _panels(draw, [facts.source.name for facts in sources])


def brain_share_histograms(sources: Sequence[SourceFacts]) -> str:
    """Share of brain pixels of all slices, with and without bleed, and the cut."""

    def draw(panel: Axes, number: int) -> None:
        facts = sources[number]
        bins = np.linspace(0, max(0.5, float(facts.brain_share.max(initial=0))), 40).tolist()
        sides = ((False, "no bleed"), (True, "bleed"))
        for place, (bleeds, label) in enumerate(sides):
            values = facts.brain_share[facts.labels[:, 0] == bleeds]
            if len(values):
                _outline(panel, values, bins, label, place + 1)
        panel.axvline(BRAIN_CUT, color=COLORS[0], linewidth=1, label=f"cut at {BRAIN_CUT:.0%}")
        panel.margins(y=0.45)
        panel.set_xlabel("share of pixels from 0 to 80 HU")
        panel.set_ylabel("share of slices")
        panel.legend(loc="upper right")

    return _panels(draw, [facts.source.name for facts in sources])


def distance_histograms(sources: Sequence[SourceFacts]) -> str:
    """Distance between slices of every series, thickness where headers say it; empty without either."""
    measured = [
        (facts.source.name, slice_distances(facts.source.rows), thicknesses(facts.source.rows))
        for facts in sources
    ]
    measured = [entry for entry in measured if len(entry[1]) or len(entry[2])]
    if not measured:
        return ""

    def draw(panel: Axes, number: int) -> None:
        _, distances, thick = measured[number]
        top = max(float(values.max(initial=0)) for values in (distances, thick))
        bins = np.linspace(0, max(10.0, top), 41).tolist()
        named = ((distances, "distance, by series"), (thick, "thickness, by slice"))
        for place, (values, label) in enumerate(named):
            if len(values):
                _outline(panel, values, bins, label, place + 1)
        panel.margins(y=0.3)
        panel.set_xlabel("mm")
        panel.set_ylabel("share")
        panel.legend()

    return _panels(draw, [entry[0] for entry in measured])


def _outline(
    panel: Axes, values: NDArray[np.floating], bins: Sequence[float], label: str, number: int
) -> None:
    """A histogram as an outline, so that two lie over each other and both are seen."""
    weights = np.full(len(values), 1 / len(values))
    style = DASHES[number - 1] if number < len(DASHES) else "-"
    panel.hist(
        values,
        bins=list(bins),
        weights=weights,
        histtype="step",
        label=f"{label} ({len(values):,})",
        color=COLORS[number],
        linestyle=style,
        linewidth=1.8,
    )


def _panels(draw: Callable[[Axes, int], None], titles: Sequence[str]) -> str:
    """A panel for every title, three in a row."""
    # A lone panel on a wide page would be blown up to its width.
    columns = max(2, min(PANELS_A_ROW, len(titles)))
    rows = -(-len(titles) // columns)
    return _drawn(draw, titles, (11.0, 3.5 * rows), (rows, columns))


def _drawn(
    draw: Callable[[Axes, int], None],
    titles: Sequence[str],
    inches: tuple[float, float],
    grid: tuple[int, int] = (1, 1),
) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=inches, layout="constrained")
        FigureCanvasSVG(figure)
        panels = np.ravel(figure.subplots(*grid, squeeze=False))
        for number, panel in enumerate(panels):
            if number < len(titles):
                draw(panel, number)
                panel.set_title(titles[number])
            else:
                panel.set_axis_off()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
