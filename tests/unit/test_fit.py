"""What fills a view at zoom 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import make_volume

from ichviewer.core.fit import fit_bounds_mm, fit_shift_mm, fit_size_mm
from ichviewer.core.views import View
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.core.volume import Volume


@pytest.fixture
def volume() -> Volume:
    """A head of 40 x 60 mm in the upper left of a large image of air."""
    hu = np.full((5, 200, 200), -1000, dtype=np.int16)
    hu[:, 20:80, 30:70] = 40
    return make_volume(hu=hu, pixel_spacing_mm=(1.0, 1.0))


def test_the_head_with_a_margin_fills_the_view(volume: Volume) -> None:
    state = replace(opened(ViewState(), volume, ""), fits_head=True)
    width, height = fit_size_mm(state, View.BRAIN, volume)
    assert width == pytest.approx(40 * 1.12, abs=8)
    assert height == pytest.approx(60 * 1.12, abs=8)
    right, down = fit_shift_mm(state, View.BRAIN, volume)
    assert (right, down) == (pytest.approx(99.5 - 49.5, abs=4), pytest.approx(99.5 - 49.5, abs=4))


def test_the_whole_image_fills_the_view_when_it_is_asked_for_and_where_no_head_is_seen(
    volume: Volume,
) -> None:
    state = opened(ViewState(), volume, "")
    air = make_volume(hu=np.full((3, 50, 60), -1000, np.int16), pixel_spacing_mm=(1.0, 1.0))
    for each, image, size in (
        (state, volume, (200.0, 200.0)),
        (replace(opened(ViewState(), air, ""), fits_head=True), air, (60.0, 50.0)),
    ):
        assert fit_size_mm(each, View.BRAIN, image) == pytest.approx(size)
        assert fit_shift_mm(each, View.BRAIN, image) == pytest.approx((0.0, 0.0))


def test_all_views_that_are_alike_in_size_have_one_scale_or_a_smaller_one(volume: Volume) -> None:
    """Hazard: a hematoma looks larger on the coronal plane than on the slice beside it."""
    state = replace(opened(ViewState(), volume, ""), fits_head=True)
    triptych = {fit_size_mm(state, view, volume) for view in (View.BRAIN, View.SUBDURAL, View.BONE)}
    assert len(triptych) == 1
    coronal, sagittal = (fit_size_mm(state, view, volume) for view in (View.CORONAL, View.SAGITTAL))
    assert coronal == sagittal
    low, high = fit_bounds_mm(state, volume)
    assert coronal[0] >= max(high[0] - low[0], high[1] - low[1])
