"""One slice as a picture in device pixels: window, size and heat map in one pass, drawn 1:1.

The window comes before the change of size, as it does for the network: a resized skull edge would
otherwise spread over the blood beside it. The one thing to get wrong: stored values are looked up
as unsigned 16-bit numbers, so a signed table begins with 0 ... 32767 and goes on with -32768.
"""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ichviewer.core.colormap import blend_heat
from ichviewer.core.slice_image import SliceImage
from ichviewer.core.windowing import Window, apply_voi
from ichviewer.gui.placement import Placement

# A picture takes a millisecond, and beside a busy network OpenCV's threads only wait for each other.
cv2.setNumThreads(1)

Pixel = TypeVar("Pixel", bound=np.generic)

OPAQUE = np.uint32(0xFF000000)


def grey_table(image: SliceImage, window: Window, is_inverted: bool) -> NDArray[np.uint8]:
    """Grey of every stored value, (65536,), for one image's slope and intercept (PS3.3 C.11.1.1.2).

    Args:
        image: Its ``padding`` ("no measurement") is black in any window, inverted or not.
        window: Center, width and function.
        is_inverted: Whether dense is dark.
    """
    stored = np.arange(65536, dtype=np.uint16).view(image.stored_values.dtype).astype(np.float64)
    grey = np.round(apply_voi(stored * image.slope + image.intercept, window) * 255).astype(np.uint8)
    if is_inverted:
        grey = 255 - grey
    if image.padding is not None:
        grey[(stored >= image.padding[0]) & (stored <= image.padding[1])] = 0
    return grey


def heat_table(opacity: float) -> NDArray[np.uint32]:
    """Color of every grey under every heat, (65536,), 0xFFRRGGBB at index heat * 256 + grey.

    Args:
        opacity: [0, 1].
    """
    grey, heat = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256) / 255.0)
    rgb = blend_heat(grey, heat, opacity).astype(np.uint32)
    return np.asarray(OPAQUE | rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2], dtype=np.uint32).ravel()


def resampled(pixels: NDArray[np.uint8], placement: Placement) -> NDArray[np.uint8]:
    """The part in view at the size of the screen: linear when enlarged, averaged over areas when shrunk.

    Args:
        pixels: (rows, columns) in view, already turned and cropped.
        placement: Where they go.

    Returns:
        (height, width) in device pixels; its first pixel belongs at ``picture_start`` of both axes.
    """
    across, down = placement.across.scale, placement.down.scale
    if across < 1 or down < 1:
        pixels = _resized(pixels, min(across, 1), min(down, 1), cv2.INTER_AREA)
    if across > 1 or down > 1:
        pixels = _resized(pixels, max(across, 1), max(down, 1), cv2.INTER_LINEAR)
    return pixels


def _resized(pixels: NDArray[np.uint8], across: float, down: float, filtering: int) -> NDArray[np.uint8]:
    # Factors, not a size: a size would be rounded, and the rest of the slice would shift against the cursor.
    # At least one pixel must be left of each side.
    across, down = max(across, 1 / pixels.shape[1]), max(down, 1 / pixels.shape[0])
    return np.asarray(cv2.resize(pixels, None, fx=across, fy=down, interpolation=filtering), dtype=np.uint8)


def in_view(pixels: NDArray[Pixel], placement: Placement) -> NDArray[Pixel]:
    """The part of the turned picture that is needed to fill the view; no pixel is copied."""
    across, down = placement.across, placement.down
    return placement.turn.applied(pixels)[down.first : down.last, across.first : across.last]


def render_picture(
    image: SliceImage,
    table: NDArray[np.uint8],
    placement: Placement,
    heat: NDArray[np.uint8] | None = None,
    colors: NDArray[np.uint32] | None = None,
) -> NDArray[np.uint32]:
    """Picture of the part of a plane that lies in view.

    Args:
        image: The plane's pixels.
        table: From ``grey_table``.
        placement: Where they lie; some of them are in view.
        heat: Same size as the picture, 0 to 255, from ``resampled``; None for a plain picture.
        colors: From ``heat_table``; needed with *heat*.

    Returns:
        (height, width), 0xFFRRGGBB in device pixels.
    """
    stored = np.ascontiguousarray(in_view(image.stored_values, placement)).view(np.uint16)
    grey = resampled(np.asarray(cv2.LUT(stored, table), dtype=np.uint8), placement)
    if heat is None or colors is None:
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGRA).view(np.uint32)[..., 0]
    index = cv2.merge([grey, heat]).view(np.uint16)[..., 0]
    return np.asarray(cv2.LUT(index, colors.view(np.int32))).view(np.uint32)
