"""The volume: Hounsfield units per slice, probes, and values that nobody changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume


def test_every_slice_has_its_own_slope_and_intercept() -> None:
    """Hazard: Hounsfield units of one slice computed with another one's slope."""
    hu = np.full((2, 8, 8), 40)
    volume = make_volume(hu=hu, slopes=(1.0, 2.0), intercepts=(-1000.0, 0.0))
    assert volume.stored_values[:, 0, 0].tolist() == [1040, 20]
    assert volume.hu(0)[0, 0] == volume.hu(1)[0, 0] == 40.0


def test_stored_values_cannot_be_changed() -> None:
    """Hazard: originals altered by what looks at them."""
    with pytest.raises(ValueError, match="read-only"):
        make_volume().stored_values[0, 0, 0] = 7


def test_only_16_bit_integers_are_taken() -> None:
    with pytest.raises(ValueError, match="16-bit"):
        replace(make_volume(), stored_values=np.zeros((5, 4, 4), np.float32))


def test_the_probe_agrees_with_the_slice() -> None:
    """Hazard: a density read beside the pixel pointed at."""
    volume = make_volume(intercepts=(-1024.0,) * 5)
    assert volume.hu_at(2, 30, 31) == volume.hu(2)[30, 31]


@pytest.mark.parametrize("place", [(-1, 0, 0), (5, 0, 0), (0, -1, 0), (0, 64, 0), (0, 0, -1), (0, 0, 64)])
def test_outside_the_image_there_is_no_value(place: tuple[int, int, int]) -> None:
    assert make_volume().hu_at(*place) is None


def test_padding_and_unreadable_slices_have_no_value() -> None:
    """Hazard: 0 shown where nothing was measured."""
    volume = replace(make_volume(unreadable={1: "cut"}), paddings=((-1000, -1000),) * 5)
    assert volume.hu_at(0, 0, 0) is None
    assert volume.hu_at(1, 30, 30) is None
    assert volume.hu_at(0, 32, 32) is not None


def test_padding_belongs_to_its_slice() -> None:
    """Hazard: air of a slice that has no padding is taken for "no measurement", or the reverse."""
    volume = replace(make_volume(2), paddings=(None, (-1000, -1000)))
    assert volume.hu_at(0, 0, 0) == -1000
    assert volume.hu_at(1, 0, 0) is None
    with pytest.raises(ValueError, match="1 paddings for 2 slices"):
        replace(volume, paddings=((0, 0),))
