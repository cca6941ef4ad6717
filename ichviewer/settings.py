"""What the user prefers, kept in the user's own folder; paths may hold names, so they can be cleared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs

from ichviewer.atomic_file import write_atomically
from ichviewer.core.errors import IchViewerError
from ichviewer.core.file_errors import why_not_written

APPLICATION = "ichviewer"
MOST_RECENT = 8
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Settings:
    """Preferences.

    Attributes:
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        recent_paths: Folders opened before, latest first.
        layout: What the window saved of its splitters and panels.
    """

    device: str = "auto"
    recent_paths: tuple[str, ...] = ()
    layout: Mapping[str, Any] = field(default_factory=dict)

    def with_recent(self, path: str) -> Settings:
        """Same settings with *path* as the latest folder."""
        others = [other for other in self.recent_paths if other != path]
        return replace(self, recent_paths=(path, *others)[:MOST_RECENT])


def settings_path() -> Path:
    """The file in the user's own configuration folder."""
    return Path(platformdirs.user_config_dir(APPLICATION, appauthor=False)) / "settings.json"


def user_data_folder() -> Path:
    """The user's own folder for what the application keeps."""
    return Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))


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
        return Settings(device, recent, dict(values.get("layout", {})))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise IchViewerError(
            f"The settings in {path} cannot be read ({error}); defaults are used."
        ) from error


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings, whole or not at all.

    Raises:
        IchViewerError: The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(asdict(settings), indent=1).encode())
    except OSError as error:
        raise IchViewerError(
            f"The settings in {path} cannot be written ({why_not_written(error)})."
        ) from error
