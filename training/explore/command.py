"""``training explore``: from prepared sources to one page."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--cache", type=Path, nargs="+", required=True, help="folders of `training prepare`")
    parser.add_argument("--page", type=Path, required=True, help="the HTML file to write")


def main(options: argparse.Namespace) -> None:
    """Write the page."""
