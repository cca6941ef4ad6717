"""The files within a ZIP archive, from its directory alone; each is then read where it lies.

Nothing is unpacked, so a hostile name or link has nowhere to lead; such members are named and left out all
the same. The one thing to get wrong: the directory may promise anything, so every promise is held against
the archive's real size before a byte is inflated.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ichviewer.core.file_errors import why_not_read
from ichviewer.core.receipt import counted
from ichviewer.core.series import ArchiveMember
from ichviewer.dicom.find_files import FoundFile
from ichviewer.dicom.growth import HIGHEST_RATIO, grows_like_a_bomb
from ichviewer.dicom.raw_header import begins_as_dicom

FIRST_BYTES = 256
"""These show whether a file is DICOM."""

MOST_MEMBERS = 100_000
LARGEST_DIRECTORY = 1 << 24
"""Bytes of the archive's own directory."""

LARGEST_MEMBER = 1 << 28
"""Bytes of one file; its pixels are inflated in memory."""

LARGEST_TOTAL = 1 << 36
"""Bytes of all files together."""

IS_ENCRYPTED, IS_UTF8 = 0x1, 0x800
LOCAL_HEAD = struct.Struct("<4s22xHH")
"""Signature, length of the name, length of the extra field, of the head before each member's data."""

DIRECTORY_HEAD = struct.Struct("<8xH18xHHH12x")
"""Flags, lengths of the name, of the extra field and of the comment, of each entry of the directory."""


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP archive, perhaps one that unpacks itself; False if it cannot be opened.

    What begins as DICOM is DICOM, whatever its end looks like.
    """
    try:
        with path.open("rb", buffering=0) as file:
            start = file.read(FIRST_BYTES)
        if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            return True
        return not begins_as_dicom(start) and zipfile.is_zipfile(path)
    except OSError:
        return False
    except zipfile.BadZipFile:
        # Part of one; reading it says so.
        return True


def archived_files(archive: FoundFile) -> list[FoundFile]:
    """Everything within an archive, and the archive itself with what became of it.

    Returns:
        The archive first; then its files, in order of their names, each with its obstacle if it has one.
        Of an archive that cannot be read, only itself.
    """
    try:
        with _BoundedFile(archive.path) as file, zipfile.ZipFile(file) as opened:
            entries = [entry for entry in opened.infolist() if not entry.filename.endswith("/")]
            _check_whole(entries)
            members = sorted(_members(archive, entries, file), key=lambda found: found.shown)
            _check_growth(members)
    except OSError as error:
        return [replace(archive, obstacle=f"cannot be opened: {why_not_read(error)}", is_damaged=True)]
    # What the standard library raises on archives that are not as they should be.
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        fault = f"a ZIP archive that cannot be read, perhaps not copied whole ({error})"
        return [replace(archive, obstacle=fault, is_damaged=True)]
    looked_at = f"its {counted(len(members), 'file')} {'was' if len(members) == 1 else 'were'} looked at"
    return [replace(archive, obstacle=f"a ZIP archive; {looked_at}"), *members]


class _BoundedFile(io.FileIO):
    """An archive for ``ZipFile``, which takes whatever is declared, and gives up at the first false name.

    No more is taken into memory at once than a directory may need.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > LARGEST_DIRECTORY:
            raise zipfile.BadZipFile(f"its directory is larger than {LARGEST_DIRECTORY >> 20} MiB")
        return _truly_marked(super().read(LARGEST_DIRECTORY if size is None or size < 0 else size) or b"")


def _truly_marked(directory: bytes) -> bytes:
    """A directory in which no name is marked as UTF-8 that is none; bytes of another kind as they are."""
    marked, position = bytearray(directory), 0
    while directory.startswith(b"PK\x01\x02", position) and position + DIRECTORY_HEAD.size <= len(directory):
        flags, name, extra, comment = DIRECTORY_HEAD.unpack_from(directory, position)
        start = position + DIRECTORY_HEAD.size
        if flags & IS_UTF8 and not _is_utf8(directory[start : start + name]):
            struct.pack_into("<H", marked, position + 8, flags & ~IS_UTF8)
        position = start + name + extra + comment
    return bytes(marked)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_whole(entries: list[zipfile.ZipInfo]) -> None:
    """Hold the archive as a whole against the limits.

    Raises:
        BadZipFile: It is beyond one.
    """
    if len(entries) > MOST_MEMBERS:
        raise zipfile.BadZipFile(f"it holds {len(entries)} files; the limit is {MOST_MEMBERS}")
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST_TOTAL:
        limit = f"the limit is {LARGEST_TOTAL >> 30}"
        raise zipfile.BadZipFile(f"its files are {total >> 30} GiB in all; {limit}")


