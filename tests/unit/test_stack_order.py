"""Order and geometry of a stack: along one normal, whatever angle the head was scanned at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from dicom_files import ramp, write_slice
from numpy.typing import NDArray

from ichviewer.core.geometry import InPlane
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.receipt import spacings_mm
from ichviewer.core.series import Series
from ichviewer.core.volume import Volume
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan

WAYS = tuple(InPlane(*way) for way in product((False, True), repeat=3))
SPACING = (0.5, 0.25)
"""Between rows, between columns."""


def turned(axis: Sequence[float], degrees: float) -> NDArray[np.float64]:
    """Rotation about an axis (Rodrigues), (3, 3)."""
    x, y, z = np.asarray(axis, dtype=np.float64) / np.linalg.norm(axis)
    cross = np.asarray([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def all_series(folder: Path) -> tuple[Series, ...]:
    return scan([folder], ignore_progress, CancelToken()).series


def only(folder: Path) -> Series:
    (series,) = all_series(folder)
    return series


def read(series: Series) -> Volume:
    return read_volume(series, ignore_progress, CancelToken())


def cosines_of(row: NDArray[np.float64], column: NDArray[np.float64]) -> list[float]:
    """As a Decimal String can hold them: at most 16 characters."""
    return [round(float(value), 10) for value in (*row, *column)]


TURNS = [
    ((1, 0, 0), 0.0),
    ((1, 0, 0), -18.5),
    ((0, 0, 1), 12.0),
    ((1, 2, 3), 30.0),
    ((2, -1, 1), -25.0),
    ((0, 1, 0), 50.0),
    ((1, 1, 0), 85.0),
]


@pytest.mark.parametrize(("axis", "degrees"), TURNS)
@pytest.mark.parametrize("way", WAYS)
def test_every_pixel_keeps_its_place_in_the_patient(
    tmp_path: Path, axis: Sequence[float], degrees: float, way: InPlane
) -> None:
    """Hazard: a finding's position in mm, and its side, are wrong for a turned head or a turned file.

    P = IPP + r * (between columns) * i + c * (between rows) * j (PS3.3 equation C.7.6.2.1-1), for every
    corner of every slice of a sheared stack.
    """
    rotation = turned(axis, degrees)
    row, column, _ = rotation.T
    row, column = (column, row) if way.transpose else (row, column)
    row, column = (-row if way.flip_columns else row), (-column if way.flip_rows else column)
    file_normal = np.cross(row, column)
    expected: dict[int, NDArray[np.float64]] = {}
    for number, place in enumerate((20.0, 0.0, 13.0, 5.0), start=1):
        origin = np.asarray([-50.0, 30.0, 700.0]) + file_normal * place + column * (0.3 * place)
        origin = origin.round(6)
        pixels = ramp(12, 16, start=1000 * number)
        write_slice(
            tmp_path / f"{number}",
            number,
            position=origin.tolist(),
            pixels=pixels,
            ImageOrientationPatient=cosines_of(row, column),
            PixelSpacing=list(SPACING),
        )
        for j, i in product((0, 11), (0, 15)):
            expected[int(pixels[j, i])] = origin + row * (SPACING[1] * i) + column * (SPACING[0] * j)
    series = only(tmp_path)
    volume = read(series)
    found = 0
    for index in range(4):
        for (j, i), value in np.ndenumerate(volume.stored_values[index]):
            if int(value) in expected:
                np.testing.assert_allclose(
                    volume.geometry.point_mm(index, j, i), expected[int(value)], atol=1e-5
                )
                found += 1
    assert found == 16
    np.testing.assert_allclose(sorted(spacings_mm(series)), [5, 7, 8], atol=1e-5)
    assert (np.diff(volume.geometry.positions_mm) > 0).all()


@pytest.mark.parametrize(("axis", "degrees"), [((1, 0, 0), -18.5), ((1, 2, 3), 20.0)])
@pytest.mark.parametrize("way", WAYS)
def test_tilt_is_the_same_however_the_file_is_stored(
    tmp_path: Path, axis: Sequence[float], degrees: float, way: InPlane
) -> None:
    """Hazard: a reformat sheared the wrong way for files stored upside down."""
    row, column, normal = turned(axis, degrees).T
    step = normal * 5 + column * (5 * np.tan(np.radians(-18.5)))
    stored_row, stored_column = (column, row) if way.transpose else (row, column)
    stored_row = -stored_row if way.flip_columns else stored_row
    stored_column = -stored_column if way.flip_rows else stored_column
    for number in range(4):
        write_slice(
            tmp_path / f"{number}",
            number + 1,
            position=(step * number).round(6).tolist(),
            ImageOrientationPatient=cosines_of(stored_row, stored_column),
            GantryDetectorTilt=18.5,
        )
    series = only(tmp_path)
    assert series.tilt_degrees == pytest.approx(-18.5, abs=1e-3)


def test_numbers_locations_and_names_do_not_order_slices_that_have_positions(tmp_path: Path) -> None:
    """Hazard: slices in a false order show a bleed at the wrong height."""
    for number, height in enumerate((0.0, 5.0, 10.0, 15.0), start=1):
        write_slice(
            tmp_path / f"{9 - number}.dcm",
            number,
            position=(0, 0, height),
            InstanceNumber=(number * 3) % 5,
            SliceLocation=-height,
        )
    series = only(tmp_path)
    assert [header.image_position_mm[2] for header in series.slices if header.image_position_mm] == [
        0,
        5,
        10,
        15,
    ]
    assert series.sorted_by == "position"


@pytest.mark.parametrize(
    ("attributes", "sorted_by"),
    [
        ({}, "instance number"),
        ({"InstanceNumber": None}, "slice location"),
        ({"InstanceNumber": 1}, "slice location"),
        ({"InstanceNumber": None, "SliceLocation": None}, "file name"),
    ],
)
def test_without_positions_what_was_used_instead_is_said(
    tmp_path: Path, attributes: dict[str, object], sorted_by: str
) -> None:
    """Hazard: a guessed order passes for a measured one."""
    for number in (1, 2, 3):
        values = {"SliceLocation": 5.0 * number, **attributes}
        write_slice(tmp_path / f"{number}", number, ImagePositionPatient=None, **values)
    series = only(tmp_path)
    assert [Path(header.path).name for header in series.slices] == ["1", "2", "3"]
    assert series.sorted_by == sorted_by
    assert f"no positions in the files: sorted by {sorted_by}" in series.notes
    assert (series.geometry, series.gaps, series.is_ai_candidate) == (None, (), False)


def test_one_normal_serves_slices_whose_orientation_hardly_differs(tmp_path: Path) -> None:
    """Hazard: each slice sorted along its own normal: the order, and the gaps, depend on rounding."""
    common, odd = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0.99998, 0.006]
    for names in ("abcde", "edcba"):
        folder = tmp_path / names
        for number, name in enumerate(names):
            write_slice(
                folder / name,
                number + 1,
                position=(0, 400.0 * (number == 2), 5 * number),
                ImageOrientationPatient=odd if number == 2 else common,
            )
        series = only(folder)
        assert [header.instance_number for header in series.slices] == [1, 2, 3, 4, 5]
        np.testing.assert_allclose(spacings_mm(series), 5, atol=1e-9)
        assert series.geometry is not None
        np.testing.assert_allclose(series.geometry.normal, (0, 0, 1), atol=1e-12)


def test_slices_at_more_than_a_small_angle_are_another_stack(tmp_path: Path) -> None:
    """Hazard: reformats at other angles mixed into the stack."""
    sine, cosine = np.sin(np.radians(2)), np.cos(np.radians(2))
    for number in range(3):
        write_slice(tmp_path / f"a{number}", number + 1)
        write_slice(
            tmp_path / f"b{number}",
            number + 11,
            position=(0, 0, 5 * number),
            ImageOrientationPatient=[1, 0, 0, 0, round(cosine, 9), round(sine, 9)],
        )
    assert [len(series.slices) for series in all_series(tmp_path)] == [3, 3]
    assert "the series UID was split into 2 stacks" in all_series(tmp_path)[0].notes


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (1, 1, 0), (3, -1, 0)])
@pytest.mark.parametrize(
    ("degrees", "is_axial"), [(0, True), (34.9, True), (-34.9, True), (35.1, False), (90, False)]
)
def test_axial_is_within_35_degrees_of_the_long_axis_whichever_way_the_head_is_tilted(
    tmp_path: Path, axis: Sequence[float], degrees: float, is_axial: bool
) -> None:
    """Hazard: a tilted head kept from the network, or a coronal series given to it."""
    row, column, _ = turned(axis, degrees).T
    write_slice(
        tmp_path / "one",
        ImageOrientationPatient=cosines_of(row, column),
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
    )
    series = only(tmp_path)
    assert (series.orientation == "axial") == is_axial
    assert series.is_ai_candidate == is_axial


def test_a_head_turned_about_its_long_axis_is_axial(tmp_path: Path) -> None:
    row, column, _ = turned((0, 0, 1), 40).T
    write_slice(tmp_path / "one", ImageOrientationPatient=cosines_of(row, column))
    assert only(tmp_path).orientation == "axial"


@pytest.mark.parametrize("keyword", ["ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"])
def test_slices_without_geometry_never_stand_among_those_that_have_it(tmp_path: Path, keyword: str) -> None:
    """Hazard: a slice of unknown place given the place of another."""
    for number in (1, 2, 3):
        write_slice(tmp_path / f"{number}", number)
    write_slice(tmp_path / "4", 4, **{keyword: None})
    assert sorted(len(series.slices) for series in all_series(tmp_path)) == [1, 3]


@pytest.mark.parametrize(
    "cosines", [[1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0], [1, 0, 0, 0.2, 1, 0]]
)
def test_an_orientation_that_cannot_be_counts_as_absent(tmp_path: Path, cosines: list[float]) -> None:
    """Hazard: letters and order from directions that are none."""
    write_slice(tmp_path / "one", ImageOrientationPatient=cosines)
    series = only(tmp_path)
    assert (series.orientation, series.has_directions, series.is_ai_candidate) == ("unknown", False, False)
