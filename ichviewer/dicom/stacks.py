"""From loose slices to stacks of parallel ones, in order, each with its geometry.

Order is by position along one canonical normal, never by Instance Number, Slice Location or file
name unless there is no position, and then it is said. The one thing to get wrong: slices that share
a series UID need not belong together (scouts, two patients, two reconstructions).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ichviewer.core.geometry import canonical_directions, canonical_in_plane
from ichviewer.core.receipt import counted
from ichviewer.dicom import tags
from ichviewer.dicom.instance import Instance

SAME_ORIENTATION = 0.01
"""Direction cosines of one stack differ by less than this (0.6 degrees)."""

SAME_POSITION_MM = 0.01
"""Slices closer than this along the normal lie at the same position."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices that belong together, in order.

    Attributes:
        instances: Lowest slice first.
        sorted_by: ``position``, or what was used for want of it.
        duplicates: Files dropped because their SOP Instance UID was there already.
        notes: What had to be done, in words.
    """

    instances: tuple[Instance, ...]
    sorted_by: str
    duplicates: int
    notes: tuple[str, ...]


def without_duplicates(instances: Sequence[Instance]) -> tuple[list[Instance], list[Instance]]:
    """The first slice of every SOP Instance UID and frame, and the others; sound files before damaged ones.

    A file without SOP Instance UID is nobody's duplicate. Two patients' slices are never duplicates.
    """
    kept: list[Instance] = []
    dropped: list[Instance] = []
    seen: set[tuple[object, ...]] = set()
    for instance in sorted(instances, key=lambda i: bool(i.header.pixels and i.header.pixels.fault)):
        header = instance.header
        key = (
            header.sop_instance_uid,
            header.frame_number,
            instance.raw.bytes_of(tags.SERIES_INSTANCE_UID),
            instance.raw.bytes_of(tags.PATIENT_ID),
        )
        is_known = bool(header.sop_instance_uid) and key in seen
        (dropped if is_known else kept).append(instance)
        seen.add(key)
    return kept, dropped


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
        for part, cluster in enumerate(_by_orientation(members)):
            stacks += _ordered(cluster, lost[key] if part == 0 else 0)
    return stacks


def _group_key(instance: Instance) -> tuple[object, ...]:
    """What all slices of a stack have in common, except the orientation."""
    header, raw = instance.header, instance.raw
    spacing = header.pixel_spacing_mm
    return (
        raw.bytes_of(tags.PATIENT_ID),
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


def _by_orientation(instances: Sequence[Instance]) -> list[list[Instance]]:
    """Slices of the same orientation together, most slices first."""
    clusters: list[tuple[tuple[float, ...], list[Instance]]] = []
    for instance in instances:
        cosines = instance.header.image_orientation or ()
        for reference, members in clusters:
            alike = len(reference) == len(cosines)
            if alike and all(abs(a - b) < SAME_ORIENTATION for a, b in zip(reference, cosines, strict=True)):
                members.append(instance)
                break
        else:
            clusters.append((cosines, [instance]))
    return sorted((members for _, members in clusters), key=len, reverse=True)


def _ordered(instances: list[Instance], duplicates: int) -> list[Stack]:
    """Stacks from slices that are parallel, or that have no position at all."""
    if any(i.header.image_position_mm is None or i.header.image_orientation is None for i in instances):
        return [_without_positions(instances, duplicates)]
    positions = positions_mm(instances)
    order = sorted(
        range(len(instances)), key=lambda index: (positions[index], instances[index].header.shown_path)
    )
    ordered = [instances[index] for index in order]
    places = _places([positions[index] for index in order])
    parts, notes = _split_places(ordered, places)
    return [
        Stack(tuple(part), "position", duplicates if k == 0 else 0, notes) for k, part in enumerate(parts)
    ]


def positions_mm(instances: Sequence[Instance]) -> list[float]:
    """Positions along the canonical normal of the first slice; that one normal serves all."""
    cosines = instances[0].header.image_orientation or ()
    row, column = canonical_directions(cosines, canonical_in_plane(cosines))
    normal = np.cross(row, column)
    points = np.asarray([instance.header.image_position_mm for instance in instances], dtype=np.float64)
    return [float(position) for position in points @ normal]


def _places(sorted_positions: Sequence[float]) -> list[int]:
    """Number of the place of each slice; slices at the same position share one."""
    places = [0]
    for lower, upper in pairwise(sorted_positions):
        places.append(places[-1] + (upper - lower > SAME_POSITION_MM))
    return places


def _split_places(ordered: list[Instance], places: list[int]) -> tuple[list[list[Instance]], tuple[str, ...]]:
    """Split where slices share a place: by kernel, then Content Time, then Acquisition Number.

    Acquisition Number alone would tear whole series apart (some scanners count it up with every
    slice), so it only helps where a place is shared and the others failed.
    """
    if len(set(places)) == len(places):
        return [ordered], ()
    attributes: tuple[tuple[str, Callable[[Instance], str]], ...] = (
        ("convolution kernel", lambda instance: instance.kernel),
        ("content time", lambda instance: instance.content_time),
        ("acquisition number", lambda instance: instance.acquisition_number),
    )
    most = max(Counter(places).values())
    for name, value in attributes:
        parts = _parts_by(ordered, places, value)
        if 1 < len(parts) <= most:
            parts.sort(key=len, reverse=True)
            return parts, (f"the series holds {len(parts)} stacks at the same positions, split by {name}",)
    count = len(places) - len(set(places))
    return [ordered], (f"{counted(count, 'slice')} at the position of another one, not to be told apart",)


def _parts_by(
    ordered: list[Instance], places: list[int], value: Callable[[Instance], str]
) -> list[list[Instance]]:
    """Stacks without a shared place, told apart by one attribute; empty if it does not tell them apart.

    By value where every value makes a stack of its own, else by rank at each place (times differ from
    slice to slice, yet at every place the earlier scan comes first).
    """
    by_value: dict[str, list[int]] = defaultdict(list)
    for index, instance in enumerate(ordered):
        by_value[value(instance)].append(index)
    if all(len({places[i] for i in indices}) == len(indices) for indices in by_value.values()):
        if len(by_value) <= max(Counter(places).values()):
            return [[ordered[i] for i in indices] for _, indices in sorted(by_value.items())]
        return _parts_by_rank(ordered, places, value)
    return []


def _parts_by_rank(
    ordered: list[Instance], places: list[int], value: Callable[[Instance], str]
) -> list[list[Instance]]:
    at_place: dict[int, list[Instance]] = defaultdict(list)
    for instance, place in zip(ordered, places, strict=True):
        at_place[place].append(instance)
    parts: list[list[Instance]] = [[] for _ in range(max(map(len, at_place.values())))]
    for _, members in sorted(at_place.items()):
        for rank, instance in enumerate(sorted(members, key=lambda i: _as_number(value(i)))):
            parts[rank].append(instance)
    return parts


def _as_number(text: str) -> tuple[float, str]:
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _without_positions(instances: list[Instance], duplicates: int) -> Stack:
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
    return Stack(tuple(instances[index] for index in order), sorted_by, duplicates, (note,))
