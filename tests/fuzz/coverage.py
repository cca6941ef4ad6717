"""``make fuzz-coverage``: inputs that grow where they reach new code of the reader, with atheris (libFuzzer).

Each target takes bytes and gives them to one part of the reader in this process; no decoder runs. Only named
outcomes are allowed. ``python -m tests.fuzz.coverage --seconds 1800`` runs all targets one after the other,
each in a process of its own, and prints what they reached. Exit code 1 if there is any finding.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["ichviewer"]):
    from ichviewer.core.errors import UnreadableError
    from ichviewer.core.progress import CancelToken
    from ichviewer.core.series import StoredPixels
    from ichviewer.dicom import tags
    from ichviewer.dicom.decode import Decoded, SliceDecoder
    from ichviewer.dicom.decode_child import DecodeTask
    from ichviewer.dicom.frames import instances
    from ichviewer.dicom.native import read_native, stored_gray
    from ichviewer.dicom.raw_header import DamagedError, PixelElement, RawHeader, read_raw_header
    from ichviewer.dicom.stored_pixels import NATIVE_SYNTAXES, layout_fault
    from tests.fuzz.elements import PIXEL_DATA, places
    from tests.fuzz.seeds import Seed, all_seeds
    from tests.fuzz.way_in import outcome

LONGEST_INPUT = 16384
LIMITS = ("-rss_limit_mb=1000", "-timeout=5", f"-max_len={LONGEST_INPUT}")
MEMORY = Path("/dev/shm")


class RefusingDecoder(SliceDecoder):
    """Starts no child: compressed pixels are for the mutants of ``make fuzz``."""

    def decode(self, tasks: Sequence[DecodeTask], cancel: CancelToken) -> Iterator[tuple[int, Decoded]]:
        yield from ((index, "not decoded") for index, _ in enumerate(tasks))


def _file_target(folder: Path, name: str) -> Callable[[bytes], None]:
    """The whole way in of a file with that name."""
    path, decoder = folder / name, RefusingDecoder()

    def take(content: bytes) -> None:
        path.write_bytes(content)
        outcome(path, decoder, lambda _: None)

    return take


FRAMES_HEAD = struct.Struct("<BBH")
"""Before the groups of the target ``frames``: encoding, number of frames, bytes of the shared groups."""


def _frames_target(content: bytes) -> None:
    """Functional groups: shared ones, then those of each frame."""
    if len(content) < FRAMES_HEAD.size:
        return
    encoding, count, split = FRAMES_HEAD.unpack_from(content)
    is_implicit, is_little = bool(encoding & 1), bool(encoding & 2)
    groups = content[FRAMES_HEAD.size :]
    order = "little" if is_little else "big"
    size = {tag: (8).to_bytes(2, order) for tag in (tags.ROWS, tags.COLUMNS, tags.BITS_ALLOCATED)}
    values = {
        **size,
        tags.NUMBER_OF_FRAMES: str(count or 1).encode(),
        tags.SHARED_FUNCTIONAL_GROUPS: groups[:split],
        tags.PER_FRAME_FUNCTIONAL_GROUPS: groups[split:],
    }
    pixels = PixelElement(PIXEL_DATA, 0, None, False)
    raw = RawHeader(values, "1.2.840.10008.1.2.1", is_implicit, is_little, pixels, False, 1 << 20)
    with suppress(DamagedError):
        instances(Path("none"), raw)


def _native_target(folder: Path) -> Callable[[bytes], None]:
    """Uncompressed pixels in every layout that the header check lets through."""
    path = folder / "pixels"

    def take(content: bytes) -> None:
        data = atheris.FuzzedDataProvider(content)
        shape = data.ConsumeIntInRange(0, 40), data.ConsumeIntInRange(0, 40)
        pixels = StoredPixels(
            transfer_syntax=str(data.PickValueInList(sorted(NATIVE_SYNTAXES))),
            offset=data.ConsumeIntInRange(0, 64),
            length=data.ConsumeIntInRange(0, 4000),
            frame_count=data.ConsumeIntInRange(1, 3),
            bits_allocated=data.PickValueInList([1, 8, 16, 32]),
            bits_stored=data.ConsumeIntInRange(0, 33),
            high_bit=data.ConsumeIntInRange(-1, 33),
            is_signed=data.ConsumeBool(),
            is_big_endian=data.ConsumeBool(),
            is_word_data=data.ConsumeBool(),
            photometric=data.PickValueInList(
                ["MONOCHROME1", "MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422"]
            ),
            samples=data.ConsumeIntInRange(0, 4),
            is_planar=data.ConsumeBool(),
            modality_lut=data.PickValueInList([None, (-5, b"\1\2\3\4"), (40000, b"\xff\xff" * 300)]),
        )
        if layout_fault(pixels, shape):
            return
        path.write_bytes(data.ConsumeBytes(LONGEST_INPUT))
        with suppress(UnreadableError):
            stored_gray(read_native(str(path), pixels, shape), pixels)

    return take


def _is_zip(seed: Seed) -> bool:
    return seed.content[:2] == b"PK"


TARGETS: dict[str, Callable[[Seed], bool]] = {
    "header": lambda seed: not _is_zip(seed) and seed.file_name != "DICOMDIR",
    "frames": lambda seed: "multi-frame" in seed.name or "eCT_Supplemental" in seed.name,
    "dicomdir": lambda seed: seed.file_name == "DICOMDIR",
    "zip": _is_zip,
    "native": lambda seed: False,
}
"""The targets, and which seeds each begins with."""


def write_corpus(name: str, folder: Path) -> None:
    """The seeds of one target, cut behind the header where they are long; made at run time, never kept."""
    for number, seed in enumerate(seed for seed in all_seeds() if TARGETS[name](seed)):
        content = seed.content
        if len(content) > LONGEST_INPUT:
            ends = [place.value for place in places(content) if place.tag == PIXEL_DATA]
            content = content[: ends[0] + 64] if ends else content[:LONGEST_INPUT]
        if name == "frames":
            content = _frames_input(content)
        if len(content) <= LONGEST_INPUT:
            (folder / f"seed-{number}").write_bytes(content)


def _frames_input(content: bytes) -> bytes:
    """The functional groups of a multi-frame file as an input of the target ``frames``."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        raw = read_raw_header(Path(file.name))
    shared = raw.bytes_of(tags.SHARED_FUNCTIONAL_GROUPS)
    encoding = raw.is_implicit | raw.is_little_endian << 1
    head = FRAMES_HEAD.pack(encoding, (raw.integer(tags.NUMBER_OF_FRAMES) or 1) % 256, len(shared) % 65536)
    return head + shared + raw.bytes_of(tags.PER_FRAME_FUNCTIONAL_GROUPS)


