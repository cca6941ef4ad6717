"""Which heat map belongs over the slice in view, if any, and why not otherwise.

The one thing to get wrong: nothing is colored below the slice threshold unless the reader asked, nor on a
slice whose scores are still to come, nor by a map that was made of something else.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    """

    heatmap: Heatmap | None
    lines: tuple[tuple[str, str], ...]


NOTHING = HeatChoice(None, ())

BELOW = ("below threshold: not colored", "below threshold")


def heat_to_show(state: ViewState) -> HeatChoice:
    """The heat map that belongs over the slice in view, or the reason why there is none."""
    if not state.shows_heatmap or state.volume is None or not state.volume.is_readable[state.slice_index]:
        return NOTHING
    subtype = state.heatmap_subtype
    title = (f"HEAT MAP {subtype.value}", f"HEAT {subtype.code}")
    if state.findings is None or state.model_card is None:
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
        return HeatChoice(None, (title, (f"no {state.heatmap_method} of this slice", "no map")))
    cell = f"cell {heatmap.cell_mm:.0f} mm" if state.volume.series.is_measured else "cell size unknown"
    lines = (title, _scale_text(heatmap, card), (cell, ""))
    return HeatChoice(
        heatmap, (*lines, ("slice is below threshold", "below threshold")) if is_below else lines
    )


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
        return heatmap.method, ""
    full_scale = card.labels[SUBTYPES.index(heatmap.subtype)].heatmap_full_scale
    return f"full color = logit {full_scale:.1f}", f"full = {full_scale:.1f}"
