"""The command line: what may be asked for, and who answers.

``ichviewer [PATH ...]`` opens the window; ``analyze``, ``inspect``, ``demo``, ``tour`` and ``selftest`` are
words of their own, so a folder of that name is given as ``./demo``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ichviewer import __version__, headless
from ichviewer.core.errors import IchViewerError
from ichviewer.core.file_errors import why_not_read, why_not_written
from ichviewer.resources import resource_path
from ichviewer.settings import user_data_folder

CHECKPOINT = "checkpoints/ichviewer_mobilenet_v2.json"
FAILED, CANCELED = 1, 130
COMMANDS = ("analyze", "inspect", "demo", "tour", "selftest")


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        Exit code: 0 done, 1 failed, 2 bad arguments, 3 nothing readable, 4 input check red.
    """
    try:
        code = _answer(list(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()  # A full disk behind a redirected output shows here at the latest.
        return code
    except IchViewerError as error:
        print(f"ichviewer: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        _forget_output()  # Whoever read the output has gone (`| head`); nothing is wrong.
        return FAILED
    except OSError as error:
        _forget_output()
        print(f"ichviewer: {error.filename or 'the output'}: {why_not_written(error)}.", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("ichviewer: canceled", file=sys.stderr)
        return CANCELED


def _answer(words: list[str]) -> int:
    if words and words[0] in COMMANDS:
        return _run_command(_command_parser().parse_args(words))
    return _open_window(_window_parser().parse_args(words).path)


def _run_command(options: argparse.Namespace) -> int:
    if options.command == "analyze":
        return headless.analyze(_analyze_request(options))
    if options.command == "inspect":
        return headless.inspect(options.path, options.hash_uids)
    if options.command == "demo":
        return headless.demo(options.folder, with_bleeds=not options.without_bleeds)
    if options.command == "selftest":
        return headless.selftest(
            options.checkpoint or resource_path(CHECKPOINT), options.device, options.json
        )
    return _tour(options.out)


def _forget_output() -> None:
    """Let Python end quietly although the rest of the output can go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tour(out: Path | None) -> int:
    """The demo study in the window, or without a window where there is no display."""
    demo = headless.tour_study()
    if _has_display():
        return _open_window([demo])
    print("No display: analyzing the demo study without a window.")
    return headless.tour(demo, out or user_data_folder() / "tour", resource_path(CHECKPOINT))


def _open_window(paths: Sequence[Path]) -> int:
    if not _has_display():
        print(
            "ichviewer: there is no display; use `ichviewer analyze PATH --csv FILE` instead", file=sys.stderr
        )
        return 1
    # The one import inside a function: `inspect` and `analyze` must work where Qt's libraries are absent.
    from ichviewer.app import run_window

    return run_window(paths, resource_path(CHECKPOINT))


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _analyze_request(options: argparse.Namespace) -> headless.AnalyzeRequest:
    return headless.AnalyzeRequest(
        path=options.path,
        csv=options.csv,
        checkpoint=options.checkpoint or resource_path(CHECKPOINT),
        heatmaps=options.heatmaps,
        device=options.device,
        series_uid=options.series,
        every_series=options.all,
        force=options.force,
        identify=options.identify,
        repair_wrapped=options.repair_wrapped,
    )


def _window_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ichviewer",
        description="Read a head CT with scores for bleeding and their reasons. Research use only.",
        epilog=f"Without a window: ichviewer {{{','.join(COMMANDS)}}} --help",
    )
    parser.add_argument("path", nargs="*", type=_existing, help="folder, ZIP or DICOM file to open")
    parser.add_argument("--version", action="version", version=f"ichviewer {__version__}")
    return parser


def _command_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ichviewer", description="Research use only.")
    commands = parser.add_subparsers(dest="command", required=True)

    analyze = commands.add_parser(
        "analyze",
        help="score a study and write CSV",
        description="Score every slice and write one CSV row per slice. Research use only. "
        "Exit code: 0 done, 1 something failed, 2 bad arguments, 3 nothing readable, 4 input check red.",
    )
    analyze.add_argument("path", type=_existing, help="folder, ZIP, DICOMDIR or DICOM file")
    analyze.add_argument("--csv", type=Path, required=True, help="file to write")
    analyze.add_argument(
        "--heatmaps", type=Path, metavar="DIR", help="also write a picture per flagged slice"
    )
    analyze.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    which = analyze.add_mutually_exclusive_group()
    which.add_argument("--series", metavar="UID", help="series instead of the best head CT")
    which.add_argument("--all", action="store_true", help="every axial CT series below PATH, however short")
    analyze.add_argument("--force", action="store_true", help="analyze although the input check is red")
    analyze.add_argument(
        "--repair-wrapped",
        action="store_true",
        help="mend values that were wrapped by 4096 (a known defect of some RSNA files) before the analysis",
    )
    analyze.add_argument("--identify", action="store_true", help="add patient name and ID to the CSV")
    analyze.add_argument("--checkpoint", type=_existing, metavar="CARD", help="model card of other weights")

    inspect = commands.add_parser(
        "inspect",
        help="list series and files as JSON",
        description="List every series and the verdict on every file, without network and window. "
        "UIDs identify a patient to whoever holds the archive; --hash-uids replaces them.",
    )
    inspect.add_argument("path", type=_existing, help="folder, ZIP, DICOMDIR or DICOM file")
    inspect.add_argument("--json", action="store_true", help="print JSON (the only format, and the default)")
    inspect.add_argument("--hash-uids", action="store_true", help="replace UIDs by a hash")

    demo = commands.add_parser("demo", help="write the synthetic demo study as DICOM")
    demo.add_argument("folder", type=Path, help="new or empty folder")
    demo.add_argument("--without-bleeds", action="store_true", help="the same head, healthy")

    tour = commands.add_parser("tour", help="open the demo study, or analyze it where there is no display")
    tour.add_argument("--out", type=Path, metavar="DIR", help="where to write without a display")

    selftest = commands.add_parser(
        "selftest",
        help="try what this machine can do",
        description="Decode a picture in every transfer syntax, verify and run the network, open and analyze "
        "the demo study, and say what does not work. Needs no display and leaves no file behind. "
        "Exit code: 0 everything works, 1 something does not.",
    )
    selftest.add_argument("--json", action="store_true", help="print JSON instead of a table")
    selftest.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    selftest.add_argument("--checkpoint", type=_existing, metavar="CARD", help="model card of other weights")
    return parser


def _existing(text: str) -> Path:
    path = Path(text)
    try:
        path.stat()
    except FileNotFoundError as error:
        raise argparse.ArgumentTypeError(f"{text} does not exist") from error
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text} cannot be opened: {why_not_read(error)}") from error
    return path
