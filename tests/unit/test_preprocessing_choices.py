"""Choices of preprocessing that a recipe may ask for: off by default, and then nothing changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import head_hu, make_card, make_volume

from ichviewer.core.diffusion import diffused
from ichviewer.core.head import brain_mask, head_mask
from ichviewer.core.phantom import phantom_slice
from ichviewer.core.phantom_spec import demo_spec
from ichviewer.core.preprocessing import (
    PreprocessingSpec,
    frame_head,
    frame_slice,
    normalize,
    preprocess_slice,
    preprocess_volume_slice,
    resampling_weights,
)
from ichviewer.core.windowing import BRAIN, Window, apply_window

SPEC = make_card().preprocessing
SQUARE = (0.5, 0.5)
CHANNELS = len(SPEC.windows)


def with_neighbours(count: int) -> PreprocessingSpec:
    channels = 2 * count + 1
    return replace(SPEC, windows=(BRAIN,), neighbours=count, mean=(0.0,) * channels, std=(1.0,) * channels)


def test_a_card_from_before_stays_as_it_is() -> None:
    """Hazard: a checkpoint whose card, or whose input, changes because of a choice it never made."""
    first = {"windows", "size_px", "head_margin", "smallest_frame", "mean", "std", "slab_mm", "thin_below_mm"}
    assert SPEC.to_dict().keys() == first
    assert PreprocessingSpec.from_dict(SPEC.to_dict()) == SPEC


def test_the_input_without_choices_is_what_it_was() -> None:
    """Hazard: the shipped network fed with other bits than those it was judged on."""
    hu = phantom_slice(demo_spec(), 16).hu.astype(np.float32)
    framing = frame_head(hu, SQUARE, SPEC)
    down = resampling_weights(SPEC.size_px, hu.shape[0], framing.top, framing.height)
    across = resampling_weights(SPEC.size_px, hu.shape[1], framing.left, framing.width)
    rows, columns = (np.flatnonzero(w.any(axis=0)) for w in (down, across))
    rows, columns = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    seen, down, across = hu[rows, columns], down[:, rows], across[:, columns]
    framed = np.stack([down @ apply_window(seen, window) @ across.T for window in SPEC.windows])
    mean, std = (np.asarray(v, dtype=np.float32)[:, None, None] for v in (SPEC.mean, SPEC.std))
    np.testing.assert_array_equal(preprocess_slice(hu, SQUARE, SPEC).values, (framed - mean) / std)


def test_every_choice_comes_back_from_a_card() -> None:
    chosen = replace(
        SPEC,
        frame="millimeters",
        pixel_mm=0.5,
        background="brain_only",
        equalized=(0.0, 0.2, 1.0),
        diffusion_steps=3,
        standardized=True,
    )
    assert PreprocessingSpec.from_dict(chosen.to_dict()) == chosen


def test_means_of_another_number_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="need as many means"):
        replace(SPEC, neighbours=1)


def test_neighbours_become_channels_lowest_slice_first() -> None:
    spec = with_neighbours(1)
    hu = np.stack([np.full((64, 64), level, dtype=np.float32) for level in (8, 24, 64)])
    framed, _ = frame_slice(hu, SQUARE, spec)
    np.testing.assert_allclose(framed[:, 16, 16], [0.1, 0.3, 0.8], atol=1e-6)
    with pytest.raises(ValueError, match="1 slices were given, 3 are asked for"):
        frame_slice(hu[0], SQUARE, spec)


def test_at_the_ends_of_a_stack_the_slice_itself_stands_in() -> None:
    """Hazard: the lowest slice scored with a neighbour from the top of the head."""
    levels = np.arange(4)[:, None, None] * 10 + 10
    volume = make_volume(hu=np.broadcast_to(levels, (4, 64, 64)).astype(np.int16))
    spec = with_neighbours(1)
    middles = [preprocess_volume_slice(volume, index, spec).values[:, 32, 32] * 80 for index in range(4)]
    np.testing.assert_allclose(middles, [[10, 10, 20], [10, 20, 30], [20, 30, 40], [30, 40, 40]], atol=1e-3)


def test_the_whole_image_is_framed_where_asked_for() -> None:
    hu = head_hu(80, 60)
    framing = frame_head(hu, SQUARE, replace(SPEC, frame="image"))
    assert (framing.top, framing.left, framing.height, framing.width) == (0, -10, 80, 80)


def test_a_frame_in_millimeters_has_the_same_scale_for_every_head() -> None:
    spec = replace(SPEC, frame="millimeters", pixel_mm=1.0)
    framing = frame_head(head_hu(120, 100), (0.5, 0.4), spec)
    assert framing.height == pytest.approx(spec.size_px / 0.5)
    assert framing.width == pytest.approx(spec.size_px / 0.4)


def test_background_is_black_where_it_is_removed() -> None:
    hu = phantom_slice(demo_spec(), 16).hu.astype(np.float32)
    spec = replace(SPEC, frame="image", size_px=hu.shape[0], background="black_outside_head")
    framed, _ = frame_slice(hu, SQUARE, replace(spec, windows=(Window(0, 2400),) * CHANNELS))
    kept = head_mask(hu)
    assert (framed[0][~kept] == 0).all()
    assert framed[0][kept].mean() > 0.3


def test_skull_and_face_go_and_the_brain_stays() -> None:
    hu = phantom_slice(demo_spec(with_bleeds=False), 16).hu.astype(np.float32)
    mask = brain_mask(hu)
    assert 0.15 < mask.mean() < head_mask(hu).mean()
    assert np.median(hu[mask]) == pytest.approx(33, abs=6)
    assert (hu[mask] > 300).mean() < 0.01
    assert not brain_mask(np.full((64, 64), -1000.0)).any()


def test_equalized_grey_goes_through_its_steps() -> None:
    spec = replace(SPEC, frame="image", windows=(BRAIN,) * CHANNELS, equalized=(0.0, 0.25, 1.0))
    framed, _ = frame_slice(np.full((64, 64), 20.0, dtype=np.float32), SQUARE, spec)
    np.testing.assert_allclose(framed[:, 16, 16], 0.5, atol=1e-6)
    with pytest.raises(ValueError, match="must rise"):
        replace(SPEC, equalized=(0.5, 0.2))


def test_diffusion_smooths_noise_and_keeps_an_edge() -> None:
    generator = np.random.default_rng(0)
    image = np.zeros((32, 32), dtype=np.float32)
    image[:, 16:] = 0.5
    smooth = diffused(image + 0.005 * generator.standard_normal((32, 32), dtype=np.float32), 10, 0.02)
    assert smooth[:, 2:14].std() < 0.0025
    assert smooth[:, 16].mean() - smooth[:, 15].mean() > 0.49
    assert smooth.mean() == pytest.approx(image.mean(), abs=1e-3)


def test_a_standardized_slice_has_mean_zero_and_variance_one() -> None:
    framed = np.random.default_rng(0).random((CHANNELS, 16, 16), dtype=np.float32)
    values = normalize(framed, replace(SPEC, standardized=True))
    assert values.mean() == pytest.approx(0, abs=1e-5)
    assert values.std() == pytest.approx(1, abs=1e-5)
    flat = normalize(np.zeros_like(framed), replace(SPEC, standardized=True))
    assert not flat.any()
