"""DICOM files of others that lie on this disk: pydicom's test files, and the real heads beside the checkout.

Imported as ``from found_files import pydicom_files``; pytest puts this folder on the path with
``conftest.py``.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from conftest import SHARED_DATA


def package_folder(name: str) -> Path | None:
    spec = find_spec(name)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def pydicom_files() -> list[Path]:
    """Files beside pydicom and pydicom-data, as far as they are on this disk; nothing is downloaded."""
    folders = [package_folder("pydicom.data"), package_folder("data_store")]
    found = [path for folder in folders if folder for path in sorted(folder.rglob("*"))]
    others = (".py", ".pyc", ".txt", ".zip", ".json", ".md", ".icc", ".gz", ".dump", ".toml")
    return [path for path in found if path.is_file() and path.suffix not in others]


def shared_files() -> list[Path]:
    return [
        path
        for folder in ("dcm_qa_ct", "rsna_series", "cq500_ct0", "transfer_syntaxes")
        for path in sorted((SHARED_DATA / folder).rglob("*"))
        if path.is_file()
    ]
