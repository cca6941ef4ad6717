"""``python -m ichviewer`` and the ``ichviewer`` command."""

from __future__ import annotations

import io
import multiprocessing
import sys

from ichviewer.cli import run
from ichviewer.uncaught import watch


def main() -> int:
    """Run the command line; child processes of a frozen application end here."""
    multiprocessing.freeze_support()
    # A terminal that cannot show a letter of a name or path gets its number; nothing ends because of it.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    watch(lambda _description: None)
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
