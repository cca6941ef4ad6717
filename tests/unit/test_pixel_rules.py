"""Stored values to Hounsfield units, held against pydicom's own functions, and who may claim them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from dicom_files import make_slice, save
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import FileVerdict, Series, Verdict
from ichviewer.core.volume import Volume
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read import read_volume
from ichviewer.dicom.scan import scan

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
ENHANCED, LEGACY = "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"
FILE_NUMBERS = count()


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder(child_count=1) as decoder:
        yield decoder


def only(path: Path) -> Series:
    (series,) = scan([path], ignore_progress, CancelToken()).series
    return series


def only_file(path: Path) -> FileVerdict:
    (file,) = scan([path], ignore_progress, CancelToken()).files
    return file


def read(path: Path) -> Volume:
    return read_volume(only(path), ignore_progress, CancelToken())


@st.composite
def layouts(draw: st.DrawFn) -> tuple[str, int]:
    """Type of the pixels and Bits Stored."""
    kind = draw(st.sampled_from(("i1", "u1", "i2", "u2")))
    allocated = 8 * int(kind[1])
    return kind, draw(st.integers(allocated // 2 + 1, allocated))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    layout=layouts(),
    syntax=st.sampled_from(SYNTAXES),
    slope=st.sampled_from((1, 2, 0.5, 2.0002442, 32.1216, -1)),
    intercept=st.sampled_from((0, -1024, -8192, 12.5)),
    seed=st.integers(0, 1000),
)
def test_hounsfield_units_of_every_layout_are_pydicoms(
    tmp_path: Path, layout: tuple[str, int], syntax: str, slope: float, intercept: float, seed: int
) -> None:
    """Hazard: a sign, a byte order or a slope missed turns brain into air or metal."""
    kind, bits = layout
    low, high = (-(1 << (bits - 1)), 1 << (bits - 1)) if kind[0] == "i" else (0, 1 << bits)
    pixels = np.random.default_rng(seed).integers(low, high, (6, 7)).astype(kind)
    pixels[0, :2] = low, high - 1
    dataset = make_slice(
        pixels=pixels, syntax=syntax, bits_stored=bits, RescaleSlope=slope, RescaleIntercept=intercept
    )
    path = save(dataset, tmp_path / f"{next(FILE_NUMBERS)}")
    volume, written = read(path), dcmread(path)
    np.testing.assert_array_equal(volume.stored_values[0], pixels)
    assert volume.stored_values.dtype.isnative
    np.testing.assert_allclose(
        volume.hu(0), apply_modality_lut(written.pixel_array, written), rtol=1e-6, atol=1e-3
    )


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
@pytest.mark.parametrize("kind", ["i2", "u2"])
@pytest.mark.parametrize(("stored", "high_bit"), [(12, 11), (12, 15), (12, 13), (10, 11), (15, 15)])
def test_an_odd_high_bit_is_honored_and_what_lies_beside_the_stored_bits_is_not(
    tmp_path: Path, kind: str, stored: int, high_bit: int, syntax: str, decoder: SliceDecoder
) -> None:
    """Hazard: values 16 times too high, where the stored bits do not end at bit 0 (PS3.5 section 8.1.1)."""
    low, high = (-(1 << (stored - 1)), 1 << (stored - 1)) if kind == "i2" else (0, 1 << stored)
    values = np.linspace(low, high - 1, 42).round().astype(np.int64).reshape(6, 7)
    place = ((1 << stored) - 1) << (high_bit + 1 - stored)
    words = ((values << (high_bit + 1 - stored)) & place) | (0x5A5A & ~place)
    is_rle = syntax == RLELossless
    dataset = make_slice(
        pixels=words.astype(np.uint16).view(kind),
        bits_stored=16,
        syntax=ExplicitVRLittleEndian if is_rle else syntax,
    )
    if is_rle:
        dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.BitsStored, dataset.HighBit = stored, high_bit
    series = only(save(dataset, tmp_path / "one"))
    volume = read_volume(series, ignore_progress, CancelToken(), decoder)
    np.testing.assert_array_equal(volume.stored_values[0], values)


def table(first: int, entries: list[int], bits: int = 16, kind: str = "US", vr: str = "US") -> Sequence:
    """A Modality LUT Sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", vr, [len(entries), first, bits])
    item.ModalityLUTType = kind
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    return Sequence([item])


@pytest.mark.parametrize(("kind", "first"), [("i2", 0), ("i2", 10), ("i2", -5), ("u2", 0), ("u2", 10)])
def test_a_modality_table_is_pydicoms(tmp_path: Path, kind: str, first: int) -> None:
    """Hazard: values shown as they are stored, where a table says what they mean (PS3.3 C.11.1)."""
    pixels = (np.arange(42).reshape(6, 7) - (20 if kind == "i2" else 0)).astype(kind)
    sequence = table(first, [1000 + 7 * k for k in range(30)], vr="SS" if first < 0 else "US")
    dataset = make_slice(
        pixels=pixels, RescaleSlope=None, RescaleIntercept=None, ModalityLUTSequence=sequence
    )
    path = save(dataset, tmp_path / "one")
    written = dcmread(path)
    np.testing.assert_array_equal(read(path).hu(0), apply_modality_lut(written.pixel_array, written))


