"""Overlay text: what it says in each state, and that it fits."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from builders import make_card, make_findings, make_volume
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from ichviewer.core.findings import Subtype
from ichviewer.core.geometry import Gap
from ichviewer.core.series import PatientText
from ichviewer.core.slice_image import stored_slice
from ichviewer.core.views import View
from ichviewer.core.viewstate import OverlayText, ViewState, WindowOrigin, opened
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import BRAIN, FileWindow, VoiFunction, Window
from ichviewer.gui.heat_choice import NOTHING, heat_to_show
from ichviewer.gui.heatmap_panel import heatmap_note
from ichviewer.gui.overlay import Overlay, cursor_text, overlay_of, side_letters, window_text
from ichviewer.gui.overlay_layout import TextSizes, lay_out
from ichviewer.gui.overlay_painter import overlay_font_px
from ichviewer.gui.theme import interface_font

LONG_NAME = PatientText(
    "Mustermann-Langenname^Maximiliane Eleonore Friederike", "ID-0042-0815-4711", "", "F", "067Y"
)


def state_of(volume: Volume, **changes: object) -> ViewState:
    return replace(opened(ViewState(), volume, ""), **changes)


def letters_of(volume: Volume) -> tuple[str, str, str, str]:
    return side_letters(opened(ViewState(), volume, ""), View.BRAIN)


def cursor_at(volume: Volume, row: int, column: int) -> str:
    return cursor_text(stored_slice(volume, 0), volume.series, row, column)


def overlay(state: ViewState, view_index: int = 0, cursor: str = "") -> Overlay:
    return overlay_of(state, View(view_index), heat_to_show(state), cursor)


@pytest.mark.parametrize("text", list(OverlayText))
@pytest.mark.parametrize("view_index", [0, 1, 2])
def test_every_view_says_research_use_only(text: OverlayText, view_index: int) -> None:
    """Hazard: a picture of the window is taken for that of a medical device."""
    assert "RESEARCH USE ONLY" in overlay(state_of(make_volume(), overlay_text=text), view_index).texts
    assert (
        "RESEARCH USE ONLY" in overlay_of(ViewState(overlay_text=text), View(view_index), NOTHING, "").texts
    )


def test_full_text_names_patient_study_series_and_slice() -> None:
    texts = overlay(state_of(make_volume(5, patient=LONG_NAME), slice_index=3)).texts
    wanted = [
        "ID-0042-0815-4711",
        "F 067Y",
        "2024-01-31",
        "HEAD 5 mm",
        "slice 4 of 5",
        "image 104",
        "5 mm thick",
    ]
    assert not set(wanted) - set(texts)
    assert "Mustermann-Langenname, Maximiliane Eleonore Friederike" in texts
    assert "z +15.0 mm" in texts


def test_anonymous_text_holds_nothing_that_names_the_patient() -> None:
    """Hazard: a screenshot meant to be anonymous carries a name, an ID or a date."""
    texts = overlay(state_of(make_volume(patient=LONG_NAME), overlay_text=OverlayText.ANONYMOUS)).texts
    everything = " ".join(texts)
    assert not [secret for secret in ("Muster", "0042", "2024", "067Y") if secret in everything]
    assert "slice 3 of 5" in texts


def test_text_off_leaves_notice_and_letters() -> None:
    shown = overlay(state_of(make_volume(), overlay_text=OverlayText.OFF), cursor="HU 63")
    assert shown == Overlay(letters=("R", "L", "A", "P"))


def with_unknown(volume: Volume, *attributes: str) -> Volume:
    """The volume as it is where its files lack some attributes; its geometry is for the screen alone."""
    headers = tuple(replace(header, **dict.fromkeys(attributes)) for header in volume.series.slices)
    return replace(volume, series=replace(volume.series, geometry=None, slices=headers))


def test_what_the_files_do_not_say_is_not_written_over_the_picture() -> None:
    """Hazard: a side, a position or a length that was made up is read as measured."""
    volume = with_unknown(make_volume(), "image_position_mm", "image_orientation", "pixel_spacing_mm")
    shown = overlay(state_of(volume))
    assert shown.letters == ("", "", "", "")
    assert not shown.has_scale_bar
    assert not [text for text in shown.texts if text.startswith(("z ", "position "))]
    assert overlay(state_of(volume, overlay_text=OverlayText.OFF)).letters == ("", "", "", "")


def test_without_pixel_spacing_letters_and_position_stay() -> None:
    coronal = make_volume(row_direction=(1, 0, 0), column_direction=(0, 0, -1))
    shown = overlay(state_of(with_unknown(coronal, "pixel_spacing_mm"), slice_index=1))
    assert shown.letters == ("R", "L", "H", "F")
    assert "position +5.0 mm" in shown.texts
    assert not shown.has_scale_bar


def test_without_pixel_spacing_a_cell_of_the_heat_map_has_no_size_in_mm() -> None:
    card, volume = make_card(), with_unknown(make_volume(), "pixel_spacing_mm")
    findings = make_findings(volume, card, likely=range(5))
    state = state_of(volume, findings=findings, model_card=card, shows_heatmap=True)
    assert "cell size unknown" in overlay(state).texts
    assert heatmap_note(state) == "size of a cell unknown; map not checked yet"


def test_letters_of_an_axial_head_have_its_right_on_the_left_of_the_screen() -> None:
    """Hazard: a bleed is reported on the wrong side."""
    assert letters_of(make_volume()) == ("R", "L", "A", "P")


@pytest.mark.parametrize(
    ("row_direction", "column_direction", "letters"),
    [
        ((-1, 0, 0), (0, 1, 0), ("L", "R", "A", "P")),
        ((1, 0, 0), (0, -1, 0), ("R", "L", "P", "A")),
        ((0, 1, 0), (1, 0, 0), ("A", "P", "R", "L")),
        ((1, 0, 0), (0, 0, -1), ("R", "L", "H", "F")),
        ((0, 1, 0), (0, 0, -1), ("A", "P", "H", "F")),
        ((1, 0, 0), (0, 0.9487, -0.3162), ("R", "L", "AH", "PF")),
    ],
)
def test_letters_follow_the_direction_cosines(
    row_direction: tuple[float, ...], column_direction: tuple[float, ...], letters: tuple[str, ...]
) -> None:
    """Hazard: letters fixed to the screen contradict the image."""
    assert letters_of(make_volume(row_direction=row_direction, column_direction=column_direction)) == letters


def test_the_window_is_named_or_called_custom() -> None:
    head, curve = Window(36, 81, VoiFunction.LINEAR), Window(37, 90, VoiFunction.SIGMOID)
    header = replace(
        make_volume().series.slices[0], file_windows=(FileWindow(head, "Head"), FileWindow(curve, ""))
    )
    texts = [window_text(window, header) for window in (BRAIN, head, curve, Window(-12.4, 97.6))]
    assert texts == ["BRAIN 40/80", "HEAD 36/81", "FILE SIGMOID 37/90", "CUSTOM −12/98"]


def test_a_window_that_nobody_customized_is_not_called_custom() -> None:
    """Hazard: a reader takes the window for a colleague's choice and leaves it."""
    header = make_volume().series.slices[0]
    window = Window(335, 1353)
    assert window_text(window, header, WindowOrigin(is_automatic=True)) == "AUTO 335/1353"
    assert window_text(window, header, WindowOrigin(header_item=0)) == "KEPT 335/1353"


