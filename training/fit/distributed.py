"""Several processes that train one network: ``torchrun`` starts them, each makes a part of every batch.

The one thing to get wrong: a loss is divided by the rows of the *whole* batch and multiplied by the number of
processes, since gradients are averaged over processes; so it does not matter who got how many rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from training.networks.built import Built

PATIENCE = timedelta(hours=24)
"""How long processes wait for the first one, which frames every slice once. One that dies ends them all at
once: torchrun sees to that.
"""


@dataclass(frozen=True)
class Processes:
    """Who this process is among how many.

    Attributes:
        rank: Counted from 0; the first one writes files.
        count: Of all.
        local_rank: Among those on this machine; the number of its graphics card.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def writes(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0


@contextmanager
def joined(device: str = "cpu", environment: Mapping[str, str] = os.environ) -> Iterator[Processes]:
    """Join the processes that torchrun started, as its environment says; alone without one.

    Args:
        device: Kind of device, ``cpu`` or ``cuda``; of several graphics cards each process takes its own.
        environment: What torchrun sets.
    """
    count = int(environment.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Processes()
        return
    processes = Processes(int(environment["RANK"]), count, int(environment.get("LOCAL_RANK", "0")))
    if device == "cuda":
        # What waits and gathers runs on the current card, which is the first one in every process.
        card = torch.device("cuda", processes.local_rank)
        torch.cuda.set_device(card)
        dist.init_process_group("nccl", timeout=PATIENCE, device_id=card)
    else:
        dist.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield processes
    finally:
        dist.destroy_process_group()


def synchronized(built: Built, device: torch.device, processes: Processes) -> Built:
    """The network on its device; among several graphics cards with batch norms that share their statistics.

    Without graphics cards every process counts for itself, and only a phase whose batch norms never update
    gives one process's gradients.
    """
    names = _names(built)
    module = built.module
    if processes.count > 1 and device.type == "cuda":
        module = nn.SyncBatchNorm.convert_sync_batchnorm(module)
    return _renewed(built, module.to(device), names)


def unsynchronized(built: Built) -> Built:
    """The network for one process alone, in place: its batch norms wait for no other.

    They keep the weights and statistics of those that they stand for.
    """
    names = _names(built)
    for module in list(built.module.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.SyncBatchNorm):
                setattr(module, name, _LoneBatchNorm(child))
    return _renewed(built, built.module, names)


class _LoneBatchNorm(_BatchNorm):
    """A batch norm of any number of axes, as the synchronized one that it stands for."""

    def __init__(self, norm: nn.SyncBatchNorm) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self._parameters.update(norm._parameters)
        self._buffers.update(norm._buffers)
        self.training = norm.training

    def _check_input_dim(self, values: Tensor) -> None:
        if values.dim() < 2:
            raise ValueError(f"A batch norm needs (n, channels, ...); this is of {values.dim()} axes.")


def _names(built: Built) -> dict[int, str]:
    return {id(module): name for name, module in built.module.named_modules()}


def _renewed(built: Built, module: nn.Module, names: Mapping[int, str]) -> Built:
    """The network with its parts found again by name, since modules were replaced."""
    found = dict(module.named_modules())

    def anew(modules: tuple[nn.Module, ...]) -> tuple[nn.Module, ...]:
        return tuple(found[names[id(each)]] for each in modules)

    parts = {name: anew(modules) for name, modules in built.parts.items()}
    return replace(built, module=module, body=anew(built.body), parts=parts)


def together(module: nn.Module, processes: Processes) -> nn.Module:
    """The network whose gradients are averaged over all processes; itself where there is one."""
    if processes.count == 1:
        return module
    return DistributedDataParallel(module)


def batch_loss(losses: Tensor, counts: Tensor, whole: int, processes: Processes) -> Tensor:
    """This process's part of the mean over the whole batch, ready to be averaged over processes."""
    return (losses * counts).sum() * (processes.count / whole)


def sum_over(values: Tensor, processes: Processes) -> Tensor:
    """The sum over all processes, in every one."""
    if processes.count > 1:
        dist.all_reduce(values)
    return values


def gathered(
    units: NDArray[np.int64], values: NDArray[np.floating], processes: Processes
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """Numbers and values of the units that all processes scored, ordered by number, in every process.

    Values travel as they are, so figures from them equal one process's.
    """
    parts: list[tuple[NDArray[np.int64], NDArray[np.floating]]] = [(units, values)]
    if processes.count > 1:
        received: list[object] = [None] * processes.count
        dist.all_gather_object(received, (units, values))
        parts = received  # type: ignore[assignment]
    everything = np.concatenate([part for part, _ in parts])
    order = np.argsort(everything, kind="stable")
    return everything[order], np.concatenate([part for _, part in parts])[order]


def wait_for_all(processes: Processes) -> None:
    """Return when every process is here."""
    if processes.count > 1:
        dist.barrier()
