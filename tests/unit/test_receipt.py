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
        "sorted by position; 5 slices; no gaps; spacing 5.00 mm; Hounsfield units claimed"
    )


def test_everything_unusual_is_named_and_the_weightiest_first(series: Series) -> None:
    """Hazard: slices dropped, hidden or missing, and nobody told; a narrow window cuts the end."""
    odd = replace(
        series,
        sorted_by="file name",
        tilt_degrees=-18.5,
        tilt_tag_degrees=18.5,
        gaps=(Gap(2, 10.0),),
        overlaps=1,
        duplicates=1,
        hidden=(("localizer", 2), ("screen capture", 1)),
        hu="assumed",
        is_lossy=True,
        notes=("values come from a Modality LUT",),
    )
    assert receipt(odd) == (
        "sorted by file name; 5 slices; tilt -18.5° (tag +18.5); 1 gap; 1 duplicate; 2 localizers hidden; "
        "1 screen capture hidden; spacing 5.00 mm; 1 overlap; missing slice after slice 3? (10.00 mm); "
        "Hounsfield units assumed; compressed with loss; values come from a Modality LUT"
    )


def test_a_repair_of_the_pixels_stands_before_all(series: Series) -> None:
    """Hazard: changed values are read as the scanner's own."""
    assert receipt(replace(series, repair="values were unwrapped")).startswith(
        "values were unwrapped; sorted"
    )


@pytest.mark.parametrize(
    ("tilt", "tag", "words"),
    [(-11.0, None, "tilt -11.0° (no tag)"), (0.0, 12.0, "tilt +0.0° (tag +12.0)"), (0.0, 0.0, "")],
)
def test_a_tilt_is_measured_and_its_tag_only_shown(
    series: Series, tilt: float, tag: float | None, words: str
) -> None:
    """Hazard: the tag's sign is the vendor's; a tilt that follows it shears a reformat the wrong way."""
    found = receipt(replace(series, tilt_degrees=tilt, tilt_tag_degrees=tag)).split("; ")
    assert [part for part in found if part.startswith("tilt")] == ([words] if words else [])


def test_one_slice_tells_no_tilt_and_no_gaps() -> None:
    """Hazard: "tilt 0" and "no gaps" of a single slice are claims that nobody measured."""
    text = receipt(replace(make_volume(slices=1).series, tilt_tag_degrees=15.0))
    assert text == "sorted by position; 1 slice; tilt not measured (tag +15.0); Hounsfield units claimed"


def test_a_remark_that_says_the_units_is_not_said_twice(series: Series) -> None:
    note = "Hounsfield units assumed: SOP Class or Image Type is missing"
    assert receipt(replace(series, hu="assumed", notes=(note,))).count("assumed") == 1


def test_uneven_spacing_is_a_range(series: Series) -> None:
    assert series.geometry is not None
    origins = np.array([[0, 0, z] for z in (0, 4, 8, 9.08, 16.08)])
    uneven = replace(series, geometry=replace(series.geometry, origins_mm=origins))
    assert "spacing 1.08 to 7.00 mm (median 4.00)" in receipt(uneven)


def test_without_positions_there_is_no_spacing(series: Series) -> None:
    flat = replace(series, geometry=None, sorted_by="instance number")
    assert (spacings_mm(flat), median_spacing_mm(flat)) == ((), None)
    assert "spacing" not in receipt(flat)
