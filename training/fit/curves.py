"""A run's values as curves for TensorBoard, beside the log, where its package is installed.

The one thing to get wrong: a run that was killed goes on from its last state, so TensorBoard is told to leave
out what came after that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError:  # the package is an extra; require_tensorboard says so to who asks for curves
    SummaryWriter = None  # type: ignore[misc, assignment]

NO_CURVES = ("event", "done", "phase", "step")
"""What places a value, and is none."""


class CurvesUnavailableError(ValueError):
    """Curves cannot be drawn here."""


def require_tensorboard() -> None:
    """Return where curves can be drawn.

    Raises:
        CurvesUnavailableError: The package is not installed.
    """
    if SummaryWriter is None:
        raise CurvesUnavailableError(
            "--tensorboard needs the package tensorboard, which is not installed: `pip install tensorboard`. "
            "The same values stand in each run's log.jsonl without it."
        )


class Curves:
    """Writes events into a folder of TensorBoard's."""

    def __init__(self, folder: Path, done_steps: int) -> None:
        """Begin, or go on after *done_steps*.

        Raises:
            CurvesUnavailableError: The package is not installed.
        """
        require_tensorboard()
        self._writer = SummaryWriter(str(folder), purge_step=done_steps + 1)

    def write(self, event: str, values: Mapping[str, Any]) -> None:
        """Add the values of an event, at the step that ``done`` among them counts."""
        for name, value in values.items():
            if name not in NO_CURVES:
                self._writer.add_scalar(f"{event}/{name}", value, values["done"])

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
