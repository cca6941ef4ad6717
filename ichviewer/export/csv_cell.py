"""One cell of an exported table.

The one thing to get wrong: *text* that a spreadsheet would run as a formula is neutralised; numbers never
are.
"""

from __future__ import annotations


def csv_cell(value: object) -> str:
    """Text of a cell: at most 6 decimals, nothing for an absent value, text neutralised."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{round(value, 6):.12g}"
    if isinstance(value, int):
        return str(value)
    return _neutralized(str(value))


def _neutralized(text: str) -> str:
    """Text with a quote before what a spreadsheet would read as a formula (OWASP, CSV injection)."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
