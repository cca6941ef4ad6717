"""Volumes, findings and model cards from arrays, for tests: no file is read, nothing is random.

Imported as ``from builders import make_volume``; pytest puts this folder on the path with ``conftest.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceStatus, StudyFindings
from ichviewer.core.geometry import AS_STORED, InPlane, StackGeometry
from ichviewer.core.model_card import LabelCard, ModelCard, OperatingPoint
from ichviewer.core.preprocessing import Framing, PreprocessingSpec
from ichviewer.core.series import PatientText, Series, SliceHeader
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BONE, BRAIN, SUBDURAL, FileWindow, VoiFunction, Window

AIR, BRAIN_HU, BONE_HU, SCALP_HU = -1000, 35, 1000, 50

UNLIKELY, LIKELY = 0.1, 0.9
"""Probabilities of ``make_findings``, below and above the thresholds of ``make_card`` (0.5)."""


def head_hu(rows: int, columns: int) -> NDArray[np.int16]:
    """A round head in air, (rows, columns), HU: scalp, skull and uniform brain."""
    row, column = np.mgrid[0:rows, 0:columns].astype(np.float64)
    radius = np.hypot((row + 0.5 - rows / 2) / (rows * 0.42), (column + 0.5 - columns / 2) / (columns * 0.40))
    hu = np.full((rows, columns), AIR, dtype=np.int16)
    hu[radius < 1.0] = SCALP_HU
    hu[radius < 0.95] = BONE_HU
    hu[radius < 0.85] = BRAIN_HU
    return hu


def make_volume(
    slices: int = 5,
    rows: int = 64,
    columns: int = 64,
    *,
    hu: NDArray[np.integer] | None = None,
    slopes: Sequence[float] | None = None,
    intercepts: Sequence[float] | None = None,
    pixel_spacing_mm: tuple[float, float] = (0.5, 0.5),
    spacing_mm: float = 5.0,
    row_direction: Sequence[float] = (1.0, 0.0, 0.0),
    column_direction: Sequence[float] = (0.0, 1.0, 0.0),
    unreadable: Mapping[int, str] | None = None,
    hu_claim: str = "claimed",
    is_lossy: bool = False,
    description: str = "HEAD 5 mm",
    patient: PatientText | None = None,
    in_plane: InPlane = AS_STORED,
    series_uid: str = "1.2.3",
) -> Volume:
    """A stack of equal slices in canonical orientation; a round head unless *hu* says otherwise.

    Args:
        slices: Number of slices.
        rows: Rows of a slice.
        columns: Columns of a slice.
        hu: (slices, rows, columns) or (rows, columns), HU; then the three numbers before follow from it as
            far as it says.
        slopes: HU per stored unit, per slice; 1 by default.
        intercepts: HU, per slice; 0 by default.
        pixel_spacing_mm: (between rows, between columns).
        spacing_mm: Between slices.
        row_direction: Along which the column index grows, LPS.
        column_direction: Along which the row index grows, LPS.
        unreadable: Reason by slice index.
        hu_claim: ``claimed``, ``assumed`` or ``not claimed``.
        is_lossy: Whether a slice was compressed with loss.
        description: Series Description.
        patient: Identifying text; a made-up patient by default.
        in_plane: How stored pixels became canonical.
        series_uid: Series Instance UID.
    """
    pixels = head_hu(rows, columns) if hu is None else np.asarray(hu)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[None], slices, axis=0)
    slices, rows, columns = pixels.shape
    slope = np.ones(slices) if slopes is None else np.asarray(slopes, dtype=np.float64)
    intercept = np.zeros(slices) if intercepts is None else np.asarray(intercepts, dtype=np.float64)
    stored = np.round((pixels - intercept[:, None, None]) / slope[:, None, None]).astype(np.int16)
    geometry = _geometry(slices, spacing_mm, pixel_spacing_mm, row_direction, column_direction)
    series = _series(geometry, (rows, columns), slope, intercept, spacing_mm)
    reasons = dict(unreadable or {})
    return Volume(
        series=Series(
            **{
                **series,
                "hu": hu_claim,
                "is_lossy": is_lossy,
                "description": description,
                "patient": patient or PatientText("Doe^Jane", "ID-0042"),
                "in_plane": in_plane,
                "series_instance_uid": series_uid,
            }
        ),
        stored_values=stored,
        slopes=slope,
        intercepts=intercept,
        geometry=geometry,
        is_readable=np.asarray([index not in reasons for index in range(slices)]),
        unreadable_reasons=reasons,
    )


def _geometry(
    slices: int,
    spacing_mm: float,
    pixel_spacing_mm: tuple[float, float],
    row_direction: Sequence[float],
    column_direction: Sequence[float],
) -> StackGeometry:
    row, column = np.asarray(row_direction, dtype=np.float64), np.asarray(column_direction, dtype=np.float64)
    origins = np.cross(row, column)[None] * (np.arange(slices) * spacing_mm)[:, None]
    return StackGeometry(origins, row, column, pixel_spacing_mm)


def _series(
    geometry: StackGeometry,
    shape: tuple[int, int],
    slopes: NDArray[np.float64],
    intercepts: NDArray[np.float64],
    thickness_mm: float,
) -> dict[str, object]:
    row, column = geometry.row_direction.tolist(), geometry.column_direction.tolist()
    headers = tuple(
        SliceHeader(
            path=f"slice-{index}.dcm",
            sop_instance_uid=f"1.2.3.{index}",
            frame_number=None,
            instance_number=index + 101,
            image_position_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
            image_orientation=(row[0], row[1], row[2], column[0], column[1], column[2]),
            stored_shape=shape,
            pixel_spacing_mm=geometry.pixel_spacing_mm,
            thickness_mm=thickness_mm,
            slope=float(slopes[index]),
            intercept=float(intercepts[index]),
            file_windows=(FileWindow(Window(40, 80, VoiFunction.LINEAR), "BRAIN"),),
        )
        for index, origin in enumerate(geometry.origins_mm)
    )
    return {
        "stack_number": 0,
        "study_instance_uid": "1.2",
        "study_description": "CT head",
        "study_date": "20240131",
        "modality": "CT",
        "kernel": "H31s",
        "slices": headers,
        "geometry": geometry,
        "orientation": "axial",
        "tilt_degrees": 0.0,
        "tilt_tag_degrees": None,
        "gaps": (),
        "overlaps": 0,
        "duplicates": 0,
        "sorted_by": "position",
        "is_ai_candidate": True,
        "transfer_syntaxes": ("1.2.840.10008.1.2.1",),
        "contrast_agent": "",
        "notes": (),
    }


def make_card(full_scale: float = 6.2, threshold: float = 0.5, sha256: str = "ab" * 32) -> ModelCard:
    """A model card whose calibration is the identity; all six labels alike.

    Args:
        full_scale: Class-map value, logit units, at full color.
        threshold: Of a slice and of the study.
        sha256: Of the weights.
    """
    point = OperatingPoint(threshold, 0.9, 0.9, "made up for a test")
    labels = tuple(
        LabelCard(str(subtype), 1.0, 0.0, 0.2, point, point, full_scale, {}) for subtype in SUBTYPES
    )
    spec = PreprocessingSpec((BRAIN, SUBDURAL, BONE), 56, 0.05, 0.5, (0.5,) * 3, (0.25,) * 3)
    return ModelCard("test-card", "none", sha256, spec, labels, "made-up slices", "research use only", {})


def make_findings(
    volume: Volume,
    card: ModelCard,
    *,
    likely: Sequence[int] = (),
    pending: Sequence[int] = (),
    map_logit: float = 6.2,
    cells: int = 7,
) -> StudyFindings:
    """Findings of every readable slice; one hot cell, above and left of the middle, in every map.

    Args:
        volume: The stack.
        card: Names the checkpoint.
        likely: Slices on which all six labels have probability LIKELY; the others have UNLIKELY.
        pending: Slices without scores.
        map_logit: Class-map value of the hot cell, logit units; the rest of the map is -1.
        cells: Cells of a class map along a side.
    """
    findings = StudyFindings.pending(
        volume.series.key, card.weights_sha256, volume.is_readable, volume.unreadable_reasons
    )
    maps = np.full((len(SUBTYPES), cells, cells), -1.0, dtype=np.float32)
    maps[:, cells // 2 - 1, cells // 2 - 1] = map_logit
    framing = Framing(0.0, 0.0, float(volume.shape[0]), float(volume.shape[1]))
    for index in range(volume.slice_count):
        if index in pending or not volume.is_readable[index]:
            continue
        probability = LIKELY if index in likely else UNLIKELY
        finding = SliceFinding(index, SliceStatus.OK, (probability,) * len(SUBTYPES), maps, framing)
        findings = findings.with_slice(finding, volume.series.key, card.weights_sha256)
    return findings


def share_of_bleed(
    positions_mm: NDArray[np.float64], center_mm: float, length_mm: float, edge_mm: float
) -> NDArray[np.float64]:
    """How much of each slice a bleed with soft ends fills, (slices,), [0, 1]; read as means over 5 mm."""
    within_slice = np.linspace(-2.5, 2.5, 21)
    distance = np.abs(positions_mm[:, None] + within_slice - center_mm) - length_mm / 2
    return np.asarray((1 / (1 + np.exp(np.clip(distance / edge_mm, -50, 50)))).mean(axis=1))
