"""What the scanner adds to the procedural head: blur, beam hardening, noise, the head holder.

The one thing to get wrong: noise comes from the seed **and** the slice's index, so one slice made
alone equals the same slice of the whole volume.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.phantom_fields import Field

PSF_SIGMA_MM = 0.42
"""Blur of a soft kernel in the plane."""

NOISE_CUTOFF_PER_MM = 0.30
"""Spatial frequency at which the soft kernel has let the noise fall to 1/e."""


def blur(image: Field, spacing_mm: tuple[float, float]) -> Field:
    """Gaussian blur of the in-plane point spread, (rows, columns)."""
    result = image
    for axis, spacing in enumerate(spacing_mm):
        sigma = PSF_SIGMA_MM / spacing
        reach = int(np.ceil(2.5 * sigma))
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        weights /= weights.sum()
        width = [(0, 0), (0, 0)]
        width[axis] = (reach, reach)
        padded = np.pad(result, width, mode="edge")
        length = image.shape[axis]
        total = np.zeros_like(image)
        for offset, weight in enumerate(weights):
            part = padded[offset : offset + length] if axis == 0 else padded[:, offset : offset + length]
            total += np.float32(weight) * part
        result = total
    return result


def noise(
    generator: np.random.Generator, shape: tuple[int, int], spacing_mm: tuple[float, float], sigma_hu: float
) -> Field:
    """Noise as filtered back-projection leaves it: ramp times soft kernel, plus some of long waves.

    Args:
        generator: Source of randomness.
        shape: (rows, columns).
        spacing_mm: (between rows, between columns).
        sigma_hu: Standard deviation.
    """
    spectrum = np.fft.rfft2(generator.standard_normal(shape, dtype=np.float32))
    down = np.fft.fftfreq(shape[0], spacing_mm[0])[:, None]
    across = np.fft.rfftfreq(shape[1], spacing_mm[1])[None, :]
    frequency = np.hypot(down, across)
    power = (frequency + 0.05) * np.exp(-((frequency / NOISE_CUTOFF_PER_MM) ** 2))
    values = np.fft.irfft2(spectrum * np.sqrt(power), s=shape)
    return np.asarray(values * (sigma_hu / values.std()), dtype=np.float32)


def noise_level(vault: Field, z_mm: float) -> Field:
    """Factor on the noise: most in the middle of the head and between the dense bones of the base."""
    inside = np.clip(-vault / 65.0, 0, 1)
    low = 0.45 * float(np.clip((22 - z_mm) / 25, 0, 1))
    return np.asarray((0.68 + 0.36 * inside) * (1 + low), dtype=np.float32)


def beam_hardening(inside: Field, x: Field, y: Field, z: Field) -> Field:
    """Cupping under the skull and the dark bar between the petrous bones, HU to add."""
    cupping = 3.0 * np.exp(np.minimum(inside, 0) / 7.0)
    bar = -9.0 * np.exp(-0.5 * ((y - 9) / 5) ** 2 - 0.5 * ((z - 2) / 6) ** 2 - (np.abs(x) / 34) ** 4)
    streak = -4.0 * np.exp(-0.5 * ((y + 26 - 0.5 * np.abs(x)) / 5) ** 2 - 0.5 * ((z - 6) / 5) ** 2)
    return np.asarray((cupping + bar + streak) * (inside < 0), dtype=np.float32)


def paint_holder(
    hu: Field, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64], spacing_mm: tuple[float, float]
) -> None:
    """Head holder: a thin curved shell behind the head, with foam inside; in place.

    Args:
        hu: (rows, columns); the holder is painted into air only.
        x_mm: (columns,), to the left, around the holder's middle.
        y_mm: (rows,), to the back.
        spacing_mm: (between rows, between columns).
    """
    radius = np.hypot(x_mm[None, :], (y_mm[:, None] + 12) * 0.95)
    edge = 1.5 * max(spacing_mm)
    shell = np.clip(0.5 - (np.abs(radius - 119) - 1.3) / edge, 0, 1) * (y_mm[:, None] > 48)
    foam = np.clip(0.5 - (np.abs(radius - 112) - 5.0) / edge, 0, 1) * (y_mm[:, None] > 58)
    is_air = hu < -900
    hu[...] = np.where(is_air, np.maximum(hu, -1000 + 1020 * shell), hu)
    hu[...] = np.where(is_air, np.maximum(hu, -1000 + 35 * foam), hu)
