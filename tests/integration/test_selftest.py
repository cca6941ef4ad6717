"""What the self-test claims is what the machine does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stub_checkpoint import save_stub_checkpoint, stub_card

from ichviewer.cli import CHECKPOINT, run
from ichviewer.core.progress import Cancelled, CancelToken, ignore_progress
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan
from ichviewer.dicom.syntax_check import SyntaxResult, check_syntaxes
from ichviewer.resources import resource_path
from ichviewer.selftest import run_selftest
from ichviewer.selftest_report import DemoResult, NetworkResult, SelfTestReport, selftest_text

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "1.2.840.10008.1.2"

CHECK_IN_A_PROCESS = """
import sys
from pathlib import Path
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.syntax_check import check_syntaxes
if __name__ == "__main__":
    with SliceDecoder(child_count=1) as decoder:
        for result in check_syntaxes(Path(sys.argv[1]), decoder, ignore_progress, CancelToken()):
            if result.problem:
                print(result.transfer_syntax, result.problem, sep="|")
"""


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder(child_count=1) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def results(decoder: SliceDecoder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, SyntaxResult]:
    found = check_syntaxes(tmp_path_factory.mktemp("syntaxes"), decoder, ignore_progress, CancelToken())
    return {result.transfer_syntax: result for result in found}


def test_every_transfer_syntax_with_an_open_decoder_decodes_and_every_pixel_is_right(
    results: dict[str, SyntaxResult],
) -> None:
    """Hazard: a decoder that answers with wrong values passes for one that works."""
    jpeg = (50, 51, 53, 55, 57, 70, 80, 81, 90, 91, 201, 202, 203)
    others = {PREFIX, *(f"{PREFIX}.{ending}" for ending in ("1", "1.99", "2", "5"))}
    wanted = others | {f"{PREFIX}.4.{number}" for number in jpeg}
    assert set(results) == wanted
    assert {uid: result.problem for uid, result in results.items() if result.problem} == {}


def test_lossless_syntaxes_are_exact_and_lossy_ones_are_held_to_a_bound(
    results: dict[str, SyntaxResult],
) -> None:
    lossy = {f"{PREFIX}.4.{number}" for number in (50, 51, 53, 55, 81, 91, 203)}
    for uid, result in results.items():
        assert (result.allowed_difference > 0) == (uid in lossy), uid
        assert result.largest_difference is not None
        assert result.largest_difference <= result.allowed_difference < 2**result.bits_stored / 100


@pytest.mark.needs_shared_data
def test_every_real_file_opens_where_the_self_test_says_that_its_syntax_decodes(
    shared_data: Path, results: dict[str, SyntaxResult], decoder: SliceDecoder
) -> None:
    """Hazard: a table that promises more than the reader holds."""
    decoded, unopened = set(), set()
    for path in sorted((shared_data / "transfer_syntaxes").iterdir()):
        contents = scan((path,), ignore_progress, CancelToken())
        if not contents.series:
            unopened.add(path.name)
        for series in contents.series:
            volume = read_volume(series, ignore_progress, CancelToken(), decoder)
            assert volume.is_readable.all(), path.name
            decoded |= set(series.transfer_syntaxes)
    # A palette and a file without pixels: no matter of the syntax.
    assert unopened == {"no-pixel-data.dcm", "no-pixel-spacing.dcm"}
    works = {uid for uid, result in results.items() if not result.problem}
    assert decoded <= works
    assert works - decoded == {f"{PREFIX}.4.{number}" for number in (201, 202, 203)}


@pytest.mark.parametrize(
    ("module", "endings"),
    [
        ("gdcm", {"4.51", "4.53", "4.55", "4.57", "4.70"}),
        ("pylibjpeg", {"4.201", "4.202", "4.203"}),
    ],
)
def test_a_missing_decoder_is_listed_with_its_syntaxes_and_the_others_still_decode(
    tmp_path: Path, module: str, endings: set[str]
) -> None:
    """Hazard: an installation without one library shows fewer slices and nobody knows why."""
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / f"{module}.py").write_text("raise ImportError('removed for a test')")
    (tmp_path / "pictures").mkdir()
    script = tmp_path / "check.py"
    script.write_text(CHECK_IN_A_PROCESS)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "pictures")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "absent"), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    failing = dict(line.split("|", 1) for line in done.stdout.splitlines())
    assert set(failing) >= {f"{PREFIX}.{ending}" for ending in endings}
    assert f"{PREFIX}.4.80" not in failing
    assert all("could not be decoded" in reason for reason in failing.values())


def report(**changes: object) -> SelfTestReport:
    works = {
        "syntaxes": (SyntaxResult(f"{PREFIX}.5", "RLE Lossless", 16, 0, 0, ""),),
        "network": NetworkResult("CPU", 2, "card", "ab" * 32, 3.0),
        "demo": DemoResult(34, 18, 0.1, 2.0),
        "versions": (("pydicom", "3.0.2"),),
    }
    return SelfTestReport(**{**works, **changes})  # type: ignore[arg-type]


def test_the_text_says_what_to_do_about_each_problem() -> None:
    broken = SyntaxResult(f"{PREFIX}.4.80", "JPEG-LS Lossless", 16, 0, None, "the decoder crashed")
    text = selftest_text(report(syntaxes=(broken,), network=NetworkResult(problem="The weights are gone.")))
    assert text.splitlines()[0] == "Self-test: not everything works on this machine."
    assert "JPEG-LS Lossless does not decode: the decoder crashed." in text
    assert "python -m pip install --force-reinstall pyjpegls" in text
    assert "The weights are gone. Images can be read all the same. What to do:" in text
    assert selftest_text(report()).startswith("Self-test: everything works on this machine.\n")


def test_a_network_that_flags_nothing_on_the_bleeding_demo_is_a_problem(tmp_path: Path) -> None:
    """Hazard: a network that computes nonsense on this machine's graphics card reads as 'no bleeding'."""
    labels = stub_card(threshold=1.0).labels
    card = save_stub_checkpoint(tmp_path, architecture="mobilenet_v2", labels=labels)
    found = run_selftest(card, "cpu", ignore_progress, CancelToken())
    assert found.network.problem == ""
    assert found.network.device == "CPU"
    assert found.network.threads >= 1
    assert found.demo.slice_count == 34
    assert any("flags no slice of the demo study" in problem for problem in found.problems)


