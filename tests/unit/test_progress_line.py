"""The bar on a terminal says each number once."""

from __future__ import annotations

import pytest

from ichviewer.core.progress import Progress
from ichviewer.progress_line import ProgressLine


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(3, 12, "Reading slices"), "3/12 Reading slices"),
        (Progress(48, 0, "Looking for files: 48"), "Looking for files: 48"),
    ],
)
def test_numbers_stand_in_the_line_once(
    progress: Progress, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    ProgressLine().show(progress)
    shown = capsys.readouterr().err.replace("\x1b[K", "").lstrip("\r#.")
    assert shown.strip() == words
