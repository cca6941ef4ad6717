"""Key images: slices that the reader marks, and the way from one to the next."""

from __future__ import annotations

from functools import partial

from ichviewer.core.reader_edits import key_image_toggled
from ichviewer.core.viewstate import ViewState, scrolled_to, with_edit


def key_image_marked(state: ViewState) -> ViewState:
    """The slice in view is a key image, or is one no longer; the step can be taken back."""
    return with_edit(state, partial(key_image_toggled, slice_index=state.slice_index))


def next_key_image(state: ViewState, step: int) -> ViewState:
    """The nearest key image up (+1) or down (-1); stays if there is none."""
    beyond = [index for index in state.work.key_images if (index - state.slice_index) * step > 0]
    if not beyond:
        return state
    return scrolled_to(state, min(beyond, key=lambda index: abs(index - state.slice_index)))


def key_images_text(state: ViewState) -> str:
    """All key images as they are read, counted from 1; empty if there is none.

    >>> key_images_text(ViewState())
    ''
    """
    numbers = [str(index + 1) for index in sorted(state.work.key_images)]
    if not numbers:
        return ""
    return f"{len(numbers)} key image{'s' if len(numbers) > 1 else ''}: {', '.join(numbers)}"
