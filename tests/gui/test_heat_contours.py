"""Lines of equal heat lie on their heat at every zoom, turn and pixel ratio."""

from __future__ import annotations

import numpy as np
import pytest
from builders import head_hu
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from ichviewer.core.camera import Camera, Turn
from ichviewer.core.colormap import DOUBTED_COLORS, HEAT_COLORS
from ichviewer.core.findings import Subtype
from ichviewer.core.head import head_mask
from ichviewer.core.heatmap import Heatmap, place_on_slice
from ichviewer.core.preprocessing import Framing
from ichviewer.gui.heat_contours import OUTLINE_PX, HeatContour, draw_contours, heat_contours
from ichviewer.gui.placement import Placement, place_picture

SIZE = 128
HEAD = head_mask(head_hu(SIZE, SIZE)).astype(np.uint8)


def heatmap_of(values: np.ndarray) -> Heatmap:
    framing = Framing(0, 0, SIZE, SIZE)
    return Heatmap(Subtype.ANY, 0, values.astype(np.float32), framing, 9.0, "made up", "ab" * 32)


def sloping() -> Heatmap:
    """Heat that rises from column to column, so that each line stands upright at a known column."""
    return heatmap_of(np.array([[0.0, 1.0], [0.0, 1.0]]))


def rise(level: float) -> float:
    """Column at which ``sloping`` reaches a level."""
    return SIZE * (0.25 + 0.5 * level)


def painted(contours: tuple[HeatContour, ...], placement: Placement, view: tuple[int, int], ratio: float):
    """(x, y, red, green, blue) of everything that is painted, in device pixels."""

    def to_screen(columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = placement.screen_point(columns, rows)
        return x / ratio, y / ratio

    image = QImage(round(view[0] * ratio), round(view[1] * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    draw_contours(painter, contours, to_screen)
    painter.end()
    pixels = np.asarray(image.constBits()).reshape(image.height(), image.width(), 4)[..., 2::-1].astype(int)
    y, x = np.nonzero((pixels != 255).any(axis=-1))
    return x, y, pixels[y, x]


def test_lines_lie_where_the_heat_has_their_level() -> None:
    for contour in heat_contours(sloping(), HEAD, HEAT_COLORS):
        np.testing.assert_allclose(contour.segments[..., 0], rise(contour.level), atol=0.05)
        assert contour.color == tuple(HEAT_COLORS[round(contour.level * 255)].tolist())


def test_no_line_leaves_the_head() -> None:
    contours = heat_contours(sloping(), HEAD, HEAT_COLORS)
    for contour in contours:
        column, row = contour.segments.reshape(-1, 2).T
        assert HEAD[np.floor(row).astype(int), np.floor(column).astype(int)].all()
        # Nor does it end long before the edge of the head.
        inside = np.flatnonzero(HEAD[:, int(rise(contour.level))])
        assert row.max() - row.min() > len(inside) - 10


def test_no_line_runs_along_the_edge_of_the_head() -> None:
    """Hazard: a closed line at the skull says that the heat ends there, where it was only cut off."""
    hot_everywhere = heatmap_of(np.full((7, 7), 2.0))
    assert [len(contour.segments) for contour in heat_contours(hot_everywhere, HEAD, HEAT_COLORS)] == [
        0,
        0,
        0,
    ]


def test_lines_are_no_finer_than_the_cells() -> None:
    """A single hot cell of 7 x 7 is one closed line, about as wide as the cell, and not a ragged one."""
    values = np.zeros((7, 7))
    values[3, 3] = 1.0
    heatmap = heatmap_of(values)
    middle = heat_contours(heatmap, HEAD, HEAT_COLORS)[1]
    column, row = middle.segments.reshape(-1, 2).T
    assert np.ptp(column) == pytest.approx(SIZE / 7, abs=1)
    placed = place_on_slice(heatmap.values, heatmap.framing, (SIZE, SIZE))
    on_line = placed[np.floor(row).astype(int), np.floor(column).astype(int)]
    np.testing.assert_allclose(on_line, 0.5, atol=0.06)


def test_the_lines_of_a_doubted_map_are_grey() -> None:
    for contour in heat_contours(sloping(), HEAD, DOUBTED_COLORS):
        assert len(set(contour.color)) == 1


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("zoom", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("turn", [Turn(), Turn(1), Turn(2, is_mirrored=True), Turn(3)])
def test_lines_stay_on_the_anatomy_and_keep_their_thickness(
    qtbot: QtBot, ratio: float, zoom: float, turn: Turn
) -> None:
    """Hazard: lines that do not turn with the picture show the bleed on the wrong side."""
    view = (240, 200)
    view_px = round(view[0] * ratio), round(view[1] * ratio)
    placement = place_picture((SIZE, SIZE), (0.5, 0.5), view_px, Camera(zoom=zoom, turn=turn))
    contours = heat_contours(sloping(), HEAD, HEAT_COLORS)
    x, y, colors = painted(contours, placement, view, ratio)
    assert len(x)
    column, _row = placement.picture_point(x + 0.5, y + 0.5)
    at = np.array([rise(contour.level) for contour in contours])
    distance_px = np.abs(column[:, None] - at).min(axis=1) * placement.across.scale / ratio
    assert distance_px.max() <= OUTLINE_PX / 2 + 1
    # The middle of each line has its own color, not its neighbor's.
    for contour in contours:
        is_near = np.abs(column - rise(contour.level)) * placement.across.scale / ratio < 0.3
        if zoom >= 1 and is_near.any():
            assert np.abs(colors[is_near] - contour.color).max(axis=1).min() < 60
