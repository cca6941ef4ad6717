"""Hanging protocol for head CT: which other series of a study belongs into the bone view.

The soft-kernel axial series opens by itself (``dicom.best_series``). The one thing to get wrong: a
bone-kernel stack is another series. It is shown at the same place of the same patient or not at all, and
nothing that the network found belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ichviewer.core.beside import lies_alike, shares_frame
from ichviewer.core.check_header import is_bone_kernel
from ichviewer.core.receipt import median_spacing_mm
from ichviewer.core.series import FolderContents, Series
from ichviewer.core.volume import Volume

OFFER = "bone kernel available"


@dataclass(frozen=True, eq=False)
class BoneStack:
    """The bone-kernel series of the open study, for the bone view.

    Attributes:
        volume: Its pixels.
        receipt: Its geometry in words.
    """

    volume: Volume
    receipt: str


def bone_kernel_series(contents: FolderContents | None, opened: Series) -> Series | None:
    """The bone-kernel series of the study and frame of reference of the open one; None if there is none.

    Of several the one whose spacing is nearest to that of the open series. A bone-kernel series that is open
    itself needs no other.
    """
    if contents is None or is_bone_kernel(opened.kernel, opened.description):
        return None
    fitting = [
        series
        for series in contents.series
        if series.key != opened.key
        and series.is_ai_candidate
        and series.study_instance_uid == opened.study_instance_uid
        and shares_frame(opened, series)
        and lies_alike(opened, series)
        and is_bone_kernel(series.kernel, series.description)
    ]
    wanted = median_spacing_mm(opened) or 0.0
    return min(
        fitting,
        key=lambda series: (abs((median_spacing_mm(series) or 0.0) - wanted), series.key),
        default=None,
    )
