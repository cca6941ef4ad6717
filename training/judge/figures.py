"""Curves as SVG text: ROC, precision-recall, calibration; drawn without a display and without a clock.

The one thing to get wrong: a curve of few patients looks as firm as one of many, so it is drawn only
where its figure is estimable.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from training.judge.bootstrap import is_estimable
from training.judge.calibration import reliability
from training.judge.decisions import Decisions
from training.judge.judgement import SOURCE_ALONE
from training.judge.metrics import auc, average_precision, curve_steps, value
from training.judge.predictions import Predictions

COLORS = ("#1b1b1b", "#0060a8", "#b84a00", "#00735c", "#8a3c78", "#6b5b00")
"""Dark enough for text on white, and told apart with any color vision; dashes differ too."""

DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)))

Corner = Literal["lower right", "upper left", "best"]

STYLE: dict[Any, Any] = {
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "legend.edgecolor": "white",
    "legend.framealpha": 0.9,
    "legend.fontsize": 10,
    "svg.hashsalt": "ichviewer",
    "svg.fonttype": "path",
}


def _panels(draw: Callable[[Axes, int], None], titles: Sequence[str]) -> str:
    """One panel a label in two rows, as SVG text."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11.5, 8.2), layout=ConstrainedLayoutEngine(h_pad=0.12))
        FigureCanvasSVG(figure)
        panels = figure.subplots(2, 3).ravel()
        for i, (panel, title) in enumerate(zip(panels, titles, strict=True)):
            draw(panel, i)
            panel.set_title(title)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _lines(
    predictions: Predictions, scores: NDArray[np.float64], i: int
) -> list[tuple[int, str, NDArray[np.float64], NDArray[np.bool_]]]:
    """Number, name, scores and labels of the parts of which a curve is drawn."""
    found = []
    for number, (name, part) in enumerate(predictions.parts().items()):
        rows = part & predictions.judged[:, i]
        is_given_away = name == "pooled" and SUBTYPES[i] in SOURCE_ALONE
        if is_estimable(predictions.labels[rows, i], predictions.patients[rows]) and not is_given_away:
            found.append((number, name, scores[rows, i], predictions.labels[rows, i]))
    return found


def roc_curves(predictions: Predictions, decisions: Decisions) -> str:
    """ROC of every label and part, with the operating point."""

    def draw(panel: Axes, i: int) -> None:
        panel.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
        for number, name, scores, labels in _lines(predictions, decisions.probabilities, i):
            true, false = curve_steps(scores, labels)
            label = f"{name}: {value(auc, scores, labels):.3f}"
            panel.plot(false / false[-1], true / true[-1], **_look(number), label=label)
            flagged = scores >= decisions.thresholds[i]
            at = flagged[~labels].mean(), flagged[labels].mean()
            panel.plot(*at, "o", color=COLORS[number % len(COLORS)], markersize=6)
        _finish(panel, "1 - specificity", "sensitivity", "lower right")

    return _panels(draw, SUBTYPES)


def precision_recall_curves(predictions: Predictions, decisions: Decisions) -> str:
    """Precision against recall of every label and part; the thin line is the part's prevalence."""

    def draw(panel: Axes, i: int) -> None:
        for number, name, scores, labels in _lines(predictions, decisions.probabilities, i):
            true, false = (steps[1:] for steps in curve_steps(scores, labels))
            label = f"{name}: {value(average_precision, scores, labels):.3f}"
            panel.plot(true / true[-1], true / (true + false), **_look(number), label=label)
            panel.axhline(labels.mean(), color=COLORS[number % len(COLORS)], linewidth=0.6)
        _finish(panel, "sensitivity (recall)", "predictive value (precision)", "best")

    return _panels(draw, SUBTYPES)


def calibration_curves(predictions: Predictions, decisions: Decisions) -> str:
    """Share of positives against mean score in ten bins of equal mass, with 95 % Wilson intervals."""

    def draw(panel: Axes, i: int) -> None:
        panel.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
        end = 0.1
        for number, name, scores, labels in _lines(predictions, decisions.probabilities, i):
            means, shares, counts = reliability(scores, labels)
            low, high = _wilson(shares, counts)
            end = max(end, float(means.max()), float(high.max()))
            panel.errorbar(
                means,
                shares,
                yerr=[np.maximum(shares - low, 0), np.maximum(high - shares, 0)],
                marker="o",
                markersize=4,
                elinewidth=0.9,
                **_look(number),
                label=name,
            )
        _finish(panel, "mean score", "share of positives", "upper left")
        # Scores of a rare label all lie near 0; on a whole scale its bins are one blot.
        panel.set(xlim=(-0.02 * end, 1.02 * end), ylim=(-0.02 * end, 1.02 * end))

    return _panels(draw, SUBTYPES)


def study_roc_curves(decisions: Decisions) -> str:
    """ROC of whole studies."""
    studies = decisions.studies

    def draw(panel: Axes, i: int) -> None:
        panel.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
        rows = studies.known[:, i]
        scores, labels = studies.scores[rows, i], studies.labels[rows, i]
        if is_estimable(labels, studies.patients[rows]):
            true, false = curve_steps(scores, labels)
            label = f"studies: {value(auc, scores, labels):.3f}"
            panel.plot(false / false[-1], true / true[-1], **_look(0), label=label)
        _finish(panel, "1 - specificity", "sensitivity", "lower right")

    return _panels(draw, SUBTYPES)


def _look(number: int) -> dict[str, Any]:
    return {
        "color": COLORS[number % len(COLORS)],
        "linestyle": DASHES[number % len(DASHES)],
        "linewidth": 1.6,
    }


def _finish(panel: Axes, across: str, up: str, corner: Corner) -> None:
    panel.set(xlabel=across, ylabel=up, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    if panel.get_legend_handles_labels()[0]:
        panel.legend(loc=corner)
    else:
        words = "not estimable:\nfewer than 10 positive patients"
        white = {"facecolor": "white", "edgecolor": "none"}
        panel.text(0.5, 0.5, words, ha="center", va="center", bbox=white, transform=panel.transAxes)


def _wilson(
    shares: NDArray[np.float64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % interval of a share, slices taken as independent."""
    z = 1.96
    middle = (shares + z**2 / (2 * counts)) / (1 + z**2 / counts)
    half = z * np.sqrt(shares * (1 - shares) / counts + z**2 / (4 * counts**2)) / (1 + z**2 / counts)
    return middle - half, middle + half
