"""The picture of a slice: what is grey, where it lies, what survives, where heat may be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from builders import head_hu, make_card, make_findings, make_volume
from numpy.typing import NDArray

from ichviewer.core.camera import Camera, Turn
from ichviewer.core.head import head_mask
from ichviewer.core.slice_image import stored_slice
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BONE, BRAIN, SUBDURAL, Window, apply_window
from ichviewer.gui.heat_choice import heat_to_show
from ichviewer.gui.heat_layer import heat_levels, inner_head
from ichviewer.gui.placement import AxisPlacement, Placement, place_picture
from ichviewer.gui.slice_picture import grey_table, heat_table, in_view, render_picture, resampled

TURNS = [Turn(quarters, mirrored) for quarters in range(4) for mirrored in (False, True)]


def grey(picture: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Grey of a picture without heat, in which red, green and blue agree."""
    blue = (picture & 0xFF).astype(np.int64)
    assert np.array_equal(blue, (picture >> 8 & 0xFF).astype(np.int64))
    assert np.array_equal(blue, (picture >> 16 & 0xFF).astype(np.int64))
    return blue


def placed(
    volume: Volume, view_px: tuple[int, int], zoom: float = 1.0, pan_mm: tuple[float, float] = (0.0, 0.0)
) -> Placement:
    return place_picture(volume.shape, volume.geometry.pixel_spacing_mm, view_px, Camera(zoom, pan_mm))


def plain(volume: Volume, placement: Placement, window: Window = BRAIN) -> NDArray[np.uint32]:
    return render_picture(
        stored_slice(volume, 0), grey_table(stored_slice(volume, 0), window, False), placement
    )


@pytest.mark.parametrize("window", [BRAIN, SUBDURAL, BONE, Window(-30.5, 7)])
@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (1.0, -1024.0), (2.0002, -1000.0)])
def test_at_one_to_one_the_picture_is_the_window_of_core(
    window: Window, slope: float, intercept: float
) -> None:
    """Hazard: a bleed of 60 HU is shown at another grey than the window says."""
    hu = np.random.default_rng(0).integers(-1000, 2000, (1, 64, 64)).astype(np.int16)
    volume = make_volume(hu=hu, slopes=[slope], intercepts=[intercept])
    picture = plain(volume, placed(volume, (64, 64)), window)
    wanted = apply_window(volume.hu(0), window) * 255
    assert picture.shape == (64, 64)
    assert np.abs(grey(picture) - wanted).max() <= 1


def test_slope_and_intercept_are_those_of_the_slice() -> None:
    """Hazard: scanners change the intercept within a series; one slice would be black or white."""
    volume = make_volume(2, 32, 32, slopes=[1, 2], intercepts=[-1024, -500])
    tables = [grey_table(stored_slice(volume, index), BRAIN, False) for index in (0, 1)]
    pictures = [render_picture(stored_slice(volume, i), tables[i], placed(volume, (32, 32))) for i in (0, 1)]
    assert np.abs(grey(pictures[0]) - grey(pictures[1])).max() <= 4  # 1 HU is 3 levels at a width of 80


def test_inverted_is_the_complement() -> None:
    volume = make_volume(1)
    assert np.array_equal(
        grey_table(stored_slice(volume, 0), BRAIN, True),
        255 - grey_table(stored_slice(volume, 0), BRAIN, False),
    )


def test_pixels_without_measurement_are_black_in_every_window_and_inverted() -> None:
    volume = make_volume(1)
    padded = Volume(**{**volume.__dict__, "paddings": ((-2000, -1999),)})
    for window in (BRAIN, Window(-2000, 100)):
        for is_inverted in (False, True):
            table = grey_table(stored_slice(padded, 0), window, is_inverted)
            assert set(table[np.array([-2000, -1999], dtype=np.int16).view(np.uint16)]) == {0}
            assert table[np.array([-1998], dtype=np.int16).view(np.uint16)] == (
                0 if window == BRAIN and not is_inverted else pytest.approx(255, abs=135)
            )


