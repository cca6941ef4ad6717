"""A region grown in the demo head by the way that the window takes: state, session, controller, thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from builders import make_volume
from pytestqt.qtbot import QtBot

from ichviewer.controller import Controller
from ichviewer.core.growing import region_wanted
from ichviewer.core.measurement_values import measure
from ichviewer.core.phantom import demo_spec, make_phantom
from ichviewer.core.plane import triple
from ichviewer.core.viewstate import ViewState, opened
from ichviewer.gui.store import Store
from ichviewer.resources import resource_path
from ichviewer.session.measuring import Measuring


def test_a_bleed_of_the_demo_head_is_found_and_its_volume_is_plausible(qtbot: QtBot, tmp_path: Path) -> None:
    """Hazard: a region runs out into the skull or the whole brain and is still given as a volume."""
    phantom = make_phantom(replace(demo_spec(), slice_count=34, rows=128, columns=128))
    geometry = phantom.geometry
    volume = make_volume(hu=phantom.hu, pixel_spacing_mm=geometry.pixel_spacing_mm)
    volume = replace(volume, geometry=geometry, series=replace(volume.series, geometry=geometry))
    state = opened(ViewState(), volume, "")
    index = state.slice_index
    hu = volume.hu(index)
    row, column = np.unravel_index(
        np.argmax(cv2.blur(((hu > 55) & (hu < 95)).astype(np.float32), (5, 5))), hu.shape
    )
    store = Store(state)
    controller = Controller(resource_path("checkpoints/ichviewer_mobilenet_v2.json"), "cpu", tmp_path)
    measuring = Measuring(store, controller)
    seed = triple(volume.frame.pixel_to_mm(index, float(row), float(column)))
    store.update(lambda state: region_wanted(state, seed, index))
    qtbot.waitUntil(lambda: store.state.growth.wanted is None, timeout=30000)
    measuring.close()
    controller.close()
    (region,) = store.state.work.measurements.items
    values = measure(region, volume)
    assert values.volume_ml is not None
    assert 1.0 < values.volume_ml < 30.0
    assert values.statistics is not None
    assert 50.0 < values.statistics.mean < 85.0
    assert region.region is not None
    assert region.region.mask(index)[row, column]