def with_table(path: Path, declared: int, there: int, bits: int = 16) -> Path:
    """A file of the stored values 0 to 5 whose table declares more or fewer entries than it has."""
    sequence = table(0, [(100 + 10 * k) % 65536 for k in range(there)], bits=bits, kind="HU")
    sequence[0].LUTDescriptor = [declared, 0, bits]
    return save(
        make_slice(pixels=np.arange(6, dtype=np.uint16).reshape(2, 3), ModalityLUTSequence=sequence), path
    )


@pytest.mark.parametrize(("declared", "there"), [(6, 4), (6, 5), (4096, 100), (0, 65535)])
def test_a_table_shorter_than_it_declares_is_damaged(tmp_path: Path, declared: int, there: int) -> None:
    """Hazard: values that stand in no file, shown as Hounsfield units."""
    file = only_file(with_table(tmp_path / "one", declared, there))
    assert file.verdict is Verdict.DAMAGED
    assert file.reason == f"malformed file: its Modality LUT has {there} of {declared or 65536} entries"


def test_values_beyond_the_declared_entries_are_mapped_to_the_last(tmp_path: Path) -> None:
    """Hazard: bytes behind a table taken for values (PS3.3 C.11.1.1.1)."""
    assert read(with_table(tmp_path / "one", 4, 6)).hu(0).tolist() == [[100, 110, 120], [130, 130, 130]]


@pytest.mark.parametrize(("entries", "last"), [(6, 25), (5, 20)])
def test_a_table_of_bytes_is_read_as_it_is_declared(tmp_path: Path, entries: int, last: int) -> None:
    dataset = make_slice(pixels=np.arange(6, dtype=np.uint16).reshape(2, 3))
    dataset.ModalityLUTSequence = table(0, list(range(entries)), bits=8)
    dataset.ModalityLUTSequence[0]["LUTData"].value = bytes((0, 5, 10, 15, 20, 25))
    assert read(save(dataset, tmp_path / "one")).hu(0).tolist() == [[0, 5, 10], [15, 20, last]]


def test_where_a_file_has_both_table_and_slope_the_table_counts_once(tmp_path: Path) -> None:
    """Hazard: slope and intercept applied to what a table has turned into final values already."""
    dataset = make_slice(pixels=np.arange(6, dtype=np.int16).reshape(2, 3), RescaleSlope=2)
    dataset.ModalityLUTSequence = table(0, [50, 60, 70, 80, 90, 40000])
    path = save(dataset, tmp_path / "one")
    assert read(path).hu(0).tolist() == [[50, 60, 70], [80, 90, 40000]]
    written = dcmread(path)
    np.testing.assert_array_equal(read(path).hu(0), apply_modality_lut(written.pixel_array, written))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize(
    ("kind", "padding", "looks_like"), [("u2", 0xF830, 0x830), ("u2", 0xF430, 0x430), ("i2", -3024, 0x430)]
)
def test_padding_beyond_bits_stored_is_padding_and_what_looks_like_it_is_not(
    tmp_path: Path,
    kind: str,
    padding: int,
    looks_like: int,
    photometric: str,
    syntax: str,
    decoder: SliceDecoder,
) -> None:
    """Hazard: padding shown and analyzed as bone or blood, once bits beside the stored ones are cleared."""
    pixels = np.asarray([[padding, looks_like], [1064, 1100]]).astype(kind)
    is_rle = syntax == RLELossless
    dataset = make_slice(pixels=pixels, syntax=ExplicitVRLittleEndian if is_rle else syntax)
    if is_rle:
        dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.BitsStored, dataset.HighBit, dataset.PhotometricInterpretation = 12, 11, photometric
    dataset.add_new("PixelPaddingValue", "US" if kind == "u2" else "SS", padding)
    series = only(save(dataset, tmp_path / "one"))
    volume = read_volume(series, ignore_progress, CancelToken(), decoder)
    measured = [[volume.hu_at(0, row, column) for column in range(2)] for row in range(2)]
    stored = [looks_like, 1064, 1100]
    if photometric == "MONOCHROME1":
        stored = [(4095 if kind == "u2" else -1) - value for value in stored]
    assert measured[0][0] is None
    assert [measured[0][1], *measured[1]] == [value - 1024 for value in stored]


def test_padding_within_bits_stored_is_the_stored_value(tmp_path: Path) -> None:
    dataset = make_slice(pixels=np.asarray([[4000, 1]], np.uint16), bits_stored=12, PixelPaddingValue=4000)
    volume = read(save(dataset, tmp_path / "one"))
    assert [volume.hu_at(0, 0, 0), volume.hu_at(0, 0, 1)] == [None, -1023]


