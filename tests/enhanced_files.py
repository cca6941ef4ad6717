"""Small multi-frame CT files for tests: functional groups shared by all frames, and each frame's own.

Imported as ``from enhanced_files import make_enhanced``; pytest puts this folder on the path with
``conftest.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from dicom_files import AXIAL, make_slice, ramp
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import EnhancedCTImageStorage

Group = Mapping[str, Mapping[str, Any]]
"""Functional groups by the keyword of their sequence: attributes by keyword."""

SHARED: Group = {
    "PlaneOrientationSequence": {"ImageOrientationPatient": list(AXIAL)},
    "PixelMeasuresSequence": {"PixelSpacing": [0.5, 0.25], "SliceThickness": 5},
    "PixelValueTransformationSequence": {"RescaleSlope": 1, "RescaleIntercept": -1000, "RescaleType": "HU"},
    "CTImageFrameTypeSequence": {"FrameType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]},
}

IN_EACH_FRAME = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness")
"""Attributes that stand in functional groups alone."""


def at(height_mm: float, **groups: Mapping[str, Any]) -> Group:
    """A frame's own groups, with its position."""
    return {"PlanePositionSequence": {"ImagePositionPatient": [0, 0, height_mm]}, **groups}


def frame_pixels(count: int) -> NDArray[np.int16]:
    """Frames of which no two pixels are alike; frame k begins with 1000 k, (frames, rows, columns)."""
    return np.stack([ramp(start=1000 * index) for index in range(count)])


def make_enhanced(
    frames: Sequence[Group], shared: Group = SHARED, number: int = 1, **changes: Any
) -> Dataset:
    """A multi-frame CT.

    Args:
        frames: Each frame's own groups.
        shared: Groups of all frames.
        number: Instance Number; also gives the SOP Instance UID.
        changes: Attributes of the file by keyword; None removes one.
    """
    pixels = frame_pixels(len(frames))
    values: dict[str, Any] = {
        "SOPClassUID": EnhancedCTImageStorage,
        "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        "NumberOfFrames": len(frames),
        "RescaleSlope": None,
        "RescaleIntercept": None,
        **dict.fromkeys(IN_EACH_FRAME),
    }
    dataset = make_slice(number, pixels=pixels[0], **{**values, **changes})
    dataset.SharedFunctionalGroupsSequence = Items([_groups(shared)])
    dataset.PerFrameFunctionalGroupsSequence = Items([_groups(frame) for frame in frames])
    dataset.PixelData = pixels.tobytes()
    return dataset


def _groups(groups: Group) -> Dataset:
    whole = Dataset()
    for keyword, attributes in groups.items():
        item = Dataset()
        for name, value in attributes.items():
            setattr(item, name, value)
        setattr(whole, keyword, Items([item]))
    return whole
