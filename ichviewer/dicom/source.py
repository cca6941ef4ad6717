"""The bytes of a file, whether it lies in a folder or within a ZIP archive.

Nothing is ever unpacked to disk: no path of an archive can lead anywhere, and no patient's file is left
behind. The one thing to get wrong: a member's check sum covers all of it, so pixels are taken only from
members that were inflated whole.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ichviewer.core.errors import UnreadableError
from ichviewer.core.series import ArchiveMember, StoredPixels

CHUNK_BYTES = 1 << 16

OpenPixels = Callable[[Path, StoredPixels], BinaryIO]
"""``open_for_pixels``, or the same of a ``FrameSource``."""


def open_for_header(path: Path, member: ArchiveMember | None) -> BinaryIO:
    """The file or member, to be read once from its start; no more is inflated than is read.

    Raises:
        OSError: It cannot be opened. Reading raises ``UnreadableError`` where a member is damaged.
    """
    file = path.open("rb", buffering=0)
    return file if member is None else io.BufferedReader(_Inflated(file, member), CHUNK_BYTES)


def open_for_pixels(path: Path, pixels: StoredPixels) -> BinaryIO:
    """The file, or the whole member in memory after its check sum was found right; seekable.

    Args:
        path: The file, or the archive.
        pixels: What its header said of them.

    Raises:
        UnreadableError: The file was written after its header was read, or the member is damaged.
        OSError: The file cannot be opened.
    """
    file = _open_unchanged(path, pixels)
    if pixels.member is None:
        return file
    file.close()
    return io.BytesIO(member_bytes(path, pixels.member))


class FrameSource:
    """Opens files for one reading, frame by frame: of a multi-frame member the bytes are kept."""

    def __init__(self) -> None:
        self._kept: tuple[Path, ArchiveMember, bytes] | None = None

    def open(self, path: Path, pixels: StoredPixels) -> BinaryIO:
        """As ``open_for_pixels``; the bytes are kept until another multi-frame member is opened."""
        if pixels.member is None or pixels.frame_count == 1:
            return open_for_pixels(path, pixels)
        _open_unchanged(path, pixels).close()
        if self._kept is None or self._kept[:2] != (path, pixels.member):
            self.forget()
            self._kept = path, pixels.member, member_bytes(path, pixels.member)
        return io.BytesIO(self._kept[2])

    def forget(self) -> None:
        """Give the memory back."""
        self._kept = None


def _open_unchanged(path: Path, pixels: StoredPixels) -> BinaryIO:
    """The file or archive; what is asked of the open file cannot be another one's, as its name's could.

    Raises:
        UnreadableError: It was written after its header was read: pixels of another image, or half of them,
            could lie where the header said.
        OSError: It cannot be opened.
    """
    file = path.open("rb", buffering=0)
    status = os.fstat(file.fileno())
    is_same_size = pixels.file_bytes in (None, status.st_size)
    if is_same_size and pixels.modified_ns in (None, status.st_mtime_ns):
        return file
    file.close()
    raise UnreadableError("it was changed after its folder was listed; open the folder again")


def read_fully(file: BinaryIO, size: int) -> bytes:
    """*size* bytes, fewer only at the end of the file; one reading may give fewer anywhere on a network disk.

    Raises:
        OSError: The file cannot be read.
    """
    content = file.read(size)
    while len(content) < size and (more := file.read(size - len(content))):
        content += more
    return content


def member_bytes(path: Path, member: ArchiveMember) -> bytes:
    """All bytes of a member.

    Raises:
        UnreadableError: It ends early, cannot be inflated, or its check sum is wrong.
        OSError: The archive cannot be opened.
    """
    with path.open("rb", buffering=0) as file, _Inflated(file, member) as inflated:
        content = inflated.read(member.size)
    if len(content) < member.size:
        raise UnreadableError(f"it ends after {len(content)} of {member.size} bytes within the archive")
    if zlib.crc32(content) != member.crc32:
        raise UnreadableError("its check sum within the archive is wrong")
    return content


class _Inflated(io.RawIOBase):
    """The bytes of a member, forward only, never more than its directory entry declares."""

    def __init__(self, file: BinaryIO, member: ArchiveMember) -> None:
        super().__init__()
        self._file = file
        self._compressed_left = member.compressed_bytes
        self._left = member.size
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if member.is_deflated else None
        self._waiting = b""
        file.seek(member.offset)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def read(self, size: int = -1) -> bytes:
        """Up to *size* bytes, all that are left for -1; fewer only at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        parts: list[bytes] = []
        while wanted > 0:
            part = self._next(wanted)
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill *buffer* from where the last reading ended."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def _next(self, wanted: int) -> bytes:
        """Some bytes, at most *wanted*; none at the end."""
        if self._inflater is None:
            part = self._next_compressed(min(wanted, CHUNK_BYTES))
        else:
            part = self._next_inflated(self._inflater, wanted)
        self._left -= len(part)
        return part

    def _next_inflated(self, inflater: zlib._Decompress, wanted: int) -> bytes:
        while not inflater.eof:
            chunk = self._waiting or self._next_compressed(CHUNK_BYTES)
            try:
                part = inflater.decompress(chunk, wanted)
            except zlib.error as error:
                raise UnreadableError(f"it is damaged within the archive ({error})") from error
            self._waiting = inflater.unconsumed_tail
            if part or not chunk:
                return part
        return b""

    def _next_compressed(self, wanted: int) -> bytes:
        part = self._file.read(min(wanted, self._compressed_left))
        self._compressed_left -= len(part)
        return part
