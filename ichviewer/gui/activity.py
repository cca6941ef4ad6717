"""What the machine is doing, in words, at any time.

The one thing to get wrong: silence; a reader must be able to tell waiting from done.
"""

from __future__ import annotations

from ichviewer.core.navigation import plane_of, visible_views
from ichviewer.core.viewstate import ViewState

IDLE = "idle"


def activity_text(state: ViewState) -> str:
    """What is being done besides what the progress bar shows.

    >>> activity_text(ViewState())
    'idle'
    """
    if state.reading is not None:
        return "reading"
    if state.analysis is not None:
        return "analyzing"
    if state.writing:
        return "writing"
    if state.volume is None:
        return IDLE
    if state.reformats is None and any(plane_of(state, view) is not None for view in visible_views(state)):
        return "preparing planes"
    if state.wanted_prior:
        return "waiting for the prior"
    return IDLE
