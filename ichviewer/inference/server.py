"""The child process: imports torch, loads one checkpoint, and answers requests until its pipe closes.

Imported in the child only (see ``engine``). The one thing to get wrong: between two slices it looks
whether another message came; any message ends the running analysis, so a cancel costs one slice at most.
"""

from __future__ import annotations

import importlib
import logging
import pickle
from collections.abc import Mapping, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from ichviewer.core.errors import IchViewerError
from ichviewer.core.findings import SliceFinding, SliceResult
from ichviewer.core.heatmap import CLOSED_FORM
from ichviewer.core.preprocessing import preprocess_volume_slice
from ichviewer.core.volume import Volume
from ichviewer.inference.check_maps import MapOfLabel, check_maps
from ichviewer.inference.checkpoint import Checkpoint, load_checkpoint
from ichviewer.inference.device import choose_device, describe_device
from ichviewer.inference.predict import SLICE_ERRORS, on_device, predict

LOG = logging.getLogger(__name__)


def serve(connection: Connection, card_path: Path, device: str) -> None:
    """Answer requests on *connection* until it closes.

    Replies are (number of the request, kind, value); the kinds are ``value``, ``end``, ``error`` and
    ``fatal``. The first reply, numbered None, names the device in words.
    """
    try:
        chosen = choose_device(device)
        checkpoint = on_device(load_checkpoint(card_path), chosen)
    except IchViewerError as error:
        _reply(connection, None, "fatal", str(error))
        return
    _reply(connection, None, "value", describe_device(chosen))
    server = _Server(connection, checkpoint, chosen)
    try:
        while True:
            server.answer(pickle.loads(connection.recv_bytes()))
    except (EOFError, BrokenPipeError):
        return  # The window is gone, and with it every reason to go on.


class _Server:
    """One checkpoint, and the volume that the requests are about."""

    def __init__(self, connection: Connection, checkpoint: Checkpoint, device: torch.device) -> None:
        self._connection = connection
        self._checkpoint = checkpoint
        self._device = device
        self._volume: Volume | None = None

    def answer(self, message: tuple[Any, ...]) -> None:
        """Do what one message asks for."""
        kind, number, *arguments = message
        if kind == "volume":
            self._take_volume(arguments[0])
        elif kind == "predict":
            self._predict(number, arguments[0])
        elif kind == "explain":
            self._explain(number, *arguments)
        elif kind == "check":
            self._check(number, *arguments)
        elif kind == "threads":
            _reply(self._connection, number, "value", torch.get_num_threads())
            _reply(self._connection, number, "end", None)
        # "stop" asks for nothing: that it came has ended the analysis.

    def _take_volume(self, buffer_count: int) -> None:
        self._volume = None  # Before the next one comes, so that there is never room needed for two.
        header = self._connection.recv_bytes()
        buffers = [self._connection.recv_bytes() for _ in range(buffer_count)]
        self._volume = pickle.loads(header, buffers=buffers)

    def _predict(self, number: int, order: Sequence[int]) -> None:
        assert self._volume is not None, "the volume is always sent before the first request"
        for findings in predict(self._volume, self._checkpoint, self._device, order):
            results = tuple(self._result(finding) for finding in findings)
            _reply(self._connection, number, "value", results)
            if self._connection.poll():
                return
        _reply(self._connection, number, "end", None)

    def _result(self, finding: SliceFinding) -> SliceResult:
        assert self._volume is not None, "the volume is always sent before the first request"
        return SliceResult(self._volume.series.key, self._checkpoint.card.weights_sha256, finding)

    def _explain(self, number: int, slice_index: int, label_index: int, method: str) -> None:
        assert self._volume is not None, "the volume is always sent before the first request"
        try:
            spec = self._checkpoint.card.preprocessing
            network_input = preprocess_volume_slice(self._volume, slice_index, spec)
            values = self._maps_by(method)(network_input, label_index)
        except (IchViewerError, RuntimeError, ValueError) as error:
            _reply(self._connection, number, "error", f"{method}: {error}")
            return
        _reply(self._connection, number, "value", values)
        _reply(self._connection, number, "end", None)

    def _maps_by(self, method: str) -> MapOfLabel:
        # Imported when first asked for: it takes as long as torch, and scores need none of it.
        explain = importlib.import_module("ichviewer.inference.explain")
        return partial(explain.explain_slice, self._checkpoint, device=self._device, method=method)

    def _check(self, number: int, maps: Mapping[int, Sequence[int]], method: str) -> None:
        """Any message stops it within one pass: scores and other maps are worth more than verdicts."""
        assert self._volume is not None, "the volume is always sent before the first request"
        for slice_index, labels in maps.items():
            try:
                other = None if method == CLOSED_FORM else self._maps_by(method)
                steps = check_maps(self._volume, slice_index, labels, self._checkpoint, self._device, other)
                for verdicts in steps:
                    if self._connection.poll():
                        return
                    if verdicts is not None:
                        _reply(self._connection, number, "value", verdicts)
            except SLICE_ERRORS:
                # Its maps stay "not checked yet", and the other slices have a right to their verdicts.
                LOG.warning("the maps of slice %d could not be checked", slice_index, exc_info=True)
        _reply(self._connection, number, "end", None)


def _reply(connection: Connection, number: int | None, kind: str, value: object) -> None:
    connection.send_bytes(pickle.dumps((number, kind, value)))
