"""``training tell-apart``: how well a small network tells generated bleeds from real ones.

Two questions. *generated or real*: whole slices with generated blood against real bleeding slices. *edited
or untouched*: the control, edited without blood, against its own host at the same place, where nothing but
the traces of editing differs. An AUC near one half is good news in both. The one thing to get wrong: no head
may stand on both sides of a fold, or the network remembers it.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold
from torch import nn

from ichviewer.atomic_file import write_atomically
from ichviewer.core.preprocessing import PreprocessingSpec, frame_slice
from ichviewer.core.windowing import BRAIN, apply_window
from training.judge.bootstrap import Interval, is_estimable, with_interval
from training.judge.metrics import auc
from training.prepare.prepared import PreparedSource, open_prepared
from training.sources.labeled_slice import LabeledSlice

LOG = logging.getLogger(__name__)

SIDE_PX = 96
WHOLE = PreprocessingSpec((BRAIN,), SIDE_PX, 0.03, 0.6, (0.0,), (1.0,))
FOLDS, STEPS, HALF_BATCH, RATE = 3, 200, 16, 2e-3


@dataclass(frozen=True, eq=False)
class Sides:
    """Pictures of two kinds.

    Attributes:
        pictures: (n, side, side), [0, 1].
        is_made: (n,), whether generated or edited.
        people: (n,), number of the patient whose head it is.
    """

    pictures: NDArray[np.float32]
    is_made: NDArray[np.bool_]
    people: NDArray[np.int64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--hosts", type=Path, required=True, help="cache that the lesions were put into")
    parser.add_argument("--generated", type=Path, required=True, help="cache of `generated_lesions`")
    parser.add_argument("--control", type=Path, required=True, help="cache of `generated_lesions_control`")
    parser.add_argument("--to", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each of the small networks")
    parser.add_argument("--seed", type=int, default=1, help="of networks, batches and folds")


def main(options: argparse.Namespace) -> None:
    """Ask both questions and write the answers."""
    hosts, made, control = (
        open_prepared(path) for path in (options.hosts, options.generated, options.control)
    )
    asked = {
        "generated_or_real": generated_or_real(hosts, made),
        "edited_or_untouched": edited_or_untouched(hosts, control),
    }
    found = {}
    for name, sides in asked.items():
        found[name] = told_apart(sides, options.steps, options.seed)
        counts = f"{int(sides.is_made.sum())} against {int((~sides.is_made).sum())}"
        LOG.info("%s: AUC %s, %s pictures", name, found[name], counts)
    values = {
        **{"hosts": hosts.sha256, "generated": made.sha256, "control": control.sha256},
        **{"steps": options.steps, "seed": options.seed, "auc": found},
    }
    options.to.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.to, (json.dumps(values, indent=1, allow_nan=False) + "\n").encode())


def generated_or_real(hosts: PreparedSource, made: PreparedSource) -> Sides:
    """Whole slices: all generated ones, and the bleeding ones of their hosts' source.

    Raises:
        ValueError: A generated slice has its host elsewhere.
    """
    _host_indices(hosts, made)
    bleeding = [index for index, row in enumerate(hosts.rows) if row.known[0] and row.labels[0]]
    places = [(made, index) for index in range(len(made))] + [(hosts, index) for index in bleeding]
    pictures = [
        frame_slice(source.hu(index), source.spacing_mm(index), WHOLE)[0][0] for source, index in places
    ]
    is_made = np.arange(len(places)) < len(made)
    return Sides(np.stack(pictures), is_made, _people([source.rows[index] for source, index in places]))


def edited_or_untouched(hosts: PreparedSource, control: PreparedSource) -> Sides:
    """Pixels around every edit, as they lie, beside the same place of its host.

    Raises:
        ValueError: An edited slice has its host elsewhere, or no mask.
    """
    pictures, rows = [], []
    for index, host in enumerate(_host_indices(hosts, control)):
        masks = control.masks(index)
        if masks is None or not masks.any():
            raise ValueError(f"{control.folder}: {control.rows[index].name} has no mask.")
        middle = np.argwhere(masks).mean(axis=0).round().astype(int)
        pictures += [_cut(source.hu(i), middle) for source, i in ((control, index), (hosts, host))]
        rows += [control.rows[index], hosts.rows[host]]
    return Sides(np.stack(pictures), np.arange(len(rows)) % 2 == 0, _people(rows))


def _host_indices(hosts: PreparedSource, made: PreparedSource) -> list[int]:
    index_of = {(row.source, row.name): index for index, row in enumerate(hosts.rows)}
    found = []
    for row in made.rows:
        if row.host not in index_of:
            raise ValueError(f"{made.folder}: the host of {row.name} is not in {hosts.folder}.")
        found.append(index_of[row.host])
    return found


def _cut(hu: NDArray[np.float32], middle: NDArray[np.int_]) -> NDArray[np.float32]:
    """The square around a pixel in the brain window, black beyond the slice."""
    half = SIDE_PX // 2
    padded = np.pad(apply_window(hu, BRAIN), half)
    return padded[middle[0] : middle[0] + SIDE_PX, middle[1] : middle[1] + SIDE_PX]


def _people(rows: Sequence[LabeledSlice]) -> NDArray[np.int64]:
    """Number of each head's patient; a slice without patient is one of its own, as is its copy."""
    names = [row.patient or "/".join(row.host or (row.source, row.name)) for row in rows]
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)


def told_apart(sides: Sides, steps: int, seed: int) -> Interval | None:
    """AUC out of fold of small networks, split by patient, with its interval; None where not estimable."""
    if not is_estimable(sides.is_made, sides.people):
        return None
    scores = np.zeros(len(sides.is_made))
    dealer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in dealer.split(sides.pictures, sides.is_made, sides.people):
        network = _fitted(sides.pictures[train], sides.is_made[train], steps, seed)
        with torch.inference_mode():
            scores[test] = network(_tensor(sides.pictures[test])).numpy()[:, 0]
    return with_interval(auc, scores, sides.is_made, sides.people)


def _fitted(
    pictures: NDArray[np.float32], is_made: NDArray[np.bool_], steps: int, seed: int
) -> nn.Sequential:
    """A small network after some steps; every batch holds as many of either kind, mirrored at random."""
    generator = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _network()
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    truth = torch.cat([torch.ones(HALF_BATCH), torch.zeros(HALF_BATCH)])
    for _ in range(steps):
        chosen = [generator.choice(np.flatnonzero(kind), HALF_BATCH) for kind in (is_made, ~is_made)]
        batch = pictures[np.concatenate(chosen)]
        mirrored = np.where(generator.random((2 * HALF_BATCH, 1, 1)) < 0.5, batch[:, :, ::-1], batch)
        loss = nn.functional.binary_cross_entropy_with_logits(network(_tensor(mirrored))[:, 0], truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def _network() -> nn.Sequential:
    """Four strided convolutions with batch norm, mean over the picture, one linear layer."""
    layers: list[nn.Module] = []
    for into, out in ((1, 16), (16, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(into, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 1))


def _tensor(pictures: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures[:, None])).sub(0.5).mul(4.0)
