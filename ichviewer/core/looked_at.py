"""In which windows the slice in view stands on the screen, and the way to what was not seen yet.

The one thing to get wrong: a plane across the slices, or a thick one, shows no slice whole; it counts
for none.
"""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.coverage import Coverage, window_name
from ichviewer.core.navigation import shows_stored_slice, visible_views
from ichviewer.core.shown import stack_beside
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, scrolled_to
from ichviewer.core.windowing import BONE, BRAIN, SUBDURAL


def windows_in_view(state: ViewState) -> tuple[str, ...]:
    """Names of the windows in which the slice in view is shown, each once; none where it is not shown."""
    volume = state.volume
    if volume is None or not volume.is_readable[state.slice_index]:
        return ()
    views = [view for view in visible_views(state) if _shows_slice(state, view)]
    names = {window_name(state.windows[view], state.preferences.presets) for view in views}
    return tuple(sorted(names))


def _shows_slice(state: ViewState, view: View) -> bool:
    if view is View.BONE and state.bone_stack is not None:
        # The same place of the same head with a sharper kernel is seen as well as the slice itself.
        beside = stack_beside(state, view)
        return beside is not None and beside[1].is_near
    return shows_stored_slice(state, view)


def reading_windows(state: ViewState) -> tuple[str, ...]:
    """Windows in which a head is to be read, by the names of the reader's presets."""
    names = (window_name(window, state.preferences.presets) for window in (BRAIN, SUBDURAL, BONE))
    return tuple(dict.fromkeys(names))


def next_unseen(coverage: Coverage, slice_index: int, name: str | None = None) -> int | None:
    """The next slice upwards that was not seen in a window, or in none at all for None; round at the top.

    >>> next_unseen(Coverage(4, seen=(("Bone", frozenset({0, 2})),)), 2, "Bone")
    3
    """
    unseen = coverage.unseen(name)
    above = [index for index in unseen if index > slice_index]
    return min(above or unseen, default=None)


def at_next_unseen(state: ViewState, name: str | None = None) -> ViewState:
    """The next slice that was not seen; a view of the layout with that window becomes the active one.

    Stays where everything was seen.
    """
    index = next_unseen(state.coverage, state.slice_index, name)
    if index is None:
        return state
    there = scrolled_to(state, index)
    if name is None or state.promoted_view is not None:
        return there
    presets = state.preferences.presets
    views = [view for view in state.layout.views if window_name(state.windows[view], presets) == name]
    return replace(there, active_view=views[0]) if views else there


def unseen_runs(coverage: Coverage) -> tuple[tuple[int, int], ...]:
    """Adjacent slices that were not seen in any window, (first, last), lowest first."""
    runs: list[tuple[int, int]] = []
    for index in coverage.unseen():
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return tuple(runs)
