"""Bootstrap of the AUC over patients: all replicates at once, against a plain loop with scikit-learn."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from sklearn.metrics import roc_auc_score

from training.judge.bootstrap import REPLICATES, draw_counts, replicate
from training.judge.metrics import auc, average_precision

SIZES = ((3_549, 1_556), (100_000, 2_500))
"""Slices and patients: both picture sets, and an eighth of the RSNA data."""

LOOPED = 10


def main() -> None:
    """Print seconds for all replicates, and what the loop would take."""
    print(f"{'slices':>9} {'patients':>9} {'figure':>18} {'at once':>9} {'plain loop':>11}")
    for slices, patients in SIZES:
        generator = np.random.default_rng(0)
        member = np.sort(generator.integers(patients, size=slices))
        labels = (generator.random(slices) < 0.4) & (generator.random(patients) < 0.4)[member]
        scores = generator.normal(1.0 * labels)
        for figure in (auc, average_precision):
            began = time.perf_counter()
            replicate(partial(figure, scores, labels), labels, member)
            seconds = time.perf_counter() - began
            loop = f"{looped(scores, labels, member):.1f} s" if figure is auc else ""
            print(f"{slices:9,} {patients:9,} {figure.__name__:>18} {seconds:7.1f} s {loop:>11}")


def looped(scores: np.ndarray, labels: np.ndarray, member: np.ndarray) -> float:
    """Seconds that a loop over all replicates would take, from a few of them."""
    counts = draw_counts(labels, member, LOOPED, seed=0).astype(int)
    slices = np.split(np.arange(len(member)), np.flatnonzero(np.diff(member)) + 1)
    began = time.perf_counter()
    for row in counts:
        drawn = np.concatenate([slices[i] for i, n in enumerate(row[: len(slices)]) for _ in range(n)])
        roc_auc_score(labels[drawn], scores[drawn])
    return (time.perf_counter() - began) / LOOPED * REPLICATES


if __name__ == "__main__":
    main()
