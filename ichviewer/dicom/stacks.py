"""From loose slices to stacks of parallel ones, in order, each with its geometry.

Order is by position along one canonical normal, never by Instance Number, Slice Location or file
name unless there is no position, and then it is said. The one thing to get wrong: slices that share
a series UID need not belong together (scouts, two patients, two reconstructions).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ichviewer.core.geometry import SAME_POSITION_MM, canonical_directions, canonical_in_plane
from ichviewer.core.receipt import counted
from ichviewer.dicom import tags
from ichviewer.dicom.instance import Instance
from ichviewer.dicom.raw_header import RawHeader
from ichviewer.dicom.same_position import told_apart

SAME_ORIENTATION = 0.01
"""Direction cosines of one stack differ by less than this (0.6 degrees)."""


Cosines = tuple[float, float, float, float, float, float]
"""Image Orientation (Patient): row direction, column direction."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices that belong together, in order.

    Attributes:
        instances: Lowest slice first.
        orientation: Image Orientation (0020,0037) that stands for all slices, which differ from it by next to
            nothing; None where absent.
        sorted_by: ``position``, or what was used for want of it.
        duplicates: Files dropped because their SOP Instance UID was there already.
        notes: What had to be done, in words.
    """

    instances: tuple[Instance, ...]
    orientation: Cosines | None
    sorted_by: str
    duplicates: int
    notes: tuple[str, ...]


def without_duplicates(instances: Sequence[Instance]) -> tuple[list[Instance], list[Instance]]:
    """The first of all copies of a slice, and the others.

    Sound files come before damaged ones, files of their own before those in archives.

    A copy has the same SOP Instance UID and frame, and lies at the same place: tools that remove names may
    give one UID to all images. A file without SOP Instance UID is nobody's duplicate. Two patients' slices
    are never duplicates.
    """
    kept: list[Instance] = []
    dropped: list[Instance] = []
    seen: set[tuple[object, ...]] = set()
    for instance in sorted(instances, key=_trust):
        key = (*_named_as(instance), *_lies_at(instance))
        is_known = bool(instance.header.sop_instance_uid) and key in seen
        (dropped if is_known else kept).append(instance)
        seen.add(key)
    return kept, dropped


def _trust(instance: Instance) -> tuple[bool, bool]:
    """Lower for the copy to keep: damage within an archive shows only when its pixels are read."""
    pixels = instance.header.pixels
    return bool(pixels and pixels.fault), bool(pixels and pixels.member)


def _named_as(instance: Instance) -> tuple[object, ...]:
    """What by the standard no two images share."""
    header, raw = instance.header, instance.raw
    uid, series_uid = header.sop_instance_uid, raw.bytes_of(tags.SERIES_INSTANCE_UID)
    return uid, header.frame_number, series_uid, patient_key(raw)


def _lies_at(instance: Instance) -> tuple[object, ...]:
    """What shows two images of one name to be different ones."""
    header = instance.header
    place = header.image_position_mm, header.image_orientation
    number = header.instance_number if None in place else None
    return (*place, number, header.stored_shape, instance.kernel, instance.content_time)


def split_into_stacks(instances: Sequence[Instance]) -> list[Stack]:
    """Group, order and, where two slices lie at one position, split.

    Args:
        instances: All slices that were found, in any order.

    Returns:
        The stacks, those of one series UID together, the largest first.
    """
    kept, dropped = without_duplicates(instances)
    groups: dict[tuple[object, ...], list[Instance]] = defaultdict(list)
    for instance in kept:
        groups[_group_key(instance)].append(instance)
    lost = Counter(_group_key(instance) for instance in dropped)
    stacks = []
    for key, members in groups.items():
        for part, (orientation, cluster) in enumerate(_by_orientation(members)):
            stacks += _ordered(cluster, orientation, lost[key] if part == 0 else 0)
    named = Counter(_named_as(instance) for instance in kept if instance.header.sop_instance_uid)
    return [_with_shared_uids_said(stack, named) for stack in stacks]


def _with_shared_uids_said(stack: Stack, named: Counter[tuple[object, ...]]) -> Stack:
    shared = sum(named[_named_as(instance)] > 1 for instance in stack.instances)
    note = f"one SOP Instance UID for several images: {counted(shared, 'slice')}, all kept"
    return replace(stack, notes=(*stack.notes, note)) if shared else stack


def patient_key(raw: RawHeader) -> tuple[bytes, ...]:
    """What tells patients apart: Patient ID; where it is empty, name and birth date."""
    patient_id = raw.bytes_of(tags.PATIENT_ID).strip(b" \0")
    others = (tags.PATIENT_NAME, tags.PATIENT_BIRTH_DATE)
    return (patient_id,) if patient_id else (b"", *(raw.bytes_of(tag).strip(b" \0") for tag in others))


def _group_key(instance: Instance) -> tuple[object, ...]:
    """What all slices of a stack have in common, except the orientation."""
    header, raw = instance.header, instance.raw
    spacing = header.pixel_spacing_mm
    return (
        patient_key(raw),
        raw.bytes_of(tags.STUDY_INSTANCE_UID),
        raw.bytes_of(tags.SERIES_INSTANCE_UID),
        raw.bytes_of(tags.FRAME_OF_REFERENCE_UID),
        raw.bytes_of(tags.MODALITY),
        header.stored_shape,
        None if spacing is None else (round(spacing[0], 4), round(spacing[1], 4)),
        header.pixels.samples if header.pixels else 1,
        header.pixels.photometric if header.pixels else "",
        instance.kind,
        header.image_position_mm is None or header.image_orientation is None,
    )


def _by_orientation(instances: Sequence[Instance]) -> list[tuple[Cosines | None, list[Instance]]]:
    """Slices of the same orientation together, with the orientation that stands for all; most slices first.

    The commonest orientations stand for those that hardly differ, so that neither the files' names nor the
    order of reading decides.
    """
    counts = Counter(instance.header.image_orientation for instance in instances)
    reference_of: dict[Cosines | None, Cosines | None] = {}
    references: list[Cosines] = []
    numbers = np.empty((len(counts), 6))
    for cosines, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0] or ())):
        if cosines is None:
            reference_of[None] = None
            continue
        # In one step for all references: a hostile file has thousands of orientations.
        distances = np.abs(numbers[: len(references)] - cosines).max(axis=1)
        alike = np.flatnonzero(distances < SAME_ORIENTATION)
        if not alike.size:
            numbers[len(references)] = cosines
            references.append(cosines)
        reference_of[cosines] = references[alike[0]] if alike.size else cosines
    clusters: dict[Cosines | None, list[Instance]] = defaultdict(list)
    for instance in instances:
        clusters[reference_of[instance.header.image_orientation]].append(instance)
    return sorted(clusters.items(), key=lambda item: len(item[1]), reverse=True)


def _ordered(instances: list[Instance], orientation: Cosines | None, duplicates: int) -> list[Stack]:
    """Stacks from slices that are parallel, or that have no position at all."""
    if orientation is None or any(i.header.image_position_mm is None for i in instances):
        return [_without_positions(instances, orientation, duplicates)]
    positions = positions_mm(instances, orientation)
    order = sorted(
        range(len(instances)), key=lambda index: (positions[index], instances[index].header.shown_path)
    )
    ordered = [instances[index] for index in order]
    places = _places([positions[index] for index in order])
    parts, notes = told_apart(ordered, places)
    return [
        Stack(tuple(part), orientation, "position", duplicates if k == 0 else 0, notes)
        for k, part in enumerate(parts)
    ]


def positions_mm(instances: Sequence[Instance], orientation: Cosines) -> list[float]:
    """Positions along the canonical normal of *orientation*; that one normal serves all."""
    row, column = canonical_directions(orientation, canonical_in_plane(orientation))
    normal = np.cross(row, column)
    points = np.asarray([instance.header.image_position_mm for instance in instances], dtype=np.float64)
    return [float(position) for position in points @ normal]


def _places(sorted_positions: Sequence[float]) -> list[int]:
    """Number of the place of each slice; slices at the same position share one."""
    places = [0]
    for lower, upper in pairwise(sorted_positions):
        places.append(places[-1] + (upper - lower > SAME_POSITION_MM))
    return places


def _without_positions(instances: list[Instance], orientation: Cosines | None, duplicates: int) -> Stack:
    """Order for want of positions: Instance Number, else Slice Location, else file name."""
    numbers = [instance.header.instance_number for instance in instances]
    locations = [instance.slice_location for instance in instances]
    frames = [instance.header.frame_number or 0 for instance in instances]
    if None not in numbers and len(set(zip(numbers, frames, strict=True))) == len(numbers):
        keys: list[tuple[object, ...]] = list(zip(numbers, frames, strict=True))
        sorted_by = "instance number"
    elif None not in locations and len(set(locations)) == len(locations):
        keys, sorted_by = [(location,) for location in locations], "slice location"
    else:
        keys = [(i.header.shown_path, frame) for i, frame in zip(instances, frames, strict=True)]
        sorted_by = "file name"
    order = sorted(range(len(instances)), key=lambda index: keys[index])
    note = f"no positions in the files: sorted by {sorted_by}"
    return Stack(tuple(instances[index] for index in order), orientation, sorted_by, duplicates, (note,))
