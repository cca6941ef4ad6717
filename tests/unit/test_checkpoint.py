"""Weights and card belong together, or nothing is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from stub_checkpoint import save_stub_checkpoint, stub_card, stub_network

from ichviewer.core.errors import CheckpointError, IchViewerError
from ichviewer.inference.card_file import read_card, sha256_hex, write_card
from ichviewer.inference.checkpoint import load_checkpoint
from ichviewer.resources import resource_path


def test_a_saved_checkpoint_reads_back_as_it_was(tmp_path: Path) -> None:
    card_path = save_stub_checkpoint(tmp_path, seed=5)
    loaded, original = load_checkpoint(card_path), stub_network(seed=5)
    assert not loaded.network.training
    assert replace(loaded.card, weights_sha256="") == replace(stub_card(), weights_sha256="")
    assert loaded.card.weights_sha256 == sha256_hex((tmp_path / "stub.safetensors").read_bytes())
    for name, tensor in original.state_dict().items():
        assert torch.equal(tensor, loaded.network.state_dict()[name])


def test_weights_that_changed_by_one_bit_are_refused(tmp_path: Path) -> None:
    """Hazard: scores of damaged or exchanged weights under a card that measured others."""
    card_path = save_stub_checkpoint(tmp_path)
    weights = tmp_path / "stub.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"stub\.safetensors have SHA-256 .*, but their card stub\.json"
    ):
        load_checkpoint(card_path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    card_path = save_stub_checkpoint(tmp_path)
    (tmp_path / "stub.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"stub\.safetensors cannot be read"):
        load_checkpoint(card_path)


@pytest.mark.parametrize("content", [b"not safetensors", b""])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "stub.safetensors").write_bytes(content)
    write_card(tmp_path / "stub.json", replace(stub_card(), weights_sha256=sha256_hex(content)))
    with pytest.raises(CheckpointError, match="do not fit stub"):
        load_checkpoint(tmp_path / "stub.json")


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_weights_of_another_network_are_refused(tmp_path: Path, change: str) -> None:
    state = dict(stub_network().state_dict())
    if change == "missing":
        del state["classifier.bias"]
    elif change == "extra":
        state["other"] = torch.zeros(1)
    else:
        state["classifier.bias"] = torch.zeros(5)
    save_file(state, tmp_path / "stub.safetensors")
    found = sha256_hex((tmp_path / "stub.safetensors").read_bytes())
    write_card(tmp_path / "stub.json", replace(stub_card(), weights_sha256=found))
    with pytest.raises(CheckpointError, match="do not fit stub"):
        load_checkpoint(tmp_path / "stub.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "null", '{"name": "x"}'])
def test_a_file_that_is_no_card_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"broken\.json is not a complete model card"):
        read_card(path)


@pytest.mark.parametrize("name", ["../stub", "a/b", "", "..\\stub"])
def test_a_card_cannot_name_weights_outside_its_folder(tmp_path: Path, name: str) -> None:
    values = json.loads(save_stub_checkpoint(tmp_path).read_text(encoding="utf-8"))
    (tmp_path / "evil.json").write_text(json.dumps({**values, "name": name}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="not a plain file name"):
        load_checkpoint(tmp_path / "evil.json")


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"absent\.json cannot be read"):
        read_card(tmp_path / "absent.json")


def test_reading_a_card_does_not_import_torch() -> None:
    code = "import sys, ichviewer.inference.card_file, ichviewer.resources; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_missing_resource_is_named() -> None:
    with pytest.raises(IchViewerError, match=r"checkpoints/nothing\.json is missing"):
        resource_path("checkpoints/nothing.json")


def test_the_checkout_holds_the_checkpoints() -> None:
    assert resource_path("checkpoints").is_dir()
