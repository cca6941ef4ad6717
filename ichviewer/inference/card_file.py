"""The model card as a file beside the weights: NAME.json next to NAME.safetensors. No torch here."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ichviewer.atomic_file import write_atomically
from ichviewer.core.errors import CheckpointError
from ichviewer.core.file_errors import why_not_read, why_not_written
from ichviewer.core.model_card import ModelCard


def read_card(path: Path) -> ModelCard:
    """Read a model card.

    Args:
        path: The JSON file.

    Raises:
        CheckpointError: The file is missing, is no JSON, or is no complete model card.
    """
    try:
        return ModelCard.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CheckpointError(f"The model card {path} cannot be read: {why_not_read(error)}.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} is not a complete model card: {error!r}.") from error


def write_card(path: Path, card: ModelCard) -> None:
    """Write a model card, whole or not at all.

    Raises:
        CheckpointError: The file cannot be written.
    """
    text = json.dumps(card.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        write_atomically(path, text.encode("utf-8"))
    except OSError as error:
        raise CheckpointError(
            f"The model card {path} cannot be written: {why_not_written(error)}."
        ) from error


def weights_path(card_path: Path, card: ModelCard) -> Path:
    """Where the weights of a card lie: NAME.safetensors in the card's folder.

    Raises:
        CheckpointError: The name would lead out of the folder.
    """
    if not card.name or Path(card.name).name != card.name or "\\" in card.name:
        raise CheckpointError(f"{card_path} names its weights {card.name!r}, which is not a plain file name.")
    return card_path.parent / f"{card.name}.safetensors"


def sha256_hex(content: bytes) -> str:
    """SHA-256 of some bytes, hex."""
    return hashlib.sha256(content).hexdigest()
