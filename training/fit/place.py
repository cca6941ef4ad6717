"""Where a run happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch

from training.fit.distributed import Processes


@dataclass(frozen=True)
class Place:
    """Where a run happens.

    Attributes:
        folder: State, log and range-test plots lie there.
        device: Of the network.
        processes: That train together.
        workers: Processes that make batches ahead; 0 makes them in between.
        state_every: Steps between two states.
        curves: Folder of TensorBoard's; None for no curves.
    """

    folder: Path
    device: torch.device
    processes: Processes = field(default_factory=Processes)
    workers: int = 0
    state_every: int = 100
    curves: Path | None = None
