"""What measurements come to: right in millimeters, on stored pixels, and silent where nothing is known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from builders import head_hu, make_volume
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ichviewer.core.geometry import Gap
from ichviewer.core.hematoma_volume import HematomaSlice, weighed_by_area
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measurement_sentence import measurement_sentence
from ichviewer.core.measurement_values import MeasuredValues, measure
from ichviewer.core.plane import Plane, Slab, SlabKind, Triple, triple
from ichviewer.core.region import Region
from ichviewer.core.roi_pixels import sampling_plane
from ichviewer.core.stack_frame import StackFrame
from ichviewer.core.volume import Volume

Kind = MeasurementKind
CORONAL = Plane((16.0, 16.0, 10.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0), 0.25, (100, 120))


@dataclass(frozen=True)
class SumSource:
    """Reformats of a field that is known everywhere: x + 2 y + 3 z; no data below z = 0."""

    frame: StackFrame
    asked: list[Plane]

    def hu(self, plane: Plane) -> NDArray[np.float32]:
        self.asked.append(plane)
        rows, columns = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]]
        points = plane.to_frame_mm(rows, columns)
        values = points @ np.array([1.0, 2.0, 3.0])
        values[points[..., 2] < 0] = math.nan
        return np.asarray(values, dtype=np.float32)


def at(volume: Volume, slice_index: int, places: Sequence[tuple[float, float]]) -> list[Triple]:
    """Points of a slice, given as (row, column)."""
    return [triple(volume.frame.pixel_to_mm(slice_index, row, column)) for row, column in places]


def on_slice(
    kind: MeasurementKind, volume: Volume, slice_index: int, *places: tuple[float, float]
) -> Measurement:
    return drawn(kind, at(volume, slice_index, places), slice_index)


def unmeasured(volume: Volume) -> Volume:
    return replace(volume, series=replace(volume.series, geometry=None))


def test_lengths_count_pixels_that_are_not_square() -> None:
    """Hazard: a clot of 10 mm is called 5 mm because rows lie farther apart than columns."""
    volume = make_volume(pixel_spacing_mm=(0.8, 0.4))
    ruler = on_slice(Kind.RULER, volume, 2, (10, 10), (20, 25))
    assert measure(ruler, volume).length == pytest.approx(math.hypot(8.0, 6.0))
    box = on_slice(Kind.RECTANGLE, volume, 2, (10, 10), (20, 25))
    assert measure(box, volume).area == pytest.approx(8.0 * 6.0)
    angle = on_slice(Kind.ANGLE, volume, 2, (10, 20), (10, 10), (20, 10))
    assert measure(angle, volume).angle_degrees == pytest.approx(90)
    slanting = on_slice(Kind.ANGLE, volume, 2, (10, 20), (10, 10), (15, 20))
    assert measure(slanting, volume).angle_degrees == pytest.approx(45)


def test_without_the_size_of_a_pixel_lengths_are_in_pixels_and_say_so() -> None:
    """Hazard: pixels are read as millimeters."""
    volume = unmeasured(make_volume(pixel_spacing_mm=(2.0, 0.5)))
    values = measure(on_slice(Kind.RULER, volume, 2, (10, 10), (13, 14)), volume)
    assert (values.length, values.length_unit) == (pytest.approx(5), "px")
    area = measure(on_slice(Kind.RECTANGLE, volume, 2, (10, 10), (13, 14)), volume)
    assert (area.area, area.length_unit) == (pytest.approx(12), "px")
    angle = measure(on_slice(Kind.ANGLE, volume, 2, (10, 20), (10, 10), (20, 10)), volume)
    assert "square" in angle.notes[0]
    across = measure(drawn(Kind.RULER, [(0, 0, 0), (9, 0, 0)], CORONAL), volume)
    assert across.length is None
    assert "across slices" in across.refusal
    hematoma = on_slice(Kind.HEMATOMA, volume, 2, (10, 10), (10, 20), (8, 15), (12, 15))
    weighed = measure(replace(hematoma, hematoma_slices=(HematomaSlice(2, 1.0),)), volume)
    assert weighed.volume_ml is None
    assert weighed.height is None


@pytest.mark.parametrize(
    ("claim", "unit"), [("claimed", "HU"), ("assumed", "HU (assumed)"), ("not claimed", "not HU")]
)
def test_values_are_called_hounsfield_units_only_where_the_files_claim_them(claim: str, unit: str) -> None:
    """Hazard: stored numbers of another meaning are read as HU of fresh blood."""
    volume = make_volume(hu_claim=claim)
    probe = on_slice(Kind.PROBE, volume, 2, (32, 32))
    values = measure(probe, volume)
    assert values.value_unit == unit
    assert unit in measurement_sentence(probe, values)


shapes = st.sampled_from([Kind.ELLIPSE, Kind.RECTANGLE, Kind.FREEHAND])
places = st.tuples(st.floats(-3, 36), st.floats(-3, 36))


def plain_count(measurement: Measurement, volume: Volume) -> tuple[list[float], int] | None:
    """Values of the pixels of an ellipse or a box by plain loops, and how many were padding.

    None where a center lies so near the outline that rounding decides.
    """
    index = measurement.plane
    assert isinstance(index, int)
    (x0, y0, _), (x1, y1, _) = measurement.points_mm
    a, b = abs(x1 - x0) / 2 + 0.001, abs(y1 - y0) / 2 + 0.001
    values, padded = [], 0
    for row, column in itertools.product(range(volume.shape[0]), range(volume.shape[1])):
        x, y, _ = volume.frame.pixel_to_mm(index, row, column)
        u, v = (x - (x0 + x1) / 2) / a, (y - (y0 + y1) / 2) / b
        reach = u * u + v * v if measurement.kind is Kind.ELLIPSE else max(abs(u), abs(v))
        if abs(reach - 1) < 1e-9:
            return None
        if reach > 1:
            continue
        stored = int(volume.stored_values[index, row, column])
        padding = volume.padding(index)
        if padding is not None and padding[0] <= stored <= padding[1]:
            padded += 1
        else:
            values.append(stored * float(volume.slopes[index]) + float(volume.intercepts[index]))
    return values, padded


@settings(max_examples=40)
@given(st.sampled_from([Kind.ELLIPSE, Kind.RECTANGLE]), places, places, st.integers(0, 2))
def test_statistics_are_those_of_the_stored_pixels_one_by_one(
    kind: MeasurementKind, first: tuple[float, float], second: tuple[float, float], index: int
) -> None:
    """Hazard: slope or intercept of another slice, or padding counted as tissue, changes the values."""
    pixels = np.random.default_rng(3).integers(-100, 200, (3, 32, 30)).astype(np.int16)
    volume = make_volume(
        hu=pixels, slopes=(1.0, 2.0002, 0.5), intercepts=(-1024.0, 10.0, 0.0), pixel_spacing_mm=(0.9, 0.6)
    )
    volume = replace(volume, paddings=(None, (20, 40), (-100, -50)))
    measurement = on_slice(kind, volume, index, first, second)
    expected = plain_count(measurement, volume)
    if expected is None:
        return
    values, padded = expected
    found = measure(measurement, volume)
    assert found.padding_count == padded
    if not values:
        assert found.statistics is None
        return
    assert found.statistics is not None
    assert found.statistics.count == len(values)
    assert found.statistics.mean == pytest.approx(np.mean(values))
    assert found.statistics.sd == pytest.approx(np.std(values), abs=1e-9)
    assert found.statistics.minimum == pytest.approx(min(values))
    assert found.statistics.maximum == pytest.approx(max(values))


def test_no_pixel_inside_is_said_and_is_not_zero() -> None:
    """Hazard: an empty region is read as water."""
    volume = make_volume()
    ellipse = on_slice(Kind.ELLIPSE, volume, 2, (10.3, 10.3), (10.6, 10.6))
    values = measure(ellipse, volume)
    assert values.statistics is None
    assert values.area == pytest.approx(0.15**2 / 4 * math.pi)
    assert "no pixel center" in values.notes[-1]
    assert "no values" in measurement_sentence(ellipse, values)


def test_a_region_of_padding_alone_has_no_values_and_says_why() -> None:
    volume = make_volume()
    volume = replace(volume, paddings=((-1000, -1000),) * 5)
    values = measure(on_slice(Kind.RECTANGLE, volume, 2, (0, 0), (3, 3)), volume)
    assert values.statistics is None
    assert values.padding_count == 16
    assert "padding" in values.notes[0]
    probe = measure(on_slice(Kind.PROBE, volume, 2, (0, 0)), volume)
    assert probe.statistics is None


def test_a_probe_reads_the_pixel_that_it_lies_in() -> None:
    volume = make_volume(hu=np.arange(64 * 64, dtype=np.int16).reshape(64, 64))
    for row, column in ((0.0, 0.0), (5.4, 7.45), (63.4, -0.4)):
        values = measure(on_slice(Kind.PROBE, volume, 1, (row, column)), volume)
        assert values.statistics is not None
        assert values.statistics.mean == round(row) * 64 + round(column)
    outside = measure(on_slice(Kind.PROBE, volume, 1, (5, 63.6)), volume)
    assert outside.statistics is None
    assert "outside the image" in outside.notes[0]


def test_a_shape_that_leaves_the_image_counts_what_is_there_and_says_so() -> None:
    volume = make_volume()
    values = measure(on_slice(Kind.RECTANGLE, volume, 1, (-5, -5), (1.2, 2.2)), volume)
    assert values.statistics is not None
    assert values.statistics.count == 6
    assert values.notes == ("A part lies outside the image.",)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.ARROW, Kind.TEXT)])
def test_a_slice_without_an_image_has_no_values(kind: MeasurementKind) -> None:
    """Hazard: zeros that stand for a damaged slice are measured as tissue."""
    damaged = make_volume(unreadable={2: "the file ends too early"})
    measurement = on_slice(kind, damaged, 2, (10, 10), (20, 25), (15, 12), (11, 11))
    values = measure(measurement, damaged)
    assert values.refusal == "Slice 3 could not be read: the file ends too early"
    assert (values.length, values.area, values.statistics, values.shift) == (None,) * 4
    awaited = replace(make_volume(unreadable={2: ""}), unreadable_reasons={}, awaited_slices=frozenset({2}))
    assert measure(measurement, awaited).refusal == "Slice 3 has not been read yet."
    assert "could not be read" in measurement_sentence(measurement, values)


def test_a_slice_that_is_not_there_is_refused() -> None:
    assert measure(drawn(Kind.RULER, [(0, 0, 0), (1, 0, 0)], 5), make_volume(5)).refusal == (
        "The stack has no slice 6."
    )


@pytest.mark.parametrize(
    ("displaced", "shift", "side"),
    [((32, 42), 5.0, "left"), ((32, 22), 5.0, "right"), ((90, 42), 5.0, "left"), ((20, 32), 0.0, "")],
)
def test_midline_shift_is_perpendicular_to_the_falx_and_names_the_patients_side(
    displaced: tuple[float, float], shift: float, side: str
) -> None:
    """Hazard: the wrong side is operated on; a slanting ruler makes the shift too large."""
    volume = make_volume(100, 100, 100)
    for falx in (((5, 32), (60, 32)), ((60, 32), (5, 32))):
        values = measure(on_slice(Kind.MIDLINE_SHIFT, volume, 2, *falx, displaced), volume)
        assert values.shift == pytest.approx(shift)
        assert values.shift_side == side


def test_midline_shift_in_a_turned_head_is_shorter_than_the_horizontal_distance() -> None:
    volume = make_volume(pixel_spacing_mm=(1.0, 1.0))
    values = measure(on_slice(Kind.MIDLINE_SHIFT, volume, 2, (0, 10), (40, 30), (20, 26)), volume)
    assert values.shift == pytest.approx(6 * 40 / math.hypot(40, 20))
    assert values.shift_side == "left"


def test_midline_shift_names_no_side_where_none_is_known_and_doubts_a_line_across_the_head() -> None:
    volume = make_volume()
    across = measure(on_slice(Kind.MIDLINE_SHIFT, volume, 2, (30, 5), (30, 60), (40, 20)), volume)
    assert across.shift_side == "back"
    assert "midline" in across.notes[0]
    bare = tuple(replace(header, image_orientation=None) for header in volume.series.slices)
    nowhere = replace(volume, series=replace(volume.series, slices=bare, geometry=None))
    unknown = measure(on_slice(Kind.MIDLINE_SHIFT, nowhere, 2, (5, 30), (60, 30), (20, 40)), nowhere)
    assert unknown.shift_side == ""
    assert "which side" in unknown.notes[0]


def test_lines_without_a_length_are_refused() -> None:
    volume = make_volume()
    angle = measure(on_slice(Kind.ANGLE, volume, 2, (5, 5), (5, 5), (9, 9)), volume)
    assert angle.angle_degrees is None
    assert angle.refusal
    shift = measure(on_slice(Kind.MIDLINE_SHIFT, volume, 2, (5, 5), (5, 5), (9, 9)), volume)
    assert shift.shift is None
    assert shift.refusal


@given(st.floats(0, 180), st.floats(0, 360))
def test_an_angle_is_what_was_drawn(degrees: float, turn: float) -> None:
    volume = make_volume()
    sides = [math.radians(turn), math.radians(turn + degrees)]
    points = [(20 + 9 * math.cos(side), 20 + 9 * math.sin(side), 10.0) for side in sides]
    angle = drawn(Kind.ANGLE, [points[0], (20, 20, 10), points[1]], 2)
    assert measure(angle, volume).angle_degrees == pytest.approx(degrees, abs=1e-4)


def test_the_longer_axis_is_the_length_whichever_was_drawn_first() -> None:
    volume = make_volume(pixel_spacing_mm=(1.0, 1.0))
    drawn_short_first = on_slice(Kind.BIDIRECTIONAL, volume, 2, (10, 10), (10, 20), (0, 15), (30, 15))
    values = measure(drawn_short_first, volume)
    assert (values.length, values.width) == (pytest.approx(30), pytest.approx(10))


def hematoma(volume: Volume, slices: tuple[HematomaSlice, ...]) -> MeasuredValues:
    two = on_slice(Kind.HEMATOMA, volume, 2, (10, 10), (10, 50), (5, 30), (25, 30))
    return measure(replace(two, hematoma_slices=slices), volume)


def test_abc2_multiplies_what_was_drawn_with_the_height_of_the_slices() -> None:
    volume = make_volume(8, pixel_spacing_mm=(1.0, 1.0), spacing_mm=4.0)
    values = hematoma(volume, weighed_by_area({1: 60.0, 2: 100.0, 3: 90.0, 4: 10.0}))
    assert (values.length, values.width, values.height) == (
        pytest.approx(40),
        pytest.approx(20),
        pytest.approx(10),
    )
    assert values.volume_ml == pytest.approx(4.0)
    assert values.notes == ()


def test_abc2_says_what_it_lacks_and_what_is_doubtful() -> None:
    """Hazard: a volume from one slice, or from the wrong one, decides on surgery."""
    volume = make_volume(8, pixel_spacing_mm=(1.0, 1.0))
    nothing_said = hematoma(volume, ())
    assert nothing_said.volume_ml is None
    assert "which slices" in nothing_said.notes[0]
    elsewhere = hematoma(volume, weighed_by_area({2: 80.0, 3: 100.0}))
    assert elsewhere.notes == ("A and B are on slice 3, but the largest area on slice 4.",)
    gap = replace(volume, series=replace(volume.series, gaps=(Gap(2, 10.0),)))
    assert "missing" in hematoma(gap, (HematomaSlice(2, 1.0), HematomaSlice(3, 1.0))).notes[0]
    assert hematoma(gap, (HematomaSlice(1, 1.0), HematomaSlice(2, 1.0))).notes == ()
    alone = make_volume(1)
    two = on_slice(Kind.HEMATOMA, alone, 0, (10, 10), (10, 50), (5, 30), (25, 30))
    one = measure(replace(two, hematoma_slices=(HematomaSlice(0, 1.0),)), alone)
    assert one.volume_ml is None
    assert "one slice" in one.notes[0]


def test_values_of_a_reformat_are_interpolated_and_say_so() -> None:
    volume = make_volume(9)
    source = SumSource(volume.frame, [])
    ellipse = drawn(Kind.ELLIPSE, [(10, 16, 30), (20, 16, 24)], CORONAL)
    values = measure(ellipse, volume, source)
    assert values.is_interpolated
    assert values.area == pytest.approx(math.pi * 5 * 3)
    assert values.statistics is not None
    assert values.statistics.mean == pytest.approx(15 + 32 + 81, abs=0.02)
    assert values.statistics.count == pytest.approx(math.pi * 15 / 0.25, rel=0.05)
    assert "interpolated" in measurement_sentence(ellipse, values)
    probe = measure(drawn(Kind.PROBE, [(11, 16, 12)], CORONAL), volume, source)
    assert probe.statistics is not None
    assert probe.statistics.mean == pytest.approx(11 + 32 + 36)


def test_values_of_a_reformat_do_not_depend_on_the_size_of_the_view() -> None:
    """Hazard: mean and maximum change as the reader zooms."""
    volume = make_volume(9)
    source = SumSource(volume.frame, [])
    for plane in (CORONAL, replace(CORONAL, spacing_mm=2.0, shape=(9, 9))):
        measure(drawn(Kind.RECTANGLE, [(10, 16, 30), (20, 16, 24)], plane), volume, source)
    assert source.asked[0] == source.asked[1]
    assert source.asked[0].spacing_mm == 0.5


def test_points_of_a_reformat_without_data_are_left_out_and_counted() -> None:
    volume = make_volume(9)
    values = measure(
        drawn(Kind.RECTANGLE, [(10, 16, -2), (12, 16, 1)], CORONAL), volume, SumSource(volume.frame, [])
    )
    assert values.statistics is not None
    assert values.statistics.minimum >= 10 + 32
    assert "16 points without data" in values.notes[0]


def test_a_reformat_that_is_not_prepared_has_lengths_but_no_values() -> None:
    volume = make_volume(9)
    values = measure(drawn(Kind.RECTANGLE, [(10, 16, -2), (12, 16, 1)], CORONAL), volume)
    assert values.area == pytest.approx(6)
    assert values.statistics is None
    assert "prepared" in values.notes[0]
    ruler = measure(drawn(Kind.RULER, [(10, 16, -2), (13, 16, 2)], CORONAL), volume)
    assert ruler.length == pytest.approx(5)


def test_a_slab_is_measured_as_a_slab() -> None:
    thick = replace(CORONAL, slab=Slab(SlabKind.MAXIMUM, 20.0))
    plane = sampling_plane(drawn(Kind.PROBE, [(11, 16, 12)], thick), 0.5)
    assert plane.slab == thick.slab
    assert plane.shape == (1, 1)
    assert plane.center_mm == pytest.approx((11, 16, 12))


def of_mask(mask: NDArray[np.bool_]) -> Region:
    slices, rows, columns = mask.shape
    return Region.of((slices, rows, columns), dict(enumerate(mask)))


def grown(volume: Volume, region: Region | None) -> MeasuredValues:
    return measure(replace(on_slice(Kind.REGION, volume, 2, (32, 32)), region=region), volume)


def test_a_grown_region_has_a_volume_and_the_statistics_of_its_stored_voxels() -> None:
    """Hazard: the volume of a hematoma that decides on surgery counts other voxels than those in color."""
    volume = make_volume(pixel_spacing_mm=(1.0, 0.5), spacing_mm=4.0, slopes=(1, 2, 1, 1, 1))
    mask = np.zeros((5, 64, 64), dtype=bool)
    mask[1, 30:34, 30:40] = mask[2, 30:32, 30:35] = True
    values = grown(volume, of_mask(mask))
    assert values.volume_ml == pytest.approx(50 * 0.5 * 4 / 1000)
    assert values.statistics is not None
    assert values.statistics.count == 50
    # 35 HU are stored as 17.5 units of 2 HU on slice 2, rounded to 18.
    assert values.statistics.mean == pytest.approx((40 * 36 + 10 * 35) / 50)
    padded = grown(replace(volume, paddings=(None, (18, 18), None, None, None)), of_mask(mask))
    assert (padded.padding_count, padded.volume_ml) == (40, values.volume_ml)
    damaged = replace(volume, is_readable=np.array([True, False, True, True, True]))
    assert "40 points without data" in grown(damaged, of_mask(mask)).notes[0]


def test_a_grown_region_says_what_it_lacks() -> None:
    volume = make_volume()
    mask = np.zeros((5, 64, 64), dtype=bool)
    assert grown(volume, None).notes == grown(volume, of_mask(mask)).notes == ("The region has no voxels.",)
    mask[1:4, 30, 30] = True
    assert "another stack" in grown(volume, of_mask(mask[:4])).refusal
    assert grown(unmeasured(volume), of_mask(mask)).volume_ml is None
    gap = replace(volume, series=replace(volume.series, gaps=(Gap(2, 10.0),)))
    assert "missing" in grown(gap, of_mask(mask)).notes[-1]
    alone = make_volume(1)
    one = replace(on_slice(Kind.REGION, alone, 0, (32, 32)), region=of_mask(mask[1:2]))
    assert measure(one, alone).volume_ml is None
    assert "one slice" in measure(one, alone).notes[-1]


def test_an_arrow_has_no_values() -> None:
    volume = make_volume()
    arrow = measure(on_slice(Kind.ARROW, volume, 2, (32, 32), (40, 40)), volume)
    assert (arrow.length, arrow.area, arrow.statistics) == (None, None, None)


def numbers(values: MeasuredValues) -> list[float]:
    found = values.statistics
    pixels = [] if found is None else [found.count, found.mean, found.sd, found.minimum, found.maximum]
    return [number for number in (values.length, values.area, *pixels) if number is not None]


def test_a_head_in_a_tilted_gantry_is_measured_where_its_slices_lie() -> None:
    """Hazard: under tilt, the pixels beside the drawn region are counted."""
    volume = make_volume(6, hu=np.repeat(head_hu(64, 64)[None], 6, axis=0))
    shifted = volume.geometry.origins_mm + np.array([0.0, 1.7, 0.0]) * np.arange(6)[:, None]
    tilted = replace(volume, geometry=replace(volume.geometry, origins_mm=shifted))
    for index in (0, 5):
        straight = measure(on_slice(Kind.ELLIPSE, volume, index, (4, 20), (25, 40)), volume)
        leaning = measure(on_slice(Kind.ELLIPSE, tilted, index, (4, 20), (25, 40)), tilted)
        assert numbers(leaning) == pytest.approx(numbers(straight))