def test_inverted_lossy_and_assumed_units_are_marked() -> None:
    """Hazard: an inverted or lossy picture is taken for the original."""
    marked = overlay(state_of(make_volume(is_lossy=True, hu_claim="assumed"), is_inverted=True)).texts
    assert {"INVERTED", "LOSSY", "HU assumed"} <= set(marked)
    assert not {"INVERTED", "LOSSY", "HU claimed"} & set(overlay(state_of(make_volume())).texts)


def test_values_under_the_cursor_claim_hounsfield_units_only_where_the_files_do() -> None:
    texts = [cursor_at(make_volume(hu_claim=c), 32, 32) for c in ("claimed", "assumed", "not claimed")]
    assert texts == ["HU 35", "value 35 (HU assumed)", "value 35 (HU not claimed)"]
    assert cursor_at(make_volume(), 0, 0) == "HU −1000"
    assert cursor_at(make_volume(), 0, 64) == ""


def test_heat_map_text_stands_in_the_view() -> None:
    volume, card = make_volume(), make_card()
    state = state_of(volume, model_card=card, shows_heatmap=True, heatmap_subtype=Subtype.SUBDURAL)
    hot = overlay(replace(state, findings=make_findings(volume, card, likely=[2])))
    cold = overlay(replace(state, findings=make_findings(volume, card)))
    assert {"HEAT MAP subdural", "full color = logit 6.2", "cell 5 mm"} <= set(hot.texts)
    assert "below threshold: not colored" in cold.texts
    assert ["color bar" in {str(line.kind) for line in o.top_left} for o in (hot, cold)] == [True, False]


