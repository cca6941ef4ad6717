"""UIDs that stand for others, for what leaves the machine.

The one thing to get wrong: a UID names no patient, but identifies one to whoever holds the archive.
"""

from __future__ import annotations

import hashlib


def hashed_uid(uid: str) -> str:
    """A UID that stands for *uid*, always the same one (PS3.5 B.2); empty stays empty."""
    if not uid:
        return ""
    return f"2.25.{int.from_bytes(hashlib.sha256(uid.encode()).digest()[:16], 'big')}"