def fuzz(name: str, arguments: list[str]) -> None:
    """One target in this process, until libFuzzer ends it."""
    warnings.simplefilter("error")
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    targets = {
        "header": _file_target(folder, "file"),
        "frames": _frames_target,
        "dicomdir": _file_target(folder, "DICOMDIR"),
        "zip": _file_target(folder, "archive.zip"),
        "native": _native_target(folder),
    }
    atheris.Setup([sys.argv[0], *arguments], targets[name])
    atheris.Fuzz()


def run_target(name: str, seconds: float, folder: Path) -> dict[str, Any]:
    """Fuzz one target for that long, starting again after each finding; what it reached."""
    corpus = folder / name
    corpus.mkdir()
    write_corpus(name, corpus)
    found: dict[str, Any] = {"target": name, "seeds": len(list(corpus.iterdir())), "executions": 0}
    findings: list[str] = []
    until = time.monotonic() + seconds
    while (left_s := int(until - time.monotonic())) > 0 and len(findings) < 20:
        command = (sys.executable, "-m", "tests.fuzz.coverage", "--target", name, "--")
        arguments = (*LIMITS, f"-max_total_time={left_s}", f"-artifact_prefix={folder}/{name}-", str(corpus))
        ended = subprocess.run((*command, *arguments), capture_output=True, text=True, check=False)
        lines = re.findall(r"^#(\d+)\s.*cov: (\d+) ft: (\d+).*rss: (\d+)Mb", ended.stderr, re.MULTILINE)
        if lines:
            found["executions"] += int(lines[-1][0])
            found["edges"], found["features"] = int(lines[-1][1]), int(lines[-1][2])
            found["rss_MB"] = max(int(line[3]) for line in lines)
        if ended.returncode == 0:
            break
        findings.append(ended.stderr[-3000:])
        print(ended.stderr[-3000:], file=sys.stderr)
    found["minutes"] = round((seconds - max(0.0, until - time.monotonic())) / 60, 1)
    found["inputs_kept"] = len(list(corpus.iterdir()))
    return {**found, "findings": findings}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.coverage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800, help="for all targets together")
    parser.add_argument("--only", default=",".join(TARGETS), help="targets, with commas")
    parser.add_argument("--target", default="", help="run this one here, with libFuzzer's options behind --")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "ichviewer-coverage")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    if options.target:
        fuzz(options.target, options.arguments)
        return 0
    names = options.only.split(",")
    options.out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=options.out))
    reports = []
    for name in names:
        reports.append(run_target(name, options.seconds / len(names), folder))
        print(json.dumps({**reports[-1], "findings": len(reports[-1]["findings"])}), flush=True)
    (folder / "report.json").write_text(json.dumps(reports, indent=1))
    print(f"Findings, inputs and report: {folder}")
    return 1 if any(report["findings"] for report in reports) else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
