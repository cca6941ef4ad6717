"""The commands that judge: ``evaluate``, ``release``; what they may be told, and who does the work."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.evaluate import evaluate
from training.release import release
from training.runs.run_folders import trained_recipe

ROOT = Path(__file__).resolve().parents[1]
CHECKPOINTS = ROOT / "resources" / "checkpoints"


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """What ``evaluate`` may be told."""
    _add_name(parser)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="model card whose calibration and thresholds are taken; without one, each fold's are fitted on "
        "the others",
    )
    parser.add_argument(
        "--against", action="append", default=[], metavar="NAME", help="paired differences to it; repeat"
    )
    parser.add_argument("--json", type=Path, help="file of the figures; WORK/metrics.json by default")
    parser.add_argument("--page", type=Path, help="figures and worst mistakes as one HTML page")
    parser.add_argument("--submission", type=Path, help="RSNA slices in Kaggle's format")
    parser.add_argument("--sample", type=Path, help="Kaggle's sample submission, which it must match")
    parser.add_argument(
        "--prevalence", type=_share, action="append", default=[], help="predictive value there too; repeat"
    )
    parser.add_argument("--lesions", type=Path, help="prepared generated_lesions to measure heat maps on")
    parser.add_argument("--lesion-count", type=int, default=100, help="at most so many of each fold")
    parser.add_argument("--drawn-heads", type=int, default=0, help="procedural heads to measure them on")


def run_evaluate(options: argparse.Namespace) -> None:
    """``training evaluate``."""
    work: Path = options.work
    wanted = evaluate.Wanted(
        options.json or work / "metrics.json",
        options.page,
        options.submission,
        options.sample,
        tuple(options.prevalence),
        options.lesions,
        options.lesion_count,
        options.drawn_heads,
        tuple(trained_recipe(work, name) for name in options.against),
    )
    evaluate.main(trained_recipe(work, options.name), options.data, work, options.checkpoint, wanted)


def add_release(parser: argparse.ArgumentParser) -> None:
    """What ``release`` may be told."""
    _add_name(parser)
    parser.add_argument("--out", type=Path, default=CHECKPOINTS, help="folder of the checkpoint")


def run_release(options: argparse.Namespace) -> None:
    """``training release``."""
    release.main(trained_recipe(options.work, options.name), options.data, options.work, options.out)


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        default="ichviewer_mobilenet_v2",
        help="trained recipe, NAME or NAME@SEED or the path of one, or a run that `distill` or `soup` made",
    )


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return share
