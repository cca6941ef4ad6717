"""Grey windows: the map from Hounsfield units and the presets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ichviewer.core.windowing import BRAIN, PRESETS, Window, apply_window, automatic_window

HU = st.floats(-3000, 5000, width=32)
WINDOWS = st.builds(Window, st.floats(-1000, 1000, width=32), st.floats(1, 4000, width=32))


@given(HU, HU, WINDOWS)
def test_more_hu_is_never_darker(one: float, other: float, window: Window) -> None:
    dark, bright = apply_window(np.asarray(sorted([one, other])), window)
    assert 0 <= dark <= bright <= 1


@given(WINDOWS)
def test_the_bounds_map_to_black_and_white_and_the_center_to_half(window: Window) -> None:
    grey = apply_window(np.asarray([window.lower, window.center, window.upper]), window)
    np.testing.assert_allclose(grey, [0, 0.5, 1], atol=1e-3)


def test_it_is_linear_exact_and_not_linear() -> None:
    """Hazard: DICOM's LINEAR is half a grey level off; the network would see another input than it learnt."""
    # LINEAR of PS3.3 C.11.2.1.2.1 gives (20 - 39.5) / 79 + 0.5 = 0.253 here.
    assert apply_window(np.asarray([20.0]), BRAIN).item() == 0.25


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_grey_is_float32_for_every_input(dtype: type) -> None:
    assert apply_window(np.zeros((2, 3), dtype=dtype), BRAIN).dtype == np.float32


@pytest.mark.parametrize("width", [0.0, -80.0, float("nan")])
def test_a_window_without_width_is_refused(width: float) -> None:
    """Hazard: a division by nothing paints the slice in one grey."""
    with pytest.raises(ValueError, match="more than 0 HU"):
        Window(40, width)


def test_presets_are_those_of_the_field_and_each_has_its_own_key() -> None:
    windows = {preset.key: (preset.window.center, preset.window.width) for preset in PRESETS}
    assert windows == {
        "1": (40, 80),
        "2": (80, 200),
        "3": (600, 2800),
        "4": (40, 40),
        "5": (40, 400),
        "6": (40, 120),
    }
    assert len(windows) == len(PRESETS)


def test_the_automatic_window_spans_the_tissue_and_leaves_air_out() -> None:
    """Hazard: a window stretched over air shows blood and brain alike."""
    tissue = np.linspace(0, 100, 1001)
    window = automatic_window(np.concatenate([np.full(5000, -1000.0), tissue]))
    assert (window.lower, window.upper) == pytest.approx((2, 98))


@pytest.mark.parametrize(("hu", "expected"), [(-1000.0, BRAIN), (30.0, Window(30, 1))])
def test_the_automatic_window_of_an_even_slice_is_still_a_window(hu: float, expected: Window) -> None:
    assert automatic_window(np.full((4, 4), hu)) == expected
