"""The door to the network: windowing, framing, resampling, thin slices."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from builders import AIR, BRAIN_HU, head_hu, make_card, make_volume
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.head import head_box
from ichviewer.core.preprocessing import (
    Framing,
    PreprocessingSpec,
    frame_head,
    frame_slice,
    preprocess_slice,
    preprocess_volume_slice,
    resampling_weights,
    slab_hu,
)
from ichviewer.core.windowing import BRAIN, SUBDURAL, apply_window

SPEC = make_card().preprocessing
SQUARE = (0.5, 0.5)
SIZES = st.integers(1, 60)


@given(SIZES, SIZES)
def test_resampling_keeps_a_constant_inside_the_image(size_out: int, size_in: int) -> None:
    weights = resampling_weights(size_out, size_in, 0, size_in)
    reach = max(1.0, size_in / size_out)
    centers = (np.arange(size_out) + 0.5) * size_in / size_out - 0.5
    is_inside = (centers >= reach - 1) & (centers <= size_in - reach)
    np.testing.assert_allclose(weights.sum(axis=1)[is_inside], 1, atol=1e-6)
    assert weights.min() >= 0
    assert weights.sum(axis=1).max() <= 1 + 1e-6


@given(st.integers(2, 30), st.integers(1, 4))
def test_shrinking_counts_every_sample_alike(size_out: int, factor: int) -> None:
    """Hazard: a bright line of one pixel between the taps of a sparse filter would vanish."""
    size_in = size_out * factor
    of_each_sample = resampling_weights(size_out, size_in, 0, size_in).sum(axis=0)
    np.testing.assert_allclose(of_each_sample[factor:-factor], 1 / factor, atol=1e-6)


def test_resampling_to_the_same_samples_changes_nothing() -> None:
    np.testing.assert_allclose(resampling_weights(9, 9, 0, 9), np.eye(9), atol=1e-6)
    np.testing.assert_allclose(resampling_weights(4, 9, 3, 4), np.eye(9)[3:7], atol=1e-6)


def test_enlarging_is_linear() -> None:
    ramp = np.arange(10, dtype=np.float32)
    centers = (np.arange(40) + 0.5) / 4 - 0.5
    enlarged = resampling_weights(40, 10, 0, 10) @ ramp
    np.testing.assert_allclose(enlarged[2:-2], centers[2:-2], atol=1e-5)


@given(st.integers(1, 40), st.floats(0.5, 60))
def test_a_frame_outside_the_image_is_black(size_in: int, length: float) -> None:
    beyond = size_in + length + 2
    assert not resampling_weights(8, size_in, beyond, length).any()
    assert not resampling_weights(8, size_in, -beyond - length, length).any()


@given(st.integers(40, 120), st.integers(40, 120), st.floats(0.3, 1.2), st.floats(0.3, 1.2))
def test_the_frame_is_square_in_mm_and_covers_the_head(
    rows: int, columns: int, between_rows: float, between_columns: float
) -> None:
    hu = head_hu(rows, columns)
    framing = frame_head(hu, (between_rows, between_columns), SPEC)
    assert framing.height * between_rows == pytest.approx(framing.width * between_columns)
    top, bottom, left, right = head_box(hu) or (0, 0, 0, 0)
    assert framing.top <= top < bottom <= framing.top + framing.height
    assert framing.left <= left < right <= framing.left + framing.width


def test_the_frame_follows_the_head() -> None:
    centered, shifted = head_hu(256, 256), np.roll(head_hu(256, 256), (8, -16), axis=(0, 1))
    first, second = frame_head(centered, SQUARE, SPEC), frame_head(shifted, SQUARE, SPEC)
    assert (second.top - first.top, second.left - first.left) == (8, -16)
    np.testing.assert_allclose(
        frame_slice(shifted, SQUARE, SPEC)[0], frame_slice(centered, SQUARE, SPEC)[0], atol=1e-6
    )


def test_the_vertex_is_not_blown_up_to_a_whole_head() -> None:
    hu = np.full((200, 200), float(AIR))
    hu[90:110, 90:110] = BRAIN_HU
    assert frame_head(hu, SQUARE, SPEC).height == pytest.approx(SPEC.smallest_frame * 200)


def test_a_slice_without_a_head_is_framed_whole() -> None:
    framing = frame_head(np.full((100, 60), float(AIR)), SQUARE, SPEC)
    assert framing == Framing(0, -20, 100, 100)


def test_windowing_comes_before_resampling() -> None:
    """Hazard: bone resampled before it is clipped whitens the brain beside it, where subdurals lie."""
    hu = np.where(np.arange(120)[None, :] % 2, 3000.0, 0.0) * np.ones((120, 1))
    spec = replace(
        SPEC, windows=(BRAIN,), mean=(0.0,), std=(1.0,), size_px=30, head_margin=0, smallest_frame=1
    )
    values = preprocess_slice(hu, SQUARE, spec).values
    np.testing.assert_allclose(values[0, 5:-5, 5:-5], 0.5, atol=1e-5)


def test_each_channel_is_its_window_normalized() -> None:
    spec = replace(SPEC, windows=(BRAIN, SUBDURAL), mean=(0.2, 0.4), std=(0.5, 2.0), size_px=32)
    hu = np.full((64, 64), 50.0)
    values = preprocess_slice(hu, SQUARE, replace(spec, head_margin=0.0)).values
    assert values.shape == (2, 32, 32)
    assert values.dtype == np.float32
    for channel, window in enumerate(spec.windows):
        expected = (apply_window(np.asarray([50.0]), window).item() - spec.mean[channel]) / spec.std[channel]
        np.testing.assert_allclose(values[channel, 4:-4, 4:-4], expected, atol=1e-5)


def test_only_the_ratio_of_the_spacings_matters() -> None:
    hu = head_hu(80, 96)
    one, other = preprocess_slice(hu, (0.4, 0.6), SPEC), preprocess_slice(hu, (0.8, 1.2), SPEC)
    np.testing.assert_allclose(one.values, other.values, atol=1e-5)


def test_the_same_slice_gives_the_same_input_to_the_bit() -> None:
    volume = make_volume(3)
    first, second = (preprocess_volume_slice(volume, 1, SPEC).values for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, preprocess_slice(volume.hu(1), SQUARE, SPEC).values)


def test_a_spec_survives_json_and_refuses_what_it_does_not_know() -> None:
    values = json.loads(json.dumps(SPEC.to_dict()))
    assert PreprocessingSpec.from_dict(values) == SPEC
    with pytest.raises(TypeError):
        PreprocessingSpec.from_dict({**values, "gamma": 1.0})
    with pytest.raises(KeyError):
        PreprocessingSpec.from_dict({name: value for name, value in values.items() if name != "windows"})
    with pytest.raises(ValueError, match="more than 0 HU"):
        PreprocessingSpec.from_dict({**values, "windows": [{"center": 40, "width": 0}]})


def uneven_volume(spacing_mm: float, slices: int = 12, unreadable: dict[int, str] | None = None):
    """A stack whose slice *k* is *k* HU everywhere."""
    hu = np.broadcast_to(np.arange(slices)[:, None, None], (slices, 8, 8))
    return make_volume(hu=hu, spacing_mm=spacing_mm, unreadable=unreadable)


def test_thick_slices_are_read_as_they_are() -> None:
    assert slab_hu(uneven_volume(2.5), 4, SPEC).mean() == 4


def test_thin_slices_are_averaged_over_five_mm() -> None:
    """Hazard: a 0.6 mm series is noisier than anything that the network has seen."""
    volume = uneven_volume(1.0)
    assert slab_hu(volume, 6, SPEC).mean() == pytest.approx(np.mean([4, 5, 6, 7, 8]))
    assert slab_hu(volume, 0, SPEC).mean() == pytest.approx(np.mean([0, 1, 2]))
    assert slab_hu(volume, 11, SPEC).mean() == pytest.approx(np.mean([9, 10, 11]))


def test_an_unreadable_slice_is_left_out_of_the_average() -> None:
    """Hazard: its zeros would pull the average towards water."""
    volume = uneven_volume(1.0, unreadable={7: "cut off"})
    assert slab_hu(volume, 6, SPEC).mean() == pytest.approx(np.mean([4, 5, 6, 8]))


def test_neighbors_are_taken_by_mm_and_not_by_index() -> None:
    volume = uneven_volume(1.0)
    origins = volume.geometry.origins_mm.copy()
    origins[7:] += 10
    volume = replace(volume, geometry=replace(volume.geometry, origins_mm=origins))
    assert slab_hu(volume, 6, SPEC).mean() == pytest.approx(np.mean([4, 5, 6]))


def test_one_slice_alone_is_read_as_it_is() -> None:
    assert slab_hu(uneven_volume(1.0, slices=1), 0, SPEC).mean() == 0


@pytest.mark.parametrize("missing", ["image_position_mm", "image_orientation"])
def test_without_positions_in_the_files_nothing_is_averaged(missing: str) -> None:
    """Hazard: five 5 mm slices become one because nobody said that they are not 1 mm apart."""
    volume = uneven_volume(1.0)
    headers = tuple(replace(header, **{missing: None}) for header in volume.series.slices)
    volume = replace(volume, series=replace(volume.series, geometry=None, slices=headers))
    assert slab_hu(volume, 0, SPEC).max() == 0


def test_without_pixel_spacing_thin_slices_are_still_averaged() -> None:
    volume = uneven_volume(1.0)
    volume = replace(volume, series=replace(volume.series, geometry=None))
    assert slab_hu(volume, 0, SPEC).mean() == pytest.approx(np.mean([0, 1, 2]))
