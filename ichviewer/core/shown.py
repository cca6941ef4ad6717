"""Which picture a view shows now, how large it is, and why there is none.

The one thing to get wrong: prior, bone kernel and network input are no pictures of the open stack. Their
places are not its places, and nothing may be measured or marked on them.
"""

from __future__ import annotations

from collections.abc import Hashable

from ichviewer.core.beside import Alignment, Match, picture_shift_mm, same_place
from ichviewer.core.navigation import plane_of
from ichviewer.core.network_picture import GREY_WINDOW, network_image
from ichviewer.core.prior import prior_match
from ichviewer.core.slice_image import SliceImage, reformatted, stored_slice
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import Window

Grid = tuple[tuple[int, int], tuple[float, float]]
"""(rows, columns), and (between rows, between columns) in mm."""


def shown_image(state: ViewState, view: View) -> SliceImage | None:
    """The picture of one view; None where there is none: nothing open, not read, not prepared yet."""
    if state.volume is None:
        return None
    if view is View.NETWORK:
        return _network_image(state)
    beside = stack_beside(state, view)
    if beside is not None:
        return None if why_not_shown(state, view) else stored_slice(beside[0], beside[1].slice_index)
    plane = plane_of(state, view)
    if view is View.MIRROR:
        compared = state.mirror
        return compared.image if compared is not None and compared.plane == plane else None
    if plane is not None:
        return None if state.reformats is None else reformatted(state.reformats.hu(plane), plane)
    if view > View.AXIAL or not state.volume.is_readable[state.slice_index]:
        return None
    return stored_slice(state.volume, state.slice_index)


def image_key(state: ViewState, view: View) -> Hashable:
    """What ``shown_image`` depends on: while it is equal, so is the picture."""
    volume = state.volume
    is_readable = volume is not None and bool(volume.is_readable[state.slice_index])
    if view is View.NETWORK:
        spec = None if state.model_card is None else state.model_card.preprocessing
        return volume, state.slice_index, is_readable, spec
    beside = stack_beside(state, view)
    if beside is not None:
        return beside
    if view is View.PRIOR:
        return None
    mirror = state.mirror if view is View.MIRROR else None
    return volume, state.reformats, plane_of(state, view), state.slice_index, is_readable, mirror


def stack_beside(state: ViewState, view: View) -> tuple[Volume, Match] | None:
    """The other stack that a view shows, and which slice of it; None where it shows the open one."""
    if view is View.PRIOR and state.prior is not None:
        match = prior_match(state)
        return None if match is None else (state.prior.volume, match)
    if view is View.BONE and state.bone_stack is not None and state.volume is not None:
        volume = state.bone_stack.volume
        return volume, same_place(state.volume, state.slice_index, volume)
    return None


def shows_open_stack(state: ViewState, view: View) -> bool:
    """Whether places on a view's picture are places of the open stack, so that they can be marked."""
    return view not in (View.NETWORK, View.PRIOR) and stack_beside(state, view) is None


def why_not_shown(state: ViewState, view: View) -> str:
    """Why a view of another stack, or of the network's input, is empty; nothing said of other views."""
    if view is View.NETWORK:
        return _why_no_input(state)
    if view is View.MIRROR:
        return _why_no_mirror(state)
    beside = stack_beside(state, view)
    if view is View.PRIOR and beside is None:
        return _why_no_prior(state)
    if beside is None:
        return ""
    volume, match = beside
    name = "prior" if view is View.PRIOR else "bone kernel"
    if view is View.BONE and not match.is_near:
        return f"The {name} has no slice here; the nearest is {match.off_mm:.1f} mm away."
    if volume.is_readable[match.slice_index]:
        return ""
    reason = volume.unreadable_reasons.get(match.slice_index, "no reason given")
    return f"Slice {match.slice_index + 1} of the {name} could not be read: {reason}"


def picture_grid(state: ViewState, view: View, image: SliceImage | None) -> Grid | None:
    """Size of the picture of a view that shows no plane; None without a stack."""
    if state.volume is None:
        return None
    if view is View.NETWORK and image is not None:
        return image.shape, image.pixel_spacing_mm
    beside = stack_beside(state, view)
    volume = state.volume if beside is None else beside[0]
    return volume.shape, volume.geometry.pixel_spacing_mm


def shift_beside_mm(state: ViewState, view: View) -> tuple[float, float]:
    """How far another stack's picture is to be shifted, (right, down), so that anatomy lies alike.

    By position in one frame of reference; else the middles of both heads lie alike, and where no head is seen
    the middles of both pictures.
    """
    beside = stack_beside(state, view)
    if beside is None or state.volume is None:
        return 0.0, 0.0
    if view is View.BONE or (state.prior is not None and state.prior.alignment is Alignment.FRAME):
        return picture_shift_mm(state.volume, state.slice_index, beside[0], beside[1].slice_index)
    head = None if state.prior is None else state.prior.head_middle_mm
    if head is None or state.head_bounds_mm is None:
        return 0.0, 0.0
    low, high = state.head_bounds_mm
    own_head = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
    there, here = (
        _picture_middle_mm(beside[0], beside[1].slice_index),
        _picture_middle_mm(state.volume, state.slice_index),
    )
    right, down = ((there[side] - head[side]) - (here[side] - own_head[side]) for side in (0, 1))
    return right, down


def _picture_middle_mm(volume: Volume, slice_index: int) -> tuple[float, float]:
    rows, columns = volume.shape
    middle = volume.frame.pixel_to_mm(slice_index, (rows - 1) / 2, (columns - 1) / 2)
    return float(middle[0]), float(middle[1])


def shown_window(state: ViewState, view: View) -> Window:
    """The window of a view's picture; the network's input is shown as it is."""
    return GREY_WINDOW if view is View.NETWORK else state.windows[view]


def beside_inputs(state: ViewState, view: View) -> tuple[object, ...]:
    """What a view draws beside planes, windows and heat: all of it small, or shared parts of the state."""
    is_complete = state.volume is not None and state.volume.is_complete
    return (
        *((state.prior, state.prior_refusal, state.links.scroll) if view is View.PRIOR else (None,) * 3),
        *((state.bone_stack, state.contents) if view is View.BONE else (None,) * 2),
        is_complete if view is View.NETWORK else None,
        *((state.mirror, state.midline, state.wants_straight) if view is View.MIRROR else (None,) * 3),
        state.cine.words if state.cine.is_running else "",
        state.slice_index in state.work.key_images,
    )


def _network_image(state: ViewState) -> SliceImage | None:
    volume, card = state.volume, state.model_card
    if volume is None or card is None or _why_no_input(state) or not volume.is_readable[state.slice_index]:
        return None
    return network_image(volume, state.slice_index, card.preprocessing)


def _why_no_input(state: ViewState) -> str:
    if state.model_card is None:
        return "no checkpoint"
    if state.volume is not None and not state.volume.is_complete:
        return "The network's input is shown once all slices were read."
    return ""


def _why_no_mirror(state: ViewState) -> str:
    if state.mirror is not None and state.mirror.plane == plane_of(state, View.MIRROR):
        return ""
    if state.midline is not None:
        return "Comparing the two sides …"
    if state.wants_straight:
        return "Seeking the midline of the head …"
    return "No midline of the head is known, so there is nothing to mirror it about."


def _why_no_prior(state: ViewState) -> str:
    if state.prior_refusal is None:
        return "No prior is open. Right-click a series on the left: Show as prior."
    reasons = "; ".join(state.prior_refusal.differences)
    return f"Not shown as prior: {reasons}. View > Prior > Show it anyway: framed in red."
