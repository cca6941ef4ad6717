"""Multi-frame files: one slice per frame, each from its functional groups (PS3.3 C.7.6.16).

The one thing to get wrong: frames come in any order, and a value may stand in the shared groups
or in each frame's own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ichviewer.core.series import StoredPixels
from ichviewer.dicom import tags
from ichviewer.dicom.element_walk import MalformedError
from ichviewer.dicom.file_text import finite_numbers
from ichviewer.dicom.instance import (
    Instance,
    claim,
    orientation,
    pixel_spacing,
    plain_instance,
    position,
    positive,
)
from ichviewer.dicom.raw_header import DamagedError, RawHeader
from ichviewer.dicom.sequence_item import SequenceItem
from ichviewer.dicom.stored_pixels import frame_pixels, stored_pixels

MOST_FRAMES = 10000

CT_FRAME_TYPE_SEQUENCE, FRAME_TYPE = 0x00189329, 0x00089007
PIXEL_MEASURES_SEQUENCE = 0x00289110
PIXEL_VALUE_TRANSFORMATION_SEQUENCE = 0x00289145
PLANE_POSITION_SEQUENCE = 0x00209113
PLANE_ORIENTATION_SEQUENCE = 0x00209116
FRAME_CONTENT_SEQUENCE, FRAME_ACQUISITION_TIME = 0x00209111, 0x00189074
CT_RECONSTRUCTION_SEQUENCE = 0x00189314


def instances(path: Path, raw: RawHeader) -> list[Instance]:
    """The slices of one image file, one per frame.

    Raises:
        DamagedError: The number of frames or the functional groups make no sense.
    """
    count = raw.integer(tags.NUMBER_OF_FRAMES) or 1
    if not 1 <= count <= MOST_FRAMES:
        raise DamagedError(f"{count} frames are declared")
    per_frame = raw.sequence(tags.PER_FRAME_FUNCTIONAL_GROUPS, MOST_FRAMES)
    if count == 1 and not per_frame:
        return [plain_instance(path, raw)]
    if per_frame and len(per_frame) < count:
        raise DamagedError(f"{count} frames are declared, {len(per_frame)} are described")
    shared = raw.sequence(tags.SHARED_FUNCTIONAL_GROUPS, MOST_FRAMES)
    groups = [([*shared[:1], frame]) for frame in per_frame] or [shared[:1]] * count
    whole = plain_instance(path, raw)
    # What is the same for all frames is made once: a table of values would be copied thousands of times.
    first = stored_pixels(raw, count)
    try:
        return [_frame(whole, first, index, groups[index]) for index in range(count)]
    except MalformedError as error:
        raise DamagedError(f"malformed file: its functional groups cannot be read ({error})") from error


def _frame(whole: Instance, first: StoredPixels, index: int, groups: list[SequenceItem]) -> Instance:
    """One frame; *groups* are the shared and the frame's own functional groups, the later ones win."""
    shape = whole.header.stored_shape
    kind = _frame_kind(groups) or whole.kind
    slope, intercept, rescale_type = _rescale(groups, whole)
    pixels = frame_pixels(first, shape, index)
    spacing = pixel_spacing(_numbers(groups, PIXEL_MEASURES_SEQUENCE, tags.PIXEL_SPACING))
    thickness = _numbers(groups, PIXEL_MEASURES_SEQUENCE, tags.SLICE_THICKNESS)
    header = replace(
        whole.header,
        frame_number=index + 1,
        image_position_mm=position(_numbers(groups, PLANE_POSITION_SEQUENCE, tags.IMAGE_POSITION)),
        image_orientation=orientation(_numbers(groups, PLANE_ORIENTATION_SEQUENCE, tags.IMAGE_ORIENTATION)),
        pixel_spacing_mm=spacing or whole.header.pixel_spacing_mm,
        thickness_mm=positive(thickness[0] if thickness else None) or whole.header.thickness_mm,
        slope=slope or None,
        intercept=intercept,
        pixels=pixels,
    )
    times = _texts(groups, FRAME_CONTENT_SEQUENCE, FRAME_ACQUISITION_TIME)
    kernels = _texts(groups, CT_RECONSTRUCTION_SEQUENCE, tags.CONVOLUTION_KERNEL)
    return replace(
        whole,
        header=header,
        kind=kind,
        hu=claim(whole.raw, kind, header.slope, intercept, rescale_type, pixels),
        kernel="\\".join(kernels) or whole.kernel,
        content_time=times[0] if times else "",
    )


def _frame_kind(groups: list[SequenceItem]) -> str:
    """Kind from the frame's own Frame Type (0008,9007), empty where absent."""
    frame_type = [text.upper() for text in _texts(groups, CT_FRAME_TYPE_SEQUENCE, FRAME_TYPE)]
    if not frame_type:
        return ""
    if "LOCALIZER" in frame_type[2:]:
        return "localizer"
    return "derived" if frame_type[0] == "DERIVED" else "original"


def _rescale(groups: list[SequenceItem], whole: Instance) -> tuple[float | None, float | None, str]:
    """Slope, intercept and Rescale Type of a frame, from the groups or else from the file."""
    slope = _numbers(groups, PIXEL_VALUE_TRANSFORMATION_SEQUENCE, tags.RESCALE_SLOPE)
    intercept = _numbers(groups, PIXEL_VALUE_TRANSFORMATION_SEQUENCE, tags.RESCALE_INTERCEPT)
    kind = _texts(groups, PIXEL_VALUE_TRANSFORMATION_SEQUENCE, tags.RESCALE_TYPE)
    if slope and intercept:
        return slope[0], intercept[0], kind[0] if kind else ""
    return whole.header.slope, whole.header.intercept, whole.raw.ascii(tags.RESCALE_TYPE)


def _texts(groups: list[SequenceItem], sequence: int, tag: int) -> tuple[str, ...]:
    """Values of one attribute of one functional group, the frame's own before the shared; maybe none."""
    for group in reversed(groups):
        items = group.items(sequence)
        values = items[0].texts(tag) if items else ()
        if values:
            return values
    return ()


def _numbers(groups: list[SequenceItem], sequence: int, tag: int) -> tuple[float, ...]:
    texts = _texts(groups, sequence, tag)
    numbers = finite_numbers(texts)
    if texts and not numbers:
        raise DamagedError(f"the value of {tag:08X} in its functional groups is not a number")
    return numbers
