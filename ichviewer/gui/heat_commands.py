"""Actions on the heat map, and the decisions that go with it."""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.findings import Decision
from ichviewer.core.viewstate import ViewState, subtype_cycled
from ichviewer.gui.command import Command, Step, always, has_image
from ichviewer.gui.slice_scores import decided, finding_in_view

OPACITY_STEP = 0.05


def heat_commands(step: Step) -> tuple[Command, ...]:
    """Whose map, how opaque, and accept or reject."""
    return (
        Command(
            "heatmap",
            "Analysis/Heat map",
            "Show heat map",
            ("M",),
            "Show or hide the heat map",
            step(lambda state: replace(state, shows_heatmap=not state.shows_heatmap)),
            always,
            lambda state: state.shows_heatmap,
        ),
        Command(
            "heatmap-below",
            "Analysis/Heat map",
            "Also below threshold",
            ("B",),
            "Color slices below threshold, too",
            step(lambda state: replace(state, heatmap_below_threshold=not state.heatmap_below_threshold)),
            always,
            lambda state: state.heatmap_below_threshold,
        ),
        Command(
            "heatmap-contours",
            "Analysis/Heat map",
            "As contours",
            ("Shift+M",),
            "Heat map as lines of equal heat, or in color",
            step(lambda state: replace(state, heatmap_as_contours=not state.heatmap_as_contours)),
            always,
            lambda state: state.heatmap_as_contours,
        ),
        Command(
            "heatmap-label",
            "Analysis/Heat map",
            "Next label",
            ("S",),
            "Heat map of the next label",
            step(subtype_cycled),
        ),
        Command(
            "opacity-down",
            "Analysis/Heat map",
            "Less opaque",
            ("[",),
            "Heat map less opaque",
            step(lambda state: more_opaque(state, -OPACITY_STEP)),
        ),
        Command(
            "opacity-up",
            "Analysis/Heat map",
            "More opaque",
            ("]",),
            "Heat map more opaque",
            step(lambda state: more_opaque(state, OPACITY_STEP)),
        ),
        Command(
            "accept",
            "Analysis/Review",
            "Accept label",
            ("Y",),
            "Accept the heat map's label on this slice; again takes it back",
            step(lambda state: decided(state, state.heatmap_subtype, Decision.ACCEPTED)),
            has_scores,
        ),
        Command(
            "reject",
            "Analysis/Review",
            "Reject label",
            ("X",),
            "Reject the heat map's label on this slice; again takes it back",
            step(lambda state: decided(state, state.heatmap_subtype, Decision.REJECTED)),
            has_scores,
        ),
    )


def has_scores(state: ViewState) -> bool:
    """Whether the slice in view has scores, or is read before they may be shown."""
    finding = finding_in_view(state)
    if has_image(state) and state.first_look.is_sealed:
        return True
    return finding is not None and finding.probabilities is not None


def more_opaque(state: ViewState, change: float) -> ViewState:
    """Opacity changed, 0.05 to 1: a heat map that is on is never invisible.

    >>> more_opaque(ViewState(heatmap_opacity=0.95), 0.2).heatmap_opacity
    1.0
    """
    return replace(state, heatmap_opacity=round(min(max(state.heatmap_opacity + change, 0.05), 1.0), 2))
