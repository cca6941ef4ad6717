"""Editing the window presets: what may be in the list, and the steps from one list to the next.

The one thing to get wrong: a preset's name is said of its exact window alone, so two presets with the same
window or the same name would leave it open which one a view shows.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ichviewer.core.windowing import PRESETS, Window, WindowPreset

NARROWEST, WIDEST = 1.0, 20000.0
LOWEST_CENTER, HIGHEST_CENTER = -5000.0, 10000.0
LONGEST_NAME = 40
SHORT_NAME = 10

Presets = tuple[WindowPreset, ...]


def preset_fault(presets: Presets, index: int, preset: WindowPreset) -> str:
    """Why *preset* cannot stand at *index* of the list, as a sentence; empty if it can.

    >>> preset_fault(PRESETS, 0, replace(PRESETS[0], name="Bone"))
    'Another preset is called Bone already.'
    """
    others = [each for place, each in enumerate(presets) if place != index]
    if not preset.name.strip():
        return "A preset needs a name."
    if len(preset.name) > LONGEST_NAME:
        return f"A name has at most {LONGEST_NAME} characters."
    if any(each.name.casefold() == preset.name.casefold() for each in others):
        return f"Another preset is called {preset.name} already."
    if not NARROWEST <= preset.window.width <= WIDEST:
        return f"A width is a number from {NARROWEST:g} to {WIDEST:g} HU."
    if not LOWEST_CENTER <= preset.window.center <= HIGHEST_CENTER:
        return f"A center is a number from {LOWEST_CENTER:g} to {HIGHEST_CENTER:g} HU."
    same = next((each.name for each in others if each.window == preset.window), "")
    if same:
        return f"The preset {same} has this window already."
    return ""


def preset_of(name: str, center: float, width: float, key: str = "") -> WindowPreset:
    """A preset from what the reader typed; its short name is the beginning of its name.

    Raises:
        ValueError: The numbers make no window.
    """
    if not (math.isfinite(center) and math.isfinite(width)):
        raise ValueError(f"{center}/{width} is no window.")
    known = next((each.short_name for each in PRESETS if each.name == name), name[:SHORT_NAME].strip())
    return WindowPreset(key, name, Window(center, width), known)


def changed(presets: Presets, index: int, preset: WindowPreset) -> Presets:
    """With another preset at one place."""
    return (*presets[:index], preset, *presets[index + 1 :])


def added(presets: Presets, window: Window) -> Presets:
    """With one more at the end, with a free name and no key; the window is made unlike all others."""
    names = {each.name.casefold() for each in presets}
    number = next(n for n in range(1, len(presets) + 2) if f"preset {n}" not in names)
    taken = {each.window for each in presets}
    width = window.width
    while Window(window.center, width) in taken:
        width += 1
    return (*presets, preset_of(f"Preset {number}", window.center, width))


def removed(presets: Presets, index: int) -> Presets:
    """Without one of them."""
    return presets[:index] + presets[index + 1 :]


def moved(presets: Presets, index: int, step: int) -> Presets:
    """With one of them *step* places further; it stops at the ends."""
    to = max(0, min(index + step, len(presets) - 1))
    rest = removed(presets, index)
    return (*rest[:to], presets[index], *rest[to:])


def with_key(presets: Presets, index: int, key: str) -> Presets:
    """With another key for one of them; whichever had it has none."""
    freed = tuple(replace(each, key="") if key and each.key == key else each for each in presets)
    return changed(freed, index, replace(freed[index], key=key))
