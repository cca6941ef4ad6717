"""``training compare``: from the command line to a table."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import torch

from training.compare.compare import compare
from training.compare.ensemble import Ensemble
from training.compare.run import Terms
from training.fit.device import add_device
from training.recipe.read import recipe_names, recipe_of

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = "ichviewer_mobilenet_v2"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "names", nargs="*", help="recipes in the order of the table, NAME or NAME@SEED; all without one"
    )
    parser.add_argument(
        "--mean", action="append", default=[], metavar="NAME=A+B", help="a row that is the mean of others"
    )
    parser.add_argument("--sources", nargs="+", default=["ct_ich_v1", "rsna_png"], help="the same for all")
    parser.add_argument("--fold-count", type=int, default=5, help="of the split")
    parser.add_argument("--folds", type=int, nargs="+", help="those to hold out; all by default")
    parser.add_argument("--steps", type=int, default=300, help="of each fold; recipes' phases scale to it")
    parser.add_argument("--size", type=int, help="longest side of the input, px; rows say what they lost")
    parser.add_argument("--batch", type=int, help="slices in a batch, the same for all")
    parser.add_argument(
        "--reference", default=REFERENCE, help="the recipe, or mean, that others are compared with"
    )
    parser.add_argument("--to", type=Path, help="folder of rows, scores and tables; work/compare by default")
    parser.add_argument("--degrade", action="store_true", help="run on sources that lack what is needed")
    add_device(parser)
    parser.add_argument("--threads", type=int, default=1, help="of torch, on the CPU; part of the result")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches ahead")
    parser.add_argument("--table-only", action="store_true", help="run nothing; tables of what is there")


def main(options: argparse.Namespace) -> None:
    """Run what is not run yet, and write the tables."""
    torch.set_num_threads(options.threads)
    names = list(options.names or recipe_names())
    ensembles = [ensemble_of(text) for text in options.mean]
    if options.reference not in [*names, *(ensemble.name for ensemble in ensembles)]:
        names.insert(0, options.reference)
    folds = tuple(options.folds or range(options.fold_count))
    if not set(folds) <= set(range(options.fold_count)):
        asked = ", ".join(map(str, folds))
        raise ValueError(f"The split has folds 0 to {options.fold_count - 1}; {asked} were asked for.")
    folder = options.to or options.work / "compare"
    terms = Terms(
        sources=tuple(options.sources),
        data=options.data,
        work=options.work,
        fold_count=options.fold_count,
        folds=folds,
        steps=options.steps,
        degrade=options.degrade,
        device=options.device,
        commit=commit(),
        workers=options.workers,
        size_px=options.size,
        batch_size=options.batch,
    )
    recipes = [recipe_of(name) for name in names]
    compare(recipes, terms, folder, options.reference, ensembles=ensembles, run=not options.table_only)


def ensemble_of(text: str) -> Ensemble:
    """``NAME=A+B`` as a row to be made.

    Raises:
        ValueError: It is written otherwise.
    """
    name, equals, members = text.partition("=")
    parts = tuple(part for part in members.split("+") if part)
    if not (name and equals and len(parts) > 1):
        raise ValueError(f"--mean {text}: write NAME=A+B.")
    return Ensemble(name, parts)


def commit() -> str:
    """Short hash of the code's commit, with a mark if it was changed since; ``unknown`` outside of git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
