"""The application as a user starts it: processes, exit codes, and what they leave behind."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ichviewer.cli import CHECKPOINT
from ichviewer.core.findings import SUBTYPES
from ichviewer.resources import resource_path

DRIVER = Path(__file__).with_name("drive_window.py")


def environment(home: Path) -> dict[str, str]:
    """The caller's, without a display and with an empty home."""
    return {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
    }


def run(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, env=environment(home), capture_output=True, text=True, timeout=300, check=False
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def demo(home: Path) -> Path:
    """The demo study, written by the command that a user has."""
    done = run(home, "-m", "ichviewer", "demo", home / "demo")
    assert done.returncode == 0, done.stderr
    return home / "demo"


@pytest.fixture(scope="module")
def analyzed(home: Path, demo: Path) -> list[dict[str, str]]:
    done = run(home, "-m", "ichviewer", "analyze", demo, "--csv", home / "cli.csv", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    return rows(home / "cli.csv")


def test_the_main_job_in_the_window(home: Path, demo: Path, analyzed: list[dict[str, str]]) -> None:
    """Drop, read, score, heat map, export, close: exit code 0, and the CSV is the command line's."""
    done = run(home, DRIVER, demo, home / "window.csv", resource_path(CHECKPOINT))
    assert done.returncode == 0, done.stderr
    window = rows(home / "window.csv")
    assert len(window) == len(analyzed) > 20
    assert window == analyzed


def test_every_bleed_of_the_demo_is_flagged(demo: Path, analyzed: list[dict[str, str]]) -> None:
    with (demo / "truth.csv").open(newline="", encoding="utf-8") as file:
        truth = list(csv.DictReader(file))
    flagged = {row["sop_instance_uid"]: row for row in analyzed}
    for subtype in SUBTYPES:
        bleeding = [row["sop_instance_uid"] for row in truth if row[subtype] == "1"]
        assert bleeding, subtype
        assert any(flagged[uid][f"flag_{subtype}"] == "1" for uid in bleeding), subtype


def test_the_healthy_head_raises_no_flag(home: Path) -> None:
    """Hazard: a viewer that cries wolf is switched off."""
    done = run(home, "-m", "ichviewer", "demo", home / "healthy", "--without-bleeds")
    assert done.returncode == 0, done.stderr
    done = run(home, "-m", "ichviewer", "analyze", home / "healthy", "--csv", home / "healthy.csv")
    assert done.returncode == 0, done.stderr
    raised = [
        (row["slice_index"], subtype)
        for row in rows(home / "healthy.csv")
        for subtype in SUBTYPES
        if row[f"flag_{subtype}"] != "0"
    ]
    assert raised == []


def test_inspect_describes_the_demo(home: Path, demo: Path) -> None:
    done = run(home, "-m", "ichviewer", "inspect", demo, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    scout, series = document["series"]
    assert (scout["orientation"], scout["ai_candidate"], scout["slice_count"]) == ("coronal", False, 1)
    assert series["orientation"] == "axial"
    assert series["ai_candidate"] is True
    assert series["gaps"] == []
    loaded = sum(file["verdict"] == "loaded" for file in document["files"])
    assert scout["slice_count"] + series["slice_count"] == loaded


def test_exit_codes_say_what_went_wrong(home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    table = tmp_path / "f.csv"
    nothing = run(home, "-m", "ichviewer", "analyze", tmp_path, "--csv", table)
    assert nothing.returncode == 3
    assert "notes.txt" in nothing.stderr
    assert run(home, "-m", "ichviewer", "analyze", tmp_path / "absent", "--csv", table).returncode == 2
    assert run(home, "-m", "ichviewer", "analyze").returncode == 2
    assert not table.exists()


def test_a_red_study_is_refused_without_force(home: Path, demo: Path, tmp_path: Path) -> None:
    """Hazard: scores for a study that the network was never made for."""
    short = tmp_path / "short"
    short.mkdir()
    for file in sorted(demo.glob("*.dcm"))[:2]:
        (short / file.name).write_bytes(file.read_bytes())
    table = tmp_path / "f.csv"
    refused = run(home, "-m", "ichviewer", "analyze", short, "--csv", table, "--all")
    assert refused.returncode == 4, refused.stderr
    assert not table.exists()
    forced = run(home, "-m", "ichviewer", "analyze", short, "--csv", table, "--all", "--force")
    assert forced.returncode == 0, forced.stderr
    assert {row["input_check"].split(";")[0] for row in rows(table)} == {"red"}


def test_without_a_display_the_tour_says_so_and_shows_where_to_look(home: Path) -> None:
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    bare = {key: value for key, value in environment(home).items() if key not in names}
    command = [sys.executable, "-m", "ichviewer", "tour", "--out", str(home / "tour")]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "No display" in done.stdout
    assert (home / "tour" / "findings.csv").is_file()
    assert (home / "tour" / "worst_slice.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
