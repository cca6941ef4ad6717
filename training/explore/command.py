"""``training explore``: from prepared sources to one page."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from ichviewer.atomic_file import write_atomically
from training.explore.measure import measure
from training.explore.page import explore_page
from training.prepare.bar import Bar
from training.prepare.prepared import open_prepared

LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--cache", type=Path, nargs="+", required=True, help="folders of `training prepare`")
    parser.add_argument("--page", type=Path, required=True, help="the HTML file to write")
    parser.add_argument("--seed", type=int, default=1, help="of the samples and the forest")


def main(options: argparse.Namespace) -> None:
    """Write the page."""
    with Bar("slices") as bar:
        sources = [measure(open_prepared(folder), bar.show) for folder in options.cache]
    options.page.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.page, explore_page(sources, options.seed).encode())
    LOG.info("%s is written", options.page)
