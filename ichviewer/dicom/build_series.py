"""From an ordered stack to the Series that the viewer shows, lists and reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ichviewer.core.geometry import (
    AS_STORED,
    InPlane,
    StackGeometry,
    canonical_directions,
    canonical_in_plane,
    canonical_origin,
    find_gaps,
    orientation_name,
    overlap_count,
    tilt_degrees,
)
from ichviewer.core.receipt import counted
from ichviewer.core.series import TWO_PATIENTS_NOTE, PatientText, Series
from ichviewer.dicom import tags
from ichviewer.dicom.file_text import REPLACED
from ichviewer.dicom.hidden_images import with_hidden
from ichviewer.dicom.hounsfield import is_ct
from ichviewer.dicom.instance import Instance
from ichviewer.dicom.raw_header import RawHeader
from ichviewer.dicom.same_position import kernel_key
from ichviewer.dicom.stacks import Stack, patient_key

MOST_STACKS = 200
"""Of one series UID; a hostile file has thousands of orientations, and nobody can use such a list."""

SHOWN_TEXTS = (tags.PATIENT_NAME, tags.PATIENT_ID, tags.STUDY_DESCRIPTION, tags.SERIES_DESCRIPTION)

KIND_NOTES = {
    "localizer": "localizer: not analyzed",
    "derived": "derived image: not analyzed",
    "capture": "screen capture or color image: not analyzed",
}


def build_all(stacks: Sequence[Stack]) -> list[Series]:
    """Series of all stacks, by study date, study and series number; numbered within a series UID."""
    by_uid: dict[str, list[Stack]] = defaultdict(list)
    for stack in stacks:
        by_uid[stack.instances[0].raw.ascii(tags.SERIES_INSTANCE_UID)].append(stack)
    built = []
    for members in by_uid.values():
        members.sort(key=lambda stack: (-len(stack.instances), stack.instances[0].header.shown_path))
        patients = {patient_key(stack.instances[0].raw) for stack in members}
        shared = [TWO_PATIENTS_NOTE] if len(patients) > 1 else []
        if len(members) > 1:
            shared.append(f"the series UID was split into {len(members)} stacks")
        if len(members) > MOST_STACKS:
            shared.append(f"only the {MOST_STACKS} largest of them are listed")
            members = members[:MOST_STACKS]
        built += [(stack, build_series(stack, number, shared)) for number, stack in enumerate(members)]
    built.sort(key=lambda pair: _listing_order(pair[0].instances[0].raw, pair[1]))
    return with_hidden([series for _, series in built])


def _listing_order(raw: RawHeader, series: Series) -> tuple[object, ...]:
    number = raw.integer(tags.SERIES_NUMBER)
    return (
        series.patient.patient_id,
        series.study_date,
        series.study_instance_uid,
        number if number is not None else 1 << 31,
        series.series_instance_uid,
        series.stack_number,
    )


def build_series(stack: Stack, stack_number: int, notes: Sequence[str]) -> Series:
    """The Series of one stack.

    Args:
        stack: Ordered slices.
        stack_number: 0 for the largest stack of the series UID.
        notes: Remarks that hold for every stack of the series UID.
    """
    instances = stack.instances
    raw, headers = instances[0].raw, tuple(instance.header for instance in instances)
    shape, in_plane, is_measured = stack_geometry(stack)
    positions = [] if shape is None else list(shape.positions_mm)
    orientation = "unknown" if shape is None else orientation_name(shape.normal)
    hu = combined_claim(instances)
    kernels = _kernels(instances)
    changes = [f"the convolution kernel changes within the stack: {', '.join(kernels)}"] * (len(kernels) > 1)
    return Series(
        series_instance_uid=raw.ascii(tags.SERIES_INSTANCE_UID),
        stack_number=stack_number,
        study_instance_uid=raw.ascii(tags.STUDY_INSTANCE_UID),
        study_description=raw.text(tags.STUDY_DESCRIPTION),
        study_date=raw.ascii(tags.STUDY_DATE),
        description=raw.text(tags.SERIES_DESCRIPTION),
        modality=raw.ascii(tags.MODALITY),
        kernel=" and ".join(kernels),
        patient=_patient(raw),
        slices=headers,
        geometry=shape if is_measured else None,
        in_plane=in_plane,
        orientation=orientation,
        tilt_degrees=0.0 if shape is None else tilt_degrees(shape),
        tilt_tag_degrees=raw.decimal(tags.GANTRY_TILT),
        gaps=find_gaps(positions, [header.thickness_mm for header in headers]),
        overlaps=overlap_count(positions),
        duplicates=stack.duplicates,
        sorted_by=stack.sorted_by,
        hu=hu,
        is_ai_candidate=is_measured and orientation == "axial" and all(map(_is_ct_original, instances)),
        transfer_syntaxes=tuple(sorted({instance.raw.transfer_syntax for instance in instances})),
        is_lossy=any(instance.raw.ascii(tags.LOSSY_COMPRESSION) == "01" for instance in instances),
        contrast_agent=raw.text(tags.CONTRAST_AGENT),
        notes=(*notes, *stack.notes, *changes, *_remarks(instances, hu)),
        kind=instances[0].kind,
        frame_of_reference_uid=raw.ascii(tags.FRAME_OF_REFERENCE_UID),
    )


def stack_geometry(stack: Stack) -> tuple[StackGeometry | None, InPlane, bool]:
    """Canonical geometry of a stack.

    Returns:
        The geometry (None without positions or orientation), the way to canonical pixels, and whether the
        geometry is in millimetres within the slice too (False where Pixel Spacing is absent).
    """
    instances, cosines = stack.instances, stack.orientation
    first = instances[0].header
    if cosines is None or any(i.header.image_position_mm is None for i in instances):
        return None, AS_STORED if cosines is None else canonical_in_plane(cosines), False
    in_plane = canonical_in_plane(cosines)
    spacing = first.pixel_spacing_mm or (1.0, 1.0)
    origins = np.asarray(
        [
            canonical_origin(i.header.image_position_mm or (), cosines, spacing, first.stored_shape, in_plane)
            for i in instances
        ]
    )
    row, column = canonical_directions(cosines, in_plane)
    canonical_spacing = (spacing[1], spacing[0]) if in_plane.transpose else spacing
    geometry = StackGeometry(origins, row, column, canonical_spacing)
    return geometry, in_plane, first.pixel_spacing_mm is not None


def combined_claim(instances: Sequence[Instance]) -> str:
    """The weakest claim of all slices."""
    claims = {instance.hu for instance in instances}
    return next(claim for claim in ("not claimed", "assumed", "claimed") if claim in claims)


def _is_ct_original(instance: Instance) -> bool:
    raw = instance.raw
    return instance.kind == "original" and is_ct(raw.ascii(tags.MODALITY), raw.ascii(tags.SOP_CLASS_UID))


def _kernels(instances: Sequence[Instance]) -> list[str]:
    """The Convolution Kernels of a stack, lowest slice first; one, as a rule, or none."""
    kernels = {kernel_key(instance.kernel): instance.kernel for instance in reversed(instances)}
    return [kernel for key, kernel in reversed(kernels.items()) if key]


def _patient(raw: RawHeader) -> PatientText:
    return PatientText(
        patient_name=raw.text(tags.PATIENT_NAME),
        patient_id=raw.text(tags.PATIENT_ID),
        birth_date=raw.ascii(tags.PATIENT_BIRTH_DATE),
        sex=raw.ascii(tags.PATIENT_SEX),
        age=raw.ascii(tags.PATIENT_AGE),
    )


def _remarks(instances: Sequence[Instance], hu: str) -> list[str]:
    """What a reader should know of a stack's slices."""
    first = instances[0]
    remarks = [KIND_NOTES[first.kind]] if first.kind in KIND_NOTES else []
    has_table = any(i.header.pixels and i.header.pixels.modality_lut for i in instances)
    unscaled = sum(i.header.slope is None or i.header.intercept is None for i in instances)
    if has_table:
        remarks.append("values come from a Modality LUT")
    elif unscaled:
        remarks.append(f"no Rescale Slope or Intercept in {counted(unscaled, 'slice')}: values as stored")
    if first.header.pixels and first.header.pixels.photometric == "MONOCHROME1":
        remarks.append("MONOCHROME1: shown inverted, not in Hounsfield units")
    if hu == "assumed":
        remarks.append(f"Hounsfield units assumed: {_why_assumed(first)}")
    if first.raw.has(tags.WINDOW_CENTER) and not first.header.file_windows:
        remarks.append("the window in the header is not valid: not offered")
    if first.raw.has(tags.VOI_LUT_SEQUENCE):
        remarks.append("the file's VOI LUT (a table of greys) is not used: windows are")
    damaged = sum(bool(i.header.pixels and i.header.pixels.fault) for i in instances)
    if damaged:
        remarks.append(f"{damaged} of {len(instances)} slices are damaged")
    if any(REPLACED in first.raw.text(tag) for tag in SHOWN_TEXTS):
        remarks.append(f"characters that are not in the file's character set are shown as {REPLACED}")
    if first.header.pixel_spacing_mm is None:
        remarks.append("no Pixel Spacing: nothing can be measured")
    return remarks


def _why_assumed(instance: Instance) -> str:
    if not instance.raw.has(tags.PHOTOMETRIC_INTERPRETATION):
        return "no Photometric Interpretation, taken for MONOCHROME2"
    return "SOP Class or Image Type is missing"
