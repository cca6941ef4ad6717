"""Preferences survive a restart, and damaged ones are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichviewer.core.errors import IchViewerError
from ichviewer.settings import MOST_RECENT, Settings, load_settings, save_settings


def test_settings_come_back_as_saved(tmp_path: Path) -> None:
    settings = Settings("cpu", ("/a", "/b"), {"splitter": [1, 2]})
    save_settings(tmp_path / "new" / "settings.json", settings)
    assert load_settings(tmp_path / "new" / "settings.json") == settings


def test_no_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "settings.json") == Settings()


@pytest.mark.parametrize("text", ["{", "[]", '{"device": "abacus"}'])
def test_damaged_settings_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(IchViewerError, match=r"settings\.json"):
        load_settings(path)


def test_the_latest_folder_comes_first_and_only_once() -> None:
    settings = Settings(recent_paths=("/a", "/b")).with_recent("/b")
    assert settings.recent_paths == ("/b", "/a")
    for number in range(20):
        settings = settings.with_recent(f"/{number}")
    assert len(settings.recent_paths) == MOST_RECENT
