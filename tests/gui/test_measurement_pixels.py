"""Measurements on the screen lie on what they measure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
def test_rulers_and_regions_lie_on_the_marked_pixels_at_every_turn_zoom_and_ratio(ratio: float) -> None:
    """Hazard: a line beside what it measures; the reader measures something else."""
    environment = {
        **os.environ,
        "QT_SCALE_FACTOR": str(ratio),
        "QT_SCALE_FACTOR_ROUNDING_POLICY": "PassThrough",
    }
    program = Path(__file__).with_name("measured_at_scale.py")
    done = subprocess.run(
        [sys.executable, str(program)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"ratio": ratio, "misses": []}
