"""Weights with their model card: saved, loaded and verified together.

The one thing to get wrong: the hash is taken of the very bytes that are then read as weights, so
nothing can be put in between; and safetensors is the only format, because a pickle runs code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError
from safetensors import torch as safetensors_torch

from ichviewer.atomic_file import write_atomically
from ichviewer.core.errors import CheckpointError
from ichviewer.core.file_errors import why_not_read, why_not_written
from ichviewer.core.findings import SUBTYPES
from ichviewer.core.model_card import ModelCard
from ichviewer.inference.card_file import read_card, sha256_hex, weights_path, write_card
from ichviewer.inference.network import SliceNetwork, build_network


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network ready to run, in evaluation mode on the CPU, with its card."""

    card: ModelCard
    network: SliceNetwork


def load_checkpoint(card_path: Path) -> Checkpoint:
    """Load card and weights and check that they belong together.

    Args:
        card_path: The card's JSON file; the weights lie beside it.

    Raises:
        CheckpointError: Something is missing or damaged, the hash differs, or names or shapes do not fit.
    """
    card = read_card(card_path)
    path = weights_path(card_path, card)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"The weights {path} cannot be read: {why_not_read(error)}.") from error
    found = sha256_hex(content)
    if found != card.weights_sha256:
        raise CheckpointError(
            f"The weights {path} have SHA-256 {found}, but their card {card_path.name} says "
            f"{card.weights_sha256}."
        )
    network = build_network(card.architecture, len(SUBTYPES))
    try:
        network.load_state_dict(safetensors_torch.load(content), strict=True)
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"The weights {path} do not fit {card.architecture}: {error}") from error
    return Checkpoint(card, network.eval())


def save_checkpoint(folder: Path, card: ModelCard, network: SliceNetwork) -> Path:
    """Write NAME.safetensors and NAME.json.

    Args:
        folder: Where to; it exists.
        card: Its ``weights_sha256`` is replaced by the hash of what is written.
        network: The weights.

    Returns:
        Path of the card.

    Raises:
        CheckpointError: A file cannot be written.
    """
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    content = safetensors_torch.save(state)
    card_path = folder / f"{card.name}.json"
    card = replace(card, weights_sha256=sha256_hex(content))
    path = weights_path(card_path, card)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise CheckpointError(f"The weights {path} cannot be written: {why_not_written(error)}.") from error
    write_card(card_path, card)
    return card_path
