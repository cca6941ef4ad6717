"""What goes wrong while something is written: the old file or the new one, never a part, and what to do.

Limits and lost rights are tried in child processes, so that nothing of the machine is changed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import make_card, make_findings, make_volume
from stub_checkpoint import save_stub_checkpoint

from ichviewer.atomic_file import write_atomically
from ichviewer.cli import run
from ichviewer.core.errors import ExportError, IchViewerError
from ichviewer.core.findings import Review, Subtype
from ichviewer.core.phantom_spec import small_demo_spec
from ichviewer.export.demo_study import write_demo_study
from ichviewer.export.picture import write_heatmap_picture
from ichviewer.export.table import Report, write_table
from ichviewer.settings import Settings, load_settings, save_settings

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = b"old findings\n" * 1000, b"NEW FINDINGS\n" * 2000
NOBODY = 65534
SPEC = small_demo_spec(slice_count=8, size=64)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits need POSIX")

KILLED_AT = """
import os, pathlib, signal, sys
from pathlib import Path
from ichviewer.atomic_file import write_atomically

path, step, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
owner = {"os": os, "Path": pathlib.Path}[step.split(".")[0]]
name = step.split(".")[1]
real = getattr(owner, name)

def dies(*arguments, **options):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, dies)
write_atomically(path, b"NEW FINDINGS\\n" * 2000)
"""

WRITES_ALL_THE_TIME = """
import itertools, sys
from pathlib import Path
from ichviewer.atomic_file import write_atomically

contents = [b"old findings\\n" * 1000, b"NEW FINDINGS\\n" * 2000]
print("ready", flush=True)
for number in itertools.count():
    write_atomically(Path(sys.argv[1]), contents[number % 2])
    print(number, flush=True)
"""

LIMITED = """
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
from ichviewer.cli import run
if __name__ == "__main__":
    sys.exit(run(sys.argv[2:]))
"""

AS_NOBODY = f"""
import os, sys
from ichviewer.cli import run
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
sys.exit(run(sys.argv[1:]))
"""


def python(script: Path, code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    script.write_text(code)
    return subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# Killed


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["os.open", "os.fdopen", "os.fsync", "Path.chmod", "Path.replace"])
def test_a_process_killed_at_any_step_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, step: str, when: str
) -> None:
    """Hazard: half a table reads like a whole one with fewer bleeding slices."""
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "findings.csv"
    path.write_bytes(OLD)
    done = python(tmp_path / "child.py", KILLED_AT, path, step, when)
    assert done.returncode == -signal.SIGKILL
    is_replaced = (step, when) == ("Path.replace", "after")
    assert path.read_bytes() == (NEW if is_replaced else OLD)
    write_atomically(path, NEW)
    assert [entry.name for entry in folder.iterdir()] == ["findings.csv"]


def test_a_process_killed_at_random_moments_never_leaves_a_part(tmp_path: Path) -> None:
    """Hazard: half a table reads like a whole one with fewer bleeding slices."""
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "findings.csv"
    script = tmp_path / "child.py"
    script.write_text(WRITES_ALL_THE_TIME)
    for turn in range(6):
        child = subprocess.Popen(
            [sys.executable, str(script), str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        for _ in range(1 + 5 * turn):
            child.stdout.readline()
        child.kill()
        child.communicate()
        assert not path.exists() or path.read_bytes() in (OLD, NEW)
    write_atomically(path, NEW)
    assert [entry.name for entry in folder.iterdir()] == ["findings.csv"]


def test_what_a_killed_demo_left_is_removed_when_it_is_written_again(tmp_path: Path) -> None:
    leftover = tmp_path / ".demo.abcd1234.partial"
    leftover.mkdir()
    (leftover / "IM0001.dcm").write_bytes(b"half")
    write_demo_study(tmp_path / "demo", spec=SPEC)
    assert [entry.name for entry in tmp_path.iterdir()] == ["demo"]


# The disk is full


def report() -> tuple[Report, object]:
    volume, card = make_volume(5), make_card()
    findings = make_findings(volume, card, likely=[2])
    return Report(volume.series, findings, Review(), card, "green", "sorted by position"), volume


def fails(_handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_keeps_the_older_table_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hazard: findings that were exported before are lost."""
    path = tmp_path / "findings.csv"
    path.write_bytes(OLD)
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(ExportError) as caught:
        write_table(path, [report()[0]])
    assert str(caught.value) == (
        f"{path} cannot be written: No space left on device; free some space, or choose another folder."
    )
    assert path.read_bytes() == OLD


