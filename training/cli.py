"""Command line: ``python -m training train | evaluate | release``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from training import train
from training.recipe import RECIPES, read_recipe

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--recipe", type=Path, default=RECIPES / "ichviewer_mobilenet_v2.toml")
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the label sets"
    )
    parser.add_argument("--work", type=Path, default=ROOT / "work", help="caches, split, raw weights, scores")
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("train", help="fit one network per fold and one on everything")
    fitting.add_argument(
        "--processes", type=int, default=2, help="networks fitted side by side, one thread each"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    recipe = read_recipe(options.recipe)
    train.main(recipe, options.data, options.work, options.processes)
    return 0
