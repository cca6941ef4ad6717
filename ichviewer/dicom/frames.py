"""Multi-frame files: one slice per frame, each from its functional groups (PS3.3 C.7.6.16).

The one thing to get wrong: frames come in any order, and a value may stand in the shared groups
or in each frame's own.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from ichviewer.core.series import StoredPixels
from ichviewer.core.windowing import FileWindow
from ichviewer.dicom import tags
from ichviewer.dicom.element_walk import MalformedError
from ichviewer.dicom.file_text import finite_numbers
from ichviewer.dicom.instance import (
    Instance,
    claim,
    kind_of_type,
    orientation,
    pixel_spacing,
    plain_instance,
    position,
    positive,
    usable_slope,
)
from ichviewer.dicom.raw_header import DamagedError, RawHeader
from ichviewer.dicom.sequence_item import SequenceItem
from ichviewer.dicom.stored_pixels import frame_pixels, stored_pixels
from ichviewer.dicom.voi import for_volume, header_windows, paired

MOST_FRAMES = 10000

CT_FRAME_TYPE_SEQUENCE, FRAME_TYPE = 0x00189329, 0x00089007
PIXEL_MEASURES_SEQUENCE = 0x00289110
PIXEL_VALUE_TRANSFORMATION_SEQUENCE = 0x00289145
PLANE_POSITION_SEQUENCE = 0x00209113
PLANE_ORIENTATION_SEQUENCE = 0x00209116
FRAME_CONTENT_SEQUENCE, FRAME_ACQUISITION_TIME = 0x00209111, 0x00189074
STACK_ID, TEMPORAL_POSITION_INDEX, FRAME_ACQUISITION_NUMBER = 0x00209056, 0x00209128, 0x00209156
FRAME_VOI_LUT_SEQUENCE = 0x00289132
CT_RECONSTRUCTION_SEQUENCE = 0x00189314
UNASSIGNED_SHARED_SEQUENCE, UNASSIGNED_PER_FRAME_SEQUENCE = 0x00209170, 0x00209171


def instances(path: Path, raw: RawHeader) -> list[Instance]:
    """The slices of one image file, one per frame.

    Raises:
        DamagedError: The number of frames or the functional groups make no sense.
    """
    declared = raw.ascii(tags.NUMBER_OF_FRAMES)
    number = raw.integer(tags.NUMBER_OF_FRAMES)
    if declared and number is None:
        raise DamagedError(f"its Number of Frames is not a number ({declared})")
    count = number or 1
    if not 1 <= count <= MOST_FRAMES:
        raise DamagedError(f"{count} frames are declared")
    per_frame = raw.sequence(tags.PER_FRAME_FUNCTIONAL_GROUPS, MOST_FRAMES)
    if count == 1 and not per_frame:
        return [plain_instance(path, raw)]
    if per_frame and len(per_frame) != count:
        raise DamagedError(f"{declared or 'no'} frames are declared, {len(per_frame)} are described")
    shared = raw.sequence(tags.SHARED_FUNCTIONAL_GROUPS, MOST_FRAMES)
    groups = [([*shared[:1], frame]) for frame in per_frame] or [shared[:1]] * count
    whole = plain_instance(path, raw)
    # What is the same for all frames is made once: a table of values would be copied thousands of times.
    first = stored_pixels(raw, count)
    try:
        return [_frame(whole, raw, first, index, groups[index]) for index in range(count)]
    except MalformedError as error:
        raise DamagedError(f"malformed file: its functional groups cannot be read ({error})") from error


def _frame(
    whole: Instance, raw: RawHeader, first: StoredPixels, index: int, groups: list[SequenceItem]
) -> Instance:
    """One frame; *groups* are the shared and the frame's own functional groups, the later ones win."""
    shape = whole.header.stored_shape
    frame_type = tuple(text.upper() for text in _texts(groups, CT_FRAME_TYPE_SEQUENCE, FRAME_TYPE))
    kind = whole.kind if whole.kind == "capture" or not frame_type else kind_of_type(frame_type)
    slope, intercept, rescale_type = _rescale(groups, whole)
    pixels = frame_pixels(first, shape, index)
    if (slope, intercept) != (None, None):
        pixels = replace(pixels, modality_lut=None)
    spacing = pixel_spacing(_numbers(groups, PIXEL_MEASURES_SEQUENCE, tags.PIXEL_SPACING))
    thickness = _numbers(groups, PIXEL_MEASURES_SEQUENCE, tags.SLICE_THICKNESS)
    header = replace(
        whole.header,
        frame_number=index + 1,
        image_position_mm=position(_numbers(groups, PLANE_POSITION_SEQUENCE, tags.IMAGE_POSITION)),
        image_orientation=orientation(_numbers(groups, PLANE_ORIENTATION_SEQUENCE, tags.IMAGE_ORIENTATION)),
        pixel_spacing_mm=spacing or whole.header.pixel_spacing_mm,
        thickness_mm=positive(thickness[0] if thickness else None) or whole.header.thickness_mm,
        slope=usable_slope(slope),
        intercept=intercept,
        pixels=pixels,
        file_windows=for_volume(_windows(groups, whole), slope, intercept, pixels),
    )
    times = _texts(groups, FRAME_CONTENT_SEQUENCE, FRAME_ACQUISITION_TIME)
    return replace(
        whole,
        header=header,
        kind=kind,
        hu=claim(raw, kind, header.slope, intercept, rescale_type, pixels, frame_type),
        kernel=_kernel(groups) or whole.kernel,
        content_time=times[0] if times else "",
        acquisition_number=_number_text(groups, FRAME_ACQUISITION_NUMBER) or whole.acquisition_number,
        stack_id="\\".join(_texts(groups, FRAME_CONTENT_SEQUENCE, STACK_ID)),
        temporal_position=_number_text(groups, TEMPORAL_POSITION_INDEX),
    )


