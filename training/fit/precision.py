"""In which numbers the passes run; the weights stay in 32 bits.

Half precision with loss scaling is for graphics cards; on a CPU it becomes 32 bits, and the run says so.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch.amp import GradScaler, autocast

from training.recipe.tree import Phase


@dataclass(frozen=True, eq=False)
class Precision:
    """How a phase computes.

    Attributes:
        dtype: Of the passes; None for 32 bits.
        device_type: ``cpu`` or ``cuda``.
        scaler: Scales the loss where half precision needs it; does nothing otherwise.
        lost: What was asked for and cannot be had, in words; empty if nothing.
    """

    dtype: torch.dtype | None
    device_type: str
    scaler: GradScaler
    lost: str = ""

    @staticmethod
    def exact(device: torch.device) -> Precision:
        """32 bits."""
        return Precision(None, device.type, GradScaler(device.type, enabled=False))

    def passes(self) -> AbstractContextManager[object]:
        """Context of the forward pass."""
        return autocast(self.device_type, dtype=self.dtype) if self.dtype else nullcontext()


def precision_of(phase: Phase, device: torch.device) -> Precision:
    """What a phase asks for, as far as the device can do it."""
    is_cuda = device.type == "cuda"
    scaler = GradScaler(device.type, enabled=is_cuda and phase.precision == "fp16")
    if phase.precision == "fp16" and not is_cuda:
        lost = "fp16 with loss scaling needs a graphics card; 32 bits were used"
        return Precision(None, device.type, scaler, lost)
    dtypes = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}
    return Precision(dtypes[phase.precision], device.type, scaler)
