"""Where the files that are no code lie, in a checkout, an installed wheel and a frozen application alike."""

from __future__ import annotations

from pathlib import Path

from ichviewer.core.errors import IchViewerError

PACKAGE = Path(__file__).resolve().parent


def resource_path(relative: str) -> Path:
    """Path of a resource.

    In a checkout, ``resources`` lies beside the package; the wheel and the frozen application carry it as
    ``ichviewer/_resources``. The checkout wins, so that an edit is seen at once.

    Args:
        relative: Path below ``resources``, with forward slashes, of a file or a folder.

    Raises:
        IchViewerError: There is no such resource.
    """
    checkout = PACKAGE.parent
    # Beside an installed package lies site-packages, whose own "resources" would be somebody else's.
    homes = [checkout / "resources"] if (checkout / "pyproject.toml").is_file() else []
    homes.append(PACKAGE / "_resources")
    for home in homes:
        path = home.joinpath(*relative.split("/"))
        if path.exists():
            return path
    raise IchViewerError(f"The resource {relative} is missing from this installation ({homes[-1]}).")
