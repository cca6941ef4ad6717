"""Viewer for bleeding in the head on CT. Research use only."""

import os

# Matrix products are small here, and beside a busy network numpy's threads only wait for each other: placing
# a heat map on a slice took 32 ms with two threads, 0.4 ms with one. Set before numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
