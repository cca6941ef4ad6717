"""Slices of the procedural head, healthy and bleeding, as extra training data; never in a measured figure.

The demo study's own seed is never used.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.phantom import phantom_slice
from ichviewer.core.phantom_spec import DEMO_SEED, random_spec
from ichviewer.core.preprocessing import PreprocessingSpec, frame_slice
from training.fit.channels import distinct_channels

FIRST_SEED = 1_000_000
"""Seeds from here on; the demo's and those that tests use lie below."""

SLICES_PER_HEAD = 6


def generated_slices(
    count: int, spec: PreprocessingSpec, folder: Path
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Framed generated slices and their labels, kept in *folder* once made.

    Half of the heads bleed; their slices are drawn around the bleeds, those of healthy heads anywhere.

    Returns:
        (count, channels, size, size) in [0, 1], and (count, 6) of 0 and 1 in the order of SUBTYPES.
    """
    assert DEMO_SEED < FIRST_SEED, "the demo's head must stay unseen"
    folder.mkdir(parents=True, exist_ok=True)
    # One slice stands for the phantom's code: where that changes, older slices are not taken for new ones.
    sample = phantom_slice(random_spec(FIRST_SEED, bleeding=True), 10).hu.tobytes()
    key = hashlib.sha256(json.dumps([count, spec.to_dict()]).encode() + sample).hexdigest()[:16]
    path = folder / f"generated-{key}.npz"
    if not path.exists():
        made = [_slice(number, spec) for number in range(count)]
        np.savez(path, framed=np.stack([m[0] for m in made]), labels=np.stack([m[1] for m in made]))
    with np.load(path) as stored:
        return stored["framed"], stored["labels"]


def _slice(number: int, spec: PreprocessingSpec) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    head, position = divmod(number, SLICES_PER_HEAD)
    generator = np.random.default_rng((FIRST_SEED, number))
    # Smaller slices than a scanner's are four times as fast to draw, and the network sees them at 256 px.
    phantom = replace(random_spec(FIRST_SEED + head, bleeding=bool(head % 2)), rows=320, columns=320)
    if phantom.bleeds and position < SLICES_PER_HEAD - 1:
        height = phantom.bleeds[position % len(phantom.bleeds)].center_mm[2] + generator.uniform(-12, 12)
    else:
        height = generator.uniform(-25, 110)
    index = round((height - phantom.lowest_mm) / phantom.slice_spacing_mm)
    made = phantom_slice(phantom, min(max(index, 0), phantom.slice_count - 1))
    framed, _ = frame_slice(made.hu.astype(np.float32), phantom.pixel_spacing_mm, spec)
    return framed[distinct_channels(spec)], made.labels.astype(np.float32)
