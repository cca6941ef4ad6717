"""Display windows: presets and the map from Hounsfield units to grey.

The one thing to get wrong: DICOM's default function LINEAR is not LINEAR_EXACT; its centre lies
half a unit lower and its width is one less (PS3.3 C.11.2.1.2). Our own windows are LINEAR_EXACT, a
window from a file is whatever the file says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class VoiFunction(StrEnum):
    """How a window maps values to grey: VOI LUT Function (0028,1056), PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True)
class Window:
    """A grey window in Hounsfield units.

    Attributes:
        center: Middle of the window, HU.
        width: Full width, HU; at least 1 for LINEAR, above 0 for the others (PS3.3 C.11.2.1.2.1 and
            C.11.2.1.3).
        function: From value to grey.
    """

    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR_EXACT

    def __post_init__(self) -> None:
        if self.function is VoiFunction.LINEAR and not self.width >= 1:
            raise ValueError(f"A LINEAR window is at least 1 HU wide, not {self.width}.")
        if not self.width > 0:
            raise ValueError(f"A window is more than 0 HU wide, not {self.width}.")

    @property
    def lower(self) -> float:
        """HU that maps to black.

        >>> Window(40, 80).lower
        0.0
        """
        return self.center - self.width / 2.0

    @property
    def upper(self) -> float:
        """HU that maps to white."""
        return self.center + self.width / 2.0


@dataclass(frozen=True)
class FileWindow:
    """A window that a file proposes for one slice (VOI LUT module, PS3.3 C.11.2).

    Attributes:
        window: For values as the volume holds them (of MONOCHROME1 already inverted).
        explanation: Window Center & Width Explanation (0028,1055), empty where absent.
    """

    window: Window
    explanation: str


@dataclass(frozen=True)
class WindowPreset:
    """A named window with the key that selects it.

    Attributes:
        key: Selects it.
        name: In menus, and where there is room.
        window: Center and width.
        short_name: On buttons and in narrow views.
    """

    key: str
    name: str
    window: Window
    short_name: str


BRAIN = Window(40, 80)
SUBDURAL = Window(80, 200)
BONE = Window(600, 2800)

PRESETS: tuple[WindowPreset, ...] = (
    WindowPreset("1", "Brain", BRAIN, "Brain"),
    WindowPreset("2", "Subdural", SUBDURAL, "Subdural"),
    WindowPreset("3", "Bone", BONE, "Bone"),
    WindowPreset("4", "Stroke", Window(40, 40), "Stroke"),
    WindowPreset("5", "Soft tissue", Window(40, 400), "Soft"),
    WindowPreset("6", "Posterior fossa", Window(40, 120), "Fossa"),
)


def apply_window(hu: NDArray[np.floating], window: Window) -> NDArray[np.float32]:
    """Map Hounsfield units linearly to [0, 1] and clip.

    This is LINEAR_EXACT of PS3.3 C.11.2.1.3.2, the form used for the network input too. It is
    not LINEAR, DICOM's default, whose centre lies half a unit lower and whose width is one less.

    Args:
        hu: Hounsfield units, any shape.
        window: The window; its lower bound maps to 0 and its upper bound to 1.

    Returns:
        Grey values in [0, 1], same shape as *hu*.

    >>> apply_window(np.array([-10.0, 0.0, 40.0, 80.0, 900.0]), BRAIN).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]
    """
    scaled = (hu.astype(np.float32, copy=False) - np.float32(window.lower)) / np.float32(window.width)
    return np.asarray(np.clip(scaled, np.float32(0), np.float32(1)))


def apply_voi(hu: NDArray[np.floating], window: Window) -> NDArray[np.float32]:
    """Map Hounsfield units to grey by the window's own function, for the screen.

    LINEAR is PS3.3 C.11.2.1.2.1, SIGMOID C.11.2.1.3.1, LINEAR_EXACT C.11.2.1.3.2 (``apply_window``).
    A LINEAR window of width 1 is a threshold half a unit below its center.

    Args:
        hu: Hounsfield units, any shape.
        window: Center, width and function.

    Returns:
        Grey values in [0, 1], same shape as *hu*.

    >>> apply_voi(np.array([0.0, 39.5, 79.0]), Window(40, 80, VoiFunction.LINEAR)).tolist()
    [0.0, 0.5, 1.0]
    >>> apply_voi(np.array([40.0]), Window(40, 80, VoiFunction.SIGMOID)).tolist()
    [0.5]
    """
    if window.function is VoiFunction.LINEAR_EXACT:
        return apply_window(hu, window)
    values = hu.astype(np.float64, copy=False)
    if window.function is VoiFunction.SIGMOID:
        # 1 / (1 + exp(-4 (x - c) / w)), in a form that does not overflow far from the center.
        grey = 0.5 + 0.5 * np.tanh(2 * (values - window.center) / window.width)
    elif window.width == 1:
        grey = (values > window.center - 0.5).astype(np.float64)
    else:
        grey = np.clip((values - (window.center - 0.5)) / (window.width - 1) + 0.5, 0, 1)
    return np.asarray(grey, dtype=np.float32)


def automatic_window(hu: NDArray[np.floating]) -> Window:
    """Window from the 2nd to the 98th percentile of what lies above air (-500 HU).

    Args:
        hu: One slice in Hounsfield units.

    Returns:
        The window; the brain window where nothing lies above air.
    """
    tissue = hu[hu > -500]
    if tissue.size == 0:
        return BRAIN
    low, high = (float(value) for value in np.percentile(tissue, (2, 98)))
    return Window((low + high) / 2, max(1.0, high - low))
