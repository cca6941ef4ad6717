"""Preferences survive a restart, and damaged ones are said."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from ichviewer.core.errors import IchViewerError
from ichviewer.core.preferences import OverlayText, Preferences, ThemeName
from ichviewer.core.presets import with_key
from ichviewer.core.windowing import PRESETS
from ichviewer.settings import MOST_RECENT, Settings, load_settings, save_settings, set_aside


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


def test_settings_of_an_older_version_are_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"device": "cpu", "recent_paths": ["/a"], "layout": {"hidden": []}}')
    assert load_settings(path) == Settings("cpu", ("/a",), {"hidden": []})


def test_what_a_newer_version_wrote_is_written_back(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"magnifier": 3, "preferences": {"theme": "light", "glass": true}}')
    settings = load_settings(path)
    assert settings.preferences.theme is ThemeName.LIGHT
    save_settings(path, replace(settings, preferences=replace(settings.preferences, keeps_recent=False)))
    values = json.loads(path.read_text())
    assert (values["magnifier"], values["preferences"]["glass"]) == (3, True)
    assert values["preferences"]["keeps_recent"] is False


def test_every_preference_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    changed = Preferences(
        theme=ThemeName.CONTRAST,
        drag_down_is_brighter=False,
        uses_first_look=True,
        overlay_text=OverlayText.OFF,
        shows_heatmap=True,
        fits_head=False,
        cine_per_second=4,
        keeps_recent=False,
        keeps_session=False,
        presets=with_key(PRESETS, 1, "7"),
        own_keys=(("invert", ("Ctrl+I", "J")),),
        checked_screens=(("DP-1", "2024-01-31"),),
        study_prevalence=0.1,
        slice_prevalence=0.2,
        reweights_scores=True,
    )
    assert all(
        getattr(changed, each.name) != getattr(Preferences(), each.name) for each in fields(Preferences)
    )
    save_settings(tmp_path / "s.json", Settings(preferences=changed))
    assert load_settings(tmp_path / "s.json").preferences == changed


@pytest.mark.parametrize(
    "preferences",
    [
        '{"theme": "pink"}',
        '{"cine_per_second": 0}',
        '{"drag_down_is_brighter": "yes"}',
        '{"presets": [{"key": "1", "name": "", "short_name": "", "window": {"center": 4, "width": 8}}]}',
        '{"presets": [{"key": "1", "name": "A", "short_name": "A", "window": {"center": NaN, "width": 8}}]}',
        '{"presets": [{"key": "1", "name": "A", "short_name": "A", "window": {"center": 1, "width": 0}}]}',
        '{"own_keys": {"invert": "I"}}',
        '{"own_keys": [["invert", "I"]]}',
        '{"study_prevalence": 1}',
        "[]",
    ],
)
def test_a_preference_that_cannot_be_is_said(tmp_path: Path, preferences: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"preferences": ' + preferences + "}")
    with pytest.raises(IchViewerError, match="cannot be read"):
        load_settings(path)


def test_damaged_settings_are_kept_beside_those_that_are_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{ my presets")
    aside = set_aside(path)
    save_settings(path, Settings())
    assert aside is not None
    assert aside.read_text() == "{ my presets"