def test_unsigned_stored_values_above_32767_stay_bright() -> None:
    volume = make_volume(1, 8, 8)
    unsigned = Volume(**{**volume.__dict__, "stored_values": np.full((1, 8, 8), 40000, dtype=np.uint16)})
    assert grey(plain(unsigned, placed(unsigned, (8, 8)))).min() == 255


@pytest.mark.parametrize("spacing", [(0.5, 0.5), (0.8, 0.4), (0.4, 0.7)])
@pytest.mark.parametrize("zoom", [0.6, 1.0, 1.37, 3.0, 5.0])
@pytest.mark.parametrize("pan_mm", [(0.0, 0.0), (-2.3, 1.9)])
def test_a_marked_pixel_lies_where_zoom_and_pan_put_it(
    spacing: tuple[float, float], zoom: float, pan_mm: tuple[float, float]
) -> None:
    """Hazard: the cursor reads, or a measurement is taken, beside what the eye sees."""
    row, column, view = 27, 35, (333, 401)
    hu = np.full((60, 64), 0, dtype=np.int16)
    hu[row, column] = 80
    volume = make_volume(1, hu=hu, pixel_spacing_mm=spacing)
    placement = placed(volume, view, zoom, pan_mm)
    mm_per_px = max(64 * spacing[1] / view[0], 60 * spacing[0] / view[1]) / zoom
    wanted_x = view[0] / 2 + pan_mm[0] / mm_per_px + (column + 0.5 - 32) * spacing[1] / mm_per_px
    wanted_y = view[1] / 2 + pan_mm[1] / mm_per_px + (row + 0.5 - 30) * spacing[0] / mm_per_px
    bright = grey(plain(volume, placement)).astype(float)
    ys, xs = np.mgrid[: bright.shape[0], : bright.shape[1]] + 0.5
    found_x = (bright * xs).sum() / bright.sum() + placement.across.picture_start
    found_y = (bright * ys).sum() / bright.sum() + placement.down.picture_start
    assert (found_x, found_y) == (pytest.approx(wanted_x, abs=0.6), pytest.approx(wanted_y, abs=0.6))
    assert placement.pixel_at(found_x, found_y) == (row, column)


@pytest.mark.parametrize("turn", TURNS, ids=str)
@pytest.mark.parametrize("spacing", [(0.5, 0.5), (0.8, 0.4)])
def test_a_turned_picture_carries_its_pixels_to_where_the_placement_says(
    turn: Turn, spacing: tuple[float, float]
) -> None:
    """Hazard: after a flip the cursor reads, or a ruler measures, another place than the eye sees."""
    row, column = 22, 38
    hu = np.full((60, 64), 0, dtype=np.int16)
    hu[row, column] = 80
    image = stored_slice(make_volume(1, hu=hu, pixel_spacing_mm=spacing), 0)
    placement = place_picture(image.shape, spacing, (333, 401), Camera(1.7, (3.0, -2.0), turn))
    bright = grey(render_picture(image, grey_table(image, BRAIN, False), placement)).astype(float)
    ys, xs = np.mgrid[: bright.shape[0], : bright.shape[1]] + 0.5
    found_x = (bright * xs).sum() / bright.sum() + placement.across.picture_start
    found_y = (bright * ys).sum() / bright.sum() + placement.down.picture_start
    assert placement.pixel_at(found_x, found_y) == (row, column)
    assert placement.screen_point(column + 0.5, row + 0.5) == pytest.approx((found_x, found_y), abs=0.6)


def test_only_what_is_in_view_is_rendered() -> None:
    volume = make_volume(1, 512, 512)
    picture = plain(volume, placed(volume, (300, 300), zoom=16.0))
    assert max(picture.shape) < 300 + 5 * 16


def test_a_slice_panned_out_of_view_is_not_in_view() -> None:
    volume = make_volume(1)
    assert not placed(volume, (100, 100), pan_mm=(1000.0, 0.0)).is_in_view
    assert placed(volume, (100, 100), pan_mm=(10.0, 0.0)).is_in_view


