"""THE door to the network: from Hounsfield units to its input, for viewer and training alike.

Order of the steps: average thin slices, take the neighbours, window (which clips), blacken the background,
equalize, diffuse, find the head, frame it, resample, normalise; all but window, frame, resample and normalise
are off unless the spec asks for them. The one thing to get wrong: windowing comes **before** resampling,
because a resampled skull edge would otherwise bleed into the brain next to it, and in pictures that were
windowed when they were made it would not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.diffusion import diffused
from ichviewer.core.head import brain_mask, head_box, head_mask
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import VoiFunction, Window, apply_window

FIRST_FIELDS = frozenset(
    ("windows", "size_px", "head_margin", "smallest_frame", "mean", "std", "slab_mm", "thin_below_mm")
)
"""Always written to a card; later fields only where they are used, so that a card from before stays as it
is."""


@dataclass(frozen=True)
class PreprocessingSpec:
    """Everything that decides the network's input; saved in the checkpoint's card and read back.

    Attributes:
        windows: One channel per window, HU.
        size_px: Rows and columns of the input.
        head_margin: Air kept on each side of the head, as a share of the head's longer side.
        smallest_frame: The frame is never smaller than this share of the image's longer side, so that the
            vertex is not blown up to a whole head.
        mean: Per channel, subtracted after windowing to [0, 1].
        std: Per channel, divided by.
        slab_mm: Thin slices are averaged over this length along the normal.
        thin_below_mm: Slices closer than this are thin.
        neighbours: Slices taken from either side; each gives the windows' channels, lowest slice first. At
            the stack's ends, and beside an unreadable slice, the nearest slice there is stands in.
        frame: ``head``: as above. ``image``: the whole image. ``millimeters``: *pixel_mm* a pixel, whatever
            the head's size, around its middle.
        pixel_mm: Side of an input pixel where the frame is in millimeters.
        background: ``black_outside_head``: without air, table and holder. ``brain_only``: without skull and
            face.
        equalized: Windowed grey at which the output is 0, 1/(n-1), ..., 1; linear between; empty: as
            windowed.
        diffusion_steps: Steps of anisotropic diffusion after windowing.
        diffusion_conductance: Grey step that counts as an edge.
        standardized: Each slice to mean 0 and standard deviation 1, in place of *mean* and *std*.
    """

    windows: tuple[Window, ...]
    size_px: int
    head_margin: float
    smallest_frame: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    slab_mm: float = 5.0
    thin_below_mm: float = 2.5
    neighbours: int = 0
    frame: Literal["head", "image", "millimeters"] = "head"
    pixel_mm: float = 1.0
    background: Literal["kept", "black_outside_head", "brain_only"] = "kept"
    equalized: tuple[float, ...] = ()
    diffusion_steps: int = 0
    diffusion_conductance: float = 0.02
    standardized: bool = False

    def __post_init__(self) -> None:
        if any(window.function is not VoiFunction.LINEAR_EXACT for window in self.windows):
            raise ValueError("The network's windows are LINEAR_EXACT, no other function.")
        channels = self.channel_count
        if len(self.mean) != channels or len(self.std) != channels:
            raise ValueError(f"{channels} channels need as many means and standard deviations.")
        if len(self.equalized) == 1 or any(a > b for a, b in pairwise(self.equalized)):
            raise ValueError("equalized must rise, over two values or more.")

    @property
    def channel_count(self) -> int:
        """Channels of the network's input."""
        return len(self.windows) * (2 * self.neighbours + 1)

    def to_dict(self) -> dict[str, Any]:
        """As plain values for a model card; what came later stands there only where it is used."""
        values = asdict(self)
        values["windows"] = tuple({"center": each.center, "width": each.width} for each in self.windows)
        unused = {field.name for field in fields(self) if values[field.name] == field.default}
        return {name: value for name, value in values.items() if name in FIRST_FIELDS or name not in unused}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> PreprocessingSpec:
        """Read back what ``to_dict`` gave.

        Raises:
            KeyError, TypeError, ValueError: A value is missing, unknown or of the wrong kind.
        """
        given = dict(values)
        given["windows"] = tuple(Window(**window) for window in given["windows"])
        for name in ("mean", "std", "equalized"):
            given[name] = tuple(given.get(name, ()))
        return PreprocessingSpec(**given)


