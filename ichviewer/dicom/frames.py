"""Multi-frame files: one slice per frame, each from its functional groups (PS3.3 C.7.6.16).

The one thing to get wrong: frames come in any order, and a value may stand in the shared groups
or in each frame's own.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from pydicom.dataset import Dataset

from ichviewer.core.series import SliceHeader
from ichviewer.dicom import tags
from ichviewer.dicom.instance import (
    Instance,
    claim,
    image_kind,
    orientation,
    pixel_spacing,
    plain_instance,
    position,
    positive,
)
from ichviewer.dicom.raw_header import PARSE_ERRORS, DamagedError, RawHeader, text_values
from ichviewer.dicom.stored_pixels import frame_pixels, stored_pixels

MOST_FRAMES = 10000


def instances(path: Path, raw: RawHeader) -> list[Instance]:
    """The slices of one image file, one per frame.

    Raises:
        DamagedError: The number of frames or the functional groups make no sense.
    """
    count = raw.integer(tags.NUMBER_OF_FRAMES) or 1
    if not 1 <= count <= MOST_FRAMES:
        raise DamagedError(f"{count} frames are declared")
    per_frame = raw.sequence(tags.PER_FRAME_FUNCTIONAL_GROUPS)
    if count == 1 and not per_frame:
        return [plain_instance(path, raw)]
    if per_frame and len(per_frame) < count:
        raise DamagedError(f"{count} frames are declared, {len(per_frame)} are described")
    shared = raw.sequence(tags.SHARED_FUNCTIONAL_GROUPS)
    groups = [([*shared[:1], frame]) for frame in per_frame] or [shared[:1]] * count
    try:
        return [_frame(path, raw, index, groups[index], count) for index in range(count)]
    except PARSE_ERRORS as error:
        raise DamagedError(f"malformed file: its functional groups cannot be read ({error})") from error


def _frame(path: Path, raw: RawHeader, index: int, groups: list[Dataset], count: int) -> Instance:
    """One frame; *groups* are the shared and the frame's own functional groups, the later ones win."""
    whole = plain_values = plain_instance(path, raw)
    shape = whole.header.stored_shape
    kind = _frame_kind(groups) or image_kind(raw)
    slope, intercept, rescale_type = _rescale(groups, plain_values)
    pixels = frame_pixels(stored_pixels(raw, count), shape, index)
    spacing = pixel_spacing(_numbers(groups, "PixelMeasuresSequence", "PixelSpacing"))
    thickness = _numbers(groups, "PixelMeasuresSequence", "SliceThickness")
    header = SliceHeader(
        path=str(path),
        sop_instance_uid=whole.header.sop_instance_uid,
        frame_number=index + 1,
        instance_number=whole.header.instance_number,
        image_position_mm=position(_numbers(groups, "PlanePositionSequence", "ImagePositionPatient")),
        image_orientation=orientation(
            _numbers(groups, "PlaneOrientationSequence", "ImageOrientationPatient")
        ),
        stored_shape=shape,
        pixel_spacing_mm=spacing or whole.header.pixel_spacing_mm,
        thickness_mm=positive(thickness[0] if thickness else None) or whole.header.thickness_mm,
        slope=slope or None,
        intercept=intercept,
        pixels=pixels,
    )
    times = _texts(groups, "FrameContentSequence", "FrameAcquisitionDateTime")
    kernels = _texts(groups, "CTReconstructionSequence", "ConvolutionKernel")
    return replace(
        whole,
        header=header,
        kind=kind,
        hu=claim(raw, kind, header.slope, intercept, rescale_type, pixels),
        kernel="\\".join(kernels) or whole.kernel,
        content_time=times[0] if times else "",
    )


def _frame_kind(groups: list[Dataset]) -> str:
    """Kind from the frame's own Frame Type (0008,9007), empty where absent."""
    frame_type = [text.upper() for text in _texts(groups, "CTImageFrameTypeSequence", "FrameType")]
    if not frame_type:
        return ""
    if "LOCALIZER" in frame_type[2:]:
        return "localizer"
    return "derived" if frame_type[0] == "DERIVED" else "original"


def _rescale(groups: list[Dataset], whole: Instance) -> tuple[float | None, float | None, str]:
    """Slope, intercept and Rescale Type of a frame, from the groups or else from the file."""
    slope = _numbers(groups, "PixelValueTransformationSequence", "RescaleSlope")
    intercept = _numbers(groups, "PixelValueTransformationSequence", "RescaleIntercept")
    kind = _texts(groups, "PixelValueTransformationSequence", "RescaleType")
    if slope and intercept:
        return slope[0], intercept[0], kind[0] if kind else ""
    return whole.header.slope, whole.header.intercept, whole.raw.ascii(tags.RESCALE_TYPE)


def _texts(groups: list[Dataset], sequence: str, keyword: str) -> tuple[str, ...]:
    """Values of one attribute of one functional group, the frame's own before the shared; maybe none."""
    for group in reversed(groups):
        items = group.get(sequence)
        values = text_values(items[0], keyword) if items else ()
        if values:
            return values
    return ()


def _numbers(groups: list[Dataset], sequence: str, keyword: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in _texts(groups, sequence, keyword))
    except ValueError as error:
        raise DamagedError(f"{keyword} is not a number") from error
    return numbers if all(math.isfinite(number) for number in numbers) else ()
