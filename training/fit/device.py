"""The device that a command line names, refused before hours are spent if it is not there."""

from __future__ import annotations

import argparse

import torch

DEFAULT = "cuda" if torch.cuda.is_available() else "cpu"


def add_device(parser: argparse.ArgumentParser) -> None:
    """``--device`` of a command that trains."""
    parser.add_argument("--device", type=usable_device, default=DEFAULT, help=f"here by default {DEFAULT}")


def usable_device(text: str) -> str:
    """A device's name that torch can use here.

    Raises:
        ArgumentTypeError: There is no such device, or the machine has none of it.
    """
    try:
        torch.empty(1, device=torch.device(text))
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise argparse.ArgumentTypeError(f"torch cannot use {text!r} here: {first}") from error
    return text