@dataclass(frozen=True)
class Framing:
    """The part of a slice that the network sees, in canonical pixels (edges, may reach outside).

    Attributes:
        top: Upper edge; 0 is the upper edge of row 0, whose centre lies at 0.5.
        left: Left edge.
        height: Extent in rows.
        width: Extent in columns.
    """

    top: float
    left: float
    height: float
    width: float


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """What enters the network for one slice.

    Attributes:
        values: (channels, size, size), float32, normalised.
        framing: Where it was taken from.
    """

    values: NDArray[np.float32]
    framing: Framing


def slab_hu(volume: Volume, slice_index: int, spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Hounsfield units as the network reads them: thin slices averaged along the normal, padding as air.

    Where the median spacing is below ``spec.thin_below_mm``, all readable slices whose position lies
    within half of ``spec.slab_mm`` of this one are averaged; neighbours are taken by mm, not by index.
    Where the files hold no positions nothing is averaged.

    Args:
        volume: The stack.
        slice_index: A readable slice.
        spec: Slab length and limit.

    Returns:
        (rows, columns), float32.
    """
    members = slab_indices(volume_positions_mm(volume), volume.is_readable, slice_index, spec)
    if len(members) == 1:
        return volume.measured_hu(slice_index)
    total = np.zeros(volume.shape, dtype=np.float32)
    for member in members:
        total += volume.measured_hu(int(member))
    return total / np.float32(len(members))


def slab_indices(
    positions_mm: NDArray[np.floating] | None,
    is_readable: NDArray[np.bool_],
    slice_index: int,
    spec: PreprocessingSpec,
) -> NDArray[np.int64]:
    """Which slices are averaged in the place of one; itself alone where slices are not thin.

    Args:
        positions_mm: (slices,), along the normal, rising; None where not known.
        is_readable: (slices,).
        slice_index: A readable slice.
        spec: Slab length and limit.
    """
    if positions_mm is None or not _is_thin(positions_mm, spec):
        return np.asarray([slice_index], dtype=np.int64)
    near = np.abs(positions_mm - positions_mm[slice_index]) <= spec.slab_mm / 2 + 1e-6
    return np.asarray(np.flatnonzero(near & is_readable), dtype=np.int64)


def neighbour_indices(
    positions_mm: NDArray[np.floating] | None,
    is_readable: NDArray[np.bool_],
    slice_index: int,
    spec: PreprocessingSpec,
) -> list[int]:
    """Which slices make the channels of one, lowest first, itself in the middle; (2 neighbours + 1).

    In a stack of thin slices a neighbour is a slab away. Arguments as of ``slab_indices``.
    """
    readable = np.flatnonzero(is_readable)
    offsets = range(-spec.neighbours, spec.neighbours + 1)
    if positions_mm is not None and _is_thin(positions_mm, spec):
        wanted = [positions_mm[slice_index] + offset * spec.slab_mm for offset in offsets]
        found = [int(readable[np.argmin(np.abs(positions_mm[readable] - at))]) for at in wanted]
        return [index if offset else slice_index for offset, index in zip(offsets, found, strict=True)]
    own = int(np.searchsorted(readable, slice_index))
    return [int(readable[min(max(own + offset, 0), len(readable) - 1)]) for offset in offsets]


def _is_thin(positions_mm: NDArray[np.floating], spec: PreprocessingSpec) -> bool:
    return len(positions_mm) > 1 and bool(np.median(np.diff(positions_mm)) < spec.thin_below_mm)


def volume_positions_mm(volume: Volume) -> NDArray[np.floating] | None:
    """(slices,), along the normal, rising; None where the files hold no positions."""
    return volume.geometry.positions_mm if volume.series.has_positions else None


def frame_head(
    hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float], spec: PreprocessingSpec
) -> Framing:
    """Square frame (in mm) around the head; the whole image where no head is found.

    Args:
        hu: (rows, columns), Hounsfield units.
        pixel_spacing_mm: (between rows, between columns); only their ratio matters, but for a frame in
            millimeters.
        spec: Kind of frame, margin and smallest frame.
    """
    rows, columns = hu.shape
    between_rows, between_columns = pixel_spacing_mm
    image_side = max(rows * between_rows, columns * between_columns)
    box = head_box(hu) if spec.frame != "image" else None
    if spec.frame == "millimeters":
        side = spec.size_px * spec.pixel_mm
        top, bottom, left, right = box or (0.0, float(rows), 0.0, float(columns))
        middle_row, middle_column = (top + bottom) / 2, (left + right) / 2
    elif box is None:
        side, middle_row, middle_column = image_side, rows / 2, columns / 2
    else:
        top, bottom, left, right = box
        head_side = max((bottom - top) * between_rows, (right - left) * between_columns)
        side = max(head_side * (1 + 2 * spec.head_margin), image_side * spec.smallest_frame)
        middle_row, middle_column = (top + bottom) / 2, (left + right) / 2
    height, width = side / between_rows, side / between_columns
    return Framing(middle_row - height / 2, middle_column - width / 2, height, width)


def frame_slice(
    hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float], spec: PreprocessingSpec
) -> tuple[NDArray[np.float32], Framing]:
    """Windowed and framed slice before normalisation; training augments this.

    Args:
        hu: (rows, columns), Hounsfield units, canonical orientation; with neighbours (2 n + 1, rows,
            columns), lowest slice first, the slice itself in the middle.
        pixel_spacing_mm: (between rows, between columns).
        spec: What to do.

    Returns:
        (channels, size, size) in [0, 1], 0 outside the image; and the frame, which is the middle slice's.

    Raises:
        ValueError: The number of slices is not what the spec asks for.
    """
    slices = hu if hu.ndim == 3 else hu[None]
    if len(slices) != 2 * spec.neighbours + 1:
        raise ValueError(f"{len(slices)} slices were given, {2 * spec.neighbours + 1} are asked for.")
    framing = frame_head(slices[spec.neighbours], pixel_spacing_mm, spec)
    down = resampling_weights(spec.size_px, hu.shape[-2], framing.top, framing.height)
    across = resampling_weights(spec.size_px, hu.shape[-1], framing.left, framing.width)
    # Only the pixels that the frame reaches are windowed and multiplied: a third less work.
    rows, columns = _reached(down), _reached(across)
    down, across = down[:, rows], across[:, columns]
    channels = []
    for each in slices:
        seen, kept = each[rows, columns], _kept(each, spec)
        by_window = {
            window: down @ _grey(seen, window, None if kept is None else kept[rows, columns], spec) @ across.T
            for window in set(spec.windows)
        }
        channels += [by_window[window] for window in spec.windows]
    return np.stack(channels), framing


def _kept(hu: NDArray[np.floating], spec: PreprocessingSpec) -> NDArray[np.bool_] | None:
    """What is not blackened, (rows, columns); None where everything is kept."""
    if spec.background == "kept":
        return None
    return brain_mask(hu) if spec.background == "brain_only" else head_mask(hu)


def _grey(
    hu: NDArray[np.floating], window: Window, kept: NDArray[np.bool_] | None, spec: PreprocessingSpec
) -> NDArray[np.float32]:
    """Windowed grey in [0, 1] at the slice's own resolution."""
    grey = apply_window(hu, window)
    if kept is not None:
        grey = np.where(kept, grey, np.float32(0))
    if spec.equalized:
        steps = np.linspace(0, 1, len(spec.equalized))
        grey = np.interp(grey, spec.equalized, steps).astype(np.float32)
    if spec.diffusion_steps:
        grey = diffused(grey, spec.diffusion_steps, spec.diffusion_conductance)
    return grey


def _reached(weights: NDArray[np.float32]) -> slice:
    """The input samples from the first to the last that any output sample takes part of."""
    reached = np.flatnonzero(weights.any(axis=0))
    return slice(int(reached[0]), int(reached[-1]) + 1) if len(reached) else slice(0, 0)


def normalize(framed: NDArray[np.float32], spec: PreprocessingSpec) -> NDArray[np.float32]:
    """Last step: (framed - mean) / std per channel, (channels, size, size)."""
    if spec.standardized:
        spread = max(float(framed.std()), 1e-6)
        return np.ascontiguousarray((framed - framed.mean()) / np.float32(spread))
    mean = np.asarray(spec.mean, dtype=np.float32)[:, None, None]
    std = np.asarray(spec.std, dtype=np.float32)[:, None, None]
    return np.ascontiguousarray((framed - mean) / std)


def preprocess_slice(
    hu: NDArray[np.floating], pixel_spacing_mm: tuple[float, float], spec: PreprocessingSpec
) -> NetworkInput:
    """From Hounsfield units of one slice to the network's input.

    Args:
        hu: As ``frame_slice`` takes it; from ``slab_hu`` for a volume.
        pixel_spacing_mm: (between rows, between columns).
        spec: From the checkpoint's card.

    Returns:
        The normalised input and where it was taken from.
    """
    framed, framing = frame_slice(hu, pixel_spacing_mm, spec)
    return NetworkInput(normalize(framed, spec), framing)


def preprocess_volume_slice(volume: Volume, slice_index: int, spec: PreprocessingSpec) -> NetworkInput:
    """``preprocess_slice`` for a slice of a volume: averages thin slices and takes neighbours first."""
    framed, framing = frame_volume_slice(volume, slice_index, spec)
    return NetworkInput(normalize(framed, spec), framing)


def frame_volume_slice(
    volume: Volume, slice_index: int, spec: PreprocessingSpec
) -> tuple[NDArray[np.float32], Framing]:
    """``frame_slice`` for a slice of a volume: the network's input before normalisation, for the eye."""
    if not spec.neighbours:
        hu = slab_hu(volume, slice_index, spec)
    else:
        around = neighbour_indices(volume_positions_mm(volume), volume.is_readable, slice_index, spec)
        by_index = {index: slab_hu(volume, index, spec) for index in set(around)}
        hu = np.stack([by_index[index] for index in around])
    return frame_slice(hu, volume.geometry.pixel_spacing_mm, spec)


def resampling_weights(size_out: int, size_in: int, start: float, length: float) -> NDArray[np.float32]:
    """Matrix that resamples one axis, linear when enlarging and area-filtering when shrinking.

    Args:
        size_out: Samples wanted over *length*.
        size_in: Samples there.
        start: Edge at which the first output sample begins, in input samples (0 = edge of sample 0).
        length: Extent in input samples.

    Returns:
        (size_out, size_in), float32. Rows sum to 1 where the filter lies inside; outside counts as 0.
    """
    step = length / size_out
    reach = max(1.0, step)
    centers = start + (np.arange(size_out) + 0.5) * step - 0.5
    # The filter's full sum is taken over samples that may lie outside the image, so that edges fade to 0.
    first = int(np.floor(centers[0] - reach)) - 1
    last = int(np.ceil(centers[-1] + reach)) + 1
    samples = np.arange(min(first, 0), max(last, size_in - 1) + 1)
    weights = np.clip(1.0 - np.abs(samples[None, :] - centers[:, None]) / reach, 0.0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    begin = int(np.flatnonzero(samples == 0)[0])
    return np.ascontiguousarray(weights[:, begin : begin + size_in].astype(np.float32))
