"""Nothing that the viewer does opens an internet socket: neither its own code nor a library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import JPEGLSLossless

from ichviewer.cli import CHECKPOINT
from ichviewer.core.phantom_spec import small_demo_spec
from ichviewer.export.demo_study import write_demo_study
from ichviewer.resources import resource_path

ROOT = Path(__file__).resolve().parents[2]
GUARDS = ROOT / "tests" / "no_network"
SEALED_IS_NOT_HERE = 77


def guarded(tmp_path: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python where internet sockets are forbidden; sealed by the kernel where it can."""
    (tmp_path / "home").mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(GUARDS), str(ROOT)]),
        "FORBIDDEN_CALLS": str(tmp_path / "forbidden"),
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": str(tmp_path / "home"),
        **{f"XDG_{kind}_HOME": str(tmp_path / "home" / kind) for kind in ("CONFIG", "DATA", "CACHE")},
    }
    python = [sys.executable, *map(str, command)]
    sealed = [sys.executable, str(GUARDS / "sealed.py"), *python]
    for full_command in (sealed, python):
        done = subprocess.run(
            full_command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode != SEALED_IS_NOT_HERE:
            break
    return done


def forbidden_calls(tmp_path: Path) -> str:
    path = tmp_path / "forbidden"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket(socket.AF_INET)",
        "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.socket()'])",
    ],
)
def test_the_guard_sees_python_and_its_children(tmp_path: Path, code: str) -> None:
    guarded(tmp_path, "-c", code)
    assert "socket." in forbidden_calls(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's filter is Linux's")
@pytest.mark.parametrize(("family", "is_allowed"), [(1, True), (2, False), (10, False)])
def test_the_kernel_ends_a_library_that_opens_an_internet_socket(
    tmp_path: Path, family: int, is_allowed: bool
) -> None:
    code = f"import ctypes; print(ctypes.CDLL(None).socket({family}, 1, 0) >= 0)"
    command = [sys.executable, str(GUARDS / "sealed.py"), sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == SEALED_IS_NOT_HERE:
        pytest.skip("this kernel takes no filter")
    assert (done.returncode == 0) == is_allowed
    assert done.stdout.strip() == ("True" if is_allowed else "")


def test_the_window_reads_decodes_analyzes_and_exports_without_the_internet(tmp_path: Path) -> None:
    """Hazard: images or findings leave the hospital."""
    study = tmp_path / "study"
    for path in write_demo_study(study, spec=small_demo_spec(slice_count=24)).image_paths:
        dataset = pydicom.dcmread(path)
        dataset.compress(JPEGLSLossless, generate_instance_uid=False)
        dataset.save_as(path)
    driver = ROOT / "tests" / "e2e" / "drive_window.py"
    done = guarded(tmp_path, driver, study, tmp_path / "findings.csv", resource_path(CHECKPOINT))
    assert forbidden_calls(tmp_path) == ""
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "findings.csv").is_file()


def test_the_self_test_needs_no_internet(tmp_path: Path) -> None:
    """Every decoder, the network and the demo study, on the command line."""
    done = guarded(tmp_path, "-m", "ichviewer", "selftest", "--device", "cpu")
    assert forbidden_calls(tmp_path) == ""
    assert done.returncode == 0, done.stdout + done.stderr
