"""Imports point down: the layers of docs/architecture.md, read from the source with ``ast``.

Imports inside functions and under ``TYPE_CHECKING`` count like any other, and so do modules named in a string
for ``import_module``.
"""

from __future__ import annotations

import ast
import graphlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LEAVES = {"ichviewer", "atomic_file", "free_memory", "progress_line", "settings", "resources", "uncaught"}
PEERS = {"dicom", "imaging", "inference", "export", "gui"}
BELOW_PEERS = {"core", *LEAVES}
BELOW_APP = {*BELOW_PEERS, *PEERS, "controller", "selftest", "selftest_report", "session", "headless"}
MAY_IMPORT = {
    "ichviewer": set(),
    "core": set(),
    "atomic_file": set(),
    "free_memory": set(),
    "progress_line": {"core"},
    "uncaught": set(),
    "settings": {"core", "atomic_file", "ichviewer"},
    "resources": {"core", "ichviewer"},
    **{peer: {peer, *BELOW_PEERS} for peer in PEERS},
    "controller": BELOW_PEERS | PEERS,
    "selftest_report": BELOW_PEERS | {"dicom"},
    "selftest": (BELOW_PEERS | PEERS | {"controller", "selftest_report"}) - {"gui"},
    "session": BELOW_PEERS | PEERS | {"controller", "selftest_report"},
    "headless": (BELOW_PEERS | PEERS | {"controller", "selftest", "selftest_report"}) - {"gui"},
    "app": BELOW_APP,
    "cli": {*BELOW_APP, "app"},
    "__main__": {*BELOW_APP, "app", "cli"},
}
"""What each layer of the package may import besides itself."""

TRAINING_MAY_IMPORT = {*BELOW_PEERS, "dicom", "inference"}

TRAINING_ORDER = (
    "recipe",
    "networks",
    "sources",
    "prepare",
    "derived",
    "split",
    "fit",
    "judge",
    "runs",
    "evaluate",
    "explore",
    "compare",
    "combine",
    "release",
)
"""Folders of training; each knows only those before it, and the commands at the top know all."""

LATE_IMPORTS = {
    # `ichviewer inspect` and `analyze` start without Qt.
    ("ichviewer.cli", "ichviewer.app"),
    # Only the child process imports torch; the module is named where the child is started.
    ("ichviewer.inference.engine", "ichviewer.inference.server"),
    # Scores come first: pytorch-grad-cam takes as long to import as torch, and is asked for rarely.
    ("ichviewer.inference.server", "ichviewer.inference.explain"),
    # SimpleITK takes half a second to load, and the window opens without it.
    ("ichviewer.controller", "ichviewer.imaging.reformat"),
    ("ichviewer.controller", "ichviewer.imaging.region_growing"),
}
"""The only imports that wait for a function to be called: (importer, imported)."""

Import = tuple[str, bool]
"""Dotted name, and whether it is imported inside a function."""


def modules(package: str) -> dict[str, Path]:
    """Every module of a top-level package by its dotted name."""
    names = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


PACKAGE = modules("ichviewer")
TRAINING = modules("training")
KNOWN = {**PACKAGE, **TRAINING}


def imports(path: Path) -> Iterator[Import]:
    """All imports of a file, wherever they stand; ours resolved to the module that is meant."""
    pending: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_bytes()), False)]
    while pending:
        node, is_late = pending.pop()
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in KNOWN else str(node.module) for name in whole]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            # A computed name cannot be checked, so it is reported as it stands.
            names = [str(node.args[0].value) if isinstance(node.args[0], ast.Constant) else ast.unparse(node)]
        yield from ((name, is_late) for name in names)
        is_late = is_late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        pending += [(child, is_late) for child in ast.iter_child_nodes(node)]


IMPORTS = {module: list(imports(path)) for module, path in KNOWN.items()}


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


@pytest.mark.parametrize("module", PACKAGE)
def test_imports_point_down(module: str) -> None:
    ours = {name for name, _ in IMPORTS[module] if name in PACKAGE}
    upwards = {name for name in ours if layer(name) not in MAY_IMPORT[layer(module)] | {layer(module)}}
    assert not upwards


def test_no_module_is_imported_in_a_circle() -> None:
    graph = {module: {name for name, _ in found if name in KNOWN} for module, found in IMPORTS.items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_imports_stand_at_the_top_of_their_file() -> None:
    late = {(module, name) for module, found in IMPORTS.items() for name, is_late in found if is_late}
    assert late == LATE_IMPORTS


def test_core_needs_numpy_and_the_standard_library_only() -> None:
    roots = {
        name.split(".")[0] for module in PACKAGE if layer(module) == "core" for name, _ in IMPORTS[module]
    }
    assert roots <= {*sys.stdlib_module_names, "numpy", "ichviewer"}


def test_the_viewer_does_not_know_its_training_or_its_tests() -> None:
    roots = {name.split(".")[0] for module in PACKAGE for name, _ in IMPORTS[module]}
    assert not roots & {"training", "tests", "builders"}


@pytest.mark.parametrize("module", TRAINING)
def test_training_reads_from_top_to_bottom(module: str) -> None:
    places = {folder: place for place, folder in enumerate(TRAINING_ORDER)}
    above = places.get(layer(module), len(places))
    ours = {name for name, _ in IMPORTS[module] if name in TRAINING and layer(name) != layer(module)}
    assert all(places.get(layer(name), len(places)) <= above for name in ours), ours


def test_training_stands_on_core_dicom_and_inference() -> None:
    ours = {name for module in TRAINING for name, _ in IMPORTS[module] if name in PACKAGE}
    assert {layer(name) for name in ours} <= TRAINING_MAY_IMPORT


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("ichviewer.app", ("torch", "torchvision", "pytorch_grad_cam")),
        ("ichviewer.cli", ("torch", "PySide6")),
        ("ichviewer.inference.engine", ("torch", "torchvision", "pytorch_grad_cam")),
    ],
)
def test_slow_libraries_stay_out_of_the_process(module: str, absent: tuple[str, ...]) -> None:
    """Hazard: importing torch holds the interpreter for up to 0.8 s at a stretch, and the window with it."""
    assert (
        in_a_fresh_process(f"import sys, {module}; print(sorted(set(sys.modules) & set({absent!r})))") == "[]"
    )


def test_numpy_works_on_one_thread() -> None:
    """Hazard: beside a busy network numpy's own threads made a heat map take 32 ms instead of 0.4."""
    code = "import sys, os, ichviewer; print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)"
    assert in_a_fresh_process(code) == "1 False"


def test_training_frames_slices_on_one_thread_as_the_viewer_does() -> None:
    """Hazard: numpy's threads change the last bits of a framed slice, so training and viewer would differ."""
    code = "import sys, os, training; print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)"
    assert in_a_fresh_process(code) == "1 False"


def in_a_fresh_process(code: str) -> str:
    """What *code* prints, run with an environment that says nothing of threads."""
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()
