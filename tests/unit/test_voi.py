"""VOI LUT functions as the standard defines them, and the windows that files propose."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume
from dicom_files import make_slice, ramp, save, write_stack
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_windowing
from pydicom.sequence import Sequence

from ichviewer.core.preprocessing import PreprocessingSpec
from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import Series
from ichviewer.core.slice_image import stored_slice
from ichviewer.core.viewstate import window_dragged
from ichviewer.core.windowing import BRAIN, FileWindow, VoiFunction, Window, apply_voi, apply_window
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan
from ichviewer.gui.slice_picture import grey_table

LINEAR, EXACT, SIGMOID = VoiFunction


def judged(values: NDArray[np.floating], window: Window) -> NDArray[np.floating]:
    """Grey in [0, 1] by pydicom, which scales to the range of the stored values: here 0 to 4095."""
    dataset = Dataset()
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsStored, dataset.PixelRepresentation = 12, 0
    dataset.WindowCenter, dataset.WindowWidth = window.center, window.width
    dataset.VOILUTFunction = str(window.function)
    with np.errstate(
        over="ignore"
    ):  # pydicom's SIGMOID overflows far below a narrow window, to the right value.
        return np.asarray(apply_windowing(values, dataset)) / 4095


@given(
    st.lists(st.integers(-3000, 4000), min_size=1, max_size=40),
    st.integers(-1000, 1000),
    st.integers(1, 4000),
    st.sampled_from(VoiFunction),
)
def test_every_function_is_pydicoms(
    values: list[int], center: int, width: int, function: VoiFunction
) -> None:
    """Hazard: a curve that is not the file's own shows blood in the grey of brain."""
    window = Window(center, width, function)
    hu = np.asarray(values, dtype=np.float64)
    np.testing.assert_allclose(apply_voi(hu, window), judged(hu, window), atol=1e-6)


@given(st.integers(-100, 100), st.floats(-200, 200))
def test_a_linear_window_of_width_one_is_a_threshold(center: int, value: float) -> None:
    assume(value != center - 0.5)
    grey = apply_voi(np.asarray([value, center - 0.5]), Window(center, 1, LINEAR))
    assert grey.tolist() == [float(value > center - 0.5), 0.0]


def test_linear_is_the_standards_own_example() -> None:
    """PS3.3 C.11.2.1.2.1: center 2048 and width 4096 leave 12 bits as they are."""
    values = np.arange(4096, dtype=np.float64)
    grey = apply_voi(values, Window(2048, 4096, LINEAR)) * 4095
    np.testing.assert_allclose(grey, values, atol=1e-3)


def test_sigmoid_is_the_standards_formula_and_never_overflows() -> None:
    values = np.asarray([-1e6, 0.0, 40.0, 60.0, 1e6])
    grey = apply_voi(values, Window(40, 80, SIGMOID))
    np.testing.assert_allclose(grey, [0, 1 / (1 + np.exp(2)), 0.5, 1 / (1 + np.exp(-1)), 1], atol=1e-7)


@pytest.mark.parametrize(
    ("width", "function"), [(0.5, LINEAR), (0, LINEAR), (0, EXACT), (-1, EXACT), (0, SIGMOID), (-80, SIGMOID)]
)
def test_a_width_that_the_standard_forbids_is_refused(width: float, function: VoiFunction) -> None:
    with pytest.raises(ValueError, match="HU wide"):
        Window(40, width, function)


def test_the_network_takes_no_other_function() -> None:
    """Hazard: the network would see another input than it learnt."""
    with pytest.raises(ValueError, match="LINEAR_EXACT"):
        PreprocessingSpec((Window(40, 80, SIGMOID),), 56, 0.05, 0.5, (0.5,), (0.25,))


def test_a_card_holds_center_and_width_alone() -> None:
    spec = PreprocessingSpec((BRAIN,), 56, 0.05, 0.5, (0.5,), (0.25,))
    written = json.loads(json.dumps(spec.to_dict()))
    assert written["windows"] == [{"center": 40, "width": 80}]
    assert PreprocessingSpec.from_dict(written) == spec


def test_a_drag_keeps_the_curve() -> None:
    assert window_dragged(Window(40, 80, SIGMOID), 100, 0) == Window(40, 100, SIGMOID)


def test_our_own_windows_stay_what_they_were() -> None:
    hu = np.linspace(-1100, 3000, 5000)
    np.testing.assert_array_equal(apply_voi(hu, BRAIN), apply_window(hu, BRAIN))