@pytest.mark.parametrize(
    "size", [(160, 160), (240, 500), (300, 300), (317, 800), (533, 800), (1200, 300), (1900, 1000)]
)
@pytest.mark.parametrize("family", ["DejaVu Sans", "DejaVu Serif"])
def test_nothing_overlaps_or_is_cut_off_and_the_middle_is_free(
    qapp: QApplication, size: tuple[float, float], family: str
) -> None:
    """Hazard: text over the middle of the head hides what is to be read."""
    tilted = {"column_direction": (0, 0.9487, -0.3162), "row_direction": (0.9487, 0.3162, 0)}
    volume = make_volume(
        patient=LONG_NAME, is_lossy=True, hu_claim="not claimed", description="W" * 64, **tilted
    )
    card = make_card()
    state = state_of(
        volume,
        model_card=card,
        findings=make_findings(volume, card),
        shows_heatmap=True,
        heatmap_below_threshold=True,
        heatmap_subtype=Subtype.INTRAPARENCHYMAL,
        is_inverted=True,
        windows=(Window(-1234.5, 4321), BRAIN, BRAIN),
    )
    sizes = TextSizes(interface_font(QFont(family), overlay_font_px(size[0])))
    layout = lay_out(overlay(state, cursor="value −1000 (HU not claimed)"), *size, 0.5, sizes)
    rects = [line.rect for line in layout.lines]
    if layout.scale_bar is not None:
        x, y, length = layout.scale_bar
        rects.append(QRectF(x, y - 4, length, 8))
    view = QRectF(0, 0, *size)
    assert all(view.contains(rect) for rect in rects)
    assert not [(a, b) for a, b in combinations(rects, 2) if a.adjusted(0.1, 0.1, -0.1, -0.1).intersects(b)]
    middle = QRectF(size[0] * 0.25, size[1] * 0.3, size[0] * 0.5, size[1] * 0.4)
    assert not [rect for rect in rects if rect.intersects(middle)]
    assert "RESEARCH USE ONLY" in [line.text for line in layout.lines]
    for line in layout.lines:
        assert line.kind == "color bar" or line.rect.width() >= sizes.width(line.text, line.kind)


@pytest.mark.parametrize("window", [Window(600, 2800), Window(40, 120), Window(-1234.5, 4321)])
@pytest.mark.parametrize("width", [226, 300])
def test_words_go_before_a_number_is_cut(qapp: QApplication, window: Window, width: int) -> None:
    """Hazard: a window of 600/2... or a position of +61... is read as what is left of it."""
    tilted = {"column_direction": (0, 0.9487, -0.3162), "row_direction": (0.9487, 0.3162, 0)}
    volume = make_volume(patient=LONG_NAME, hu_claim="not claimed", **tilted)
    sizes = TextSizes(interface_font(QFont("DejaVu Sans"), overlay_font_px(width)))
    state = state_of(volume, windows=(window, BRAIN, BRAIN), slice_index=4)
    layout = lay_out(overlay(state, cursor="value −1000 (HU not claimed)"), width, 650, 0.5, sizes)
    cut = [line.text for line in layout.lines if "…" in line.text]
    assert not [text for text in cut if text[:4] not in ("Must", "ID-0", "HEAD")]
    texts = " ".join(line.text for line in layout.lines)
    assert f"{round(window.center)}/{round(window.width)}".replace("-", "−") in texts
    assert "5 mm" in texts
    assert "5 of 5" in texts


def test_a_missing_slice_is_marked_on_both_slices_beside_it() -> None:
    """Hazard: two slices are read as neighbors, and the one between them was never seen."""
    volume = make_volume()
    volume = replace(volume, series=replace(volume.series, gaps=(Gap(1, 1.24),)))
    found = {
        index: [text for text in overlay(state_of(volume, slice_index=index)).texts if "missing" in text]
        for index in range(4)
    }
    assert found == {
        0: [],
        1: ["missing slice above? 1.24 mm"],
        2: ["missing slice below? 1.24 mm"],
        3: [],
    }


def test_the_posterior_fossa_has_one_short_name() -> None:
    (line,) = overlay(state_of(make_volume(), windows=(Window(40, 120), BRAIN, BRAIN))).top_left
    assert (line.text, line.shorter[0]) == ("POSTERIOR FOSSA 40/120", "FOSSA 40/120")


def test_the_scale_bar_is_as_long_as_it_says(qapp: QApplication) -> None:
    """Hazard: a midline shift is judged against a wrong bar."""
    sizes = TextSizes(interface_font(QFont()))
    for mm_per_px in (0.05, 0.3, 0.5, 1.7):
        layout = lay_out(overlay(state_of(make_volume())), 500, 500, mm_per_px, sizes)
        assert layout.scale_bar is not None
        labels = [line.text for line in layout.lines if line.text.endswith(" mm") and line.text[0].isdigit()]
        assert f"{layout.scale_bar[2] * mm_per_px:.0f} mm" in labels


def test_an_inverted_view_says_so_with_all_other_text_off() -> None:
    """Hazard: blood that is dark because the view is inverted is read as old blood."""
    state = state_of(make_volume(), overlay_text=OverlayText.OFF, is_inverted=True)
    assert "INVERTED" in overlay(state).texts
