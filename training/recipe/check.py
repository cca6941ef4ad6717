"""What the kinds of a recipe's values do not say: which choices go together."""

from __future__ import annotations

from collections.abc import Iterator

from training.recipe.ranges import Fault, lies_in, range_faults
from training.recipe.tree import BLEEDING_ONLY, Phase, Recipe

LABEL_COUNT = {"six": 6, "five": 5, "five_heads": 5, "binary": 1, "single_label": 6, "pixels": 6}
"""How many labels each kind of target has; ``single_label`` and ``pixels`` count *none* as one."""

LOSSES = {
    "six": {"bce", "bag_bce"},
    "five": {"bce"},
    "five_heads": {"bce_sum"},
    "binary": {"bce", "cross_entropy", "bag_bce"},
    "single_label": {"cross_entropy"},
    "pixels": {"pixel_cross_entropy", "patch_fcn"},
}


def faults_of(recipe: Recipe) -> Iterator[Fault]:
    """Every contradiction in a recipe, with the key to mend."""
    labels, loss, sampling = recipe.labels, recipe.loss, recipe.sampling
    wanted = LABEL_COUNT[labels]
    is_series = sampling.unit == "series"
    rules = [
        (loss.kind in LOSSES[labels], "loss.kind", f"{loss.kind!r} does not fit labels = {labels!r}."),
        (
            len(loss.label_weights) in (0, wanted),
            "loss.label_weights",
            f"there must be {wanted} label weights.",
        ),
        (
            recipe.rows not in BLEEDING_ONLY or labels != "binary",
            "rows",
            "among bleeding slices alone there is no bleed or no bleed to tell apart.",
        ),
        (
            not recipe.rows.startswith("middle_five") or "series_order" in recipe.needs,
            "rows",
            "the middle of a series is known where needs has 'series_order'.",
        ),
        (recipe.preprocessing.windows, "preprocessing.windows", "there must be a window."),
        (recipe.phases, "phases", "there must be a phase."),
        (recipe.sources, "sources", "there must be a source."),
        (recipe.batch_size >= 1, "batch_size", "a batch has at least one row."),
        (recipe.folds >= 2, "folds", "there must be two folds or more."),
        (
            not (recipe.optimizer.kind == "sgd" and recipe.optimizer.decoupled),
            "optimizer.decoupled",
            "decoupled decay is there for adam and radam only.",
        ),
        (
            not is_series or sampling.series_length >= 1,
            "sampling.series_length",
            "rows that are series need a series_length.",
        ),
        (
            0 <= sampling.bleed_patch_share <= bool(sampling.patch_px),
            "sampling.bleed_patch_share",
            "a share lies in [0, 1], and is of patches: it needs a patch_px.",
        ),
        (is_series or loss.kind != "bag_bce", "loss.kind", "bag_bce needs sampling.unit = 'series'."),
        (
            recipe.keeps == "last" or recipe.validation_share,
            "keeps",
            "the best weights are found with a validation_share above 0.",
        ),
        (
            not recipe.test_copies or not (is_series or sampling.patch_px),
            "test_copies",
            "varied copies are made of whole slices, not of series or patches.",
        ),
    ]
    yield from ((key, fact) for holds, key, fact in rules if not holds)
    for index, phase in enumerate(recipe.phases):
        yield from _phase_faults(phase, recipe, f"phases[{index}]")
    yield from range_faults(recipe)


def _phase_faults(phase: Phase, recipe: Recipe, key: str) -> Iterator[Fault]:
    schedule, wanted = phase.schedule, LABEL_COUNT[recipe.labels]
    rules = [
        (phase.size_px, "size_px", "a phase needs the side of its input."),
        (
            phase.peak_rate == "range_test" or lies_in(float(phase.peak_rate), "(0, inf)"),
            "peak_rate",
            "the learning rate is finite and above 0.",
        ),
        (phase.trainable, "trainable", "nothing would learn."),
        (
            len(phase.rate_factors) in (0, 3),
            "rate_factors",
            "there must be three: first half of the body, second half, the rest.",
        ),
        (
            len(phase.label_weights) in (0, wanted),
            "label_weights",
            f"there must be {wanted} label weights.",
        ),
        (
            schedule.kind != "plateau" or (recipe.validation_share and schedule.patience_epochs),
            "schedule",
            "a plateau needs a validation_share and patience_epochs.",
        ),
        (schedule.kind != "steps" or schedule.every_epochs, "schedule", "steps need every_epochs."),
        (
            len(schedule.momentum) in (0, 2),
            "schedule.momentum",
            "there must be two: at the ends and at the peak.",
        ),
        (
            not phase.generated_share or phase.generated_slices,
            "generated_share",
            "a share of generated slices needs generated_slices.",
        ),
    ]
    yield from ((f"{key}.{name}", fact) for holds, name, fact in rules if not holds)
