"""Giving commands other keys, as steps from preferences to preferences.

The one thing to get wrong: a key stands for one command. A preset's key is the preset's own and goes with it
when the presets are ordered anew; all other keys belong to the command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtGui import QKeySequence

from ichviewer.core import presets as preset_list
from ichviewer.core.preferences import Preferences
from ichviewer.core.windowing import PRESETS
from ichviewer.gui.command import Command
from ichviewer.gui.contrast_commands import preset_place

Defaults = Mapping[str, tuple[str, ...]]


def same_key(one: str, other: str) -> bool:
    """Whether two texts mean the same key."""
    return QKeySequence(one) == QKeySequence(other)


def owner_of(commands: Sequence[Command], key: str, other_than: str) -> Command | None:
    """The command that has a key already, besides one of them."""
    return next(
        (
            command
            for command in commands
            if command.name != other_than and any(same_key(key, own) for own in command.keys)
        ),
        None,
    )


def with_key(preferences: Preferences, commands: Sequence[Command], name: str, key: str) -> Preferences:
    """The command has this key and no other; whichever had it loses it. Without a key for an empty text."""
    owner = owner_of(commands, key, name) if key else None
    if owner is not None:
        rest = tuple(own for own in owner.keys if not same_key(key, own))
        preferences = _with_keys(preferences, owner.name, rest)
    return _with_keys(preferences, name, (key,) if key else ())


def with_default_key(
    preferences: Preferences, commands: Sequence[Command], defaults: Defaults, name: str
) -> Preferences:
    """The command has its first keys again; whichever had one of them loses it."""
    place = preset_place(name)
    if place is not None:
        first = {preset.name: preset.key for preset in PRESETS}.get(preferences.presets[place].name, "")
        return with_key(preferences, commands, name, first)
    for key in defaults[name]:
        owner = owner_of(commands, key, name)
        if owner is not None:
            rest = tuple(own for own in owner.keys if not same_key(key, own))
            preferences = _with_keys(preferences, owner.name, rest)
    return preferences.with_keys(name, None)


def all_default(preferences: Preferences, defaults: Defaults) -> Preferences:
    """Every command has its first keys; a preset keeps its own unless a command needs it."""
    needed = [key for name, keys in defaults.items() if preset_place(name) is None for key in keys]
    first = {preset.name: preset.key for preset in PRESETS}
    presets = preferences.presets
    for place, preset in enumerate(presets):
        key = first.get(preset.name, preset.key)
        taken = any(same_key(key, other) for other in needed)
        presets = preset_list.with_key(presets, place, "" if taken else key)
    return replace(preferences, own_keys=(), presets=presets)


def _with_keys(preferences: Preferences, name: str, keys: tuple[str, ...]) -> Preferences:
    place = preset_place(name)
    if place is None:
        return preferences.with_keys(name, keys)
    key = keys[0] if keys else ""
    return replace(preferences, presets=preset_list.with_key(preferences.presets, place, key))
