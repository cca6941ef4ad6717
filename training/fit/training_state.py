"""The whole state of a run in one file that is replaced whole or not at all.

Weights, their average, the best ones, optimizer, loss scaler and plateau lie in it, and phase and step, from
which all chance follows (``training.fit.chance``). The one thing to get wrong: what changes from step to step
and is not in here makes a run that was killed end elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ichviewer.atomic_file import write_atomically
from training.fit.schedules import Plateau

TENSOR = "tensor:"
"""In the plain part of a state, stands before the name of a tensor that lies beside it."""


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A run between two steps.

    Attributes:
        key: Says of which recipe, rows, seed and budget; a state of another run is refused.
        phase: Number of the phase to go on with.
        step: Steps of it that are done.
        network: ``state_dict`` of the network.
        average: Of the moving average; empty without one.
        best: Weights with the lowest validation loss so far; empty without any.
        best_loss: That loss; None without any.
        optimizer: ``state_dict`` of the optimizer.
        scaler: ``state_dict`` of the loss scaler.
        plateau: Of the phase's schedule.
        found_rates: Peak rates that range tests found, by phase.
    """

    key: str
    phase: int
    step: int
    network: Mapping[str, Tensor]
    average: Mapping[str, Tensor] = field(default_factory=dict)
    best: Mapping[str, Tensor] = field(default_factory=dict)
    best_loss: float | None = None
    optimizer: Mapping[str, Any] = field(default_factory=dict)
    scaler: Mapping[str, Any] = field(default_factory=dict)
    plateau: Plateau = field(default_factory=Plateau)
    found_rates: Mapping[str, float] = field(default_factory=dict)


class StateError(ValueError):
    """A run's state cannot be used; the message names the file."""


def save_state(path: Path, state: TrainingState) -> None:
    """Write a state in the place of the one before.

    Raises:
        OSError: The disk is full, or the folder cannot be written; the state before stays.
    """
    tensors: dict[str, Tensor] = {}
    plain = {
        "key": state.key,
        "phase": state.phase,
        "step": state.step,
        "best_loss": state.best_loss,
        "plateau": asdict(state.plateau),
        "found_rates": dict(state.found_rates),
        **{
            name: _without_tensors(getattr(state, name), name, tensors)
            for name in ("network", "average", "best", "optimizer", "scaler")
        },
    }
    write_atomically(path, save(tensors, {"state": json.dumps(plain)}))


def load_state(path: Path, key: str) -> TrainingState | None:
    """The state that a run left; None if it left none.

    Raises:
        StateError: It is damaged, or of another run.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            plain = json.loads((file.metadata() or {})["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - is no mapping
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise StateError(f"{path} is damaged: {error}; delete it to begin anew.") from error
    if plain["key"] != key:
        raise StateError(
            f"{path} was left by a run of another recipe, other rows or another budget; name another "
            "folder, or delete it to begin anew."
        )
    plain = _with_tensors(plain, tensors)
    return TrainingState(**{**plain, "plateau": Plateau(**plain["plateau"])})


def _without_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """*value* as JSON can hold it; its tensors go into *tensors* under names of their own."""
    if isinstance(value, Tensor):
        # A copy: tensors that share memory, or lie in another order, cannot be written as they are.
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return TENSOR + name
    if isinstance(value, Mapping):
        # Keys of an optimizer's state are numbers, which JSON would turn into text unseen.
        return {
            "items": [[key, _without_tensors(item, f"{name}.{key}", tensors)] for key, item in value.items()]
        }
    if isinstance(value, list | tuple):
        return [_without_tensors(item, f"{name}.{i}", tensors) for i, item in enumerate(value)]
    return value


def _with_tensors(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, str) and value.startswith(TENSOR):
        return tensors[value.removeprefix(TENSOR)]
    if isinstance(value, dict) and value.keys() == {"items"}:
        return {key: _with_tensors(item, tensors) for key, item in value["items"]}
    if isinstance(value, dict):
        return {key: _with_tensors(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_tensors(item, tensors) for item in value]
    return value