def test_damaged_weights_are_found_and_the_rest_is_still_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hazard: scores from weights that nobody has measured."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    card = save_stub_checkpoint(tmp_path, architecture="mobilenet_v2")
    (tmp_path / "stub.safetensors").write_bytes(b"other weights")
    code = run(["selftest", "--json", "--device", "cpu", "--checkpoint", str(card)])
    document = json.loads(capsys.readouterr().out)
    assert code == 1
    assert document["works"] is False
    assert "SHA-256" in document["network"]["problem"]
    assert document["demo"]["slice_count"] == 34
    assert document["demo"]["analyze_s"] is None
    assert all(entry["problem"] == "" for entry in document["syntaxes"])
    assert list(temporary.iterdir()) == []


def test_the_shipped_program_works_without_a_display_and_leaves_no_litter(tmp_path: Path) -> None:
    for folder in ("home", "tmp"):
        (tmp_path / folder).mkdir()
    shown = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in shown}
    environment |= {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    environment |= {f"XDG_{kind}_HOME": str(tmp_path / "home" / kind) for kind in ("CONFIG", "DATA", "CACHE")}
    done = subprocess.run(
        [sys.executable, "-m", "ichviewer", "selftest", "--device", "cpu"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "JPEG-LS Lossless Image Compression" in done.stdout
    assert "analyzed in" in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_it_can_be_cancelled(decoder: SliceDecoder, tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        run_selftest(resource_path(CHECKPOINT), "cpu", ignore_progress, cancel)
