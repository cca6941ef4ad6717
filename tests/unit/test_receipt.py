"""The geometry in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume

from ichviewer.core.geometry import Gap
from ichviewer.core.receipt import median_spacing_mm, receipt, spacings_mm
from ichviewer.core.series import Series


@pytest.fixture
def series() -> Series:
    return make_volume().series


def test_a_plain_stack_has_a_short_receipt(series: Series) -> None:
    assert receipt(series) == (
        "sorted by position; 5 slices; spacing 5.00 mm; no gaps; Hounsfield units claimed"
    )


def test_everything_unusual_is_named(series: Series) -> None:
    """Hazard: slices dropped or missing, and nobody told."""
    odd = replace(
        series,
        sorted_by="file name",
        tilt_degrees=-18.5,
        tilt_tag_degrees=18.5,
        gaps=(Gap(2, 10.0),),
        overlaps=1,
        duplicates=2,
        hu="assumed",
        is_lossy=True,
        notes=("two patients under one series UID",),
    )
    text = receipt(odd)
    for part in (
        "sorted by file name",
        "tilt -18.5 degrees by position (tag +18.5)",
        "1 gap, missing slice? (after slice 3: 10.00 mm)",
        "1 overlap;",
        "2 duplicates dropped",
        "Hounsfield units assumed",
        "compressed with loss",
        "two patients under one series UID",
    ):
        assert part in text


def test_uneven_spacing_is_a_range(series: Series) -> None:
    assert series.geometry is not None
    origins = np.array([[0, 0, z] for z in (0, 4, 8, 9.08, 16.08)])
    uneven = replace(series, geometry=replace(series.geometry, origins_mm=origins))
    assert "spacing 1.08 to 7.00 mm (median 4.00)" in receipt(uneven)


def test_without_positions_there_is_no_spacing(series: Series) -> None:
    flat = replace(series, geometry=None, sorted_by="instance number")
    assert (spacings_mm(flat), median_spacing_mm(flat)) == ((), None)
    assert "spacing" not in receipt(flat)
