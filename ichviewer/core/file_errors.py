"""Why a file could not be read or written, in words, and what the reader can do about it.

The system's own words come first, because they can be looked up; the way out follows. The one thing to
get wrong: an error of the operating system may come without words or without a number.
"""

from __future__ import annotations

import errno

NOT_THERE = {errno.ENOENT, errno.ENOTDIR}
NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NETWORK = ("ESTALE", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN", "ENETUNREACH", "EREMOTEIO")
"""What a network folder says that is gone; not every system knows every name."""

NO_ANSWER = {errno.EIO, *(getattr(errno, name) for name in NETWORK if hasattr(errno, name))}

STILL_COPIED = "perhaps the file is still being copied, then open it again"
"""What ends early needs this way out."""

SHARING_VIOLATION = 32
"""What Windows says of a file that another program holds open."""


def why_not_read(error: OSError) -> str:
    """Why a file could not be read, without its name and without a full stop.

    >>> why_not_read(FileNotFoundError(2, "No such file or directory"))
    'No such file or directory; it was moved or deleted, open it where it lies now'
    """
    return _words(error) + _advice(error, _READING)


def why_not_written(error: OSError) -> str:
    """Why a file could not be written, without its name and without a full stop.

    >>> why_not_written(OSError(28, "No space left on device"))
    'No space left on device; free some space, or choose another folder'
    """
    return _words(error) + _advice(error, _WRITING)


def _words(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def _advice(error: OSError, advice: dict[str, str]) -> str:
    if getattr(error, "winerror", None) == SHARING_VIOLATION:
        return advice["held"]
    kinds = {"gone": NOT_THERE, "denied": NOT_ALLOWED, "full": FULL, "no answer": NO_ANSWER}
    for kind, numbers in kinds.items():
        if error.errno in numbers:
            return advice[kind]
    return ""


_READING = {
    "gone": "; it was moved or deleted, open it where it lies now",
    "denied": "; ask for the right to read it",
    "full": "",
    "no answer": "; the disk or the network folder does not answer, open it again once it does",
    "held": "; another program holds it, close that program and open the folder again",
}
_WRITING = {
    "gone": "; its folder is not there, choose another one",
    "denied": "; choose another folder or name",
    "full": "; free some space, or choose another folder",
    "no answer": "; the disk or the network folder does not answer, choose another folder",
    "held": "; another program has it open (a spreadsheet?), close it there or choose another name",
}
