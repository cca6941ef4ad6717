"""The picture of the network's input is the network's input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_card, make_volume

from ichviewer.core.network_picture import (
    BETWEEN_PX,
    GREY_WINDOW,
    channel_names,
    network_image,
    network_lines,
    network_tiles,
)
from ichviewer.core.preprocessing import PreprocessingSpec, normalize, preprocess_volume_slice
from ichviewer.core.shown import shown_image, why_not_shown
from ichviewer.core.slice_image import SliceImage
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BRAIN, SUBDURAL, apply_window

THREE = make_card().preprocessing
EQUAL = PreprocessingSpec((BRAIN,) * 3, 56, 0.05, 0.5, (0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
NEIGHBORS = PreprocessingSpec((BRAIN, SUBDURAL), 40, 0.05, 0.5, (0.0,) * 6, (1.0,) * 6, neighbours=1)


def uneven(slices: int = 9, spacing_mm: float = 5.0) -> Volume:
    """A head in which no two slices are alike."""
    volume = make_volume(slices, 64, 64, spacing_mm=spacing_mm)
    hu = np.asarray(volume.stored_values).copy()
    for index in range(slices):
        hu[index, 20:30, 20 : 24 + index] = 70
    return make_volume(hu=hu, spacing_mm=spacing_mm)


def grey_of(image: SliceImage, spec: PreprocessingSpec) -> np.ndarray:
    """All channels as they stand in the picture, (channels, size, size)."""
    names, tiles, side = channel_names(spec), network_tiles(spec), spec.size_px
    by_name = {}
    for tile in tiles:
        stored = image.stored_values[tile.row : tile.row + side, tile.column : tile.column + side]
        by_name[tile.name] = stored * image.slope + image.intercept
    return np.stack([by_name[name] for name in names]).astype(np.float32)


@pytest.mark.parametrize("spec", [THREE, EQUAL, NEIGHBORS], ids=["three", "equal", "neighbors"])
@pytest.mark.parametrize("spacing_mm", [5.0, 1.0])
def test_the_picture_is_what_enters_the_network(spec: PreprocessingSpec, spacing_mm: float) -> None:
    """Hazard: the reader judges a score by a picture that the network never saw."""
    volume = uneven(spacing_mm=spacing_mm)
    image = network_image(volume, 4, spec)
    entered = preprocess_volume_slice(volume, 4, spec).values
    # Grey is kept in steps of 1/10,000, which normalization enlarges by 1/std.
    np.testing.assert_allclose(normalize(grey_of(image, spec), spec), entered, atol=1e-4 / min(spec.std))


def test_three_equal_windows_are_one_picture_that_says_so() -> None:
    assert [tile.name for tile in network_tiles(EQUAL)] == ["Brain 40/80"]
    assert network_image(uneven(), 4, EQUAL).shape == (56, 56)
    assert "3 equal channels" in network_lines(uneven(), 4, EQUAL)


def test_different_channels_stand_side_by_side_each_with_its_window() -> None:
    tiles = network_tiles(THREE)
    assert [tile.name for tile in tiles] == ["Brain 40/80", "Subdural 80/200", "Bone 600/2800"]
    assert len({(tile.row, tile.column) for tile in tiles}) == 3
    side = 2 * 56 + BETWEEN_PX
    assert network_image(uneven(), 4, THREE).shape == (side, side)


def test_neighbors_are_tiles_of_their_own() -> None:
    names = [tile.name for tile in network_tiles(NEIGHBORS)]
    assert names[0] == "Brain 40/80, 1 below"
    assert names[2:4] == ["Brain 40/80, this slice", "Subdural 80/200, this slice"]
    assert len(names) == 6


def test_words_say_when_thin_slices_are_averaged() -> None:
    assert "one slice" in network_lines(uneven(), 4, THREE)
    assert "mean over 5 mm (5 slices)" in network_lines(uneven(spacing_mm=1.0), 4, THREE)


def test_the_picture_has_the_place_and_scale_of_the_head() -> None:
    """Hazard: the scale bar on the network's input is wrong, or left lies where right does."""
    volume = uneven()
    image = network_image(volume, 4, EQUAL)
    hu_image = volume.measured_hu(4)
    # A pixel in the middle of the patch at 70 HU, in both pictures.
    point = volume.frame.pixel_to_mm(4, 25, 22)
    column, row = image.place_of(point).tolist()
    grey = image.hu_at(int(row), int(column))
    assert hu_image[25, 22] == 70
    assert grey == pytest.approx(float(apply_window(np.array([70.0]), BRAIN)[0]), abs=0.02)


def test_grey_is_shown_as_it_is() -> None:
    assert apply_window(np.array([0.0, 0.25, 1.0]), GREY_WINDOW).tolist() == [0.0, 0.25, 1.0]


def test_without_a_checkpoint_the_view_says_so() -> None:
    state = opened(ViewState(), uneven(), "")
    assert shown_image(state, View.NETWORK) is None
    assert why_not_shown(state, View.NETWORK) == "no checkpoint"


def test_before_all_slices_are_read_there_is_no_input_to_show() -> None:
    """Hazard: an average over slices of which half are missing is taken for the network's input."""
    volume = uneven()
    is_readable = volume.is_readable.copy()
    is_readable[8] = False
    growing = replace(volume, is_readable=is_readable, awaited_slices=frozenset({8}))
    state = opened(ViewState(model_card=make_card()), growing, "")
    assert shown_image(state, View.NETWORK) is None
    assert "once all slices were read" in why_not_shown(state, View.NETWORK)
