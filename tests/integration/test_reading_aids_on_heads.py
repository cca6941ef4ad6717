"""What the reading aids say of the heads of patients; each has a sibling on the generated head."""

from __future__ import annotations

from pathlib import Path

import pytest

from ichviewer.core.blind_spots import SURE_WITHIN_MM, Stop, blind_spot_tour
from ichviewer.core.brain_extent import NoExtent
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.volume import Volume
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan


def longest_stack(folder: Path) -> Volume:
    series = scan([folder], ignore_progress, CancelToken()).series
    return read_volume(max(series, key=lambda s: len(s.slices)), ignore_progress, CancelToken())


@pytest.mark.needs_shared_data
@pytest.mark.parametrize(
    ("folder", "true_slices"),
    [
        # Read off by eye, slices counted from 0.
        ("dcm_qa_ct/GE", {"Interpeduncular and suprasellar cisterns": 12, "Foramen magnum": 4}),
        ("rsna_series", {"Interpeduncular and suprasellar cisterns": 8, "Foramen magnum": 3}),
    ],
)
def test_stops_of_patients_are_near_what_the_eye_finds(
    shared_data: Path, folder: str, true_slices: dict[str, int]
) -> None:
    volume = longest_stack(shared_data / folder)
    tour = blind_spot_tour(volume)
    assert not isinstance(tour, NoExtent)
    stops = {stop.spot.name: stop for stop in tour}
    for name, slice_index in true_slices.items():
        stop = stops[name]
        assert isinstance(stop, Stop)
        positions = volume.geometry.positions_mm
        assert abs(positions[stop.slice_index] - positions[slice_index]) <= SURE_WITHIN_MM


@pytest.mark.needs_shared_data
def test_a_stack_of_the_skull_base_has_no_tour(shared_data: Path) -> None:
    """Hazard: places are ticked off in a stack that does not hold them."""
    assert isinstance(blind_spot_tour(longest_stack(shared_data / "cq500_ct0")), NoExtent)