def _kernel(groups: list[SequenceItem]) -> str:
    """Convolution Kernel of a frame; legacy-converted files keep it apart (PS3.3 C.7.6.16.2.26)."""
    for sequence in (CT_RECONSTRUCTION_SEQUENCE, UNASSIGNED_PER_FRAME_SEQUENCE, UNASSIGNED_SHARED_SEQUENCE):
        kernels = _texts(groups, sequence, tags.CONVOLUTION_KERNEL)
        if kernels:
            return "\\".join(kernels)
    return ""


def _windows(groups: list[SequenceItem], whole: Instance) -> tuple[FileWindow, ...]:
    """Windows of a frame (Frame VOI LUT, PS3.3 C.7.6.16.2.10), all from one group, else those of the file."""
    for group in reversed(groups):
        texts = partial(_texts, [group], FRAME_VOI_LUT_SEQUENCE)
        if texts(tags.WINDOW_CENTER):
            return paired(
                finite_numbers(texts(tags.WINDOW_CENTER)),
                finite_numbers(texts(tags.WINDOW_WIDTH)),
                "\\".join(texts(tags.VOI_LUT_FUNCTION)),
                texts(tags.WINDOW_EXPLANATION),
            )
    return header_windows(whole.raw)


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


def _number_text(groups: list[SequenceItem], tag: int) -> str:
    """A binary number of a frame's Frame Content as text, empty where absent."""
    for group in reversed(groups):
        for item in group.items(FRAME_CONTENT_SEQUENCE):
            value = item.bytes_of(tag)
            if value:
                return str(int.from_bytes(value, "little" if item.is_little_endian else "big"))
    return ""


def _numbers(groups: list[SequenceItem], sequence: int, tag: int) -> tuple[float, ...]:
    texts = _texts(groups, sequence, tag)
    numbers = finite_numbers(texts)
    if texts and not numbers:
        raise DamagedError(f"the value of {tag:08X} in its functional groups is not a number")
    return numbers
