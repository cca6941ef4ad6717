"""``training compare`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.cli import main


def test_recipes_that_were_not_run_are_listed_so(tmp_path: Path) -> None:
    arguments = ["--work", str(tmp_path), "compare", "ojha_resnet50", "ojha_resnet50@7", "--table-only"]
    arguments += ["--mean", "both=ojha_resnet50+ojha_resnet50@7"]
    assert main(arguments) == 0
    rows = json.loads((tmp_path / "compare" / "table.json").read_text(encoding="utf-8"))["rows"]
    names = ["ichviewer_mobilenet_v2", "ojha_resnet50", "ojha_resnet50@7", "both"]
    assert [(row["recipe"], row["status"]) for row in rows] == [(name, "not run") for name in names]
    assert rows[2]["seed"] == 7
    text = (tmp_path / "compare" / "table.md").read_text(encoding="utf-8")
    assert "| `ojha_resnet50` | not run |" in text


def test_means_of_three_seeds_are_compared_with_each_other(tmp_path: Path) -> None:
    """A claim for one choice over another needs several seeds of both, and one paired interval."""
    seeds = [f"{name}@{seed}" for name in ("melinte_densenet121_base", "ojha_resnet50") for seed in (1, 2, 3)]
    means = [f"with={'+'.join(seeds[:3])}", f"without={'+'.join(seeds[3:])}"]
    arguments = ["--work", str(tmp_path), "compare", *seeds, "--table-only", "--reference", "without"]
    assert main([*arguments, "--mean", means[0], "--mean", means[1]]) == 0
    table = json.loads((tmp_path / "compare" / "table.json").read_text(encoding="utf-8"))
    assert table["reference"] == "without"
    assert [row["recipe"] for row in table["rows"]] == [*seeds, "with", "without"]


def test_folds_that_are_not_there_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--work", str(tmp_path), "compare", "--table-only", "--folds", "7"]) == 2
    assert "The split has folds 0 to 4; 7 were asked for." in capsys.readouterr().err


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--work", str(tmp_path), "compare", "no_such_recipe", "--table-only"]) == 2
    assert "no_such_recipe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ojha_resnet50@first"], "the seed 'first' is no whole number"),
        (["--mean", "both"], "--mean both: write NAME=A+B"),
        (["ojha_resnet50", "--mean", "m=ojha_resnet50+other"], "mean of other, which is not in the table"),
    ],
)
def test_what_cannot_be_a_row_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["--work", str(tmp_path), "compare", "--table-only", *arguments]) == 2
    assert message in capsys.readouterr().err
