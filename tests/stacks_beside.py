"""Volumes of one patient for tests of what stands beside the open stack: prior, bone kernel, scout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from builders import make_volume

from ichviewer.core.geometry import StackGeometry
from ichviewer.core.series import FolderContents, PatientText
from ichviewer.core.volume import Volume

JANE = PatientText("Doe^Jane", "ID-0042", "19500101")
FRAME = "1.9.1"


def stack(
    slices: int = 9,
    spacing_mm: float = 5.0,
    lowest_mm: float = 0.0,
    *,
    series_uid: str = "1.2.3",
    study_uid: str = "1.2",
    frame: str = FRAME,
    patient: PatientText = JANE,
    hu: Any = None,
    side: int = 64,
    **series: Any,
) -> Volume:
    """A head whose lowest slice lies at *lowest_mm*."""
    volume = make_volume(
        slices, side, side, hu=hu, spacing_mm=spacing_mm, series_uid=series_uid, patient=patient
    )
    old = volume.geometry
    geometry = StackGeometry(
        old.origins_mm + np.array([0.0, 0.0, lowest_mm]),
        old.row_direction,
        old.column_direction,
        old.pixel_spacing_mm,
    )
    headers = tuple(
        replace(
            header,
            path=f"/{series_uid}/{index}.dcm",
            sop_instance_uid=f"{series_uid}.{index}",
            image_position_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        )
        for index, (header, origin) in enumerate(zip(volume.series.slices, geometry.origins_mm, strict=True))
    )
    changed = replace(
        volume.series,
        geometry=geometry,
        slices=headers,
        study_instance_uid=study_uid,
        frame_of_reference_uid=frame,
        **series,
    )
    return replace(volume, geometry=geometry, series=changed)


def scout(frame: str = FRAME, orientation: str = "coronal") -> Volume:
    """A scout from the front, 64 x 64 mm: its rows go down from z = 50 mm, its columns from x = 0."""
    volume = make_volume(1, 64, 64, pixel_spacing_mm=(1.0, 1.0), series_uid="1.2.9", patient=JANE)
    geometry = StackGeometry(
        np.array([[0.0, 10.0, 50.0]]), np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0]), (1.0, 1.0)
    )
    series = replace(
        volume.series,
        geometry=geometry,
        kind="localizer",
        orientation=orientation,
        is_ai_candidate=False,
        frame_of_reference_uid=frame,
        description="SCOUT",
        hu="not claimed",
    )
    return replace(volume, geometry=geometry, series=series)


def contents_of(*volumes: Volume) -> FolderContents:
    """All of them listed."""
    return FolderContents(tuple(volume.series for volume in volumes), ())
