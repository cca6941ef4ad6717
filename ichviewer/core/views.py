"""The views of the window by name, and which of them stand side by side.

A view keeps its place in ``ViewState.windows`` and ``ViewState.cameras`` in every layout, so that nothing the
reader set is lost when the layout changes.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class View(IntEnum):
    """What one view shows. The first three are the triptych."""

    BRAIN = 0
    SUBDURAL = 1
    BONE = 2
    AXIAL = 3
    CORONAL = 4
    SAGITTAL = 5
    NETWORK = 6
    MIRROR = 7
    PRIOR = 8


TRIPTYCH_VIEWS = (View.BRAIN, View.SUBDURAL, View.BONE)

AXIAL_VIEWS = (*TRIPTYCH_VIEWS, View.AXIAL, View.MIRROR)
"""Views of the slice in view; their cameras are one while zoom is linked."""

REFORMATS = (View.CORONAL, View.SAGITTAL)
"""Views that cut across the slices."""

PLANE_VIEWS = (View.AXIAL, View.CORONAL, View.SAGITTAL)
"""The three planes through the crosshair."""


class Layout(StrEnum):
    """Which views stand side by side."""

    TRIPTYCH = "triptych"
    PLANES = "planes"
    FOUR = "four"
    MIRROR = "mirror"
    PRIOR = "prior"

    @property
    def views(self) -> tuple[View, ...]:
        """Its views, in reading order."""
        return _VIEWS[self]

    @property
    def columns(self) -> int:
        """How many views stand in a row."""
        return 2 if self is Layout.FOUR else len(self.views)


_VIEWS = {
    Layout.TRIPTYCH: TRIPTYCH_VIEWS,
    Layout.PLANES: PLANE_VIEWS,
    Layout.FOUR: (*PLANE_VIEWS, View.NETWORK),
    Layout.MIRROR: (View.AXIAL, View.MIRROR),
    Layout.PRIOR: (View.AXIAL, View.PRIOR),
}


def linked_cameras(view: View) -> tuple[View, ...]:
    """Views that are shifted and turned together with *view* while zoom is linked."""
    together = (*AXIAL_VIEWS, View.PRIOR)
    return together if view in together else (view,)


def linked_zooms(view: View) -> tuple[View, ...]:
    """Views that are magnified together with *view* while zoom is linked."""
    return (view,) if view is View.NETWORK else tuple(each for each in View if each is not View.NETWORK)


def linked_windows(view: View) -> tuple[View, ...]:
    """Views that take over the window of *view* while windows are linked; the triptych's never do."""
    together = (*PLANE_VIEWS, View.MIRROR, View.PRIOR)
    return together if view in together else (view,)
