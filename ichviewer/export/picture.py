"""A slice as a PNG: plain beside the same with its heat map, never the heat map alone.

Pictures are anonymous: no name, no date, no UID in the pixels.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from ichviewer.core.colormap import blend_heat
from ichviewer.core.errors import ExportError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.findings import SliceFinding, Subtype
from ichviewer.core.heatmap import closed_form_heatmap, heat_on_slice
from ichviewer.core.input_check import CheckLevel
from ichviewer.core.model_card import ModelCard
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BRAIN, apply_window

OPACITY = 0.5
SIDE_PX = 512
FOOTER_PX = 28


def write_heatmap_picture(
    path: Path, volume: Volume, finding: SliceFinding, subtype: Subtype, card: ModelCard, input_check: str
) -> None:
    """Write a slice in the brain window, plain on the left and with the label's heat map on the right.

    Args:
        path: PNG file; its folder is made if it is not there.
        volume: The stack; that its values were repaired is written on the picture.
        finding: A scored slice.
        subtype: Whose heat map.
        card: The checkpoint's card, for the fixed scale.
        input_check: Level, with or without reasons; red is written on the picture.

    Raises:
        ExportError: The file cannot be written.
    """
    hu = volume.measured_hu(finding.slice_index)
    grey = np.round(apply_window(hu, BRAIN) * 255).astype(np.uint8)
    heatmap = closed_form_heatmap(finding, subtype, card, volume.geometry.pixel_spacing_mm)
    heat = np.zeros(hu.shape, np.float32) if heatmap is None else heat_on_slice(heatmap, hu)
    plain = np.repeat(grey[..., None], 3, axis=2)
    spacing = volume.geometry.pixel_spacing_mm
    both = np.hstack([_enlarged(plain, spacing), _enlarged(blend_heat(grey, heat, OPACITY), spacing)])
    probability = finding.probability(subtype)
    score = "-" if probability is None else f"{probability:.2f}"
    text = f"slice {finding.slice_index + 1} of {volume.slice_count}   {subtype} {score}   RESEARCH USE ONLY"
    if input_check.startswith(CheckLevel.RED):
        text += "   INPUT CHECK RED"
    if volume.series.repair:
        text += "   VALUES REPAIRED"
    _write_png(path, _with_footer(both, text))


def _enlarged(picture: NDArray[np.uint8], spacing_mm: tuple[float, float]) -> NDArray[np.uint8]:
    """Picture in millimetres: non-square pixels are made square, the longer side is SIDE_PX."""
    height, width = picture.shape[0] * spacing_mm[0], picture.shape[1] * spacing_mm[1]
    scale = SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _with_footer(picture: NDArray[np.uint8], text: str) -> NDArray[np.uint8]:
    footer = np.zeros((FOOTER_PX, picture.shape[1], 3), np.uint8)
    cv2.putText(footer, text, (8, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (214, 216, 219), 1, cv2.LINE_AA)
    return np.vstack([picture, footer])


def _write_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    is_encoded, content = cv2.imencode(".png", rgb[..., ::-1])
    if not is_encoded:
        raise ExportError(f"{path}: the picture could not be encoded.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.tobytes())
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {why_not_written(error)}.") from error
