"""Bad input ends `python -m training train` before anything is trained: one sentence with file and fact."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fit_data import spots, tiny_recipe
from PIL import Image
from training_data import small_recipe, train_options, write_label_sets

from ichviewer.core.windowing import Window
from training import cli
from training.fit.distributed import Processes
from training.fit.empty_classes import empty_classes
from training.recipe.read import RECIPES, named_recipe
from training.runs import train
from training.runs.out_of_fold import held_out
from training.runs.run_folders import split_path
from training.sources.labeled_slice import Unreadable
from training.sources.picture_sets import read_picture

WHOLE = (RECIPES / "ichviewer_mobilenet_v2.toml").read_text(encoding="utf-8")


def refused(folder: Path, capsys: pytest.CaptureFixture[str], recipe: Path, *more: str) -> str:
    """What the command line says; nothing was trained."""
    work = folder / "work"
    command = ["--data", str(folder / "data"), "--work", str(work), "train", str(recipe), "--weights", "none"]
    assert cli.main([*command, *more]) == 2
    assert not (work / "runs").exists()
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "Traceback" not in said
    return said


def recipe_file(folder: Path, text: str = WHOLE) -> Path:
    path = folder / "ichviewer_mobilenet_v2.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("batch_sise = 32", "the key 'batch_sise' is not known"),
        ('batch_size = "32"', "batch_size = '32' is not of the kind int"),
        ("batch_size = 32\nthreshold = 2.0", "2 does not lie in (0, 1)"),
    ],
)
def test_a_faulty_recipe_is_refused_with_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, fact: str
) -> None:
    path = recipe_file(tmp_path, WHOLE.replace("batch_size = 32", line))
    said = refused(tmp_path, capsys, path)
    number = 1 + WHOLE[: WHOLE.index("batch_size = 32")].count("\n") + line.count("\n")
    assert said.startswith(f"{path}, line {number}: ")
    assert fact in said


@pytest.mark.parametrize(
    ("old", "new", "fact"),
    [
        (
            'architecture = "mobilenet_v2"',
            'architecture = "resnet_9000"',
            "network: The architecture 'resnet_9000'",
        ),
        ("frozen_blocks = 4", 'trainable = ["bodi"]', r"phases[0].trainable: The network has no part 'bodi'"),
        (
            "frozen_blocks = 4",
            "frozen_blocks = 40",
            "phases[0].frozen_blocks: The body has 19 blocks, not 40",
        ),
        ('sources = ["ct_ich_v1",', 'sources = ["ct_ich_v3",', "There is no source 'ct_ich_v3'"),
    ],
)
def test_what_no_network_or_source_has_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, fact: str
) -> None:
    assert old in WHOLE
    said = refused(tmp_path, capsys, recipe_file(tmp_path, WHOLE.replace(old, new)))
    assert fact in said
    assert not (tmp_path / "work").exists()


def test_a_budget_of_fewer_steps_than_phases_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(tmp_path, capsys, recipe_file(tmp_path), "--steps", "1")
    assert said == "--steps 1: ichviewer_mobilenet_v2 has 2 phases, of a step or more each."
    assert not (tmp_path / "work").exists()


def test_a_work_folder_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_label_sets(tmp_path / "data", 4, 2)
    (tmp_path / "work").write_text("a file", encoding="utf-8")
    said = refused(tmp_path, capsys, recipe_file(tmp_path))
    assert said.startswith(str(tmp_path / "work"))
    assert "cannot be used: " in said


def without(label: str, data: Path) -> None:
    """Take a label away from every slice of both sets."""
    for path in (data / "ct_ich_v1" / "labels.csv", data / "rsna_png" / "labels.csv"):
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        column = head.split(",").index(label)
        cells = [line.split(",") for line in lines]
        for row in cells:
            row[column] = "0"
        path.write_text("\n".join([head, *map(",".join, cells)]) + "\n", encoding="utf-8")


def test_an_empty_class_is_refused_with_split_fold_and_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hazard: a score for epidural bleeds by a network that never saw one."""
    data = write_label_sets(tmp_path / "data", patients=24, slices=2)
    without("epidural", data)
    said = refused(tmp_path, capsys, recipe_file(tmp_path))
    split = split_path(tmp_path / "work", named_recipe("ichviewer_mobilenet_v2"))
    assert said.startswith(
        f"{split}: epidural: no such slice to learn from without fold 0, in ct_ich_v1, rsna"
    )
    ready = train.make_ready(small_recipe(), train_options(data, tmp_path / "w", degrade=True), Processes())
    assert ready.lost == tuple(f"epidural: no such slice to learn from without fold {n}" for n in (0, 1))