def _check_growth(members: list[FoundFile]) -> None:
    """Hold against the limit together what each member alone may do: many small bombs are a large one.

    Raises:
        BadZipFile: They are beyond it.
    """
    read = [found.member for found in members if found.member is not None]
    if grows_like_a_bomb(sum(one.size for one in read), sum(one.compressed_bytes for one in read)):
        raise zipfile.BadZipFile(f"its files would grow more than {HIGHEST_RATIO}-fold, as in a ZIP bomb")


def _members(archive: FoundFile, entries: list[zipfile.ZipInfo], file: BinaryIO) -> Iterator[FoundFile]:
    """One file for every entry; what lies on another's bytes is left out, as a bomb does it."""
    archive_size = archive.path.stat().st_size
    end_of_last = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        name = entry.filename.replace("\\", "/")
        shown = f"{archive.shown}/{name}"
        obstacle = _obstacle(entry, name)
        if obstacle:
            yield FoundFile(archive.path, shown, obstacle, named_within=name)
            continue
        offset = _data_offset(file, entry, archive_size)
        fault = _fault(entry, offset, archive_size, end_of_last)
        if fault or offset is None:
            yield FoundFile(archive.path, shown, fault, is_damaged=True, named_within=name)
            continue
        end_of_last = offset + entry.compress_size
        is_deflated = entry.compress_type == zipfile.ZIP_DEFLATED
        member = ArchiveMember(name, offset, entry.compress_size, entry.file_size, entry.CRC, is_deflated)
        yield FoundFile(archive.path, shown, member=member)


def _obstacle(entry: zipfile.ZipInfo, name: str) -> str:
    """Why a member is not read although nothing is wrong with it; empty if it is."""
    if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in name.split("/"):
        return "its name leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a link within the archive"
    if entry.flag_bits & IS_ENCRYPTED:
        return "encrypted; unpack the archive with its password and open the folder"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"compressed by ZIP method {entry.compress_type}; unpack the archive and open the folder"
    if entry.file_size > LARGEST_MEMBER:
        return f"over {LARGEST_MEMBER >> 20} MiB; unpack the archive and open the folder"
    return ""


def _data_offset(file: BinaryIO, entry: zipfile.ZipInfo, archive_size: int) -> int | None:
    """First byte of a member's data; None where its head is not in the archive."""
    if not 0 <= entry.header_offset < archive_size:
        return None
    file.seek(entry.header_offset)
    head = file.read(LOCAL_HEAD.size)
    if len(head) < LOCAL_HEAD.size:
        return None
    signature, name_length, extra_length = LOCAL_HEAD.unpack(head)
    if signature != b"PK\x03\x04":
        return None
    return entry.header_offset + LOCAL_HEAD.size + int(name_length) + int(extra_length)


def _fault(entry: zipfile.ZipInfo, offset: int | None, archive_size: int, end_of_last: int) -> str:
    """Why a member cannot be what the directory says; empty if it can."""
    if offset is None:
        return "damaged: it is not where the archive's directory says"
    if offset + entry.compress_size > archive_size:
        return "damaged: the archive ends within it"
    if entry.header_offset < end_of_last:
        return "refused: it lies on the bytes of another file, as in a ZIP bomb"
    if grows_like_a_bomb(entry.file_size, entry.compress_size):
        return f"refused: it would grow more than {HIGHEST_RATIO}-fold, as in a ZIP bomb"
    if entry.compress_type == zipfile.ZIP_STORED and entry.file_size != entry.compress_size:
        return "damaged: its two sizes in the archive's directory differ"
    return ""
