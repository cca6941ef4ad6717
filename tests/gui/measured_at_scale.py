"""Run as a program: draws measurements at the pixel ratio of QT_SCALE_FACTOR and looks where they lie.

Two spots of a black slice are bright. The picture without measurements says where they are on the screen; a
ruler between them and an ellipse in their box must lie there too, in each of the eight turns, at two zooms.
Prints what was not found, and the device pixel ratio.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builders import make_volume
from measuring_mouse import TURNS

from ichviewer.core.camera import Camera
from ichviewer.core.measurement import MeasurementKind
from ichviewer.core.measurement_editing import drawn
from ichviewer.core.measuring import with_measurement, with_selection
from ichviewer.core.views import View
from ichviewer.core.viewstate import OverlayText, ViewState, opened
from ichviewer.gui.heat_layer import HeatLayer
from ichviewer.gui.measurement_layer import MeasurementLayer
from ichviewer.gui.overlay_painter import OverlayPainter
from ichviewer.gui.slice_view import SliceView
from ichviewer.gui.store import Store

MARKED = ((25, 28), (41, 37))
"""(column, row) of the middle of each bright spot."""

FARTHEST_PX = 1.5
"""Device pixels between where a line is drawn and where it should be: it is 1.5 Qt pixels thick."""

Colors = NDArray[np.int64]


def grabbed(view: SliceView) -> Colors:
    """(height, width, 3) in device pixels."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(np.int64)


def centers_of_marks(colors: Colors) -> NDArray[np.float64]:
    """Middles of the two white patches, (2, 2) as (x, y), the left one first; letters are grey."""
    y, x = np.nonzero(colors.min(axis=2) > 230)
    is_left = x < (x.min() + x.max()) / 2
    return np.array([[x[side].mean() + 0.5, y[side].mean() + 0.5] for side in (is_left, ~is_left)])


def is_drawn(colors: Colors, place: NDArray[np.float64], ratio: float) -> bool:
    """Whether a line of measurements passes a place, device pixels: green over black."""
    reach = FARTHEST_PX * ratio
    left, top = (max(0, int(edge - reach - 1)) for edge in place)
    part = colors[top : top + int(2 * reach) + 4, left : left + int(2 * reach) + 4]
    y, x = np.mgrid[0 : part.shape[0], 0 : part.shape[1]] + 0.5
    near = np.hypot(left + x - place[0], top + y - place[1]) <= reach
    return bool((part[near][:, 1] > part[near][:, 0] + 40).any())


def misses(view: SliceView, store: Store, camera: Camera, ratio: float) -> list[str]:
    """What does not lie on the marked pixels, in words."""
    plain = replace(store.state, cameras=(camera,) * len(View))
    store.set(plain)
    marks = centers_of_marks(grabbed(view))
    volume = plain.volume
    assert volume is not None
    points = [volume.frame.pixel_to_mm(0, row, column) for column, row in MARKED]
    middle, half = marks.mean(axis=0), np.abs(marks[1] - marks[0]) / 2
    angles = np.radians(np.arange(0, 360, 30))
    wanted = {
        MeasurementKind.RULER: [marks[0] + share * (marks[1] - marks[0]) for share in np.linspace(0, 1, 9)],
        MeasurementKind.ELLIPSE: [middle + half * (np.cos(a), np.sin(a)) for a in angles],
    }
    # Beside the ruler, and in the ellipse: nothing.
    across = np.array([marks[0, 1] - marks[1, 1], marks[1, 0] - marks[0, 0]])
    beside = middle + across / np.linalg.norm(across) * 8 * ratio
    found = []
    for kind, places in wanted.items():
        store.set(with_selection(with_measurement(plain, drawn(kind, points, 0)), None))
        colors = grabbed(view)
        found += [f"{kind} not at {place.round(1)}" for place in places if not is_drawn(colors, place, ratio)]
        if is_drawn(colors, beside, ratio):
            found.append(f"{kind} at {beside.round(1)}")
    return found


def main() -> None:
    """All turns and zooms."""
    QApplication(sys.argv[:1])
    hu = np.full((3, 64, 64), -1000, np.int16)
    for column, row in MARKED:
        hu[0, row - 1 : row + 2, column - 1 : column + 2] = 3000
    volume = make_volume(hu=hu, pixel_spacing_mm=(0.5, 0.8))
    plain = replace(opened(ViewState(), volume, ""), overlay_text=OverlayText.OFF, slice_index=0)
    store = Store(plain)
    view = SliceView(store, View.BRAIN, HeatLayer(), OverlayPainter(), MeasurementLayer())
    view.resize(603, 501)
    view.show()
    QApplication.processEvents()
    ratio = view.devicePixelRatioF()
    found = []
    for turn in TURNS:
        for zoom, pan_mm in ((1.0, (0.0, 0.0)), (1.9, (1.3, -2.1))):
            store.set(plain)
            words = misses(view, store, Camera(zoom, pan_mm, turn), ratio)
            found += [f"{turn} zoom {zoom}: {each}" for each in words]
    print(json.dumps({"ratio": ratio, "misses": found}))


if __name__ == "__main__":
    main()
