"""From fold networks to a released checkpoint: calibration, thresholds, heat-map scales, card.

Top to bottom in ``main``. The one thing to get wrong: calibration, thresholds and figures come from
the fold networks' out-of-fold scores, while the weights are those of the network that saw every slice;
the card says so.
"""

from __future__ import annotations

import json
import logging
import platform
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import torchvision

from ichviewer.inference.checkpoint import save_checkpoint
from training.networks.starting_weights import origin_of
from training.prepare.write import file_sha256
from training.recipe.read import recipe_to_dict
from training.recipe.tree import Recipe
from training.release.agreement import check_agreement
from training.release.card import (
    calibrated_card,
    card_for_raw_logits,
    decided_card,
    overall_words,
    prior_words,
)
from training.release.export_onnx import export_onnx
from training.runs.out_of_fold import (
    ASSUMED_SPACING_MM,
    Held,
    corrected_predictions,
    held_out,
    out_of_fold,
    raw_checkpoint,
    slice_network,
)
from training.runs.prior import prior_shift
from training.runs.run_folders import RUN, WEIGHTS, WHOLE, require_networks, run_folder, split_path
from training.runs.smoothing import smoothing_words
from training.sources import PICTURE_WINDOWS, LabeledSlice, read_sources
from training.split import split_sha256

LOG = logging.getLogger(__name__)

DATA_TERMS = {
    "ct_ich_v1": "CT-ICH (CC BY 4.0)",
    "rsna_png": "part of RSNA 2019 Intracranial Hemorrhage Detection (non-commercial)",
}
"""Under which terms sources of ours may be used; others have their own."""

LARGEST_WEIGHTS_BYTES = 25_000_000


def main(recipe: Recipe, data: Path, work: Path, out: Path) -> Path:
    """Release a trained recipe; nothing is released that does not agree with its training.

    Args:
        recipe: Trained before.
        data: Folder of the label sets.
        work: Of the training.
        out: Folder of the checkpoint.

    Returns:
        Path of the card.

    Raises:
        AgreementError: The viewer, or the ONNX file, gives something else than the trained network.
        ValueError: The recipe was not trained, a label cannot be calibrated, or the weights are too large.
    """
    require_networks(work, recipe, (*range(recipe.folds), WHOLE))
    held = held_out(recipe, data, work)
    predictions = corrected_predictions(recipe, held, work)
    network = slice_network(work, recipe, WHOLE, held.material)
    raw = raw_checkpoint(recipe.name, recipe.network.architecture, recipe.preprocessing, network)
    card = calibrated_card(raw.card, predictions)
    card = decided_card(
        card,
        predictions,
        out_of_fold(recipe, held, work).class_maps,
        f"slices assumed {ASSUMED_SPACING_MM:g} mm apart",
    )
    shift = prior_shift(recipe, held.material, WHOLE)
    card = replace(
        card_for_raw_logits(card, shift),
        smoothing_mm=recipe.smoothing_mm,
        calibrated_on=overall_words(predictions),
        license=license_words(recipe),
        provenance={
            **_provenance(recipe, work, held),
            "prior_correction": prior_words(shift),
            **smoothing_words(predictions.studies, recipe.smoothing_mm),
        },
    )
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".release-", dir=out) as folder:
        card_path = save_checkpoint(Path(folder), card, network)
        size = card_path.with_suffix(".safetensors").stat().st_size
        if size > LARGEST_WEIGHTS_BYTES:
            raise ValueError(f"The weights are {size:,} bytes; {LARGEST_WEIGHTS_BYTES:,} are allowed.")
        files = _files_of(recipe, data)
        inputs = check_agreement(card_path, held.material.sources, files, network, recipe.smoothing_mm)
        export_onnx(card_path, inputs)
        # The card comes last: whoever sees it finds the weights that it names.
        for suffix in (".onnx", ".safetensors", ".json"):
            released = card_path.with_suffix(suffix)
            released.replace(out / released.name)
    LOG.info("%s is written", out / card_path.name)
    return out / card_path.name


def license_words(recipe: Recipe) -> str:
    """What binds whoever uses the weights: the terms of data and starting weights.

    >>> from training.recipe.read import named_recipe
    >>> license_words(named_recipe("ichviewer_efficientnet_lite0")).partition("and start")[2]
    " from TensorFlow's ImageNet weights of EfficientNet-Lite0 (Apache 2.0)."
    """
    data = " and ".join(DATA_TERMS.get(name, f"{name} (its own terms)") for name in recipe.sources)
    origin = origin_of(recipe.network.architecture, recipe.network.weights)
    return f"Research use only. The weights were trained with {data}, and start from {origin}."


def _files_of(recipe: Recipe, data: Path) -> dict[tuple[str, str], LabeledSlice]:
    """Rows of the picture sets with their files, by source and name."""
    pictures = [name for name in recipe.sources if name in PICTURE_WINDOWS]
    return {(row.source, row.name): row for row in read_sources(data, pictures)}


def _provenance(recipe: Recipe, work: Path, held: Held) -> dict[str, Any]:
    rows = held.rows
    return {
        "figures": (
            f"All figures, calibration and thresholds are out of fold, from {recipe.folds} networks that "
            "each learned from the other folds; the released weights are of one more network of the same "
            "recipe that learned from every slice, so its own error on these slices says nothing."
        ),
        "data": {
            source: {
                "slices": sum(row.source == source for row in rows),
                "bleeding": sum(row.labels[0] for row in rows if row.source == source),
                "patients": len({row.patient for row in rows if row.source == source and row.patient}),
            }
            for source in dict.fromkeys(row.source for row in rows)
        },
        "groups": len(np.unique(held.patients)),
        "data_sha256": {source.name: source.sha256 for source in held.material.sources},
        "split_sha256": split_sha256(split_path(work, recipe)),
        "fold_weights_sha256": [
            file_sha256(run_folder(work, recipe, fold) / WEIGHTS) for fold in range(recipe.folds)
        ],
        "generated_slices": (
            f"{' then '.join(f'{c.generated_share:.0%}' for c in recipe.phases)} of every "
            "training batch are slices of the "
            "procedural head (ichviewer.core.phantom), of other heads than the demo's; no figure has any"
        ),
        "citations": [source.citation for source in held.material.sources],
        "recipe": _as_run(recipe, work),
        "seed": recipe.seed,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "numpy": np.__version__,
        },
    }


def _as_run(recipe: Recipe, work: Path) -> dict[str, Any]:
    """The recipe as the released network was trained with it, with what was dropped or put in its place."""
    run = run_folder(work, recipe, WHOLE) / RUN
    if not run.exists():
        return recipe_to_dict(recipe)
    made = json.loads(run.read_text(encoding="utf-8"))
    return {**made["recipe"], "lost": made["lost"]}
