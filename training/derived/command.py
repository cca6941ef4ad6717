"""``training prepare``: from the command line to a cache."""

from __future__ import annotations

import argparse
from pathlib import Path

from ichviewer.core.windowing import Window
from training.derived.generated_lesions import GeneratedLesions
from training.derived.open_source import NAMES, SourceOptions, open_source
from training.prepare.bar import Bar
from training.prepare.layout import HEADERS
from training.prepare.write import prepare


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--source", required=True, choices=NAMES, help="what kind of label set it is")
    parser.add_argument(
        "--from", dest="path", type=Path, required=True, help="its folder, archive, or the hosts' cache"
    )
    parser.add_argument("--to", dest="folder", type=Path, required=True, help="folder of the cache")
    parser.add_argument("--labels", type=Path, help="label file, where it does not lie beside the images")
    parser.add_argument(
        "--window", type=float, nargs=2, metavar=("CENTER", "WIDTH"), help="of plain pictures"
    )
    parser.add_argument("--size", type=int, help="longer side in pixels; slices stay as they are without it")
    parser.add_argument("--read-processes", type=int, default=2, help="that read side by side; 0 for none")
    parser.add_argument("--partial", action="store_true", help="only some of the files were copied")
    parser.add_argument("--count", type=int, default=0, help="of generated slices")
    parser.add_argument("--seed", type=int, default=1, help="of generated slices")
    parser.add_argument("--allow-empty-class", action="store_true", help="a label may be all 0 or all 1")


def main(options: argparse.Namespace) -> None:
    """Read a source into a cache, or go on with it."""
    chosen = SourceOptions(
        labels=options.labels,
        index=options.folder / HEADERS,
        window=Window(*options.window) if options.window else None,
        is_partial=options.partial,
        count=options.count,
        seed=options.seed,
    )
    source = open_source(options.source, options.path, chosen)
    with Bar("slices") as bar:
        prepare(
            source,
            options.folder,
            options.size,
            options.read_processes,
            bar.show,
            # Which bleeds are drawn is chosen, not found: a kind that few heads have room for may be missing.
            options.allow_empty_class or isinstance(source, GeneratedLesions),
            f"{options.source} in {options.labels or options.path}",
        )
