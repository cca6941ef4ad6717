"""Which heat map belongs over the slice in view, if any, and why not otherwise.

The one thing to get wrong: nothing is colored below the slice threshold unless the reader asked, nor on a
slice whose scores are still to come, nor by a map that was made of something else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.colormap import DOUBTED_COLORS, HEAT_COLORS
from ichviewer.core.contour import CONTOUR_LEVELS
from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceStatus
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap, closed_form_heatmap
from ichviewer.core.model_card import ModelCard
from ichviewer.core.viewstate import ViewState


@dataclass(frozen=True, eq=False)
class HeatChoice:
    """What the heat map layer does on the slice in view.

    Attributes:
        heatmap: The map to draw; None if nothing is colored.
        lines: What the view says about it, each with a shorter form; empty while the layer is off.
        wants_contours: Whether the reader asked for lines of equal heat instead of color.
    """

    heatmap: Heatmap | None
    lines: tuple[tuple[str, str], ...]
    wants_contours: bool = False

    @property
    def as_contours(self) -> bool:
        """Whether lines are drawn; a map that failed its check has grey ones, whatever was asked for."""
        return self.wants_contours or self.is_doubted

    @property
    def is_doubted(self) -> bool:
        """Whether the map failed its check and has lost its colors."""
        verdict = None if self.heatmap is None else self.heatmap.verdict
        return verdict is not None and not verdict.has_passed

    @property
    def colors(self) -> NDArray[np.uint8]:
        """(256, 3), red, green, blue for heat 0 to 1."""
        return DOUBTED_COLORS if self.is_doubted else HEAT_COLORS


NOTHING = HeatChoice(None, ())

BELOW = ("below threshold: not colored", "below threshold")


def heat_to_show(state: ViewState) -> HeatChoice:
    """The heat map that belongs over the slice in view, or the reason why there is none."""
    if not state.shows_heatmap or state.volume is None or not state.volume.is_readable[state.slice_index]:
        return NOTHING
    subtype = state.heatmap_subtype
    title = (f"HEAT MAP {subtype.value}", f"HEAT {subtype.code}")
    if state.findings is None or state.model_card is None:
        if state.first_look.is_sealed:
            return HeatChoice(None, (title, ("sealed until you have looked", "sealed")))
        return HeatChoice(None, (title, ("no analysis yet", "no analysis")))
    card, finding = state.model_card, state.findings.slices[state.slice_index]
    belongs = (state.volume.series.key, card.weights_sha256)
    if (state.findings.series_key, state.findings.checkpoint_sha256) != belongs:
        return HeatChoice(None, (title, ("scores of another series", "other series")))
    probability = finding.probability(subtype)
    if probability is None:
        return HeatChoice(None, (title, _why_no_score(finding)))
    is_below = probability < card.slice_thresholds[SUBTYPES.index(subtype)]
    if is_below and not state.heatmap_below_threshold:
        return HeatChoice(None, (title, BELOW))
    heatmap = _chosen_map(state, finding, card)
    if heatmap is None:
        return HeatChoice(None, (title, _why_no_map(state)))
    cell = f"cell {heatmap.cell_mm:.0f} mm" if state.volume.series.is_measured else "cell size unknown"
    below = (("slice is below threshold", "below threshold"),) if is_below else ()
    lines = (title, _scale_text(heatmap, card), *_contour_lines(state, heatmap), (cell, ""), *below)
    return HeatChoice(heatmap, (*lines, *verdict_lines(heatmap, is_below)), state.heatmap_as_contours)


def verdict_lines(heatmap: Heatmap, is_below: bool) -> tuple[tuple[str, str], ...]:
    """Whether the map may be believed, each line with a shorter form.

    Args:
        heatmap: The map.
        is_below: Whether its slice is below threshold; there the closed form is never checked.
    """
    verdict = heatmap.verdict
    if verdict is None:
        never = is_below and heatmap.method == CLOSED_FORM
        return (("map not checked" if never else "map not checked yet", "not checked"),)
    if verdict.has_passed:
        return (("map passed its check", "check passed"),)
    reasons = tuple(zip(verdict.reasons, verdict.short_reasons, strict=True))
    return (("MAP FAILED ITS CHECK, grey lines only", "MAP FAILED"), *reasons)


def _why_no_map(state: ViewState) -> tuple[str, str]:
    if state.analysis is not None:
        return f"{state.heatmap_method}: after the analysis", "later"
    return f"computing {state.heatmap_method} …", "computing …"


def _contour_lines(state: ViewState, heatmap: Heatmap) -> tuple[tuple[str, str], ...]:
    is_doubted = heatmap.verdict is not None and not heatmap.verdict.has_passed
    if not state.heatmap_as_contours and not is_doubted:
        return ()
    hottest = min(float(heatmap.values.max()), 1.0)
    if hottest < CONTOUR_LEVELS[0]:
        return ((f"no line: hottest {hottest:.0%} of full color", f"hottest {hottest:.0%}"),)
    return (("lines at 25, 50 and 75 % of full color", "lines 25, 50, 75 %"),)


def _why_no_score(finding: SliceFinding) -> tuple[str, str]:
    is_pending = finding.status is SliceStatus.PENDING
    return ("not scored yet", "") if is_pending else ("this slice has no score", "no score")


def _chosen_map(state: ViewState, finding: SliceFinding, card: ModelCard) -> Heatmap | None:
    """The map by the chosen method, if it was made of this slice, label and checkpoint."""
    if state.volume is None:
        return None
    if state.heatmap_method == CLOSED_FORM:
        spacing = state.volume.geometry.pixel_spacing_mm
        return closed_form_heatmap(finding, state.heatmap_subtype, card, spacing)
    made, wanted = (
        state.explanation,
        (state.slice_index, state.heatmap_subtype, state.heatmap_method, card.weights_sha256),
    )
    if made is None or (made.slice_index, made.subtype, made.method, made.checkpoint_sha256) != wanted:
        return None
    return made


def _scale_text(heatmap: Heatmap, card: ModelCard) -> tuple[str, str]:
    if heatmap.method != CLOSED_FORM:
        return f"{heatmap.method}, scale relative", heatmap.method
    full_scale = card.labels[SUBTYPES.index(heatmap.subtype)].heatmap_full_scale
    return f"full color = logit {full_scale:.1f}", f"full = {full_scale:.1f}"