def test_padding_means_nothing_once_a_table_has_replaced_the_values(tmp_path: Path) -> None:
    """Hazard: real values blanked because they equal a padding value for what stood there before."""
    dataset = make_slice(
        pixels=np.asarray([[0, 1], [2, 3]], np.int16),
        PixelPaddingValue=3,
        RescaleSlope=None,
        RescaleIntercept=None,
        ModalityLUTSequence=table(0, [3, 4, 5, 6]),
    )
    assert read(save(dataset, tmp_path / "one")).hu_at(0, 0, 0) == 3


def test_monochrome1_with_a_table_is_inverted_after_it_and_never_wraps(tmp_path: Path) -> None:
    """Hazard: bright becomes dark twice, or wraps to the other end."""
    dataset = make_slice(
        pixels=np.asarray([[0, 1], [2, 3]], np.uint16),
        bits_stored=12,
        PhotometricInterpretation="MONOCHROME1",
        RescaleSlope=None,
        RescaleIntercept=None,
        ModalityLUTSequence=table(0, [0, 100, 40000, 65535]),
    )
    assert read(save(dataset, tmp_path / "one")).stored_values[0].tolist() == [[65535, 65435], [25535, 0]]


@pytest.mark.parametrize(
    ("bits", "verdict"), [(1, "skipped"), (32, "skipped"), (64, "skipped"), (24, "damaged")]
)
def test_other_pixel_sizes_are_refused_in_words(tmp_path: Path, bits: int, verdict: str) -> None:
    """Hazard: four bytes read as two values show a picture that was never taken."""
    file = only_file(
        save(make_slice(BitsAllocated=bits, BitsStored=bits, HighBit=bits - 1), tmp_path / "one")
    )
    assert file.reason == f"{bits} of {bits} bits per pixel are not supported"
    assert file.verdict is Verdict(verdict)


@pytest.mark.parametrize(
    ("keyword", "reason"),
    [
        ("PixelRepresentation", "it does not say whether its pixels are signed (Pixel Representation)"),
        ("BitsStored", "it does not say how many bits of a pixel count (Bits Stored)"),
    ],
)
def test_what_decides_the_values_is_never_guessed(tmp_path: Path, keyword: str, reason: str) -> None:
    """Hazard: air read as metal, because a sign was guessed."""
    file = only_file(save(make_slice(**{keyword: None}), tmp_path / "one"))
    assert (file.verdict, file.reason) == (Verdict.DAMAGED, reason)


@pytest.mark.parametrize("keyword", ["FloatPixelData", "DoubleFloatPixelData"])
def test_floating_point_pixels_are_refused_in_words(tmp_path: Path, keyword: str) -> None:
    dataset = make_slice()
    del dataset.PixelData
    setattr(dataset, keyword, bytes(12 * 16 * 8))
    assert (
        only_file(save(dataset, tmp_path / "one")).reason == "floating-point pixels; no head CT is stored so"
    )


MAPS = ("MAT_SPECIFIC", "MAT_REMOVED", "MAT_FRACTIONAL", "MAT_VALUE_BASED", "MAT_MODIFIED", "EFF_ATOMIC_NUM")


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"SOPClassUID": ENHANCED}, "claimed"),
        ({"SOPClassUID": LEGACY}, "claimed"),
        ({"RescaleType": "HU"}, "claimed"),
        ({"RescaleType": "HU_MOD"}, "not claimed"),
        ({"RescaleType": "Z_EFF"}, "not claimed"),
        ({"RescaleType": "ED"}, "not claimed"),
        ({"RescaleType": "US"}, "not claimed"),
        *[({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", name]}, "not claimed") for name in MAPS],
        ({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "VMI"]}, "claimed"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "not claimed"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, "not claimed"),
        ({"ImageType": ["UNKNOWN", "PRIMARY"]}, "assumed"),
        ({"ImageType": None}, "assumed"),
        ({"SOPClassUID": None}, "assumed"),
        ({"PhotometricInterpretation": None}, "assumed"),
        ({"SOPClassUID": None, "ImageType": None}, "assumed"),
        ({"SOPClassUID": CAPTURE}, "not claimed"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.3"}, "not claimed"),
        ({"Modality": "MR"}, "not claimed"),
        ({"Modality": None}, "not claimed"),
        ({"ModalityLUTSequence": table(0, list(range(9)), kind="HU")}, "claimed"),
        ({"ModalityLUTSequence": table(0, list(range(9)), kind="US")}, "not claimed"),
    ],
)
def test_hounsfield_units_are_claimed_by_the_rules_alone(
    tmp_path: Path, changes: dict[str, object], claim: str
) -> None:
    """Hazard: a threshold in Hounsfield units applied to values that are something else."""
    assert only(save(make_slice(**changes), tmp_path / "one")).hu == claim


def test_one_slice_without_claim_takes_it_from_the_stack(tmp_path: Path) -> None:
    """Hazard: one slice of other units among claimed ones."""
    save(make_slice(1), tmp_path / "1")
    save(make_slice(2, RescaleType="US"), tmp_path / "2")
    assert only(tmp_path).hu == "not claimed"
