"""The procedural head with what the input check must notice: a bone flap gone, metal, motion.

Imported as ``from marred_heads import ...``; pytest puts this folder on the path with ``conftest.py``.
"""

from __future__ import annotations

import numpy as np
from builders import make_volume
from numpy.typing import NDArray

from ichviewer.core.phantom import make_phantom, small_demo_spec
from ichviewer.core.series import PatientText
from ichviewer.core.volume import Volume

SLICES, SIZE = 34, 128
SPACING_MM, PIXEL_MM = 168.0 / SLICES, 240.64 / SIZE

Pixels = NDArray[np.int16]


def whole_head(with_bleeds: bool) -> Pixels:
    """The demo's head, (34, 128, 128), HU."""
    return make_phantom(small_demo_spec(with_bleeds, slice_count=SLICES, size=SIZE)).hu


def as_volume(hu: NDArray[np.integer], spacing_mm: float = SPACING_MM) -> Volume:
    """A measured stack of an adult."""
    return make_volume(
        hu=hu,
        pixel_spacing_mm=(PIXEL_MM, PIXEL_MM),
        spacing_mm=spacing_mm,
        patient=PatientText(age="065Y"),
    )


def without_flap(hu: Pixels, slices: slice, degrees: float) -> Pixels:
    """Bone of the patient's left side replaced by soft tissue, over an angle as seen from the middle."""
    marred = hu.copy()
    down, across = np.mgrid[0 : hu.shape[1], 0 : hu.shape[2]] - (SIZE - 1) / 2
    is_flap = np.abs(np.degrees(np.arctan2(down, across))) < degrees / 2
    part = marred[slices]
    part[(part > 150) & is_flap] = 40
    return marred


def with_clip(hu: Pixels, slice_index: int, side_px: int = 2, value: int = 3071) -> Pixels:
    """A square of metal in the brain of one slice; 2 pixels are 3.8 mm."""
    marred = hu.copy()
    marred[slice_index, 50 : 50 + side_px, 70 : 70 + side_px] = value
    return marred


def moved_between_slices(hu: Pixels, first: int, pixels: int) -> Pixels:
    """From one slice on, the head lies further back; a pixel is 1.9 mm."""
    marred = hu.copy()
    marred[first:] = np.roll(marred[first:], pixels, axis=1)
    return marred


def moved_within_slice(hu: NDArray[np.integer], degrees: float) -> Pixels:
    """One slice with what a turn of the head half-way through the scan adds to its reconstruction."""
    angles = np.arange(240) * np.pi / 240
    attenuation = hu.astype(np.float64) + 1000
    still, turned = _projections(attenuation, angles), _projections(attenuation, angles - np.radians(degrees))
    seen = np.where(np.arange(240)[:, None] < 120, still, turned)
    return np.clip(hu + _reconstructed(seen - still, angles, hu.shape[0]), -1024, 3071).astype(np.int16)


def _projections(image: NDArray[np.float64], angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Parallel projections, (angles, detectors); each detector is two pixels wide, so that none is missed."""
    size = image.shape[0]
    down, across = np.mgrid[0:size, 0:size] - (size - 1) / 2
    rows = []
    for angle in angles:
        at = (across * np.cos(angle) + down * np.sin(angle) + size).ravel()
        left = np.floor(at).astype(int)
        share, values = at - left, image.ravel()
        row = np.bincount(left, values * (1 - share), 2 * size) + np.bincount(
            left + 1, values * share, 2 * size
        )
        rows.append(np.convolve(row, (0.25, 0.5, 0.25), mode="same"))
    return np.stack(rows)


def _reconstructed(seen: NDArray[np.float64], angles: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Filtered back-projection, (size, size)."""
    ramp = np.abs(np.fft.fftfreq(seen.shape[1]))
    filtered = np.real(np.fft.ifft(np.fft.fft(seen, axis=1) * ramp, axis=1))
    down, across = np.mgrid[0:size, 0:size] - (size - 1) / 2
    image = np.zeros((size, size))
    for angle, row in zip(angles, filtered, strict=True):
        at = across * np.cos(angle) + down * np.sin(angle) + size
        image += np.interp(at, np.arange(row.size), row)
    return image * np.pi / len(angles)
