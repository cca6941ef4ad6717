"""The tree of choices that make up a training run; values only.

A field without a default must stand in the recipe file. A field with one is a feature that is off
unless the file asks for it. The one thing to get wrong: a recipe is the *whole* truth about a run;
no other module has a default of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ichviewer.core.preprocessing import PreprocessingSpec

Labels = Literal["six", "five", "five_heads", "binary", "single_label", "pixels"]
"""What is learned: six sigmoids; five (subtypes only); five in heads of their own; bleeding or not; none or
one subtype, the first in label order; the subtype of every pixel."""

BLEEDING_ONLY = ("bleeding", "middle_five_bleeding")
"""Kinds of rows among which none is without a bleed."""

Need = Literal["hu_beyond_brain_window", "spacing", "series_order", "header", "masks"]


@dataclass(frozen=True)
class Reports:
    """What the report says of this system, on data that is not here; shown beside ours, never in its place.

    Attributes:
        text: In words.
        figures: By name.
        steps: How many steps the report trained for: slices that it learned from, times epochs, by the batch,
            rounded; 0 where it does not say. Where its batch is assumed, so are they.
    """

    text: str
    figures: dict[str, float] = field(default_factory=dict)
    steps: int = 0


@dataclass(frozen=True)
class Network:
    """What is trained.

    Attributes:
        architecture: See ``training.networks.by_name``.
        weights: ``download`` | ``package`` | ``none`` | path of a file with the body's starting weights.
        head: ``linear``: mean of the last maps, one linear layer. ``concat_pool``: maximum and mean, then 512
            hidden units with batch norm. ``own``: what the architecture ends in.
        dropout: Before the last linear layer.
        activation: ``silu`` puts nn.SiLU in the place of every nn.ReLU and keeps the weights.
        bias_start: ``prevalence`` starts the last bias at the log odds of the label (the log probability of
            the class) in the training part.
    """

    architecture: str
    weights: str
    head: Literal["linear", "concat_pool", "own"]
    dropout: float = 0.0
    activation: Literal["as_built", "silu"] = "as_built"
    bias_start: Literal["as_built", "prevalence"] = "as_built"


@dataclass(frozen=True)
class Loss:
    """What is made small.

    Attributes:
        kind: ``bce``: sigmoid per label, mean over the labels. ``bce_sum``: their sum. ``cross_entropy``: one
            class of several. ``bag_bce``: the highest logit of a series against the series' label.
            ``pixel_cross_entropy``: mean over the pixels. ``patch_fcn``: that and two outputs per class for
            the patch.
        label_weights: Factor per label; empty: all 1.
        class_weights: ``balanced``: n / (2 n_class), per label, from the training part.
        smoothing: The target 1 becomes 1 - smoothing / 2, and 0 becomes smoothing / 2.
        positive_pixel_weight: Factor on pixels of a bleed.
    """

    kind: Literal["bce", "bce_sum", "cross_entropy", "bag_bce", "pixel_cross_entropy", "patch_fcn"]
    label_weights: tuple[float, ...] = ()
    class_weights: Literal["none", "balanced"] = "none"
    smoothing: float = 0.0
    positive_pixel_weight: float = 1.0


@dataclass(frozen=True)
class Optimizer:
    """Who moves the weights.

    Attributes:
        kind: By name.
        weight_decay: Strength.
        decoupled: Whether decay acts on the weights themselves (AdamW) or as an L2 term of the loss.
        momentum: Of SGD.
        betas: Of the others.
    """

    kind: Literal["sgd", "adam", "radam"]
    weight_decay: float = 0.0
    decoupled: bool = False
    momentum: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)


@dataclass(frozen=True)
class Schedule:
    """How the learning rate goes through a phase, as a factor on the phase's peak.

    Attributes:
        kind: ``constant``; ``cosine``: linear rise, then half a cosine to 0; ``one_cycle``: half a cosine up,
            half a cosine down, the momentum against it; ``plateau``: times *factor* after *patience_epochs*
            without a better validation loss; ``steps``: times *factor* every *every_epochs*.
        warmup_share: Share of the phase's steps in which the rate rises.
        start_factor: Of a one-cycle.
        end_factor: Of a one-cycle.
        momentum: Of a one-cycle, at its ends and at its peak; empty: untouched.
        factor: Of a plateau and of steps.
        patience_epochs: Of a plateau.
        every_epochs: Of steps.
    """

    kind: Literal["constant", "cosine", "one_cycle", "plateau", "steps"]
    warmup_share: float = 0.0
    start_factor: float = 0.04
    end_factor: float = 0.0
    momentum: tuple[float, ...] = ()
    factor: float = 0.1
    patience_epochs: int = 0
    every_epochs: int = 0


@dataclass(frozen=True)
class Phase:
    """One stretch of training with an optimizer of its own; goes on from the weights of the one before.

    Attributes:
        epochs: Passes over the training part; one pass takes as many slices as the part holds.
        size_px: Sides of the input, each for an equal share of the phase's steps.
        peak_rate: Highest learning rate, of the part with factor 1; ``range_test`` finds it before the phase.
        schedule: See there.
        trainable: Names of the network's parts that learn: ``body``, ``head``, or an architecture's own.
        frozen_blocks: Leading blocks of the body that do not learn all the same.
        batch_norm: ``with_its_part``: those of frozen parts keep their statistics. ``always_updates``: they
            update and learn in frozen parts too. ``never_updates``: no statistics change anywhere.
        rate_factors: On the rate of the body's first half, its second half and the rest; empty: all 1.
        precision: Of the forward and backward passes; the weights stay in 32 bits.
        label_weights: In place of the loss's, in this phase; empty: the loss's own.
        generated_slices: How many slices of the procedural head are drawn from.
        generated_share: Their share of every batch.
    """

    epochs: float
    size_px: tuple[int, ...]
    peak_rate: float | Literal["range_test"]
    schedule: Schedule
    trainable: tuple[str, ...] = ("body", "head")
    frozen_blocks: int = 0
    batch_norm: Literal["with_its_part", "always_updates", "never_updates"] = "with_its_part"
    rate_factors: tuple[float, ...] = ()
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    label_weights: tuple[float, ...] = ()
    generated_slices: int = 0
    generated_share: float = 0.0


@dataclass(frozen=True)
class Sampling:
    """Which rows make up a batch.

    Attributes:
        kind: ``shuffled``: every row once an epoch. ``oversampled``: bleeding rows *positive_factor* times as
            often, none twice in a batch. ``class_balanced``: with replacement, weight 1 / size of the class.
            ``hybrid``: an epoch's rows are *positive_share* bleeding ones (repeated) and others (left out).
            ``center_biased``: with replacement, the more often the nearer to the middle of its series.
        positive_factor: See ``oversampled``.
        positive_share: See ``hybrid``.
        center_spread: See ``center_biased``: standard deviation, as a share of the series' length.
        unit: Whether a row is a slice or a whole series.
        series_length: Slices taken of a series, evenly spread.
        patch_px: Side of the patches cut from a slice, at a random place; 0: whole slices.
        bleed_patch_share: Share of the patches of a bleeding slice that are cut around its bleed.
    """

    kind: Literal["shuffled", "oversampled", "class_balanced", "hybrid", "center_biased"] = "shuffled"
    positive_factor: float = 1.0
    positive_share: float = 0.5
    center_spread: float = 0.25
    unit: Literal["slice", "series"] = "slice"
    series_length: int = 0
    patch_px: int = 0
    bleed_patch_share: float = 0.0


@dataclass(frozen=True)
class Augmentation:
    """How a framed slice is varied in training; every draw is uniform within these limits.

    Attributes:
        flip_share: Share of slices that are mirrored, left to right.
        rotation_degrees: Either way.
        scale: Smallest and largest.
        shift: Either way, share of the frame.
        crop_share: Side of a square cut at a random place, as a share of the frame's; 1: no cut.
        gain: Contrast, 1 plus or minus.
        offset_hu: Level, plus or minus, HU.
        blur_share: Share of slices that are blurred lightly.
        noise_hu: Largest standard deviation of added noise, HU.
        jpeg_share: Share of slices that go through JPEG.
        neighbour_dropout: Share of slices whose neighbours are replaced by the slice itself.
        cutmix: ``kept_label``: once for all, a rectangle of another slice, and the first one's label.
            ``mixed_by_area``: the labels mixed as the areas are.
        cutmix_alpha: Sides are normal with mean side / 2 and standard deviation side / alpha, clipped.
    """

    flip_share: float = 0.0
    rotation_degrees: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    crop_share: float = 1.0
    gain: float = 0.0
    offset_hu: float = 0.0
    blur_share: float = 0.0
    noise_hu: float = 0.0
    jpeg_share: float = 0.0
    neighbour_dropout: float = 0.0
    cutmix: Literal["none", "kept_label", "mixed_by_area"] = "none"
    cutmix_alpha: float = 1.0


@dataclass(frozen=True)
class RangeTest:
    """Learning-rate range test: the rate rises exponentially until the loss is lost.

    Attributes:
        first_rate: Where it begins.
        last_rate: Where it ends at the latest.
        steps: How many.
    """

    first_rate: float = 1e-7
    last_rate: float = 10.0
    steps: int = 100


@dataclass(frozen=True)
class Recipe:
    """One training run.

    Attributes:
        name: The file's, and of what is made from it.
        summary: One sentence.
        reports: What the report says.
        assumed: Dotted keys whose values are our choice, because the report does not say.
        needs: What a source must offer; a source that does not is refused by name.
        sources: Names of the label sets.
        split: ``as_reported`` is slice-random; only ``patient`` is ever compared.
        rows: Which rows are learned from. ``balanced``: all bleeding ones and as many others.
            ``middle_five``: of every series, five from the middle on upwards. ``middle_five_bleeding``: the
            bleeding ones among those five.
        labels: See ``Labels``.
        label_level: ``study``: every slice is taught its study's labels, as sources like CQ500 give them;
            where slices have labels, a study's are theirs together. Judged are slices all the same.
        seed: Of everything random.
        folds: Of the grouped cross-validation.
        preprocessing: Goes into the card.
        network: See there.
        loss: See there.
        optimizer: See there.
        phases: One after the other.
        batch_size: Rows per step, over all processes.
        sampling: See there.
        augmentation: See there.
        range_test: See there.
        validation_share: Share of the training part's groups that is held out to steer by.
        keeps: Which weights are kept: the last ones or those with the lowest validation loss.
        average_decay: Per step, of a moving average of the weights that is kept in their place; 0: none.
        clip_norm: Longest gradient; 0: any.
        threshold: Probability from which on a label counts as said, where accuracy is reported beside the
            report's, and from which on a pixel belongs to a bleed.
        test_copies: Varied copies (augmented as in training) whose mean is the score; 0: the slice as it is.
        smoothing_mm: A score is a mean over neighboring slices' logits, weights falling to 0 at this distance
            (``ichviewer.core.score_smoothing``); goes into the card. 0: each slice for itself. What is
            learned does not depend on it.
        remark: Goes into the card.
    """

    name: str
    summary: str
    reports: Reports
    assumed: tuple[str, ...]
    needs: tuple[Need, ...]
    sources: tuple[str, ...]
    split: Literal["patient", "as_reported"]
    rows: Literal["all", "bleeding", "balanced", "middle_five", "middle_five_bleeding"]
    labels: Labels
    seed: int
    folds: int
    preprocessing: PreprocessingSpec
    network: Network
    loss: Loss
    optimizer: Optimizer
    phases: tuple[Phase, ...]
    batch_size: int
    sampling: Sampling = Sampling()
    augmentation: Augmentation = Augmentation()
    range_test: RangeTest = RangeTest()
    validation_share: float = 0.0
    keeps: Literal["last", "best"] = "last"
    average_decay: float = 0.0
    clip_norm: float = 0.0
    threshold: float = 0.5
    test_copies: int = 0
    smoothing_mm: float = 0.0
    label_level: Literal["slice", "study"] = "slice"
    remark: str = ""
