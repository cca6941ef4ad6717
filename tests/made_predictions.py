"""Predictions made up for tests: two sources, three folds, patients with several slices, some bleeding."""

from __future__ import annotations

import numpy as np

from ichviewer.core.findings import SUBTYPES
from training.judge.predictions import Predictions


def made_predictions(
    seed: int = 0, patients: int = 60, slices: int = 8, strength: float = 2.0, noise_seed: int | None = None
) -> Predictions:
    """Every second patient bleeds, on some slices; the first half is source ``one``, the rest ``two``.

    Slices of the source ``one`` have their place in a study, those of ``two`` have none.

    Args:
        seed: Of the truth, and of the noise too unless that has its own.
        patients: Number.
        slices: Per patient.
        strength: How far positive logits lie above negative ones.
        noise_seed: Of the logits alone.
    """
    generator = np.random.default_rng(seed)
    count = patients * slices
    patient = np.repeat(np.arange(patients), slices)
    bleeds = (patient % 2 == 1) & (generator.random(count) < 0.6)
    subtype = generator.integers(1, len(SUBTYPES), patients)[patient]
    labels = np.zeros((count, len(SUBTYPES)), dtype=np.bool_)
    labels[bleeds, subtype[bleeds]] = True
    labels[:, 0] = bleeds
    noise = np.random.default_rng(seed if noise_seed is None else noise_seed).normal(0, 1, labels.shape)
    is_first = patient < patients // 2
    return Predictions(
        sources=np.where(is_first, "one", "two"),
        names=np.asarray([f"p{p:03d}_{i % slices:03d}" for i, p in enumerate(patient)]),
        logits=(noise + strength * labels - 1.0).astype(np.float32),
        labels=labels,
        known=np.ones_like(labels),
        patients=patient.astype(np.int64),
        folds=(patient % 3).astype(np.int64),
        studies=np.where(is_first, patient, -1).astype(np.int64),
        positions_mm=np.where(is_first, (np.arange(count) % slices) * 5.0, np.nan),
    )
