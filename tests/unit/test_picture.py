"""An exported picture says which side is which, how large it is, and how its colors are to be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from builders import make_card, make_findings, make_volume

from ichviewer.core.colormap import HEAT_COLORS
from ichviewer.core.findings import SliceFinding, Subtype
from ichviewer.core.map_verdict import MapVerdict, SliceVerdicts
from ichviewer.core.volume import Volume
from ichviewer.export import picture_marks
from ichviewer.export.picture import SIDE_PX, write_heatmap_picture
from ichviewer.export.picture_marks import (
    COLOR_BAR_PX,
    LIGHT,
    color_bar,
    draw_letters,
    draw_scale_bar,
    footer,
)

CARD = make_card(full_scale=6.2)
FAILED = MapVerdict(0.0, 0.5, 0.3, 0.1)


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[int, int]]]:
    """Everything that is written, with its place."""
    written: list[tuple[str, tuple[int, int]]] = []
    draw = picture_marks.draw_text

    def remember(picture: np.ndarray, text: str, place: tuple[int, int], *size: float) -> None:
        written.append((text, place))
        draw(picture, text, place, *size)

    monkeypatch.setattr(picture_marks, "draw_text", remember)
    return written


def write(
    folder: Path, volume: Volume, verdict: MapVerdict | None = None, input_check: str = "green"
) -> np.ndarray:
    """The picture of a flagged slice, (height, width, 3), red, green, blue."""
    findings = make_findings(volume, CARD, likely=[1])
    if verdict is not None:
        key, sha = findings.series_key, findings.checkpoint_sha256
        findings = findings.with_verdicts(SliceVerdicts(key, sha, 1, (verdict,) * 6))
    path = folder / "slice.png"
    write_heatmap_picture(path, volume, findings.slices[1], Subtype.SUBDURAL, CARD, input_check)
    return np.asarray(cv2.imread(str(path)))[..., ::-1]


def colored(picture: np.ndarray) -> np.ndarray:
    """Whether each pixel of the right panel has a color."""
    panel = picture[:SIDE_PX, SIDE_PX : 2 * SIDE_PX].astype(int)
    return np.ptp(panel, axis=-1) > 40


@pytest.mark.parametrize(
    ("row_direction", "left", "right"), [((1.0, 0.0, 0.0), "R", "L"), ((-1.0, 0.0, 0.0), "L", "R")]
)
def test_letters_stand_on_their_sides(
    words: list[tuple[str, tuple[int, int]]], row_direction: tuple[float, ...], left: str, right: str
) -> None:
    """Hazard: a picture without letters, or with wrong ones, shows the bleed on the other side."""
    picture = np.zeros((100, 200, 3), np.uint8)
    draw_letters(picture, make_volume(1, row_direction=row_direction))
    by_place = sorted(words, key=lambda word: word[1][0])
    assert (by_place[0][0], by_place[-1][0]) == (left, right)
    by_height = sorted(words, key=lambda word: word[1][1])
    assert (by_height[0][0], by_height[-1][0]) == ("A", "P")


def test_letters_that_the_files_do_not_hold_are_not_written(words: list[tuple[str, tuple[int, int]]]) -> None:
    volume = make_volume(1)
    headers = tuple(replace(header, image_orientation=None) for header in volume.series.slices)
    unknown = replace(volume, series=replace(volume.series, slices=headers))
    draw_letters(np.zeros((100, 200, 3), np.uint8), unknown)
    assert words == []


@pytest.mark.parametrize(("mm_per_px", "length_mm"), [(0.45, 50), (0.12, 20), (1.0, 100)])
def test_the_scale_bar_is_as_long_as_it_says(
    words: list[tuple[str, tuple[int, int]]], mm_per_px: float, length_mm: int
) -> None:
    """Hazard: a bleed is measured on the picture with a wrong ruler."""
    picture = np.zeros((512, 512, 3), np.uint8)
    draw_scale_bar(picture, mm_per_px, is_measured=True)
    bar = np.flatnonzero((picture[-picture_marks.MARGIN_PX - 1] == LIGHT).all(axis=-1))
    assert np.ptp(bar) + 1 == round(length_mm / mm_per_px)
    assert words[0][0] == f"{length_mm} mm"


def test_without_pixel_spacing_there_is_no_scale_bar() -> None:
    picture = np.zeros((512, 512, 3), np.uint8)
    draw_scale_bar(picture, 0.5, is_measured=False)
    assert not picture.any()


def test_the_color_bar_has_the_colors_of_the_map_and_its_figures(
    words: list[tuple[str, tuple[int, int]]],
) -> None:
    strip = color_bar(400, 1.0, 14.3)
    np.testing.assert_array_equal(strip[101, 16] // 8, HEAT_COLORS[254] // 8)
    assert [text for text, _place in words] == ["0.0", "7.2", "14.3", "logit"]


def test_a_picture_has_letters_scale_colors_and_the_notice(
    words: list[tuple[str, tuple[int, int]]], tmp_path: Path
) -> None:
    picture = write(tmp_path, make_volume(3), MapVerdict(2.0, 0.1, 0.9, 0.04), "red: not a head")
    texts = [text for text, _place in words]
    assert picture.shape[1] == 2 * SIDE_PX + COLOR_BAR_PX
    assert texts.count("R") == texts.count("L") == texts.count("10 mm") == 2
    said = "; ".join(texts)
    for part in ("slice 2 of 3", "subdural 0.90", "RESEARCH USE ONLY", "INPUT CHECK RED", "one cell 5 mm"):
        assert part in said
    assert "4% of the heat outside the head; map passed" in said
    assert colored(picture).any()


def test_a_map_that_failed_is_grey_in_the_picture_too(
    words: list[tuple[str, tuple[int, int]]], tmp_path: Path
) -> None:
    """Hazard: a picture leaves the machine without the doubt that stood on the screen."""
    picture = write(tmp_path, make_volume(3), FAILED)
    assert not colored(picture).any()
    # Lines, not a veil that could be taken for blood.
    is_changed = (picture[:SIDE_PX, :SIDE_PX] != picture[:SIDE_PX, SIDE_PX : 2 * SIDE_PX]).any(axis=-1)
    assert 0 < is_changed.mean() < 0.02
    assert "map failed: the score does not need its hottest part" in "; ".join(text for text, _ in words)


def test_no_text_is_wider_than_the_picture(words: list[tuple[str, tuple[int, int]]]) -> None:
    line = "; ".join(FAILED.reasons * 4)
    band = footer((line,), 1080)
    assert all(picture_marks.text_width(text) <= 1080 - 16 for text, _place in words)
    assert "; ".join(text for text, _place in words) == line
    assert band.shape[0] == 20 * len(words) + 10


def test_the_name_of_the_patient_is_not_in_the_picture(
    words: list[tuple[str, tuple[int, int]]], tmp_path: Path
) -> None:
    write(tmp_path, make_volume(3))
    said = " ".join(text for text, _place in words)
    assert "Doe" not in said
    assert "ID-0042" not in said


def test_a_slice_without_a_map_says_so(words: list[tuple[str, tuple[int, int]]], tmp_path: Path) -> None:
    volume = make_volume(3)
    finding = make_findings(volume, CARD, likely=[1]).slices[1]
    without: SliceFinding = replace(finding, class_maps=None)
    write_heatmap_picture(tmp_path / "a.png", volume, without, Subtype.ANY, CARD, "green")
    assert "no heat map of this slice" in [text for text, _place in words]
