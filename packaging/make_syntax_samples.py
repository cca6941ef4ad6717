"""Makes ``resources/syntax_samples.json``: one small picture in every compressed transfer syntax.

Run once, by hand, with ``imagecodecs`` and libjpeg-turbo's ``cjpeg`` (neither is needed to run or to test the
program)::

    PYTHONPATH=.:tests python packaging/make_syntax_samples.py resources/syntax_samples.json

Where there are two programs for a syntax, the encoder is another one than the viewer's decoder, so that an
error that both share cannot hide.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import imagecodecs
from dicom_files import make_slice
from pydicom.encaps import generate_frames
from pydicom.uid import RLELossless

from ichviewer.dicom.syntax_check import COLUMNS, ROWS, known_pixels

QUALITY = 95
SPECTRAL_SELECTION = "0: 0-0, 0, 0;\n0: 1-5, 0, 0;\n0: 6-63, 0, 0;\n"
"""Scans without successive approximation, as processes 6 and 8 want them."""


def cjpeg(*options: str) -> bytes:
    """The 8-bit picture through libjpeg."""
    picture = b"P5 %d %d 255\n" % (COLUMNS, ROWS) + known_pixels(8, False).tobytes()
    command = ["cjpeg", "-quality", str(QUALITY), "-optimize", *options]
    return subprocess.run(command, input=picture, capture_output=True, check=True).stdout


def spectral_selection() -> bytes:
    """The 8-bit picture in scans of a few frequencies each."""
    with tempfile.NamedTemporaryFile("w") as scans:
        scans.write(SPECTRAL_SELECTION)
        scans.flush()
        return cjpeg("-scans", scans.name)


def run_lengths() -> bytes:
    """The signed picture in PackBits segments (PS3.5 annex G)."""
    dataset = make_slice(pixels=known_pixels(16, True))
    dataset.compress(RLELossless, encoding_plugin="pydicom")
    return next(generate_frames(dataset.PixelData, number_of_frames=1))


def samples() -> list[dict[str, object]]:
    """Transfer syntax, bits stored, sign, largest difference that its loss allows, encoder, bytes."""
    gray12, signed = known_pixels(12, False), known_pixels(16, True)
    words = signed.view("<u2")
    jpeg, j2k, htj2k = imagecodecs.jpeg8_encode, imagecodecs.jpeg2k_encode, imagecodecs.htj2k_encode
    turbo, openjpeg, openjph = "libjpeg-turbo", "OpenJPEG", "OpenJPH"
    rows: list[tuple[str, int, bool, int, str, bytes]] = [
        ("5", 16, True, 0, "pydicom", run_lengths()),
        ("4.50", 8, False, 2, turbo, cjpeg("-baseline")),
        ("4.51", 12, False, 4, turbo, jpeg(gray12, level=QUALITY, bitspersample=12)),
        ("4.53", 8, False, 2, turbo, spectral_selection()),
        ("4.55", 8, False, 2, turbo, cjpeg("-progressive")),
        ("4.57", 16, True, 0, turbo, jpeg(words, lossless=True, predictor=6, bitspersample=16)),
        ("4.70", 16, True, 0, turbo, jpeg(words, lossless=True, predictor=1, bitspersample=16)),
        ("4.80", 16, True, 0, "CharLS", imagecodecs.jpegls_encode(words)),
        ("4.81", 12, False, 2, "CharLS", imagecodecs.jpegls_encode(gray12, level=2)),
        ("4.90", 16, True, 0, openjpeg, j2k(signed, level=0, codecformat="j2k", resolutions=3)),
        (
            *("4.91", 12, False, 8, openjpeg),
            j2k(gray12, level=75, codecformat="j2k", resolutions=3, bitspersample=12),
        ),
        ("4.201", 16, True, 0, openjph, htj2k(signed, reversible=True, resolutions=3)),
        ("4.202", 16, True, 0, openjph, htj2k(signed, reversible=True, resolutions=3, tlm=True, tilepart=1)),
        ("4.203", 12, False, 8, openjph, htj2k(gray12, level=0.0001, reversible=False, resolutions=3)),
    ]
    return [
        {
            "transfer_syntax": f"1.2.840.10008.1.2.{ending}",
            "bits_stored": bits,
            "is_signed": is_signed,
            "allowed_difference": allowed,
            "encoder": encoder,
            "codestream": base64.b64encode(codestream).decode(),
        }
        for ending, bits, is_signed, allowed, encoder, codestream in rows
    ]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(samples(), indent=1) + "\n", encoding="utf-8")