def test_a_patient_in_two_folds_is_refused_with_file_patient_and_slices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hazard: heads that were learned from, in the figures."""
    data = write_label_sets(tmp_path / "data", patients=24, slices=2)
    recipe = named_recipe("ichviewer_mobilenet_v2")
    train.make_ready(
        replace(recipe, network=replace(recipe.network, weights="none")),
        train_options(data, tmp_path / "work"),
        Processes(),
    )
    path = split_path(tmp_path / "work", recipe)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    twins = [line for line in lines if line["name"].startswith("000_")][:2]
    twins[1]["fold"] = (twins[0]["fold"] + 1) % 3
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    said = refused(tmp_path, capsys, recipe_file(tmp_path))
    assert said.startswith(f"{path}: ")
    assert f"stands in folds {twins[0]['fold']} and {twins[1]['fold']}" in said
    assert twins[0]["name"] in said
    assert twins[1]["name"] in said


class TestEmptyClasses:
    def test_every_kind_of_target_names_what_it_lacks(self) -> None:
        rows = spots(8)  # of the bleeding slices 1, 3, 5, 7: subtypes 1 to 4, no subdural
        some = rows.only(np.array([0, 1, 3]))
        rest = ("subarachnoid", "intraventricular", "subdural")
        cases = {
            "six": ("bce", rest),
            "five": ("bce", rest),
            "single_label": ("cross_entropy", rest),
            "binary": ("cross_entropy", ()),
            "pixels": ("pixel_cross_entropy", rest),
        }
        for labels, (loss, expected) in cases.items():
            recipe = tiny_recipe(labels=labels)
            recipe = replace(recipe, loss=replace(recipe.loss, kind=loss))
            assert set(empty_classes(some, recipe)) == set(expected), labels

    @pytest.mark.parametrize("loss", ["bce", "cross_entropy"])
    def test_bleeds_alone_are_no_two_classes_unless_asked_for(self, loss: str) -> None:
        rows = spots(8).only(np.array([1, 3, 5]))
        recipe = tiny_recipe(labels="binary")
        recipe = replace(recipe, loss=replace(recipe.loss, kind=loss))
        assert empty_classes(rows, recipe) == ("no bleed",)
        for kind in ("bleeding", "middle_five_bleeding"):
            assert "no bleed" not in empty_classes(rows, tiny_recipe(labels="five", rows=kind))

    def test_a_label_that_nobody_gave_is_not_there(self) -> None:
        rows = spots(12)
        known = rows.known.copy()
        known[:, 3] = False
        assert empty_classes(rows, tiny_recipe()) == ()
        assert empty_classes(replace(rows, known=known), tiny_recipe()) == ("intraventricular",)


def test_a_device_that_is_not_here_is_refused_before_anything_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["train", "castro_cnn4", "--device", "nosuch:0"])
    assert stopped.value.code == 2
    assert "torch cannot use 'nosuch:0' here" in capsys.readouterr().err


def test_slice_random_figures_are_no_evaluation(tmp_path: Path) -> None:
    """Hazard: slices of one head on both sides, and a figure that looks like one of unseen patients."""
    with pytest.raises(ValueError, match=r"split slice by slice.*split-gap"):
        held_out(named_recipe("castro_cnn4_as_reported"), tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("mode", "fact"), [("I;16", "of the kind I;16, not 8-bit grey"), ("RGB", "it is a color picture")]
)
def test_a_picture_that_is_not_8_bit_grey_is_damaged(tmp_path: Path, mode: str, fact: str) -> None:
    """Hazard: 16 bits squeezed to 8 give Hounsfield units that mean nothing."""
    color = np.zeros((8, 8, 3), dtype=np.uint8)
    color[..., 0] = 200
    Image.fromarray(color if mode == "RGB" else np.full((8, 8), 40000, dtype=np.uint16)).save(
        tmp_path / "a.png"
    )
    read = read_picture(tmp_path / "a.png", Window(40, 80))
    assert isinstance(read, Unreadable)
    assert fact in read.reason
