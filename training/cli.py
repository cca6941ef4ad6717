"""Command line: ``python -m training COMMAND``: from label sets to a released checkpoint."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from training import judging_commands as judging
from training.combine import distill, soup
from training.compare import command as compare
from training.compare import cost, split_gap
from training.derived import command as prepare
from training.explore import command as explore
from training.explore import data_rows, tell_apart
from training.fit.phase_run import TrainingError
from training.release.export_onnx import AgreementError
from training.runs import train

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    # Our own messages alone: the libraries that write ONNX tell of every node.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("training").setLevel(logging.INFO)
    try:
        _run(options)
    # Bad input is the caller's to mend: what and where, without our call stack.
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        known = error.filename is not None and error.strerror
        said = f"{error.filename} cannot be used: {error.strerror}." if known else f"{error}"
        print(said, file=sys.stderr)
        return 2
    except TrainingError as error:
        print(f"The training stopped. {error}", file=sys.stderr)
        return 4
    except AgreementError as error:
        print(f"Nothing was released. {error}", file=sys.stderr)
        return 3
    return 0


def _run(options: argparse.Namespace) -> None:
    commands = {
        "prepare": prepare.main,
        "explore": explore.main,
        "data": data_rows.main,
        "tell-apart": tell_apart.main,
        "train": train.main,
        "lr-range": train.main_lr_range,
        "split-gap": split_gap.main,
        "distill": distill.main,
        "soup": soup.main,
        "compare": compare.main,
        "cost": cost.main,
        "evaluate": judging.run_evaluate,
        "release": judging.run_release,
    }
    commands[options.command](options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="the label sets")
    parser.add_argument("--work", type=Path, default=ROOT / "work", help="caches, split, raw weights, scores")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare.add_arguments(commands.add_parser("prepare", help="read a label set once into a cache"))
    explore.add_arguments(commands.add_parser("explore", help="what is in the data, as one HTML page"))
    data_rows.add_arguments(
        commands.add_parser("data", help="a row of the table without network: a data step, a forest")
    )
    tell_apart.add_arguments(
        commands.add_parser("tell-apart", help="how well a small network tells generated bleeds from real")
    )
    train.add_train_arguments(
        commands.add_parser("train", help="fit one network per fold and one on everything")
    )
    train.add_lr_range_arguments(
        commands.add_parser("lr-range", help="learning-rate range test of a recipe, with its curve")
    )
    judging.add_release(
        commands.add_parser("release", help="calibrate, choose thresholds, write checkpoint and card")
    )
    judging.add_evaluate(
        commands.add_parser("evaluate", help="figures with intervals, out of fold, as JSON and HTML page")
    )
    split_gap.add_arguments(
        commands.add_parser("split-gap", help="what a slice-random split gives away, with an interval")
    )
    distill.add_arguments(
        commands.add_parser("distill", help="the mean of several trained networks into a small one")
    )
    soup.add_arguments(
        commands.add_parser("soup", help="the mean of several trained networks' weights in one network")
    )
    compare.add_arguments(
        commands.add_parser("compare", help="many recipes, same folds and budget, one table")
    )
    cost.add_arguments(
        commands.add_parser("cost", help="parameters, operations and memory of recipes' networks, counted")
    )
    return parser