@pytest.mark.parametrize("function", VoiFunction)
def test_the_table_of_greys_follows_the_function(function: VoiFunction) -> None:
    volume = make_volume(slopes=[2.0] * 5, intercepts=[-1000.0] * 5)
    window = Window(40, 80, function)
    stored = np.arange(500, 600)
    expected = np.round(judged(stored * 2.0 - 1000, window) * 255)
    assert np.abs(grey_table(stored_slice(volume, 0), window, False)[stored] - expected).max() <= 1


def scanned(path: Path) -> Series:
    (series,) = scan([path], ignore_progress, CancelToken()).series
    return series


def proposed(path: Path, **attributes: object) -> tuple[FileWindow, ...]:
    return scanned(save(make_slice(**attributes), path)).slices[0].file_windows


def test_every_window_of_a_file_comes_with_its_explanation(tmp_path: Path) -> None:
    found = proposed(
        tmp_path / "one",
        WindowCenter=[40, 600, 35],
        WindowWidth=[80, 2800, 35],
        WindowCenterWidthExplanation=["BRAIN", "BONE"],
    )
    assert found == (
        FileWindow(Window(40, 80, LINEAR), "BRAIN"),
        FileWindow(Window(600, 2800, LINEAR), "BONE"),
        FileWindow(Window(35, 35, LINEAR), ""),
    )


@pytest.mark.parametrize(
    ("written", "function"),
    [(None, LINEAR), ("LINEAR", LINEAR), ("LINEAR_EXACT", EXACT), ("SIGMOID", SIGMOID)],
)
def test_the_function_of_a_file_is_linear_unless_it_says_so(
    tmp_path: Path, written: str | None, function: VoiFunction
) -> None:
    found = proposed(tmp_path / "one", WindowCenter=40, WindowWidth=80, VOILUTFunction=written)
    assert found == (FileWindow(Window(40, 80, function), ""),)


@pytest.mark.parametrize(
    "attributes",
    [
        {"WindowCenter": 40, "WindowWidth": 0},
        {"WindowCenter": 40, "WindowWidth": -80},
        {"WindowCenter": 40, "WindowWidth": 0.5},
        {"WindowCenter": 40},
        {"WindowCenter": 40, "WindowWidth": 80, "VOILUTFunction": "CUBIC"},
    ],
)
def test_a_window_that_the_standard_forbids_is_not_offered_and_it_is_said(
    tmp_path: Path, attributes: dict[str, object]
) -> None:
    """Hazard: a guessed window passes for the scanner's."""
    series = scanned(save(make_slice(**attributes), tmp_path / "one"))
    assert series.slices[0].file_windows == ()
    assert "the window in the header is not valid: not offered" in series.notes


def test_windows_belong_to_the_slice(tmp_path: Path) -> None:
    """Hazard: the first slice's window on the others, where the scanner chose another for the skull base."""
    for number, center in ((1, 30), (2, 40)):
        save(make_slice(number, WindowCenter=center, WindowWidth=80), tmp_path / str(number))
    centers = [header.file_windows[0].window.center for header in scanned(tmp_path).slices]
    assert centers == [30, 40]


@pytest.mark.parametrize("function", VoiFunction)
@pytest.mark.parametrize("width", [900, 9])
@pytest.mark.parametrize("kind", ["u2", "i2"])
def test_monochrome1_with_its_own_window_is_the_mirrored_picture(
    tmp_path: Path, function: VoiFunction, kind: str, width: int
) -> None:
    """Hazard: a window meant for values before they are inverted leaves the picture black."""
    dataset = make_slice(
        pixels=(ramp(30, 40) + 400).astype(kind),
        bits_stored=12,
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=200,
        WindowWidth=width,
        VOILUTFunction=str(function),
        RescaleSlope=2,
    )
    series = scanned(save(dataset, tmp_path / "one"))
    volume = read_volume(series, ignore_progress, CancelToken())
    (proposal,) = series.slices[0].file_windows
    shown = grey_table(stored_slice(volume, 0), proposal.window, False)[
        volume.stored_values[0].view(np.uint16)
    ]
    values = np.asarray(apply_modality_lut(dataset.pixel_array, dataset), dtype=np.float64)
    expected = 255 * (1 - judged(values, Window(200, width, function)))
    assert np.ptp(expected) > 1
    assert np.abs(shown - expected).max() <= 1


def test_a_voi_table_is_not_used_and_it_is_said(tmp_path: Path) -> None:
    table = Dataset()
    table.LUTDescriptor = [2, 0, 16]
    table["LUTDescriptor"].VR = "US"
    table.LUTData = [0, 65535]
    table["LUTData"].VR = "US"
    series = scanned(write_stack(tmp_path, 2, VOILUTSequence=Sequence([table])))
    assert "the file's VOI LUT (a table of greys) is not used: windows are" in series.notes
