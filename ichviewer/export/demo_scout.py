"""The demo's scout: the procedural head seen from the front, as a scanner's localizer shows it.

The one thing to get wrong: a scout is a projection. Its values are means along the beam, no Hounsfield units
of any place, and its Image Type says LOCALIZER (PS3.3 C.8.2.1.1.1), so that no program takes it for a slice.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from ichviewer.core.geometry import StackGeometry
from ichviewer.core.phantom import Phantom
from ichviewer.export.dicom_series import SeriesOptions, slice_dataset

SCOUT_FILE = "SCOUT.dcm"
SCOUT_SERIES_NUMBER = 1
ROW_MM = 1.0
"""Between rows of the scout; the projection is interpolated between slices."""


def write_scout(folder: Path, phantom: Phantom, options: SeriesOptions) -> None:
    """Write the scout of a head beside its slices; none of a tilted stack, whose slices would smear.

    Args:
        folder: There already.
        phantom: The head.
        options: How its slices are written; study and frame of reference are theirs.

    Raises:
        OSError: It cannot be written.
    """
    if phantom.spec.tilt_degrees:
        return
    content = io.BytesIO()
    scout_dataset(phantom, options).save_as(content, enforce_file_format=True)
    with (folder / SCOUT_FILE).open("xb") as file:
        file.write(content.getbuffer())


def scout_dataset(phantom: Phantom, options: SeriesOptions) -> Dataset:
    """The scout as a CT Image: rows from the vertex downwards, columns to the patient's left."""
    slices = phantom.geometry
    heights = np.asarray(slices.origins_mm[:, 2])
    seen = phantom.hu.mean(axis=1, dtype=np.float64)
    wanted = np.arange(heights[-1], heights[0] - ROW_MM / 2, -ROW_MM)
    columns = [np.interp(wanted, heights, seen[:, column]) for column in range(seen.shape[1])]
    between_rows, between_columns = slices.pixel_spacing_mm
    corner = np.array(slices.origins_mm[-1])
    corner[1] += between_rows * (phantom.hu.shape[1] - 1) / 2
    plane = StackGeometry(
        corner[None], np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0]), (ROW_MM, between_columns)
    )
    scout = replace(
        options,
        series_number=SCOUT_SERIES_NUMBER,
        series_description="Scout, synthetic head, not a patient",
        has_tilt_tag=False,
    )
    dataset = slice_dataset(np.rint(np.stack(columns, axis=1)), plane, 0, 0, scout)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    for keyword in ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "SliceThickness"):
        delattr(dataset, keyword)
    dataset.SliceThickness = ""
    return dataset
