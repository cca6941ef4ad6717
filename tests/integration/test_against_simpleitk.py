"""Single files, ours against SimpleITK's reader (GDCM): values, position, directions, spacing, spatial order.

Only its reader of single files is a judge: its series reader ignores shear and overestimates spacing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from dicom_files import make_slice, ramp, save
from found_files import pydicom_files, shared_files

from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import Series
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan


@pytest.fixture(scope="module", autouse=True)
def quiet_itk() -> Iterator[None]:
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    yield
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(True)


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder() as decoder:
        decoder.start()
        yield decoder


def by_simpleitk(path: Path) -> SimpleITK.Image | None:
    """The image of one file of one frame and one sample per pixel; None where SimpleITK cannot read it."""
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        image = reader.Execute()
    except RuntimeError:
        return None
    is_one_slice = image.GetDimension() == 3 and image.GetSize()[2] == 1
    return image if is_one_slice and image.GetNumberOfComponentsPerPixel() == 1 else None


def only(path: Path) -> Series | None:
    found = scan([path], ignore_progress, CancelToken()).series
    return found[0] if len(found) == 1 and len(found[0].slices) == 1 else None


def check_file(path: Path, decoder: SliceDecoder) -> bool:
    """Compare one file; whether there was something to compare."""
    series = only(path)
    image = by_simpleitk(path) if series is not None else None
    if series is None or image is None or series.slices[0].pixels is None:
        return False
    pixels = series.slices[0].pixels
    # SimpleITK leaves MONOCHROME1 as it is stored, and passes over a Modality LUT.
    if pixels.samples != 1 or pixels.photometric == "MONOCHROME1" or pixels.modality_lut is not None:
        return False
    volume = read_volume(series, ignore_progress, CancelToken(), decoder)
    expected = series.in_plane.to_canonical(SimpleITK.GetArrayFromImage(image)[0].astype(np.float64))
    tolerance = abs(series.slices[0].slope or 1.0) if series.is_lossy or _is_lossy(series) else 1e-3
    assert np.abs(volume.hu(0) - expected).max() <= tolerance, path
    if series.geometry is not None:
        compare_geometry(volume, image)
    return True


def _is_lossy(series: Series) -> bool:
    return series.transfer_syntaxes[0].endswith(("4.50", "4.51", "4.53", "4.55", "4.81", "4.91"))


def compare_geometry(volume: Volume, image: SimpleITK.Image) -> None:
    """Patient coordinates of the four corners of the stored image."""
    columns, rows, _ = image.GetSize()
    for row in (0, rows - 1):
        for column in (0, columns - 1):
            expected = image.TransformIndexToPhysicalPoint((column, row, 0))
            found = next(
                volume.geometry.point_mm(0, y, x)
                for y in (0, volume.shape[0] - 1)
                for x in (0, volume.shape[1] - 1)
                if volume.series.in_plane.to_stored_index(y, x, volume.shape) == (row, column)
            )
            np.testing.assert_allclose(found, expected, atol=0.02)


FILES = pydicom_files()


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}-{path.name}" for path in FILES])
def test_a_file_of_pydicoms_reads_as_simpleitk_reads_it(path: Path, decoder: SliceDecoder) -> None:
    """Hazard: a value or a place in the patient that is not the file's."""
    check_file(path, decoder)


@pytest.mark.needs_shared_data
def test_every_real_file_reads_as_simpleitk_reads_it(shared_data: Path, decoder: SliceDecoder) -> None:
    """Hazard: a value or a place in the patient that is not the file's."""
    compared = [path for path in shared_files() if check_file(path, decoder)]
    assert len(compared) >= 28 + 46 + 32 + 24 + 20


@pytest.mark.parametrize(
    "cosines",
    [
        (1, 0, 0, 0, 1, 0),
        (-1, 0, 0, 0, 1, 0),
        (0, 1, 0, 1, 0, 0),
        (1, 0, 0, 0, 0, -1),
        (0, 0.6, 0.8, 1, 0, 0),
    ],
)
@pytest.mark.parametrize("kind", ["i2", "u2", "u1"])
def test_a_generated_file_reads_as_simpleitk_reads_it(
    tmp_path: Path, cosines: tuple[float, ...], kind: str, decoder: SliceDecoder
) -> None:
    """Hazard: left and right exchanged for a file stored another way round."""
    dataset = make_slice(
        pixels=ramp().astype(kind),
        position=(-10.5, 20.25, 300),
        ImageOrientationPatient=list(cosines),
        PixelSpacing=[0.5, 0.25],
        RescaleSlope=2,
    )
    assert check_file(save(dataset, tmp_path / "one"), decoder)
