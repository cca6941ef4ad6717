"""What the network sees of one slice, as a picture: each different input channel once, side by side.

It is made by ``core.preprocessing``, the only door to the network, and stops before normalization, which
changes no grey against another. The one thing to get wrong: a network of one window has three equal channels;
they are one picture here, and its words say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.plane import triple
from ichviewer.core.preprocessing import (
    Framing,
    PreprocessingSpec,
    frame_volume_slice,
    slab_indices,
    volume_positions_mm,
)
from ichviewer.core.slice_image import NO_DATA, SliceImage
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import PRESETS, Window

STEPS_OF_GREY = 10_000
"""Grey in [0, 1] is kept in whole steps of this fineness; the screen has 255."""

GREY_WINDOW = Window(0.5, 1.0)
"""Shows grey in [0, 1] as it is."""

BETWEEN_PX = 2


@dataclass(frozen=True)
class Tile:
    """One channel's place in the picture.

    Attributes:
        name: Its window, and the slice where neighbors are channels too.
        row: Its upper edge, in pixels of the picture.
        column: Its left edge.
    """

    name: str
    row: int
    column: int


def network_image(volume: Volume, slice_index: int, spec: PreprocessingSpec) -> SliceImage:
    """The network's input of a slice; its values are grey in [0, 1], to be shown in ``GREY_WINDOW``.

    Args:
        volume: Whole: slices that are still to be read would be missing in slabs and neighbors.
        slice_index: A readable slice.
        spec: From the checkpoint's card.

    Returns:
        All tiles. Its place in the stack is that of the first tile.
    """
    framed, framing = frame_volume_slice(volume, slice_index, spec)
    names, tiles, side = channel_names(spec), network_tiles(spec), spec.size_px
    shape = tiles[-1].row + side, side + max(tile.column for tile in tiles)
    grey = np.full(shape, NO_DATA, dtype=np.int16)
    for tile in tiles:
        channel = framed[names.index(tile.name)]
        grey[tile.row : tile.row + side, tile.column : tile.column + side] = _steps(channel)
    return _image(grey, volume, slice_index, framing, spec)


def network_tiles(spec: PreprocessingSpec) -> tuple[Tile, ...]:
    """Where each different channel lies in the picture, in the order of the input."""
    different = list(dict.fromkeys(channel_names(spec)))
    across = math.ceil(math.sqrt(len(different)))
    step = spec.size_px + BETWEEN_PX
    return tuple(
        Tile(name, place // across * step, place % across * step) for place, name in enumerate(different)
    )


def network_lines(volume: Volume, slice_index: int, spec: PreprocessingSpec) -> tuple[str, ...]:
    """What was done to a slice before the network sees it, in words."""
    names = channel_names(spec)
    return (*_input_lines(spec, len(names), len(set(names))), *_slab_lines(volume, slice_index, spec))


def channel_names(spec: PreprocessingSpec) -> list[str]:
    """Name of every channel, in the order of the input; equal names are equal channels.

    >>> spec = PreprocessingSpec((Window(40, 80),) * 3, 224, 0.05, 0.5, (0.0,) * 3, (1.0,) * 3)
    >>> channel_names(spec)
    ['Brain 40/80', 'Brain 40/80', 'Brain 40/80']
    """
    names = [_window_name(window) for window in spec.windows]
    if not spec.neighbours:
        return names
    offsets = range(-spec.neighbours, spec.neighbours + 1)
    return [f"{name}{_offset_words(offset)}" for offset in offsets for name in names]


def _steps(channel: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.rint(channel * STEPS_OF_GREY).astype(np.int16)


def _image(
    grey: NDArray[np.int16], volume: Volume, slice_index: int, framing: Framing, spec: PreprocessingSpec
) -> SliceImage:
    rows_each, columns_each = framing.height / spec.size_px, framing.width / spec.size_px
    between_rows, between_columns = volume.geometry.pixel_spacing_mm
    # Edges of canonical pixels are counted from 0, centers of pixels are half a pixel further.
    first_row, first_column = framing.top + rows_each / 2 - 0.5, framing.left + columns_each / 2 - 0.5
    corner = volume.frame.pixel_to_mm(slice_index, first_row, first_column)
    return SliceImage(
        grey,
        1 / STEPS_OF_GREY,
        0.0,
        (rows_each * between_rows, columns_each * between_columns),
        triple(corner),
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (NO_DATA, NO_DATA),
    )


def _input_lines(spec: PreprocessingSpec, count: int, different: int) -> tuple[str, ...]:
    equal = ""
    if different == 1 and count > 1:
        equal = f"{count} equal channels"
    elif different < count:
        equal = f"{count} channels, {different} different"
    frame = {
        "head": "framed around the head",
        "image": "the whole image",
        "millimeters": f"{spec.pixel_mm:g} mm a pixel",
    }[spec.frame]
    background = {
        "kept": "",
        "black_outside_head": "black outside the head",
        "brain_only": "brain only",
    }[spec.background]
    lines = (
        f"{spec.size_px} x {spec.size_px} px, {frame}",
        equal,
        background,
        "grey equalized" if spec.equalized else "",
        "smoothed by diffusion" if spec.diffusion_steps else "",
        "then each slice to mean 0, deviation 1" if spec.standardized else "",
    )
    return tuple(line for line in lines if line)


def _slab_lines(volume: Volume, slice_index: int, spec: PreprocessingSpec) -> tuple[str, ...]:
    members = slab_indices(volume_positions_mm(volume), volume.is_readable, slice_index, spec)
    if len(members) == 1:
        return ("one slice",)
    return (f"mean over {spec.slab_mm:g} mm ({len(members)} slices)",)


def _window_name(window: Window) -> str:
    name = next((preset.name for preset in PRESETS if preset.window == window), "Window")
    return f"{name} {window.center:g}/{window.width:g}"


def _offset_words(offset: int) -> str:
    if offset == 0:
        return ", this slice"
    return f", {abs(offset)} {'above' if offset > 0 else 'below'}"
