"""Actions that change which views there are and how they lie on the screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ichviewer.core.camera import Turn
from ichviewer.core.navigation import not_rotated, straight_wanted, with_layout
from ichviewer.core.plane import NO_SLAB, Slab, SlabKind
from ichviewer.core.prior import scroll_link_toggled
from ichviewer.core.views import Layout
from ichviewer.core.viewstate import NOT_ROTATED, OverlayText, ViewState, reset, with_camera
from ichviewer.gui.command import Command, Step, always, has_image

LAYOUT_COMMANDS = (
    (Layout.TRIPTYCH, "Brain, subdural, bone", "Ctrl+1", "The slice in three windows"),
    (Layout.PLANES, "Axial, coronal, sagittal", "Ctrl+2", "Three planes through the crosshair"),
    (Layout.FOUR, "Three planes and network", "Ctrl+3", "Three planes, and what the network sees"),
    (Layout.PRIOR, "Current and prior", "Ctrl+4", "The slice in view beside that of an earlier study"),
    (Layout.MIRROR, "Axial and mirror view", "Ctrl+5", "The two sides of the head compared"),
)

SLAB_COMMANDS = (
    (NO_SLAB, "Thin", "Planes without thickness"),
    *(
        (Slab(kind, mm), f"{kind.value.capitalize()}, {mm:g} mm", f"{kind.value.capitalize()} over {mm:g} mm")
        for kind in (SlabKind.MEAN, SlabKind.MAXIMUM, SlabKind.MINIMUM)
        for mm in (5.0, 10.0, 20.0)
    ),
)


def view_commands(step: Step) -> tuple[Command, ...]:
    """Layout, flips and rotation, slab, links, text."""
    return (
        Command(
            "invert",
            "View",
            "Invert",
            ("I",),
            "Black for white",
            step(lambda state: replace(state, is_inverted=not state.is_inverted)),
            has_image,
            lambda state: state.is_inverted,
        ),
        Command(
            "reset",
            "View",
            "Reset",
            ("Backspace",),
            "Windows, zoom, pan, flips and rotation as at first",
            step(reset),
            has_image,
        ),
        Command(
            "fit-head",
            "View",
            "Fit the head",
            ("F",),
            "The head fills the views, or the whole image does",
            step(lambda state: replace(state, fits_head=not state.fits_head)),
            has_image,
            lambda state: state.fits_head,
        ),
        Command(
            "promote",
            "View",
            "One view or all",
            ("Return", "Enter"),
            "Show the active view alone, or all of the layout",
            step(promoted),
            has_image,
            lambda state: state.promoted_view is not None,
        ),
        *_turn_commands(step),
        *_layout_commands(step),
        Command(
            "next-view", "View", "Next view", ("F6",), "Make the next view active", step(next_view), has_image
        ),
        Command(
            "overlay-text",
            "View",
            "Corner text",
            ("T",),
            "Full, anonymous or no corner text; names in the list of series go with it",
            step(next_overlay_text),
        ),
    )


def _turn_commands(step: Step) -> tuple[Command, ...]:
    def turn(name: str, text: str, key: str, tooltip: str, change: Callable[[Turn], Turn]) -> Command:
        return Command(
            name, "View/Turn", text, (key,), tooltip, step(lambda state: turned(state, change)), has_image
        )

    return (
        turn("flip-across", "Flip left and right", "H", "Left and right change places", Turn.flipped_across),
        turn("flip-down", "Flip top and bottom", "V", "Top and bottom change places", Turn.flipped_down),
        turn("rotate", "Rotate", "R", "A quarter clockwise", Turn.rotated),
    )


def _layout_commands(step: Step) -> tuple[Command, ...]:
    layouts = tuple(
        Command(
            f"layout-{layout.value}",
            "View/Layout",
            text,
            (key,),
            tooltip,
            step(lambda state, layout=layout: with_layout(state, layout)),  # type: ignore[misc]
            has_image,
            lambda state, layout=layout: state.layout is layout,  # type: ignore[misc]
        )
        for layout, text, key, tooltip in LAYOUT_COMMANDS
    )
    slabs = tuple(
        Command(
            f"slab-{slab.kind.value}-{slab.thickness_mm:g}",
            "View/Slab",
            text,
            (),
            tooltip,
            step(lambda state, slab=slab: replace(state, slab=slab)),  # type: ignore[misc]
            shows_planes,
            lambda state, slab=slab: state.slab == slab,  # type: ignore[misc]
        )
        for slab, text, tooltip in SLAB_COMMANDS
    )
    return (*layouts, *slabs, *_plane_commands(step), *_link_commands(step))


def _plane_commands(step: Step) -> tuple[Command, ...]:
    return (
        Command(
            "crosshair",
            "View",
            "Crosshair",
            ("Shift+C",),
            "Show where the planes cut each other",
            step(lambda state: replace(state, shows_crosshair=not state.shows_crosshair)),
            shows_planes,
            lambda state: state.shows_crosshair,
        ),
        Command(
            "straighten",
            "View",
            "Straighten the head",
            ("Shift+S",),
            "Turn the planes along the head's own midline",
            step(lambda state: straight_wanted(state, not state.wants_straight)),
            shows_planes,
            lambda state: state.wants_straight,
        ),
        Command(
            "planes-upright",
            "View",
            "Planes along the stack",
            ("Shift+O",),
            "Take back oblique planes and straightening",
            step(not_rotated),
            lambda state: any(rotation != NOT_ROTATED for rotation in state.plane_rotations),
        ),
    )


def _link_commands(step: Step) -> tuple[Command, ...]:
    def link(name: str, text: str, tooltip: str) -> Command:
        def other_way(state: ViewState) -> ViewState:
            links = replace(state.links, **{name: not getattr(state.links, name)})
            return replace(state, links=links)

        return Command(
            f"link-{name}",
            "View/Link",
            text,
            (),
            tooltip,
            step(scroll_link_toggled if name == "scroll" else other_way),
            always,
            lambda state: bool(getattr(state.links, name)),
        )

    return (
        link("zoom", "Zoom and pan", "All views are magnified and shifted together"),
        link(
            "window", "Window of the planes", "The planes have one window; brain, subdural and bone never do"
        ),
        link("scroll", "Scroll", "The prior follows the slice in view"),
    )


def shows_planes(state: ViewState) -> bool:
    """Whether planes through the crosshair are on the screen."""
    return has_image(state) and state.layout is not Layout.TRIPTYCH


def turned(state: ViewState, change: Callable[[Turn], Turn]) -> ViewState:
    """The active view, and those that are linked with it, flipped or rotated on the screen."""
    camera = state.cameras[state.active_view]
    return with_camera(state, state.active_view, replace(camera, turn=change(camera.turn)))


def promoted(state: ViewState) -> ViewState:
    """The active view alone, or all three again."""
    return replace(state, promoted_view=state.active_view if state.promoted_view is None else None)


def next_view(state: ViewState) -> ViewState:
    """The next view of the layout is active; if one is shown alone, the next one is."""
    views = state.layout.views
    at = views.index(state.active_view) if state.active_view in views else -1
    following = views[(at + 1) % len(views)]
    return replace(
        state, active_view=following, promoted_view=None if state.promoted_view is None else following
    )


def next_overlay_text(state: ViewState) -> ViewState:
    """Full, anonymous, off, and full again."""
    texts = tuple(OverlayText)
    return replace(state, overlay_text=texts[(texts.index(state.overlay_text) + 1) % len(texts)])
