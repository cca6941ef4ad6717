"""What the reader made survives a file: each part as it was, and nothing that is not what it claims to be."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ichviewer.core.coverage import Coverage
from ichviewer.core.findings import Decision, Review, Subtype
from ichviewer.core.first_look import FirstLook
from ichviewer.core.hematoma_volume import HematomaSlice
from ichviewer.core.history import ReaderWork
from ichviewer.core.kept_view import KeptView
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurements import Measurements
from ichviewer.core.plain_values import from_plain, to_plain
from ichviewer.core.plane import Plane, Slab, SlabKind
from ichviewer.core.region import Region
from ichviewer.core.views import Layout, View
from ichviewer.core.viewstate import ViewState

PLANE = Plane((1.0, 2.0, 3.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0), 0.5, (40, 50), Slab(SlabKind.MEAN, 5.0))
MASK = np.eye(8, dtype=bool)
REGION = Region.of((3, 8, 8), {1: MASK})
POINTS = ((0.0, 0.0, 0.0), (4.0, 0.0, 0.0), (2.0, 1.0, 0.0), (2.0, -1.0, 0.0))

WORK = ReaderWork(
    Review(
        ((2, Subtype.SUBDURAL, Decision.REJECTED),),
        ((2, "falx, not blood"),),
        "before",
        ((Subtype.ANY, Decision.ACCEPTED),),
    ),
    Measurements()
    .added(Measurement(MeasurementKind.RULER, POINTS[:2], PLANE, name="A"))
    .added(Measurement(MeasurementKind.HEMATOMA, POINTS, 1, hematoma_slices=(HematomaSlice(1, 0.5, 3.0),)))
    .added(Measurement(MeasurementKind.REGION, POINTS[:1], 1, region=REGION)),
    frozenset({0, 2}),
)


def after_a_file(value):
    """The value, written as JSON and read again."""
    return from_plain(type(value), json.loads(json.dumps(to_plain(value))))


def test_all_that_the_reader_made_comes_back_as_it_was() -> None:
    """Hazard: a measurement or a decision comes back changed and is believed."""
    assert after_a_file(WORK) == WORK
    mask = after_a_file(WORK).measurements[3].region.mask(1)
    assert np.array_equal(mask, MASK)


def test_a_number_of_a_removed_measurement_is_not_given_again_after_a_file() -> None:
    fewer = Measurements().added(WORK.measurements[1]).removed(1)
    assert after_a_file(fewer).added(WORK.measurements[1]).items[0].identifier == 2


@pytest.mark.parametrize(
    "value",
    [
        FirstLook.sealed(),
        Coverage(4, frozenset({1}), (("Bone", frozenset({0, 2})),)),
        KeptView.of(ViewState(layout=Layout.PLANES, active_view=View.CORONAL, slab=PLANE.slab)),
    ],
)
def test_the_other_parts_come_back_as_they_were(value) -> None:
    assert after_a_file(value) == value


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        (ReaderWork, []),
        (ReaderWork, {"key_images": "all"}),
        (ReaderWork, {"key_images": [1.5]}),
        (Review, {"decisions": [[2, "subdural", "maybe"]]}),
        (Review, {"decisions": [[2, "subdural"]]}),
        (Measurement, {"kind": "ruler", "points_mm": [[0, 0, 0]], "plane": 1}),
        (Measurement, {"kind": "ruler", "plane": 1}),
        (Plane, {**to_plain(PLANE), "right": [2.0, 0.0, 0.0]}),
        (KeptView, {"slice_index": True}),
        (KeptView, {"crosshair_mm": [float("nan"), 0.0]}),
    ],
)
def test_what_is_none_of_its_kind_is_refused(kind, plain) -> None:
    """Hazard: a damaged file gives decisions or lengths that nobody made."""
    with pytest.raises(ValueError):  # noqa: PT011  each has a sentence of its own
        from_plain(kind, plain)


def test_what_a_later_version_added_is_passed_over() -> None:
    assert from_plain(Review, {**to_plain(WORK.review), "mood": "good"}) == WORK.review


def test_a_view_of_fewer_views_leaves_the_others_as_they_are() -> None:
    kept = from_plain(KeptView, {"windows": to_plain(ViewState().windows)[:3], "slice_index": 99})
    there = kept.onto(ViewState(slice_count=5))
    assert len(there.windows) == len(there.cameras) == len(View)
    assert there.slice_index == 4


def test_what_has_no_plain_form_is_not_written() -> None:
    with pytest.raises(TypeError, match="no plain form"):
        to_plain((np.zeros(3),))
