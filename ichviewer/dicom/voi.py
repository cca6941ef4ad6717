"""The windows that a file proposes: VOI LUT module and Frame VOI LUT (PS3.3 C.11.2, C.7.6.16.2.10).

The one thing to get wrong: where VOI LUT Function (0028,1056) is absent the function is LINEAR, which is
not that of our own windows. A VOI LUT Sequence (0028,3010) is not used; the series' notes say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ichviewer.core.series import StoredPixels
from ichviewer.core.windowing import FileWindow, VoiFunction, Window
from ichviewer.dicom import tags
from ichviewer.dicom.raw_header import RawHeader
from ichviewer.dicom.stored_pixels import inversion_sum


def header_windows(raw: RawHeader) -> tuple[FileWindow, ...]:
    """The windows of a file as they stand in its header."""
    return paired(
        raw.decimals(tags.WINDOW_CENTER),
        raw.decimals(tags.WINDOW_WIDTH),
        raw.ascii(tags.VOI_LUT_FUNCTION),
        raw.text(tags.WINDOW_EXPLANATION).split("\\"),
    )


def paired(
    centers: Sequence[float], widths: Sequence[float], function: str, explanations: Sequence[str]
) -> tuple[FileWindow, ...]:
    """Windows from multi-valued attributes, in their order.

    Args:
        centers: Window Center (0028,1050).
        widths: Window Width (0028,1051).
        function: VOI LUT Function (0028,1056), one for all; LINEAR where empty.
        explanations: Window Center & Width Explanation (0028,1055), maybe fewer.

    Returns:
        Those that the standard allows; none where the function is unknown.
    """
    function = function.upper()
    if function and function not in VoiFunction.__members__:
        return ()
    kind = VoiFunction(function or VoiFunction.LINEAR)
    smallest = 1.0 if kind is VoiFunction.LINEAR else 0.0
    names = [*(text.strip() for text in explanations), *[""] * len(centers)]
    return tuple(
        FileWindow(Window(center, width, kind), name)
        for center, width, name in zip(centers, widths, names, strict=False)
        if width > 0 and width >= smallest
    )


def for_volume(
    windows: tuple[FileWindow, ...], slope: float | None, intercept: float | None, pixels: StoredPixels
) -> tuple[FileWindow, ...]:
    """Windows for values as the volume holds them: mirrored where MONOCHROME1 is inverted.

    Stored values s become t - s, so a value v = m s + b becomes (m t + 2 b) - v, and so does every center.

    Args:
        windows: As in the header.
        slope: m, 1 where None.
        intercept: b, 0 where None.
        pixels: How the values are stored.
    """
    if pixels.photometric != "MONOCHROME1":
        return windows
    total = (1.0 if slope is None else slope) * inversion_sum(pixels) + 2 * (intercept or 0.0)
    return tuple(replace(each, window=_mirrored(each.window, total)) for each in windows)


def _mirrored(window: Window, total: float) -> Window:
    # The middle of LINEAR lies half a unit below its center, before and after.
    shift = 1.0 if window.function is VoiFunction.LINEAR else 0.0
    return replace(window, center=total - window.center + shift)
