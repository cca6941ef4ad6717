"""How a stack was looked at, as a value that outlives the sitting: slice, layout, windows, cameras, planes.

The one thing to get wrong: it holds nothing of the images, the network or the patient, so it may be put onto
any state; the slice is brought within the stack.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from ichviewer.core.camera import Camera
from ichviewer.core.findings import Subtype
from ichviewer.core.plane import NO_SLAB, Slab
from ichviewer.core.preferences import OverlayText
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import (
    FIRST_WINDOWS,
    NOT_ROTATED,
    Links,
    Rotation,
    ViewState,
    WindowOrigin,
    scrolled_to,
)
from ichviewer.core.windowing import Window

LINKED = Links()


@dataclass(frozen=True)
class KeptView:
    """Fields of ``ViewState`` by the same names."""

    slice_index: int = 0
    layout: Layout = Layout.TRIPTYCH
    windows: tuple[Window, ...] = FIRST_WINDOWS
    window_origins: tuple[WindowOrigin, ...] = ()
    cameras: tuple[Camera, ...] = ()
    links: Links = LINKED
    active_view: View = View.BRAIN
    promoted_view: View | None = None
    is_inverted: bool = False
    overlay_text: OverlayText = OverlayText.FULL
    shows_heatmap: bool = False
    heatmap_subtype: Subtype = Subtype.ANY
    heatmap_opacity: float = 0.45
    heatmap_below_threshold: bool = False
    heatmap_as_contours: bool = False
    crosshair_mm: tuple[float, float] = (0.0, 0.0)
    shows_crosshair: bool = True
    slab: Slab = NO_SLAB
    plane_rotations: tuple[Rotation, Rotation, Rotation] = (NOT_ROTATED,) * 3
    wants_straight: bool = False

    @staticmethod
    def of(state: ViewState) -> KeptView:
        """How *state* looks at its stack."""
        return KeptView(**{field.name: getattr(state, field.name) for field in fields(KeptView)})

    def onto(self, state: ViewState) -> ViewState:
        """*state*, looked at like this; what a later version added to the views stays as it is."""
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("windows", "window_origins", "cameras"):
            kept[name] = (*kept[name], *getattr(state, name)[len(kept[name]) :])[: len(View)]
        visible = self.layout.views
        if self.active_view not in visible:
            kept["active_view"] = visible[0]
        if self.promoted_view not in (None, *visible):
            kept["promoted_view"] = None
        kept["heatmap_opacity"] = min(max(self.heatmap_opacity, 0.05), 1.0)
        del kept["slice_index"]
        there = scrolled_to(replace(state, **kept), self.slice_index)
        # Scrolling gives views that follow the header the windows of the slice; these are the kept ones.
        return replace(there, windows=kept["windows"])
