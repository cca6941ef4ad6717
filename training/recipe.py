"""A recipe: every choice of a training run, read from a TOML file. Unknown and missing keys are errors."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ichviewer.core.preprocessing import PreprocessingSpec

RECIPES = Path(__file__).resolve().parent / "recipes"


@dataclass(frozen=True)
class Cycle:
    """One rise and fall of the learning rate.

    Attributes:
        epochs: Passes; one pass draws as many slices as the training part holds.
        small_epochs: The first passes of these run at the small size.
        learning_rate: Peak.
        warmup_share: Share of the steps in which the rate rises.
        generated_slices: How many slices are generated to draw from.
        generated_share: Share of generated slices in every batch.
    """

    epochs: int
    small_epochs: int
    learning_rate: float
    warmup_share: float
    generated_slices: int
    generated_share: float


@dataclass(frozen=True)
class Optimization:
    """How the weights are fitted.

    Attributes:
        cycles: One after the other, AdamW; each goes on from the averaged weights of the one before.
        small_size_px: Side of the input in small epochs.
        batch_size: Slices per step.
        weight_decay: Decoupled.
        frozen_blocks: Leading feature blocks that keep their weights and statistics.
        average_decay: Per step, of the moving average of the weights that is kept in the end.
        any_weight: Weight of ``any`` in the loss; the others have 1.
        positive_oversampling: How many times as often a bleeding slice is drawn.
    """

    cycles: tuple[Cycle, ...]
    small_size_px: int
    batch_size: int
    weight_decay: float
    frozen_blocks: int
    average_decay: float
    any_weight: float
    positive_oversampling: float


@dataclass(frozen=True)
class Augmentation:
    """How a framed slice is varied in training; every draw is uniform within these limits.

    Attributes:
        rotation_degrees: Either way.
        scale: Smallest and largest.
        shift: Either way, share of the frame.
        gain: Contrast, 1 plus or minus.
        offset_hu: Level, plus or minus, HU.
        blur_share: Share of slices that are blurred lightly.
        noise_hu: Largest standard deviation of added noise, HU.
        jpeg_share: Share of slices that go through JPEG.
    """

    rotation_degrees: float
    scale: tuple[float, float]
    shift: float
    gain: float
    offset_hu: float
    blur_share: float
    noise_hu: float
    jpeg_share: float


@dataclass(frozen=True)
class Recipe:
    """One training run.

    Attributes:
        name: Of the checkpoint.
        architecture: See ``ichviewer.inference.network``.
        weights: Where the starting weights come from, see ``training.starting_weights``.
        seed: Of everything random.
        folds: Of the grouped cross-validation.
        sources: Names of the label sets.
        remark: What the released weights owe to anything but this recipe; goes into the card.
        preprocessing: Goes into the card.
        optimization: See there.
        augmentation: See there.
    """

    name: str
    architecture: str
    weights: str
    seed: int
    folds: int
    sources: tuple[str, ...]
    remark: str
    preprocessing: PreprocessingSpec
    optimization: Optimization
    augmentation: Augmentation

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for the card."""
        return {**asdict(self), "preprocessing": self.preprocessing.to_dict()}


def recipe_from_dict(values: Mapping[str, Any]) -> Recipe:
    """A recipe from plain values.

    Raises:
        KeyError, TypeError, ValueError: A value is missing, unknown or of the wrong kind.
    """
    fields = dict(values)
    fields["sources"] = tuple(fields["sources"])
    fields["preprocessing"] = PreprocessingSpec.from_dict(fields["preprocessing"])
    optimization = dict(fields["optimization"])
    optimization["cycles"] = tuple(Cycle(**cycle) for cycle in optimization["cycles"])
    fields["optimization"] = Optimization(**optimization)
    augmentation = dict(fields["augmentation"])
    augmentation["scale"] = (float(augmentation["scale"][0]), float(augmentation["scale"][1]))
    fields["augmentation"] = Augmentation(**augmentation)
    return Recipe(**fields)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        ValueError: The file is not a complete recipe; the message names it.
    """
    try:
        return recipe_from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a complete recipe: {error!r}") from error


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
