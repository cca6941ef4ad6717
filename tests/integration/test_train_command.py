"""``training train`` as it is typed: alone, with ``torchrun``, with and without a file of framed slices."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from training_data import small_recipe, train_options, write_label_sets

from training.fit.augment import Augmentation
from training.recipe.read import RECIPES
from training.runs import train
from training.runs.run_folders import WEIGHTS, run_folder

ROOT = Path(__file__).resolve().parents[2]

PHASE = """[[phases]]
epochs = 1
size_px = [32]
peak_rate = 0.1
schedule = { kind = "constant" }
batch_norm = "never_updates"

"""


def written_recipe(path: Path) -> Path:
    """The shipped recipe with the smallest network that has batch norms, and plain gradient descent."""
    text = (RECIPES / "ichviewer_mobilenet_v2.toml").read_text(encoding="utf-8")
    start, end = text.index("[[phases]]"), text.index("[augmentation]")
    text = text[:start] + PHASE + text[end:]
    for old, new in {
        'name = "ichviewer_mobilenet_v2"': 'name = "typed"',
        "folds = 3": "folds = 2",
        "batch_size = 32": "batch_size = 5",
        "size_px = 224": "size_px = 32",
        'architecture = "mobilenet_v2"': 'architecture = "alqnatri_cnn"',
        'weights = "package"': 'weights = "none"',
        'head = "linear"': 'head = "own"',
        "dropout = 0.2": "dropout = 0.0",
        'kind = "adam"\nweight_decay = 0.02\ndecoupled = true': 'kind = "sgd"',
        "average_decay = 0.98": "average_decay = 0.0",
    }.items():
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path


def typed(data: Path, work: Path, recipe: Path, *before: str) -> dict[str, torch.Tensor]:
    """Run the command; gives the weights of the fold that was held out."""
    command = [sys.executable, "-m", *before, "training", "--data", str(data), "--work", str(work)]
    command += ["train", str(recipe), "--fold", "0", "--steps", "4", "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr
    assert "\r" not in done.stderr, "a progress bar in what is no terminal"
    return load_file(work / "runs" / "typed" / "fold0" / WEIGHTS)


def test_torchrun_trains_the_network_that_one_process_trains(tmp_path: Path) -> None:
    """Hazard: a network trained on eight cards that no recipe describes."""
    data, recipe = write_label_sets(tmp_path / "data", 6, 2), written_recipe(tmp_path / "typed.toml")
    alone = typed(data, tmp_path / "alone", recipe)
    torchrun = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    together = typed(data, tmp_path / "together", recipe, *torchrun)
    assert alone.keys() == together.keys()
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, rtol=0, atol=1e-5)


def test_slices_framed_each_time_train_the_same_network(tmp_path: Path) -> None:
    """Hazard: a large set, for whose frames the disk has no room, gives a network of other input."""
    data = write_label_sets(tmp_path / "data", 8, 2)
    recipe = replace(small_recipe(generated_share=0.0), augmentation=Augmentation(flip_share=0.5))
    options = {"fold": "0", "steps": 3}
    train.train_recipe(recipe, train_options(data, tmp_path / "file", **options))
    train.train_recipe(recipe, train_options(data, tmp_path / "each", frame_each_time=True, **options))
    assert list((tmp_path / "file").glob("frames-*.npy"))
    assert not list((tmp_path / "each").glob("frames-*.npy"))
    file, each = (load_file(run_folder(tmp_path / name, recipe, 0) / WEIGHTS) for name in ("file", "each"))
    for name, value in file.items():
        assert torch.equal(each[name], value)
