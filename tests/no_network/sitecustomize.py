"""Runs at the start of every Python process that has this folder on its path: no internet, and who asked.

Used by ``tests/integration/test_no_network.py``. The audit hook sees what Python does; ``sealed.py`` beside
this file sees what libraries in C do.
"""

import _socket
import os
import sys
import traceback

FAMILIES = {_socket.AF_INET, getattr(_socket, "AF_INET6", None)}
LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse every socket of the internet families and every look-up of a name, and write down the caller."""
    is_socket = event == "socket.__new__" and arguments[1] in FAMILIES
    if is_socket or event in LOOKUPS:
        with open(os.environ["FORBIDDEN_CALLS"], "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"{event} in process {os.getpid()} ({sys.argv})\n")
            traceback.print_stack(file=file)
        raise PermissionError(f"{event} is forbidden in this test")


if "FORBIDDEN_CALLS" in os.environ:
    sys.addaudithook(refuse)
