"""Names in every character set of DICOM, and bytes that are in none."""

from __future__ import annotations

import warnings
from pathlib import Path

import pydicom
import pydicom.data
import pytest
from dicom_files import write_slice

from ichviewer.core.progress import CancelToken, ignore_progress
from ichviewer.core.series import Series
from ichviewer.dicom.character_set import ENCODINGS, decoded
from ichviewer.dicom.raw_header import read_raw_header
from ichviewer.dicom.scan import scan
from ichviewer.gui.overlay import displayed_name

STANDARD = [
    # PS3.5 Annexes H, I, J and K, byte for byte.
    (
        r"\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    (
        r"ISO 2022 IR 13\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    (
        r"\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    ("ISO_IR 192", "Wang^XiaoDong=王^小东=".encode(), "Wang^XiaoDong=王^小东="),
    ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
    (
        r"\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    ),
    ("GBK", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
]

SINGLE_BYTE = [
    ("ISO_IR 100", "Müller^Jürgen"),
    ("ISO_IR 101", "Wałęsa^Łukasz"),
    ("ISO_IR 109", "Ġużeppi^Ħal"),
    ("ISO_IR 110", "Bērziņš^Jānis"),
    ("ISO_IR 126", "Διονυσιος"),
    ("ISO_IR 127", "قباني^لنزار"),
    ("ISO_IR 138", "שרון^דבורה"),
    ("ISO_IR 144", "Люкceмбypг"),
    ("ISO_IR 148", "Çavuşoğlu^İpek"),
    ("ISO_IR 166", "นามสกุล^ชื่อ"),
    ("ISO_IR 203", "Œuvre^Žižka"),
    ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    ("ISO_IR 192", "Ñandú^Žofia=山田^太郎"),
    # 0x5C, the backslash, is the second byte of some of these.
    ("GB18030", "Chen^Li=乗^丂"),
    ("GBK", "Chen^Li=乗^丂"),
]


@pytest.mark.parametrize(("sets", "value", "name"), STANDARD, ids=[sets for sets, _, _ in STANDARD])
def test_the_standards_own_examples_are_read(sets: str, value: bytes, name: str) -> None:
    """Hazard: a patient taken for another one, because the name is unreadable."""
    assert decoded(value, sets.split("\\")) == name


@pytest.mark.parametrize(("charset", "name"), SINGLE_BYTE)
def test_names_of_every_character_set_are_read(charset: str, name: str) -> None:
    """Hazard: a patient taken for another one, because the name is unreadable."""
    assert decoded(name.encode(ENCODINGS[charset]), [charset]) == name


@pytest.mark.parametrize(
    ("escape", "charset", "name"),
    [
        (b"\x1b-A", "100", "Äneas"),
        (b"\x1b-F", "126", "Διον"),
        (b"\x1b-L", "144", "Люк"),
        (b"\x1b-T", "166", "นาม"),
    ],
)
def test_code_extensions_switch_within_a_name(escape: bytes, charset: str, name: str) -> None:
    value = b"Doe^" + escape + name.encode(ENCODINGS[f"ISO_IR {charset}"])
    assert decoded(value, ["", f"ISO 2022 IR {charset}"]) == f"Doe^{name}"


def named(path: Path, value: bytes, charset: bytes | None) -> Series:
    """A series whose file holds *value* as Patient's Name, of an even number of bytes, at most 64."""
    write_slice(path, SpecificCharacterSet="ISO_IR 100" if charset else None, PatientName="N" * 64)
    content = path.read_bytes().replace(b"N" * 64, value.ljust(64))
    if charset:
        content = content.replace(b"ISO_IR 100", charset.ljust(10))
    path.write_bytes(content)
    (series,) = scan([path], ignore_progress, CancelToken()).series
    return series


MARKED = "characters that are not in the file's character set are shown as \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("charset", [None, b"nonsense", b"ISO_IR 6"])
@pytest.mark.parametrize("value", [b"M\xfcller^J\xfcrgen", "Müller^Jürgen".encode()])
def test_without_a_character_set_other_bytes_than_ascii_are_marked_and_it_is_said(
    tmp_path: Path, charset: bytes | None, value: bytes
) -> None:
    """Hazard: a guessed name is the name of somebody else."""
    series = named(tmp_path / "one", value, charset)
    name = series.patient.patient_name
    assert name.replace("\N{REPLACEMENT CHARACTER}", "") == "Mller^Jrgen"
    assert MARKED in series.notes


def test_a_sound_name_is_not_remarked_upon(tmp_path: Path) -> None:
    series = named(tmp_path / "one", b"M\xfcller^J\xfcrgen", b"ISO_IR 100")
    assert series.patient.patient_name == "Müller^Jürgen"
    assert MARKED not in series.notes


@pytest.mark.parametrize(
    ("charset", "value"),
    [
        ("ISO_IR 192", b"M\xfcller"),
        ("GB18030", b"\xff\xff"),
        (r"\ISO 2022 IR 87", b"Yamada=\x1b$B\xff\xff\x1b(B"),
        (r"\ISO 2022 IR 87", b"Yamada=\x1b$"),
        (r"\ISO 2022 IR 149", b"Hong=\x1b$)C\xfb"),
        (r"\ISO 2022 IR 87", b"\x1b%/1unknown"),
        ("ISO_IR 13", b"\xff\x80"),
    ],
)
def test_bytes_that_are_not_in_the_character_set_never_fail(charset: str, value: bytes) -> None:
    """Hazard: one bad letter in a name hides the study."""
    assert decoded(value, charset.split("\\"))


@pytest.mark.parametrize("value", [b"Yamada=\x1b$B\xff\xff\x1b(B", b"Yamada=\x1b%/1\xff", b"Yamada=\x1b"])
def test_no_thread_but_its_own_notices_a_bad_name(value: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hazard: while names are read, a warning in another thread becomes an error and ends its work."""

    def touched(*_: object, **__: object) -> None:
        raise AssertionError("the warnings of the whole process were touched")

    for name in ("catch_warnings", "simplefilter", "filterwarnings", "warn"):
        monkeypatch.setattr(warnings, name, touched)
    assert decoded(value, ["", "ISO 2022 IR 87"]).startswith("Yamada=")


def test_a_bad_letter_costs_its_piece_of_the_name_alone() -> None:
    value = b"Yamada^M\xfcller=\x1b$B;3\xff\xff\x1b(B^\x1b$BB@O:\x1b(B"
    assert decoded(value, ["", "ISO 2022 IR 87"]) == "Yamada^M\ufffdller=山\ufffd\ufffd^太郎"


@pytest.mark.parametrize("charset", ["ISO 2022 IR 87", "ISO 2022 IR 149"])
def test_a_single_multi_byte_set_without_its_empty_first_value_is_read(charset: str) -> None:
    """Many scanners leave out the empty first value that stands for ASCII."""
    sets, value, name = next(each for each in STANDARD if each[0].endswith(charset))
    assert decoded(value, [sets.strip("\\")]) == name


@pytest.mark.parametrize(
    ("name", "displayed"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou 山田, 太郎 やまだ, たろう"),
        ("Wang^XiaoDong=王^小东=", "Wang, XiaoDong 王, 小东"),
        ("=山田^太郎", "山田, 太郎"),
        ("Adams^John Robert Quincy^^Rev.^B.A. M.Div.", "Adams, John Robert Quincy Rev. B.A. M.Div."),
        ("Doe", "Doe"),
        ("^", ""),
        ("", ""),
    ],
)
def test_every_group_of_a_name_is_displayed(name: str, displayed: str) -> None:
    """Hazard: two patients of one romanized name are the same on the screen (PS3.5 section 6.2.1.2)."""
    assert displayed_name(name) == displayed


def charset_files() -> list[Path]:
    return sorted((Path(pydicom.data.__file__).parent / "charset_files").glob("*.dcm"))


@pytest.mark.parametrize("path", charset_files(), ids=lambda path: path.stem)
def test_names_of_pydicoms_own_files_are_pydicoms(path: Path) -> None:
    """Hazard: a patient taken for another one, because the name is unreadable."""
    raw = read_raw_header(path)
    expected = str(pydicom.dcmread(path).get("PatientName", ""))
    # pydicom leaves out empty groups at the end.
    assert raw.text(0x00100010).rstrip("=") == expected
