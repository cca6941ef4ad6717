"""Letters that choose an entry of an open menu, one for each entry.

The one thing to get wrong: two entries with one letter need it twice; each gets a letter of its own as long
as there are any.
"""

from __future__ import annotations

from collections.abc import Sequence


def with_mnemonics(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts with ``&`` before the letter that chooses each; any ``&`` of a text itself is doubled.

    First letters of words come first. Where all letters of a text are taken, its first one is shared.

    >>> with_mnemonics(["Open folder …", "Open files …", "Quit & go"])
    ('&Open folder …', 'Open &files …', '&Quit && go')
    """
    taken: set[str] = set()
    marked = []
    for text in texts:
        places = _places(text)
        place = next((p for p in places if text[p].casefold() not in taken), places[0] if places else None)
        if place is None:
            marked.append(text.replace("&", "&&"))
            continue
        taken.add(text[place].casefold())
        before, after = (part.replace("&", "&&") for part in (text[:place], text[place:]))
        marked.append(f"{before}&{after}")
    return tuple(marked)


def _places(text: str) -> list[int]:
    """Where a letter may stand for the text: beginnings of words, then the other letters and figures."""
    usable = [place for place, letter in enumerate(text) if letter.isalnum()]
    beginnings = [place for place in usable if place == 0 or not text[place - 1].isalnum()]
    return [*beginnings, *(place for place in usable if place not in beginnings)]
