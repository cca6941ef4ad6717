"""What may lie in the repository: no patient data, no pickles, nothing large, no path of a machine."""

from __future__ import annotations

import itertools
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST_BYTES = 1_000_000
CHECKPOINT_LARGEST_BYTES = 25_000_000
PATIENT_DATA = {".dcm", ".dicom", ".ima", ".nii", ".gz", ".zip", ".tar", ".npy", ".npz", ".mhd", ".nrrd"}
PICKLES = {".pth", ".pt", ".pkl", ".pickle", ".h5", ".ckpt", ".bin"}  # reading them runs code
PATH_OF_A_MACHINE = re.compile(rb"(?<![\w.:])/(?:work|root|home|Users|workspace)/")


def repository_files() -> list[Path]:
    """Files under version control and those that would be added next."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_text_names_a_path_of_a_machine() -> None:
    found = []
    for path in repository_files():
        content = path.read_bytes()
        lines = [] if b"\0" in content else content.splitlines()
        found += [f"{path.name}:{n}" for n, line in enumerate(lines, 1) if PATH_OF_A_MACHINE.search(line)]
    assert not found


def test_no_file_is_large_besides_the_checkpoints() -> None:
    def limit(path: Path) -> int:
        is_checkpoint = path.parent == ROOT / "resources" / "checkpoints" and path.suffix == ".safetensors"
        return CHECKPOINT_LARGEST_BYTES if is_checkpoint else LARGEST_BYTES

    assert not [path for path in repository_files() if path.stat().st_size > limit(path)]


def test_no_patient_data_and_no_pickle_is_committed() -> None:
    """Hazard: an image of a patient in a public repository cannot be taken back."""

    def is_dicom(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"

    assert not [
        path for path in repository_files() if path.suffix.lower() in PATIENT_DATA | PICKLES or is_dicom(path)
    ]


def test_the_wheel_holds_every_package_of_the_tree() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    in_tree = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "ichviewer").rglob("*.py")}
    assert set(settings["packages"]) - {"ichviewer._resources"} == in_tree
    assert (ROOT / settings["package-dir"]["ichviewer._resources"]).is_dir()
    # The viewer reads safetensors; ONNX beside them would double the download for nothing.
    assert settings["exclude-package-data"]["ichviewer._resources"] == ["**/*.onnx"]


def test_every_declared_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    pinned = {
        canonical(line.partition("==")[0])
        for line in (ROOT / "packaging" / "constraints.txt").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    }
    assert {canonical(re.split(r"[<>=!~ ;\[]", requirement)[0]) for requirement in declared} <= pinned


def canonical(name: str) -> str:
    """Name of a distribution as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
