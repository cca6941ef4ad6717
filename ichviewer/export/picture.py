"""A slice as a PNG: plain beside the same with its heat map, never the heat map alone.

Pictures are anonymous: no name, no date, no UID in the pixels. A map that failed its check has grey lines
only, as on the screen, and the picture says why.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ichviewer.atomic_file import write_atomically
from ichviewer.core.colormap import DOUBTED_COLORS, blend_heat
from ichviewer.core.contour import CONTOUR_LEVELS, contour_segments
from ichviewer.core.errors import ExportError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.findings import NOTICE, SUBTYPES, SliceFinding, Subtype
from ichviewer.core.head import head_mask
from ichviewer.core.heatmap import Heatmap, closed_form_heatmap, heat_on_slice, place_on_slice
from ichviewer.core.input_check import CheckLevel
from ichviewer.core.map_verdict import verdict_text
from ichviewer.core.model_card import ModelCard
from ichviewer.core.self_doubt import share_outside
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BRAIN, apply_window
from ichviewer.export.picture_marks import color_bar, draw_letters, draw_scale_bar, footer

OPACITY = 0.5
SIDE_PX = 512


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
    is_doubted = heatmap is not None and heatmap.verdict is not None and not heatmap.verdict.has_passed
    spacing = volume.geometry.pixel_spacing_mm
    plain = _enlarged(np.repeat(grey[..., None], 3, axis=2), spacing)
    if heatmap is None:
        explained = plain.copy()
    elif is_doubted:
        explained = _with_grey_lines(plain.copy(), heatmap, hu)
    else:
        explained = _enlarged(blend_heat(grey, heat_on_slice(heatmap, hu), OPACITY), spacing)
    panels = [plain, explained]
    for panel in panels:
        draw_letters(panel, volume)
        draw_scale_bar(panel, hu.shape[1] * spacing[1] / panel.shape[1], volume.series.is_measured)
    full_scale = card.labels[SUBTYPES.index(subtype)].heatmap_full_scale
    bar = color_bar(plain.shape[0], OPACITY, full_scale)
    # A map without color has no scale of colors.
    both = np.hstack([*panels, np.zeros_like(bar) if is_doubted else bar])
    lines = (_slice_text(volume, finding, subtype, input_check), _heat_text(heatmap, hu, volume))
    _write_png(path, np.vstack([both, footer(lines, both.shape[1])]))


def _slice_text(volume: Volume, finding: SliceFinding, subtype: Subtype, input_check: str) -> str:
    """What is shown, and the notices that stand on every export."""
    probability = finding.probability(subtype)
    score = "-" if probability is None else f"{probability:.2f}"
    text = f"slice {finding.slice_index + 1} of {volume.slice_count}; {subtype} {score}; {NOTICE.upper()}"
    if input_check.startswith(CheckLevel.RED):
        text += "; INPUT CHECK RED"
    if volume.series.repair:
        text += "; VALUES REPAIRED"
    return text


def _heat_text(heatmap: Heatmap | None, hu: NDArray[np.floating], volume: Volume) -> str:
    """How the map is to be read, and whether it may be believed."""
    if heatmap is None:
        return "no heat map of this slice"
    placed = place_on_slice(heatmap.values, heatmap.framing, (hu.shape[0], hu.shape[1]))
    outside = (
        share_outside(placed, head_mask(hu)) if heatmap.verdict is None else heatmap.verdict.share_outside
    )
    cell = f"one cell {heatmap.cell_mm:.0f} mm" if volume.series.is_measured else "size of a cell unknown"
    check = verdict_text(heatmap.verdict)
    return f"{heatmap.method}; {cell}; {outside:.0%} of the heat outside the head; map {check}"


def _with_grey_lines(
    panel: NDArray[np.uint8], heatmap: Heatmap, hu: NDArray[np.floating]
) -> NDArray[np.uint8]:
    """Lines of equal heat inside the head, on an enlarged slice."""
    placed, head = place_on_slice(heatmap.values, heatmap.framing, (hu.shape[0], hu.shape[1])), head_mask(hu)
    kept = head[:-1, :-1] & head[1:, :-1] & head[:-1, 1:] & head[1:, 1:]
    px_per_pixel = panel.shape[1] / hu.shape[1], panel.shape[0] / hu.shape[0]
    for level in CONTOUR_LEVELS:
        for ends in (contour_segments(placed, level, kept) * px_per_pixel - 0.5).round().astype(int).tolist():
            cv2.line(panel, ends[0], ends[1], DOUBTED_COLORS[-1].tolist(), 1, cv2.LINE_AA)
    return panel


def _enlarged(picture: NDArray[np.uint8], spacing_mm: tuple[float, float]) -> NDArray[np.uint8]:
    """Picture in millimetres: non-square pixels are made square, the longer side is SIDE_PX."""
    height, width = picture.shape[0] * spacing_mm[0], picture.shape[1] * spacing_mm[1]
    scale = SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _write_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    is_encoded, content = cv2.imencode(".png", rgb[..., ::-1])
    if not is_encoded:
        raise ExportError(f"{path}: the picture could not be encoded.")
    write_picture_file(path, content.tobytes())


def write_picture_file(path: Path, png: bytes) -> None:
    """Write a picture that is a PNG already; its folder is made if it is not there.

    Raises:
        ExportError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, png)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {why_not_written(error)}.") from error