def test_a_full_disk_stops_a_picture_and_the_settings_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, volume = report()
    save_settings(tmp_path / "settings.json", Settings(recent_paths=("/a",)))
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(ExportError, match=r"worst\.png cannot be written: No space left on device"):
        write_heatmap_picture(
            tmp_path / "worst.png",
            volume,
            one.findings.slices[2],
            Subtype.ANY,
            one.card,
            "green",  # type: ignore[arg-type]
        )
    with pytest.raises(IchViewerError, match=r"settings\.json cannot be written \(No space left on device"):
        save_settings(tmp_path / "settings.json", Settings())
    assert load_settings(tmp_path / "settings.json").recent_paths == ("/a",)
    assert [entry.name for entry in tmp_path.iterdir()] == ["settings.json"]


def test_a_demo_study_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    done = python(tmp_path / "child.py", LIMITED, 100_000, "demo", out / "demo")
    assert done.returncode == 1
    assert str(out / "demo") in done.stderr
    assert "File too large; free some space, or choose another folder." in done.stderr
    assert ".partial" not in done.stderr
    assert "Traceback" not in done.stderr
    assert list(out.iterdir()) == []


def test_an_analysis_whose_table_does_not_fit_keeps_the_older_one(tmp_path: Path) -> None:
    """Hazard: the table of yesterday is gone and that of today is cut short."""
    card = save_stub_checkpoint(tmp_path, architecture="mobilenet_v2")
    write_demo_study(tmp_path / "study", spec=SPEC)
    table = tmp_path / "findings.csv"
    table.write_bytes(b"old")
    done = python(
        tmp_path / "child.py",
        LIMITED,
        2000,
        "analyze",
        tmp_path / "study",
        "--csv",
        table,
        "--checkpoint",
        card,
        "--all",
        "--force",
    )
    assert done.returncode == 1, done.stderr
    assert f"ichviewer: {table} cannot be written: File too large" in done.stderr
    assert table.read_bytes() == b"old"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_a_redirected_output_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ichviewer", "inspect", str(tmp_path)],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("ichviewer: the output: No space left on device")
    assert "Traceback" not in done.stderr


# Not allowed


def test_what_cannot_be_written_is_said_before_minutes_of_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "signed.csv").write_text("signed off")
    (tmp_path / "signed.csv").chmod(0o444)
    cases = {
        tmp_path / "study": "It is a folder; give the name of a file",
        tmp_path / "signed.csv": "The file that is there is read-only; choose another folder or name",
        tmp_path
        / "absent"
        / "f.csv": "No such file or directory; its folder is not there, choose another one",
        tmp_path / "signed.csv" / "f.csv": "Not a directory; its folder is not there, choose another one",
    }
    for path, words in cases.items():
        assert run(["analyze", str(tmp_path / "study"), "--csv", str(path)]) == 1
        assert capsys.readouterr().err == f"ichviewer: {path} cannot be written: {words}.\n"
    assert (tmp_path / "signed.csv").read_text() == "signed off"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can reach; pytest's own are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        if not all(parent.stat().st_mode & 0o001 for parent in folder.parents):
            pytest.skip("other users cannot reach the temporary folder")
        yield folder


def test_a_folder_of_somebody_else_is_refused_in_words(open_folder: Path) -> None:
    locked = open_folder / "locked"
    locked.mkdir(mode=0o700 if os.getuid() == 0 else 0o500)
    if os.getuid() == 0:
        locked.chmod(0o755)
    done = python(open_folder / "child.py", AS_NOBODY, "demo", locked / "demo")
    assert done.returncode == 1
    assert f"ichviewer: {locked / 'demo'} cannot be written: Permission denied" in done.stderr
    assert "choose another folder or name" in done.stderr
    assert "Traceback" not in done.stderr


# Settings


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"[1]", b'{"recent_paths": 5}', b'{"layout": 7}']
)
def test_damaged_settings_are_said_and_the_next_ones_are_whole(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    with pytest.raises(IchViewerError, match=r"settings\.json cannot be read .*defaults are used"):
        load_settings(path)
    save_settings(path, Settings("cpu"))
    assert load_settings(path).device == "cpu"


def test_settings_in_a_place_that_is_a_file_are_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    with pytest.raises(IchViewerError, match="cannot be written"):
        save_settings(tmp_path / "config" / "settings.json", Settings())


def test_a_file_that_another_program_holds_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Windows answers where a spreadsheet has the table open."""

    def held(_self: Path, _target: Path) -> None:
        error = PermissionError(13, "The process cannot access the file")
        error.winerror = 32  # type: ignore[attr-defined]
        raise error

    path = tmp_path / "findings.csv"
    path.write_bytes(OLD)
    monkeypatch.setattr(Path, "replace", held)
    with pytest.raises(ExportError, match="another program has it open"):
        write_table(path, [report()[0]])
    assert path.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [path]


def test_a_network_folder_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(*_arguments: object) -> int:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(os, "open", stale)
    with pytest.raises(
        ExportError, match="Stale file handle; the disk or the network folder does not answer"
    ):
        write_table(tmp_path / "f.csv", [report()[0]])
