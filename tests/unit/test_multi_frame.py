"""Enhanced, legacy-converted and plain multi-frame files (PS3.3 C.7.6.16): one slice per frame, in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_files import make_slice, save, write_slice
from enhanced_files import SHARED, Group, at, frame_pixels, make_enhanced
from pydicom.dataset import Dataset

from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import Series, Verdict
from ichviewer.core.volume import Volume
from ichviewer.core.windowing import FileWindow, VoiFunction, Window
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan

LEGACY_CONVERTED_CT = "1.2.840.10008.5.1.4.1.1.2.2"
MULTI_FRAME_WORD_CAPTURE = "1.2.840.10008.5.1.4.1.1.7.3"


def all_series(*paths: Path) -> tuple[Series, ...]:
    return scan(paths, ignore_progress, CancelToken()).series


def only(dataset: Dataset, folder: Path) -> Series:
    (series,) = all_series(save(dataset, folder / "multi"))
    return series


def read(series: Series) -> Volume:
    return read_volume(series, ignore_progress, CancelToken())


def heights(series: Series) -> list[float]:
    return [header.image_position_mm[2] for header in series.slices if header.image_position_mm]


def without(groups: Group, name: str) -> Group:
    return {keyword: values for keyword, values in groups.items() if keyword != name}


@pytest.mark.parametrize("storage_class", ["1.2.840.10008.5.1.4.1.1.2.1", LEGACY_CONVERTED_CT])
def test_frames_may_come_in_any_order(tmp_path: Path, storage_class: str) -> None:
    """Hazard: frames shown in the order of the file put a bleed at the wrong height."""
    order = [15.0, 0.0, 10.0, 5.0]
    series = only(make_enhanced([at(height) for height in order], SOPClassUID=storage_class), tmp_path)
    assert heights(series) == sorted(order)
    assert [header.frame_number for header in series.slices] == [2, 4, 3, 1]
    assert (series.hu, series.is_ai_candidate, series.gaps) == ("claimed", True, ())
    pixels = frame_pixels(4)
    np.testing.assert_array_equal(read(series).stored_values, pixels[[1, 3, 2, 0]])


@pytest.mark.parametrize("name", list(SHARED))
def test_a_group_may_be_shared_or_stand_in_every_frame(tmp_path: Path, name: str) -> None:
    """Hazard: values missed where another scanner writes them: no spacing, no Hounsfield units."""
    shared = only(make_enhanced([at(0), at(5)]), tmp_path / "shared")
    own = [{**at(height), name: SHARED[name]} for height in (0, 5)]
    apart = only(make_enhanced(own, without(SHARED, name)), tmp_path / "own")
    for one, other in zip(shared.slices, apart.slices, strict=True):
        assert (one.pixel_spacing_mm, one.thickness_mm) == (other.pixel_spacing_mm, other.thickness_mm)
        assert (one.slope, one.intercept) == (other.slope, other.intercept)
        assert one.image_orientation == other.image_orientation
    assert (apart.hu, apart.orientation, apart.is_ai_candidate) == ("claimed", "axial", True)


def test_a_frames_own_value_counts_before_the_shared_one(tmp_path: Path) -> None:
    """Hazard: one frame's Hounsfield units computed with the others' slope."""
    values = {"RescaleSlope": 2, "RescaleIntercept": -900, "RescaleType": "HU"}
    series = only(make_enhanced([at(0), at(5, PixelValueTransformationSequence=values)]), tmp_path)
    volume = read(series)
    pixels = frame_pixels(2).astype(np.float32)
    np.testing.assert_array_equal(volume.hu(0), pixels[0] - 1000)
    np.testing.assert_array_equal(volume.hu(1), pixels[1] * 2 - 900)


@pytest.mark.parametrize(
    ("own", "claim", "is_candidate"),
    [
        ({"CTImageFrameTypeSequence": {"FrameType": ["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"]}}, 0, False),
        ({"CTImageFrameTypeSequence": {"FrameType": ["DERIVED", "PRIMARY", "VOLUME", "MPR"]}}, 0, False),
        (
            {"CTImageFrameTypeSequence": {"FrameType": ["ORIGINAL", "PRIMARY", "VOLUME", "MAT_REMOVED"]}},
            0,
            True,
        ),
        (
            {
                "PixelValueTransformationSequence": {
                    "RescaleSlope": 1,
                    "RescaleIntercept": 0,
                    "RescaleType": "US",
                }
            },
            0,
            True,
        ),
        ({}, 1, True),
    ],
)
def test_the_claim_follows_the_frames_own_type(
    tmp_path: Path, own: Group, claim: int, is_candidate: bool
) -> None:
    """Hazard: a reformat or a material map inside a multi-frame file is taken for Hounsfield units."""
    series = only(make_enhanced([{**at(height), **own} for height in (0, 5)]), tmp_path)
    assert series.hu == ("not claimed", "claimed")[claim]
    assert series.is_ai_candidate == is_candidate


def test_reformats_within_a_file_are_split_from_its_originals(tmp_path: Path) -> None:
    """Hazard: a derived slice among the originals."""
    derived = {"FrameType": ["DERIVED", "SECONDARY", "VOLUME", "MPR"]}
    frames = [at(0), at(2.5, CTImageFrameTypeSequence=derived), at(5), at(10)]
    found = all_series(save(make_enhanced(frames), tmp_path / "multi"))
    assert [(len(series.slices), series.kind) for series in found] == [(3, "original"), (1, "derived")]


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("StackID", "stack ID"),
        ("TemporalPositionIndex", "temporal position"),
        ("FrameAcquisitionNumber", "acquisition number"),
    ],
)
def test_stacks_at_the_same_positions_in_one_file_are_split(
    tmp_path: Path, attribute: str, name: str
) -> None:
    """Hazard: two passes, before and after contrast, mixed slice by slice."""
    frames = [
        at(height, FrameContentSequence={attribute: str(part) if attribute == "StackID" else part})
        for height in (0, 5, 10)
        for part in (1, 2)
    ]
    found = all_series(save(make_enhanced(frames), tmp_path / "multi"))
    assert [[header.frame_number for header in series.slices] for series in found] == [[1, 3, 5], [2, 4, 6]]
    assert f"the series holds 2 stacks at the same positions, split by {name}" in found[0].notes


def test_frames_at_the_same_positions_are_split_by_their_time(tmp_path: Path) -> None:
    frames = [
        at(height, FrameContentSequence={"FrameAcquisitionDateTime": f"202401311{part}00{index:02d}.5"})
        for part in (0, 1)
        for index, height in enumerate((0, 5, 10))
    ]
    found = all_series(save(make_enhanced(frames), tmp_path / "multi"))
    assert [[header.frame_number for header in series.slices] for series in found] == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    "sequence",
    ["CTReconstructionSequence", "UnassignedPerFrameConvertedAttributesSequence"],
)
def test_two_kernels_in_one_file_are_split(tmp_path: Path, sequence: str) -> None:
    """Hazard: soft and sharp slices in turns look like changing tissue."""
    frames = [
        at(height, **{sequence: {"ConvolutionKernel": kernel}})
        for height in (0, 5, 10)
        for kernel in ("H31s", "H70h")
    ]
    found = all_series(save(make_enhanced(frames, SOPClassUID=LEGACY_CONVERTED_CT), tmp_path / "multi"))
    assert sorted((series.kernel, len(series.slices)) for series in found) == [("H31s", 3), ("H70h", 3)]


def test_the_parts_of_a_concatenation_make_one_stack(tmp_path: Path) -> None:
    """Hazard: half a head under the name of the whole (PS3.3 C.7.6.16.2.2.4)."""
    for number, places in ((1, (0, 10, 20)), (2, (5, 15, 25))):
        part = make_enhanced([at(place) for place in places], number=number, ConcatenationUID="1.2.3.4")
        part.InConcatenationNumber = number
        save(part, tmp_path / f"part{number}")
    (series,) = all_series(tmp_path)
    assert heights(series) == [0, 5, 10, 15, 20, 25]
    assert (series.gaps, series.duplicates) == ((), 0)


def test_multi_frame_and_single_slices_of_one_series_make_one_stack(tmp_path: Path) -> None:
    save(
        make_enhanced([at(0), at(10)], {**SHARED, "PixelMeasuresSequence": {"PixelSpacing": [0.5, 0.5]}}),
        tmp_path / "multi",
    )
    write_slice(tmp_path / "single", 9, position=(0, 0, 5))
    (series,) = all_series(tmp_path)
    assert [header.frame_number for header in series.slices] == [1, None, 2]


def test_windows_belong_to_the_frame(tmp_path: Path) -> None:
    """Hazard: the window of one frame on another."""
    own = {"WindowCenter": [35, 600], "WindowWidth": [70, 2000], "WindowCenterWidthExplanation": ["A", "B"]}
    shared = {"WindowCenter": 40, "WindowWidth": 80, "VOILUTFunction": "SIGMOID"}
    dataset = make_enhanced(
        [at(0), at(5, FrameVOILUTSequence=own)], {**SHARED, "FrameVOILUTSequence": shared}
    )
    series = only(dataset, tmp_path)
    assert series.slices[0].file_windows == (FileWindow(Window(40, 80, VoiFunction.SIGMOID), ""),)
    assert series.slices[1].file_windows == (
        FileWindow(Window(35, 70, VoiFunction.LINEAR), "A"),
        FileWindow(Window(600, 2000, VoiFunction.LINEAR), "B"),
    )


def test_a_window_of_a_frame_that_is_no_number_is_no_window(tmp_path: Path) -> None:
    own = {"WindowCenter": 7.25, "WindowWidth": 80}
    path = save(make_enhanced([at(0, FrameVOILUTSequence=own), at(5)]), tmp_path / "multi")
    path.write_bytes(path.read_bytes().replace(b"7.25", b"x.yz"))
    (series,) = all_series(path)
    assert [header.file_windows for header in series.slices] == [(), ()]


def test_a_multi_frame_capture_is_listed_and_kept_from_the_network(tmp_path: Path) -> None:
    """Hazard: pictures of pictures among the slices."""
    pixels = frame_pixels(3)
    dataset = make_slice(
        pixels=pixels[0],
        SOPClassUID=MULTI_FRAME_WORD_CAPTURE,
        NumberOfFrames=3,
        ImageType=["DERIVED", "SECONDARY"],
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
    )
    dataset.PixelData = pixels.tobytes()
    series = only(dataset, tmp_path)
    assert (series.kind, series.hu, series.is_ai_candidate) == ("capture", "not claimed", False)
    assert [header.frame_number for header in series.slices] == [1, 2, 3]
    np.testing.assert_array_equal(read(series).stored_values, pixels)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"NumberOfFrames": 3}, "3 frames are declared, 2 are described"),
        ({"NumberOfFrames": 1}, "1 frames are declared, 2 are described"),
        ({"NumberOfFrames": None}, "no frames are declared, 2 are described"),
        ({"NumberOfFrames": 0}, "0 frames are declared, 2 are described"),
        ({"NumberOfFrames": -1}, "-1 frames are declared"),
        ({"NumberOfFrames": 99999}, "99999 frames are declared"),
    ],
)
def test_a_number_of_frames_that_cannot_be_is_damage(
    tmp_path: Path, attributes: dict[str, Any], reason: str | None
) -> None:
    save(make_enhanced([at(0), at(5)], **attributes), tmp_path / "multi")
    (file,) = scan([tmp_path], ignore_progress, CancelToken()).files
    assert (file.verdict is Verdict.DAMAGED) == (reason is not None)
    assert file.reason == (reason or "")


def test_a_number_of_frames_that_is_none_is_damage(tmp_path: Path) -> None:
    """Hazard: the first of many slices shown as all that the file holds."""
    path = save(make_enhanced([at(0), at(5)], NumberOfFrames="77"), tmp_path / "multi")
    path.write_bytes(path.read_bytes().replace(b"IS\x02\x0077", b"IS\x02\x00??"))
    contents = scan([tmp_path], ignore_progress, CancelToken())
    assert [file.reason for file in contents.files] == ["its Number of Frames is not a number (??)"]
    assert contents.series == ()


@pytest.mark.parametrize(("times", "is_damaged"), [(1, False), (2, True), (3, True)])
@pytest.mark.parametrize("shape", [(12, 16), (1, 1)])
def test_more_pixels_than_declared_are_damage(
    tmp_path: Path, shape: tuple[int, int], times: int, is_damaged: bool
) -> None:
    """Hazard: slices in a file that nobody is told of, because it declares fewer than it holds."""
    dataset = make_slice(pixels=np.zeros(shape, np.uint8))
    dataset.PixelData = b"\0" * (times * shape[0] * shape[1] + times * shape[0] * shape[1] % 2)
    is_odd = shape == (1, 1) and times == 2
    save(dataset, tmp_path / "one")
    (file,) = scan([tmp_path], ignore_progress, CancelToken()).files
    # Of two bytes for one pixel the second is padding.
    assert (file.verdict is Verdict.DAMAGED) == (is_damaged and not is_odd)
    assert file.reason.startswith("more pixels than declared") == (file.verdict is Verdict.DAMAGED)


def test_frames_without_positions_keep_their_order_and_it_is_said(tmp_path: Path) -> None:
    series = only(make_enhanced([{}, {}, {}]), tmp_path)
    assert [header.frame_number for header in series.slices] == [1, 2, 3]
    assert series.sorted_by == "instance number"
    assert (series.geometry, series.is_ai_candidate) == (None, False)
