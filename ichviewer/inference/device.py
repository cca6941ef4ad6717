"""Which processor runs the network."""

from __future__ import annotations

import torch

from ichviewer.core.errors import InferenceError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(wanted: str) -> torch.device:
    """The device to run on.

    Args:
        wanted: One of DEVICES; ``auto`` takes CUDA, then MPS, then the CPU.

    Raises:
        InferenceError: The name is unknown, or this machine has no such device.
    """
    if wanted not in DEVICES:
        raise InferenceError(f"The device {wanted!r} is not known; choose one of {', '.join(DEVICES)}.")
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, is_present in present.items() if is_present))
    if not present[wanted]:
        raise InferenceError(
            f"The device {wanted} was asked for, but this machine has none that torch can use."
        )
    return torch.device(wanted)


def describe_device(device: torch.device) -> str:
    """The device in words, for the window: its kind, and the name of a graphics card."""
    if device.type == "cuda":
        return f"CUDA ({torch.cuda.get_device_name(device)})"
    return {"mps": "MPS (Apple)"}.get(device.type, "CPU")
