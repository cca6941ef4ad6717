"""The files of a very large ZIP archive, read where they lie.

The viewer's own archive reading has limits that a stranger's disc must not exceed; RSNA 2019 as published is
one archive of 870,000 files, which its owner has chosen.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from ichviewer.core.series import ArchiveMember

LENGTHS_AT = 26
"""Where, in the head before a member's data, the lengths of its name and its extra field stand."""


def zip_entries(path: Path, folder: str, suffix: str) -> dict[str, zipfile.ZipInfo]:
    """Members by file name without suffix.

    Args:
        path: The archive.
        folder: Only members of folders of this name are taken, if there are any.
        suffix: Of the wanted files.

    Raises:
        ValueError: The archive cannot be read, or a name stands twice.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(suffix)]
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read as a ZIP archive: {error}.") from error
    inside = [entry for entry in entries if folder in Path(entry.filename).parts[:-1]]
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in inside or entries:
        name = Path(entry.filename).stem
        if name in found:
            raise ValueError(f"{path} holds {name} twice: {found[name].filename} and {entry.filename}.")
        found[name] = entry
    return found


def located(path: Path, entry: zipfile.ZipInfo) -> ArchiveMember:
    """Where a member's data lie.

    Raises:
        OSError: The archive cannot be read, or ends before them.
    """
    with path.open("rb", buffering=0) as file:
        file.seek(entry.header_offset + LENGTHS_AT)
        lengths = file.read(4)
    if len(lengths) < 4:
        raise OSError(0, f"the archive ends before {entry.filename}")
    name_length, extra_length = struct.unpack("<HH", lengths)
    offset = entry.header_offset + LENGTHS_AT + 4 + int(name_length) + int(extra_length)
    is_deflated = entry.compress_type == zipfile.ZIP_DEFLATED
    return ArchiveMember(entry.filename, offset, entry.compress_size, entry.file_size, entry.CRC, is_deflated)
