"""Pixels that mean "no measurement" (PS3.3 C.7.5.1.1.2) are left out of everything that is measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import head_hu, make_volume
from dicom_files import make_slice, save

from ichviewer.core.head import head_mask
from ichviewer.core.input_check import check_input
from ichviewer.core.preprocessing import PreprocessingSpec, preprocess_volume_slice
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import Series
from ichviewer.core.slice_image import stored_slice
from ichviewer.core.viewstate import ViewState, opened, percentile_window
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BONE, BRAIN, SUBDURAL
from ichviewer.dicom.read import thumbnail
from ichviewer.dicom.scan import scan
from ichviewer.gui.heat_layer import inner_head
from ichviewer.gui.slice_picture import grey_table

METAL = 3000
SPEC = PreprocessingSpec((BRAIN, SUBDURAL, BONE), 56, 0.05, 0.5, (0.5,) * 3, (0.25,) * 3)


def plain() -> Volume:
    return make_volume(12, 128, 128)


def padded() -> Volume:
    """The same head with corners that mean "no measurement", written as the brightest value there is."""
    hu = head_hu(128, 128)
    row, column = np.mgrid[0:128, 0:128] - 63.5
    hu[np.hypot(row, column) > 62] = METAL
    volume = make_volume(12, hu=hu)
    return replace(volume, paddings=((METAL, METAL),) * 12)


def test_the_network_sees_air_where_nothing_was_measured() -> None:
    """Hazard: padding that is brighter than bone widens the frame, and the network sees another head."""
    expected = preprocess_volume_slice(plain(), 5, SPEC)
    found = preprocess_volume_slice(padded(), 5, SPEC)
    np.testing.assert_array_equal(found.values, expected.values)
    assert found.framing == expected.framing


def test_thin_slices_are_averaged_with_air_where_nothing_was_measured() -> None:
    thin = replace(padded(), geometry=make_volume(12, 128, 128, spacing_mm=1.0).geometry)
    plain_thin = make_volume(12, 128, 128, spacing_mm=1.0)
    np.testing.assert_array_equal(
        preprocess_volume_slice(thin, 5, SPEC).values, preprocess_volume_slice(plain_thin, 5, SPEC).values
    )


def test_the_automatic_window_leaves_padding_out() -> None:
    """Hazard: a window stretched to the padding's value shows blood and brain alike."""
    windows = [
        percentile_window(opened(ViewState(), volume, "")).windows[0] for volume in (plain(), padded())
    ]
    assert windows[0] == windows[1]


def test_the_head_ends_where_measurement_ends() -> None:
    """Hazard: heat drawn on the corners of the picture."""
    np.testing.assert_array_equal(
        *(inner_head(head_mask(volume.measured_hu(5))) for volume in (padded(), plain()))
    )


def test_the_input_check_leaves_padding_out() -> None:
    """Hazard: the peak of air is looked for in the padding, and shifted Hounsfield units pass."""
    assert check_input(padded()) == check_input(plain())


@pytest.mark.parametrize("is_inverted", [False, True])
def test_padding_is_black_in_any_window(is_inverted: bool) -> None:
    volume = padded()
    assert grey_table(stored_slice(volume, 0), BRAIN, is_inverted)[METAL] == 0


def test_padding_is_compared_before_rescale() -> None:
    """Hazard: compared after rescale, padding of -2000 would blank real values of another scale."""
    stored = np.asarray([[-2000, -976], [-1000, 24]])
    volume = make_volume(hu=np.repeat(stored[None] - 1024, 2, axis=0), intercepts=[-1024.0] * 2)
    volume = replace(volume, paddings=((-2000, -2000), None))
    assert volume.measured_hu(0).tolist() == [[-1000, -2000], [-2024, -1000]]
    assert volume.measured_hu(1).tolist() == [[-3024, -2000], [-2024, -1000]]
    assert volume.hu_at(0, 0, 0) is None
    assert volume.hu_at(0, 0, 1) == -2000


def series_of(path: Path, **attributes: object) -> Series:
    (series,) = scan([save(make_slice(**attributes), path)], ignore_progress, CancelToken()).series
    return series


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_thumbnail_leaves_padding_out(tmp_path: Path, modality: str) -> None:
    """Hazard: a black thumbnail for a head that is there."""
    pixels = (np.arange(64 * 64, dtype=np.int16) // 64).reshape(64, 64) + 1024
    covered = pixels.copy()
    covered[:, :20] = 30000
    whole = thumbnail(series_of(tmp_path / "one", pixels=pixels, Modality=modality), 64)
    cut = thumbnail(
        series_of(tmp_path / "two", pixels=covered, Modality=modality, PixelPaddingValue=30000), 64
    )
    assert (cut[:, :20] == 0).all()
    assert np.abs(cut[:, 20:].astype(int) - whole[:, 20:]).max() <= 1


def test_a_slice_of_nothing_but_padding_is_black(tmp_path: Path) -> None:
    series = series_of(
        tmp_path / "one", pixels=np.full((16, 16), 7, np.int16), Modality="MR", PixelPaddingValue=7
    )
    assert not thumbnail(series, 32).any()
