"""Run as a program: draws the triptych at the pixel ratio of QT_SCALE_FACTOR and compares the screen.

Prints, for each view, how many device pixels differ from the picture that was rendered for it, apart from
those under text; and the device pixel ratio.
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

from ichviewer.core.camera import Camera
from ichviewer.core.slice_image import stored_slice
from ichviewer.core.views import TRIPTYCH_VIEWS, View
from ichviewer.core.viewstate import OverlayText, ViewState, opened
from ichviewer.gui.slice_picture import grey_table, render_picture
from ichviewer.gui.store import Store
from ichviewer.gui.view_grid import ViewGrid

BORDER = 40
"""Device pixels around each view that may hold text or the frame."""


def pixels(image: QImage) -> NDArray[np.uint32]:
    """(height, width), 0xFFRRGGBB."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    lines = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return lines[:, : image.width()].copy()


def main() -> None:
    """Three views of uneven width, so that at 1.25 they begin between two device pixels."""
    QApplication(sys.argv[:1])
    noise = np.random.default_rng(0).integers(0, 80, (1, 96, 96)).astype(np.int16)
    volume = make_volume(hu=noise)
    state = replace(
        opened(ViewState(), volume, ""),
        overlay_text=OverlayText.OFF,
        cameras=(Camera(1.3, (1.1, -0.7)),) * len(View),
    )
    triptych = ViewGrid(Store(state))
    triptych.resize(603, 301)
    triptych.show()
    QApplication.processEvents()
    screen, ratio = pixels(triptych.grab().toImage()), triptych.devicePixelRatioF()
    differing = []
    for index in TRIPTYCH_VIEWS:
        view = triptych.views[index]
        placement = view.placement()
        assert placement is not None
        table = grey_table(stored_slice(volume, 0), state.windows[index], False)
        picture = render_picture(stored_slice(volume, 0), table, placement)
        left = round(view.x() * ratio) + placement.across.picture_start
        top = round(view.y() * ratio) + placement.down.picture_start
        first = max(round(view.x() * ratio), left) + BORDER
        last = min(round((view.x() + view.width()) * ratio), left + picture.shape[1]) - BORDER
        rows = slice(max(0, top) + BORDER, min(screen.shape[0], top + picture.shape[0]) - BORDER)
        shown = screen[rows, first:last]
        wanted = picture[rows.start - top : rows.stop - top, first - left : last - left]
        differing.append(int((shown != wanted).sum()) if shown.size > 10000 else -1)
    print(json.dumps({"ratio": ratio, "differing": differing}))


if __name__ == "__main__":
    main()
