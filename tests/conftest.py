"""Fixtures that every test may use, and what keeps a run alike on every machine."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

import ichviewer  # noqa: F401  before numpy, as in the application

# Qt without a screen, unless the caller has chosen a platform; child processes inherit it.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# The same examples on every run and no verdict by the clock: a slow machine must not fail a test.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("suite")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real head CTs beside the checkout; the test is skipped where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real head CTs (../shared/data) are not here")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def private_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings and recent folders of the person who runs it."""
    home = tmp_path_factory.mktemp("user")
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(home / variable.lower()))
