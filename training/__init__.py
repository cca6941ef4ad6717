"""Training of ichviewer's checkpoints, from labeled pictures to a released file; not installed.

Reads top to bottom in ``train.py``. The one thing to get wrong: Hounsfield units enter the network through
``ichviewer.core.preprocessing`` only, here as in the viewer.
"""

# First of all, before numpy: what it sets for numpy's threads belongs to the arithmetic of preprocessing.
# With two threads framing a slice gives other last bits than in the viewer, and beside a busy network it took
# 209 ms instead of 20.
import ichviewer  # noqa: F401
