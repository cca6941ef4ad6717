"""An error that nobody caught is printed without what it says."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ichviewer import uncaught

ROOT = Path(__file__).resolve().parents[2]


def raised() -> BaseException:
    try:
        try:
            raise KeyError("MARKED^SECRET")
        except KeyError as error:
            raise ValueError("no series of MARKED^SECRET") from error
    except ValueError as error:
        return error


def test_the_description_names_kinds_and_places_and_no_text() -> None:
    """Hazard: a patient's name in a log that is sent to somebody."""
    text = uncaught.describe(raised())
    assert "MARKED" not in text
    assert text.index("KeyError") < text.index("which led to") < text.index("ValueError")
    assert f'File "{__file__}"' in text
    assert "in raised" in text


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    return []


def test_an_uncaught_error_is_printed_and_shown(shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    uncaught.watch(shown.append)
    error = raised()
    sys.excepthook(type(error), error, error.__traceback__)
    assert shown == [uncaught.describe(error)]
    assert capsys.readouterr().err == f"ichviewer: unexpected error\n{shown[0]}\n"


def test_an_error_in_another_thread_is_printed(shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise ValueError("MARKED^SECRET")

    uncaught.watch(shown.append)
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    printed = capsys.readouterr().err
    assert "ValueError" in printed
    assert "MARKED" not in printed
    assert shown == []


def test_an_error_while_an_error_is_shown_is_printed_and_ends_there(
    shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Hazard: a widget that fails at every redraw takes the application down."""

    def show(text: str) -> None:
        shown.append(text)
        error = raised()
        sys.excepthook(type(error), error, error.__traceback__)

    uncaught.watch(show)
    error = raised()
    sys.excepthook(type(error), error, error.__traceback__)
    assert len(shown) == 1
    assert capsys.readouterr().err.count("unexpected error") == 2


def test_the_command_prints_no_text_of_an_uncaught_error(tmp_path: Path) -> None:
    code = (
        "import sys; from ichviewer import __main__\n"
        "def fails(_arguments): raise ValueError('MARKED^SECRET')\n"
        "__main__.run = fails\n"
        "__main__.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "unexpected error" in done.stderr
    assert "MARKED" not in done.stdout + done.stderr
