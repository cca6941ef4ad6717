"""One study, stored in eight ways: a measurement at the same place of the patient has the same values."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ichviewer.core.geometry import AS_STORED, InPlane
from ichviewer.core.hematoma_volume import weighed_by_area
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measurement_values import MeasuredValues, measure
from ichviewer.core.phantom import Phantom, make_phantom, small_demo_spec
from ichviewer.core.plane import triple
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.stack_frame import Vector
from ichviewer.core.volume import Volume
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import best_series, scan
from ichviewer.export.dicom_series import SeriesOptions, write_dicom_series

WAYS = [InPlane(*steps) for steps in itertools.product((False, True), repeat=3)]
SLICE = 6
PLACES = ((20.0, 25.0), (41.0, 38.5), (24.0, 44.0), (50.0, 30.0))


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(small_demo_spec(with_bleeds=True))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory, phantom: Phantom) -> Volume:
    return stored(tmp_path_factory.mktemp("usual") / "study", phantom, AS_STORED)


def stored(folder: Path, phantom: Phantom, way: InPlane) -> Volume:
    """The study, written with its pixels stored in one way and read back."""
    write_dicom_series(folder, phantom.hu, phantom.geometry, SeriesOptions(in_plane=way))
    series = best_series(scan((folder,), ignore_progress, CancelToken()))
    assert series is not None
    assert series.in_plane == way
    return read_volume(series, ignore_progress, CancelToken())


def drawn_at(volume: Volume, kind: MeasurementKind, patient_mm: list[Vector]) -> Measurement:
    measurement = drawn(kind, [triple(volume.frame.from_patient_mm(point)) for point in patient_mm], SLICE)
    if kind is MeasurementKind.HEMATOMA:
        return replace(measurement, hematoma_slices=weighed_by_area({5: 90.0, 6: 100.0, 7: 40.0}))
    return measurement


def numbers(values: MeasuredValues) -> list[float]:
    found = values.statistics
    pixels = [] if found is None else [found.count, found.mean, found.sd, found.minimum, found.maximum]
    sizes = (values.length, values.width, values.height, values.angle_degrees, values.area, values.shift)
    return [number for number in (*sizes, values.volume_ml, *pixels) if number is not None]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_values_do_not_depend_on_how_pixels_are_stored(
    tmp_path: Path, phantom: Phantom, usual: Volume, way: InPlane
) -> None:
    """Hazard: the same bleed has another size, density or side in a file with flipped rows."""
    other = stored(tmp_path / "study", phantom, way)
    patient_mm = [usual.frame.to_patient_mm(usual.frame.pixel_to_mm(SLICE, *place)) for place in PLACES]
    for kind in MeasurementKind:
        expected = measure(drawn_at(usual, kind, patient_mm), usual)
        found = measure(drawn_at(other, kind, patient_mm), other)
        assert numbers(found) == pytest.approx(numbers(expected), abs=1e-3)
        assert found.shift_side == expected.shift_side
        assert found.notes == expected.notes
        assert not found.refusal
    shift = measure(drawn_at(other, MeasurementKind.MIDLINE_SHIFT, patient_mm), other)
    assert shift.shift
    assert np.isfinite(shift.shift)
