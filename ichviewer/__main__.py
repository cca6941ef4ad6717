"""``python -m ichviewer`` and the ``ichviewer`` command."""

from __future__ import annotations

import multiprocessing
import sys

from ichviewer.cli import run


def main() -> int:
    """Run the command line; child processes of a frozen application end here."""
    multiprocessing.freeze_support()
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
