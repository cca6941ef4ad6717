"""What is kept in the user's own folder; paths may hold names, so they can be cleared.

The one thing to get wrong: the file may come from an older or a newer version. What is missing has its
default, and what is not understood is written back as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs

from ichviewer.atomic_file import write_atomically
from ichviewer.core.errors import IchViewerError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.preference_values import preference_values, preferences_from
from ichviewer.core.preferences import DEFAULT_PREFERENCES, Preferences

APPLICATION = "ichviewer"
MOST_RECENT = 8
DEVICES = ("auto", "cpu", "cuda", "mps")
DAMAGED = "settings.damaged.json"


@dataclass(frozen=True)
class Settings:
    """What is kept.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        recent_paths: Folders opened before, latest first.
        layout: What the window saved of its splitters and panels.
        preferences: What the reader prefers.
        as_read: The whole file as it was read, for what a newer version wrote into it.
    """

    device: str = "auto"
    recent_paths: tuple[str, ...] = ()
    layout: Mapping[str, Any] = field(default_factory=dict)
    preferences: Preferences = DEFAULT_PREFERENCES
    as_read: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def with_recent(self, path: str) -> Settings:
        """Same settings with *path* as the latest folder."""
        others = [other for other in self.recent_paths if other != path]
        return replace(self, recent_paths=(path, *others)[:MOST_RECENT])

    def values(self) -> dict[str, Any]:
        """All of it as plain values for JSON."""
        kept = self.as_read.get("preferences", {})
        return {
            **self.as_read,
            "device": self.device,
            "recent_paths": list(self.recent_paths),
            "layout": dict(self.layout),
            "preferences": {**kept, **preference_values(self.preferences)},
        }


def settings_path() -> Path:
    """The file in the user's own configuration folder."""
    return Path(platformdirs.user_config_dir(APPLICATION, appauthor=False)) / "settings.json"


def user_data_folder() -> Path:
    """The user's own folder for what the application keeps."""
    return Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))


def sessions_folder() -> Path:
    """Where sittings are kept, in the user's own folder."""
    return user_data_folder() / "sessions"


def load_settings(path: Path) -> Settings:
    """Read the settings; a missing file gives the defaults.

    Raises:
        IchViewerError: The file is there and cannot be understood.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        device = values.get("device", "auto")
        if device not in DEVICES:
            raise ValueError(f"unknown device {device!r}")
        recent = tuple(str(entry) for entry in values.get("recent_paths", ()))
        preferences = preferences_from(values.get("preferences", {}))
        return Settings(device, recent, dict(values.get("layout", {})), preferences, values)
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise IchViewerError(
            f"The settings in {path} cannot be read ({error}); defaults are used."
        ) from error


def set_aside(path: Path) -> Path | None:
    """Keep a damaged settings file beside the one that will be written; None where that cannot be done."""
    aside = path.with_name(DAMAGED)
    try:
        path.replace(aside)
    except OSError:
        return None
    return aside


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings, whole or not at all.

    Raises:
        IchViewerError: The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(settings.values(), indent=1).encode())
    except OSError as error:
        raise IchViewerError(
            f"The settings in {path} cannot be written ({why_not_written(error)})."
        ) from error
