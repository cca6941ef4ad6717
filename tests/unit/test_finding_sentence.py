"""Sentences for lists and the clipboard: units with every number, and nothing that nobody measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_card, make_findings, make_volume

from ichviewer.core.finding_sentence import finding_sentence, side_of
from ichviewer.core.findings import StudyFindings, Subtype
from ichviewer.core.measurement import Measurement, MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measurement_sentence import measurement_sentence
from ichviewer.core.measurement_values import MeasuredValues, measure
from ichviewer.core.plane import Plane
from ichviewer.core.roi_statistics import roi_statistics
from ichviewer.core.volume import Volume

Kind = MeasurementKind
VOLUME = make_volume(20, pixel_spacing_mm=(1.0, 1.0))


def ruler(length_mm: float = 7.0, name: str = "") -> tuple[Measurement, MeasuredValues]:
    measurement = replace(drawn(Kind.RULER, [(20, 20, 80), (20 + length_mm, 20, 80)], 16, name), identifier=1)
    return measurement, measure(measurement, VOLUME)


def test_a_finding_in_one_sentence() -> None:
    sentence = finding_sentence(
        VOLUME.series, Subtype.SUBDURAL, range(14, 19), "left", [ruler(name="thickness")]
    )
    assert sentence == (
        "Suspected subdural hemorrhage, left, images 15 to 19 (slices by position), thickness 7.0 mm;"
        " research use only"
    )


def test_what_is_not_known_is_left_out() -> None:
    """Hazard: a report names a size or a side that nobody measured."""
    assert finding_sentence(VOLUME.series, Subtype.ANY, [3]) == (
        "Suspected intracranial hemorrhage, image 4 (slices by position); research use only"
    )
    refused = replace(ruler()[1], refusal="Slice 17 could not be read.")
    arrow = replace(drawn(Kind.ARROW, [(0, 0, 0), (1, 1, 0)], 3, text="here"), identifier=2)
    probe = drawn(Kind.PROBE, [(20, 20, 15)], 3)
    measured = [(ruler()[0], refused), (arrow, measure(arrow, VOLUME)), (probe, measure(probe, VOLUME))]
    assert "image 4 (slices by position); research" in finding_sentence(
        VOLUME.series, Subtype.ANY, [3], measured=measured
    )
    with pytest.raises(ValueError, match="at least one slice"):
        finding_sentence(VOLUME.series, Subtype.ANY, [])


def test_an_accepted_finding_is_not_called_suspected_and_runs_are_named() -> None:
    series = replace(VOLUME.series, sorted_by="instance number")
    sentence = finding_sentence(series, Subtype.EPIDURAL, [5, 2, 3, 3], "right", is_accepted=True)
    assert sentence == (
        "Epidural hemorrhage, right, images 3 to 4, 6 (slices by instance number); research use only"
    )


def test_the_sentence_names_no_patient() -> None:
    """Hazard: a name goes into a chat with the clipboard."""
    sentence = finding_sentence(VOLUME.series, Subtype.ANY, [3], "left", [ruler()])
    for secret in ("Doe", "Jane", "0042", "1.2.3", "2024"):
        assert secret not in sentence


def test_pixels_are_not_passed_off_as_millimeters() -> None:
    """Hazard: 7 pixels are pasted into a report as 7 mm."""
    measurement, _ = ruler()
    unmeasured = replace(VOLUME, series=replace(VOLUME.series, geometry=None))
    values = measure(measurement, unmeasured)
    assert "7.0 px" in finding_sentence(VOLUME.series, Subtype.ANY, [3], measured=[(measurement, values)])
    assert measurement_sentence(measurement, values) == "Ruler 1: 7.0 px, slice 17"


def test_every_kind_has_a_sentence() -> None:
    statistics = roi_statistics(np.array([20.0, 30.0, 40.0]))
    plane = Plane((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0), 0.5, (9, 9))
    cases = [
        (Kind.RULER, 16, MeasuredValues(length=12.34), "Ruler 3: 12.3 mm, slice 17"),
        (Kind.ANGLE, 16, MeasuredValues(angle_degrees=91.04), "Angle 3: 91.0°, slice 17"),
        (
            Kind.ELLIPSE,
            16,
            MeasuredValues(area=12.0, statistics=statistics),
            "Ellipse 3: 12.0 mm², mean 30.0 HU, SD 8.2, min 20, max 40, 3 pixels, slice 17",
        ),
        (
            Kind.RECTANGLE,
            plane,
            MeasuredValues(area=12.0, statistics=statistics, is_interpolated=True),
            "Rectangle 3: 12.0 mm², mean 30.0 HU, SD 8.2, min 20, max 40, 3 points, interpolated, reformat",
        ),
        (Kind.PROBE, 16, MeasuredValues(statistics=statistics), "Probe 3: 30 HU, slice 17"),
        (
            Kind.BIDIRECTIONAL,
            16,
            MeasuredValues(length=20, width=9.5),
            "Bidirectional 3: 20.0 × 9.5 mm, slice 17",
        ),
        (
            Kind.MIDLINE_SHIFT,
            16,
            MeasuredValues(shift=5.25, shift_side="left"),
            "Midline shift 3: 5.2 mm to the left, slice 17",
        ),
        (
            Kind.HEMATOMA,
            16,
            MeasuredValues(length=40, width=30, height=20, volume_ml=12),
            "Hematoma ABC/2 3: 12.0 mL, 40.0 × 30.0 × 20.0 mm, slice 17",
        ),
        (Kind.REGION, 16, MeasuredValues(volume_ml=3.25), "Grown region 3: 3.2 mL, slice 17"),
        (Kind.ELLIPSE, 16, MeasuredValues(area=0.1), "Ellipse 3: 0.1 mm², no values, slice 17"),
        (
            Kind.PROBE,
            16,
            MeasuredValues(refusal="Slice 17 could not be read."),
            "Probe 3: Slice 17 could not be read, slice 17",
        ),
    ]
    for kind, where, values, sentence in cases:
        measurement = replace(drawn(kind, [(1, 1, 1)], where), identifier=3)
        assert measurement_sentence(measurement, values) == sentence
    text = replace(drawn(Kind.TEXT, [(1, 1, 1)], 16, text="calcified"), identifier=3)
    assert measurement_sentence(text, MeasuredValues()) == "Text 3: calcified, slice 17"


def findings(volume: Volume, likely: tuple[int, ...], maps: dict[int, tuple[int, int]]) -> StudyFindings:
    """Scores, with the subdural map of some slices hot in one cell of 7 x 7."""
    made = make_findings(volume, make_card(), likely=likely)
    for index, cell in maps.items():
        finding = made.slices[index]
        assert finding.class_maps is not None
        changed = np.full_like(finding.class_maps, -1.0)
        changed[-1, cell[0], cell[1]] = 6.0
        made = made.with_slice(replace(finding, class_maps=changed), made.series_key, made.checkpoint_sha256)
    return made


def test_the_side_is_that_of_the_labels_own_maps_and_only_where_they_agree() -> None:
    """Hazard: the sentence names the wrong side, or one of two."""
    volume = make_volume(6, pixel_spacing_mm=(3.0, 3.0))
    # The patient's left is on the right of the screen.
    made = findings(volume, (), {1: (3, 5), 2: (3, 5), 3: (3, 1), 4: (3, 3)})
    assert side_of(made, Subtype.SUBDURAL, (1, 2), volume) == "left"
    assert side_of(made, Subtype.SUBDURAL, (3,), volume) == "right"
    assert side_of(made, Subtype.SUBDURAL, (4,), volume) == "midline"
    assert side_of(made, Subtype.SUBDURAL, (1, 2, 3), volume) == "both sides"
    assert side_of(made, Subtype.SUBDURAL, (1, 4), volume) == ""
    pending = make_findings(volume, make_card(), pending=range(6))
    assert side_of(pending, Subtype.SUBDURAL, (1, 2), volume) == ""
