"""``sealed.py COMMAND ...``: run a command; the kernel ends all of it that opens an internet socket.

A seccomp filter (Linux); children inherit it, and libraries in C cannot go around it. Exit code 77 where
there is no such thing.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

NOT_HERE = 77
CALLS = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""By machine: how the kernel's audit names it, and the number of the system call ``socket``."""

SET_SECCOMP, SET_NO_NEW_PRIVILEGES, FILTER_MODE = 22, 38, 2
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
NUMBER_AT, MACHINE_AT, FIRST_ARGUMENT_AT = 0, 4, 16
INTERNET, INTERNET_6 = 2, 10


def seal() -> bool:
    """Whether the filter is on from now on, for this process and all that it starts."""
    if sys.platform != "linux" or platform.machine() not in CALLS or sys.byteorder != "little":
        return False
    machine, socket_call = CALLS[platform.machine()]
    steps = [
        (LOAD, 0, 0, MACHINE_AT),
        (IF_EQUAL, 0, 5, machine),
        (LOAD, 0, 0, NUMBER_AT),
        (IF_EQUAL, 0, 3, socket_call),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (IF_EQUAL, 2, 0, INTERNET),
        (IF_EQUAL, 1, 0, INTERNET_6),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, KILL_PROCESS),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBL", *step) for step in steps))
    program = struct.pack("<HxxxxxxQ", len(steps), ctypes.addressof(code))
    library = ctypes.CDLL(None, use_errno=True)
    no_new_privileges = library.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return bool(no_new_privileges == 0 and library.prctl(SET_SECCOMP, FILTER_MODE, program, 0, 0) == 0)


if __name__ == "__main__":
    if not seal():
        sys.exit(NOT_HERE)
    os.execv(sys.argv[1], sys.argv[1:])
