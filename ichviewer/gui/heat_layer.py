"""Heat as pixels: kept off the air, brought to the size of the screen, made once for all views.

The one thing to get wrong: enlarging smooths, and smoothed heat must not reach beyond the head.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ichviewer.core.head import head_mask
from ichviewer.core.heatmap import Heatmap, place_on_slice
from ichviewer.core.self_doubt import share_outside
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.gui.heat_choice import HeatChoice, heat_to_show
from ichviewer.gui.heat_contours import HeatContour, heat_contours
from ichviewer.gui.placement import Placement
from ichviewer.gui.recent import Recent
from ichviewer.gui.slice_picture import in_view, resampled


def inner_head(head: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Head without its outermost pixels, (rows, columns), 1 inside.

    Enlarging spreads a pixel's heat half way into its neighbors, so heat that ends one pixel early ends
    inside the head on the screen too.
    """
    return np.asarray(cv2.erode(head.astype(np.uint8), np.ones((3, 3), np.uint8)), dtype=np.uint8)


def heat_levels(heatmap: Heatmap, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Heat of every pixel of the slice, (rows, columns), 255 = full color; 0 where *mask* is 0."""
    placed = place_on_slice(np.clip(heatmap.values, 0, 1) * np.float32(255), heatmap.framing, mask.shape)
    return np.asarray(cv2.multiply(cv2.convertScaleAbs(placed), mask), dtype=np.uint8)


class HeatLayer:
    """Heat at the size of the screen, made once for all views of the same slice."""

    def __init__(self) -> None:
        self._volume: Volume | None = None
        self._choices: Recent[HeatChoice] = Recent(64)
        self._heads: Recent[NDArray[np.bool_]] = Recent(64)
        self._contours: Recent[tuple[HeatContour, ...]] = Recent(6)
        self._levels: Recent[NDArray[np.uint8]] = Recent(64)
        self._on_screen: Recent[NDArray[np.uint8]] = Recent(6)

    def choice(self, state: ViewState) -> HeatChoice:
        """``heat_to_show`` and the share of heat outside the head, which is not drawn.

        The same object as long as nothing that it depends on has changed.
        """
        self._start_over_for(state.volume)
        findings, card = state.findings, state.model_card
        key = (
            state.slice_index,
            state.shows_heatmap,
            state.heatmap_subtype,
            state.heatmap_below_threshold,
            state.heatmap_method,
            state.heatmap_as_contours,
            state.explanation,
            state.analysis is None,
            None if findings is None else (findings.series_key, findings.checkpoint_sha256),
            None if findings is None else findings.slices[state.slice_index],
            None if card is None else card.weights_sha256,
        )
        return self._choices.get(key, lambda: self._with_share_outside(heat_to_show(state), state.volume))

    def _with_share_outside(self, choice: HeatChoice, volume: Volume | None) -> HeatChoice:
        heatmap = choice.heatmap
        if heatmap is None or volume is None:
            return choice
        if heatmap.verdict is not None:
            share = heatmap.verdict.share_outside
        else:
            placed = place_on_slice(heatmap.values, heatmap.framing, volume.shape)
            share = share_outside(placed, self._head(volume, heatmap.slice_index))
        line = (f"{share:.0%} of the heat lies outside the head", f"{share:.0%} outside")
        return replace(choice, lines=(*choice.lines, line))

    def contours(self, choice: HeatChoice, volume: Volume) -> tuple[HeatContour, ...]:
        """Lines of equal heat in pixels of the slice, for ``draw_contours``; empty where color is drawn."""
        heatmap = choice.heatmap
        if heatmap is None or not choice.as_contours:
            return ()
        head = inner_head(self._head(volume, heatmap.slice_index))
        return self._contours.get(heatmap, lambda: heat_contours(heatmap, head, choice.colors))

    def on_screen(self, choice: HeatChoice, volume: Volume, placement: Placement) -> NDArray[np.uint8] | None:
        """Heat of every device pixel of the part in view, 0 to 255; None if nothing is colored.

        Args:
            choice: From ``choice``.
            volume: The stack.
            placement: Where the slice lies; some of it is in view.
        """
        heatmap = choice.heatmap
        if heatmap is None or choice.as_contours:
            return None

        def shrunk_or_enlarged() -> NDArray[np.uint8]:
            return resampled(in_view(self._level(heatmap, volume), placement), placement)

        return self._on_screen.get((heatmap, placement), shrunk_or_enlarged)

    def _level(self, heatmap: Heatmap, volume: Volume) -> NDArray[np.uint8]:
        def levels() -> NDArray[np.uint8]:
            return heat_levels(heatmap, inner_head(self._head(volume, heatmap.slice_index)))

        return self._levels.get(heatmap, levels)

    def _head(self, volume: Volume, slice_index: int) -> NDArray[np.bool_]:
        return self._heads.get(slice_index, lambda: head_mask(volume.measured_hu(slice_index)))

    def _start_over_for(self, volume: Volume | None) -> None:
        """Another stack: nothing that was made of the last one is kept alive."""
        if volume is not self._volume:
            self._volume = volume
            for cache in (self._choices, self._heads, self._contours, self._levels, self._on_screen):
                cache.clear()
