"""Which picture a view shows now."""

from __future__ import annotations

from ichviewer.core.navigation import plane_of
from ichviewer.core.slice_image import SliceImage, reformatted, stored_slice
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState


def shown_image(state: ViewState, view: View) -> SliceImage | None:
    """The picture of one view; None where there is none: nothing open, not read, not prepared yet."""
    if state.volume is None:
        return None
    plane = plane_of(state, view)
    if plane is not None:
        return None if state.reformats is None else reformatted(state.reformats.hu(plane), plane)
    if view > View.AXIAL or not state.volume.is_readable[state.slice_index]:
        return None
    return stored_slice(state.volume, state.slice_index)
