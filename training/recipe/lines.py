"""In which line of a TOML text a key stands; tomllib does not tell."""

from __future__ import annotations

import re

_TABLE = re.compile(r"\s*(\[\[?)\s*([\w.\-]+)\s*\]\]?")
_KEY = re.compile(r"\s*([\w.\-]+)\s*=")


def line_of_key(text: str, key: str) -> int:
    r"""Number of the line that holds a key or a table's head, counted from 1; 0 where none does.

    Args:
        text: TOML.
        key: Dotted, with the place in a list in brackets: ``phases[1].schedule.kind``. A key of a table that
            is written in one line is found at that line; the empty key is the whole file, so 0.

    >>> line_of_key('seed = 1\n[[phases]]\nepochs = 1\n[[phases]]\nepochs = 2', "phases[1].epochs")
    5
    """
    places = _places(text)
    while key:
        if key in places:
            return places[key]
        # An item of a list, or a key inside a table written in one line: where its whole begins.
        head, dot, _ = key.rpartition(".")
        if key.endswith("]"):
            key = key[: key.rindex("[")]
        elif dot and _is_inline(text, places, head):
            key = head
        else:
            return 0
    return 0


def _is_inline(text: str, places: dict[str, int], key: str) -> bool:
    """Whether a table, or the list that it is in, is written as ``key = ...``."""
    line = places.get(key) or places.get(key.partition("[")[0]) or 0
    return bool(line) and bool(_KEY.match(text.splitlines()[line - 1]))


def _places(text: str) -> dict[str, int]:
    places: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        head = _TABLE.match(line)
        if head:
            table = _table_name(head[2], is_list=head[1] == "[[", counts=counts)
            places.setdefault(table, number)
        elif key := _KEY.match(line):
            places.setdefault(f"{table}.{key[1]}" if table else key[1], number)
    return places


def _table_name(name: str, is_list: bool, counts: dict[str, int]) -> str:
    """A table's dotted name with the places in the lists that it stands in."""
    parts = name.split(".")
    whole = ""
    for position, part in enumerate(parts):
        whole = f"{whole}.{part}" if whole else part
        if is_list and position == len(parts) - 1:
            counts[whole] = counts.get(whole, -1) + 1
        if whole in counts:
            whole = f"{whole}[{counts[whole]}]"
    return whole
