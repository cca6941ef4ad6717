"""All chance of a run as a function of what it is for.

No generator is carried from step to step: that of a step follows from seed, phase and step. So a run that was
killed goes on with the very draws it would have made, loaders may work ahead, and every process of several
draws the same batch.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch

EPOCH, STEP, NETWORK, CUTMIX, START, COPIES = range(6)
"""What a draw is for."""


def generator(seed: int, *purpose: int) -> np.random.Generator:
    """A generator of numpy for one purpose."""
    return np.random.default_rng((seed, *purpose))


def seed_torch(seed: int, *purpose: int) -> None:
    """Set torch's own generators (starting weights, dropout) for one purpose."""
    digest = hashlib.sha256(repr((seed, *purpose)).encode()).digest()
    torch.manual_seed(int.from_bytes(digest[:8], "big") >> 1)
