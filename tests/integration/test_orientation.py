"""Eight stored flips and turns of one study are one study: same values, same points, same tilt."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from dicom_files import write_slice
from numpy.typing import NDArray

from ichviewer.core.geometry import InPlane
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.volume import Volume
from ichviewer.dicom.read import read_volume, thumbnail
from ichviewer.dicom.scan import scan

EIGHT_WAYS = tuple(product((False, True), repeat=3))
ROWS, COLUMNS, SLICES = 10, 14, 5
BETWEEN_ROWS, BETWEEN_COLUMNS, SPACING = 0.5, 0.4, 5.0
TILT = np.radians(-18.5)
ORIGIN = np.array([-30.0, -40.0, 100.0])


def canonical_pixels(slice_index: int) -> NDArray[np.int16]:
    return (1000 * slice_index + np.arange(ROWS * COLUMNS)).reshape(ROWS, COLUMNS).astype(np.int16)


def write_way(
    folder: Path, transpose: bool, flip_rows: bool, flip_columns: bool, is_upside_down: bool
) -> Path:
    """The tilted study with pixels stored so that transposing, then flipping them makes them canonical."""
    row, column = np.array([1.0, 0, 0]), np.array([0, np.cos(TILT), np.sin(TILT)])
    for index in range(SLICES):
        first = ORIGIN + np.array([0, 0, SPACING * index])
        pixels = canonical_pixels(index)
        stored_row, stored_column = row, column
        if flip_rows:
            pixels, first = pixels[::-1], first + column * BETWEEN_ROWS * (ROWS - 1)
            stored_column = -column
        if flip_columns:
            pixels, first = pixels[:, ::-1], first + row * BETWEEN_COLUMNS * (COLUMNS - 1)
            stored_row = -row
        spacing = [BETWEEN_ROWS, BETWEEN_COLUMNS]
        if transpose:
            pixels, spacing = pixels.T, spacing[::-1]
            stored_row, stored_column = stored_column, stored_row
        number = SLICES - index if is_upside_down else index + 1
        write_slice(
            folder / f"{number}",
            number,
            pixels=np.ascontiguousarray(pixels),
            position=[round(float(x), 9) for x in first],
            ImageOrientationPatient=[f"{x:.12f}" for x in (*stored_row, *stored_column)],
            PixelSpacing=spacing,
        )
    return folder


def read(folder: Path) -> Volume:
    (series,) = scan([folder], ignore_progress, CancelToken()).series
    return read_volume(series, ignore_progress, CancelToken())


@pytest.mark.parametrize("is_upside_down", [False, True])
@pytest.mark.parametrize("way", EIGHT_WAYS)
def test_however_a_study_is_stored_it_reads_the_same(
    tmp_path: Path, way: tuple[bool, bool, bool], is_upside_down: bool
) -> None:
    """Hazard: left and right, or top and bottom, exchanged between two archives' copies of one study."""
    volume = read(write_way(tmp_path, *way, is_upside_down))
    series = volume.series
    np.testing.assert_array_equal(volume.stored_values, [canonical_pixels(k) for k in range(SLICES)])
    assert series.in_plane == InPlane(*way)
    assert series.orientation == "axial"
    assert series.is_ai_candidate
    assert volume.geometry.pixel_spacing_mm == (BETWEEN_ROWS, BETWEEN_COLUMNS)
    assert volume.geometry.normal[2] > 0
    # A slice's own in-plane axis is tilted by TILT against the table's: that is the tilt of the stack.
    assert series.tilt_degrees == pytest.approx(-18.5, abs=1e-3)
    column = np.array([0, np.cos(TILT), np.sin(TILT)])
    for slice_index, row, at in ((0, 0, 0), (3, 7, 2), (4, ROWS - 1, COLUMNS - 1)):
        expected = ORIGIN + np.array([0, 0, SPACING * slice_index])
        expected = expected + column * BETWEEN_ROWS * row + [BETWEEN_COLUMNS * at, 0, 0]
        np.testing.assert_allclose(volume.geometry.point_mm(slice_index, row, at), expected, atol=1e-6)


@pytest.mark.parametrize("way", EIGHT_WAYS)
def test_a_canonical_pixel_is_found_again_in_its_file(tmp_path: Path, way: tuple[bool, bool, bool]) -> None:
    """Hazard: the row and column of an exported finding point to the other side of the head."""
    volume = read(write_way(tmp_path, *way, False))
    header = volume.series.slices[2]
    assert header.pixels is not None
    content = np.fromfile(header.path, np.int16, offset=header.pixels.offset).reshape(header.stored_shape)
    row, column = volume.series.in_plane.to_stored_index(3, 9, volume.shape)
    assert content[int(row), int(column)] == volume.stored_values[2, 3, 9]


def test_thumbnails_do_not_depend_on_how_a_study_is_stored(tmp_path: Path) -> None:
    """Hazard: left and right exchanged in the list."""
    pictures = []
    for number, way in enumerate(EIGHT_WAYS):
        folder = write_way(tmp_path / f"{number}", *way, False)
        (series,) = scan([folder], ignore_progress, CancelToken()).series
        pictures.append(thumbnail(series, 24))
    for picture in pictures[1:]:
        np.testing.assert_array_equal(picture, pictures[0])
