"""The commands that judge: ``evaluate``, ``release``; what they may be told, and who does the work."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from training import evaluate, release
from training.distill import SUFFIX
from training.recipe.tree import Recipe

ROOT = Path(__file__).resolve().parents[1]
CHECKPOINTS = ROOT / "resources" / "checkpoints"


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """What ``evaluate`` may be told."""
    _add_distilled(parser)
    parser.add_argument("--checkpoint", type=Path, help="model card; the recipe's released one by default")
    parser.add_argument(
        "--cross-fitted",
        action="store_true",
        help="calibration and thresholds of each fold from the others, in place of a card's",
    )
    parser.add_argument("--json", type=Path, default=ROOT / "work" / "metrics.json")
    parser.add_argument("--page", type=Path, help="figures and worst mistakes as one HTML page")
    parser.add_argument("--submission", type=Path, help="RSNA slices in Kaggle's format")
    parser.add_argument("--sample", type=Path, help="Kaggle's sample submission, which it must match")
    parser.add_argument(
        "--prevalence", type=_share, action="append", default=[], help="predictive value there too; repeat"
    )
    parser.add_argument("--lesions", type=Path, help="prepared generated_lesions to measure heat maps on")
    parser.add_argument("--lesion-count", type=int, default=100, help="at most so many of each fold")
    parser.add_argument("--drawn-heads", type=int, default=0, help="procedural heads to measure them on")


def run_evaluate(recipe: Recipe, options: argparse.Namespace) -> None:
    """``training evaluate``."""
    recipe = _as_trained(recipe, options)
    card = options.checkpoint or CHECKPOINTS / f"{recipe.name}.json"
    wanted = evaluate.Wanted(
        options.json,
        options.page,
        options.submission,
        options.sample,
        tuple(options.prevalence),
        options.lesions,
        options.lesion_count,
        options.drawn_heads,
    )
    evaluate.main(recipe, options.data, options.work, None if options.cross_fitted else card, wanted)


def add_release(parser: argparse.ArgumentParser) -> None:
    """What ``release`` may be told."""
    _add_distilled(parser)
    parser.add_argument("--out", type=Path, default=CHECKPOINTS)


def run_release(recipe: Recipe, options: argparse.Namespace) -> None:
    """``training release``."""
    release.main(_as_trained(recipe, options), options.data, options.work, options.out)


def _add_distilled(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--distilled", action="store_true", help="the student that `distill` made of it")


def _as_trained(recipe: Recipe, options: argparse.Namespace) -> Recipe:
    return replace(recipe, name=f"{recipe.name}{SUFFIX}") if options.distilled else recipe


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return share