@pytest.mark.parametrize("ratio", [1.0, 1.25, 2.0])
@pytest.mark.parametrize("zoom", [0.25, 0.4, 0.62, 0.75, 1.0, 1.3, 2.0, 5.0])
def test_a_line_one_pixel_wide_survives_every_zoom_and_pixel_ratio(ratio: float, zoom: float) -> None:
    """Hazard: a thin subdural bleed disappears between the pixels that are picked (nearest neighbor)."""
    side = round(390 * ratio)
    rise = 60 / 80 * 255
    for column in range(240, 272):
        hu = np.full((64, 512), 10, dtype=np.int16)
        hu[:, column] += 60
        volume = make_volume(1, hu=hu)
        placement = placed(volume, (side, side), zoom)
        middle = grey(plain(volume, placement))
        above = (middle[middle.shape[0] // 2] - round(10 / 80 * 255)).clip(0)
        share = min(placement.across.scale, 1.0)
        assert above.max() >= 0.45 * rise * share
        assert above.sum() == pytest.approx(rise * placement.across.scale, rel=0.15)


@pytest.mark.parametrize("zoom", [0.3, 0.7, 1.0, 2.9, 8.0])
def test_heat_is_never_drawn_outside_the_head(zoom: float) -> None:
    """Hazard: color in the air around the head, where no tissue can have caused it."""
    volume = make_volume(1, hu=head_hu(128, 128))
    card = make_card()
    hot_everywhere = make_findings(volume, card, likely=[0], cells=1)
    state = ViewState(findings=hot_everywhere, model_card=card, shows_heatmap=True)
    heatmap = heat_to_show(opened_with(state, volume)).heatmap
    assert heatmap is not None
    placement = placed(volume, (301, 287), zoom)
    levels = heat_levels(heatmap, inner_head(head_mask(volume.measured_hu(0))))
    heat = resampled(np.ascontiguousarray(in_view(levels, placement)), placement)
    table = grey_table(stored_slice(volume, 0), BRAIN, False)
    warm = render_picture(stored_slice(volume, 0), table, placement, heat, heat_table(1.0))
    changed = np.argwhere(warm != render_picture(stored_slice(volume, 0), table, placement))
    assert len(changed) > 100 * zoom
    head = head_mask(volume.hu(0))
    for y, x in changed:
        rows, columns = covered(placement, x, y)
        assert head[rows, columns].any()


def opened_with(state: ViewState, volume: Volume) -> ViewState:
    """*state* with the volume open, its findings kept."""
    fresh = opened(state, volume, "")
    return ViewState(
        **{**fresh.__dict__, "findings": state.findings, "heatmap_subtype": state.heatmap_subtype}
    )


def index_at(axis: AxisPlacement, device_px: float) -> int:
    return math.floor((device_px - axis.start) / axis.scale)


def covered(placement: Placement, x: int, y: int) -> tuple[slice, slice]:
    """Rows and columns that lie under one pixel of the picture."""
    across, down = placement.across, placement.down
    left, top = across.picture_start + x, down.picture_start + y
    edge = 1 - 1e-6
    return (
        slice(index_at(down, top), index_at(down, top + edge) + 1),
        slice(index_at(across, left), index_at(across, left + edge) + 1),
    )


def test_no_heat_leaves_every_grey_as_it_is() -> None:
    """Hazard: a cold map changes the look of brain tissue."""
    colors = heat_table(0.9)
    assert np.array_equal(colors[:256] & 0xFF, np.arange(256))
    assert np.array_equal(colors[:256] >> 16 & 0xFF, np.arange(256))


def test_color_grows_with_heat() -> None:
    colors = heat_table(0.5).reshape(256, 256)[:, 110]
    distance = np.abs((colors >> 16 & 0xFF).astype(int) - 110) + np.abs((colors & 0xFF).astype(int) - 110)
    assert distance[0] == 0
    assert distance[255] > 60
