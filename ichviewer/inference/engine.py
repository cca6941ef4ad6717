"""The network in a process of its own, driven from a worker thread.

Importing torch holds the interpreter for up to 0.8 s at a stretch, and a forward pass competes
with the window for it; in a child process neither can stop a scroll. The module that imports torch
is *named* here and imported there, so it never enters this process. The one thing to get wrong:
replies of a request that was given up may still arrive; they carry its number and are dropped.
"""

from __future__ import annotations

import importlib
import itertools
import multiprocessing
import os
import pickle
import signal
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ichviewer.core.errors import InferenceError
from ichviewer.core.findings import SliceResult
from ichviewer.core.map_verdict import SliceVerdicts
from ichviewer.core.progress import CancelToken
from ichviewer.core.volume import Volume
from ichviewer.free_memory import free_memory_bytes

POLL_SECONDS = 0.02
"""How often a waiting thread looks at its cancel token."""

LOWER_PRIORITY = 5
"""The child yields to the window; on an idle machine this costs nothing."""


def _run_server(connection: Connection, card_path: Path, device: str) -> None:
    """In the child: import the server, torch with it, and let it answer until the pipe closes."""
    # Ctrl+C in a terminal reaches both processes; the parent decides, and ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(LOWER_PRIORITY)
    try:
        server = importlib.import_module("ichviewer.inference.server")
    except ImportError as error:
        reason = f"The network cannot be loaded, a part of the installation is missing: {error}."
        connection.send_bytes(pickle.dumps((None, "fatal", reason)))
        return
    server.serve(connection, card_path, device)


class Engine:
    """Runs one checkpoint in a child process. To be used from one thread at a time, ``close`` from any."""

    def __init__(self, card_path: Path, device: str = "auto") -> None:
        """Remember what to run; nothing is started yet.

        Args:
            card_path: Model card beside the weights.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        """
        self._card_path = card_path
        self._device = device
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._numbers = itertools.count()
        self._device_name = ""
        # Weak: a study that was closed must not stay in memory until the next one is analyzed.
        self._loaded: weakref.ref[Volume] | None = None

    def start(self) -> None:
        """Start the child ahead, if it does not run; returns at once while it imports torch."""
        if self._process is not None and self._process.is_alive():
            return
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_run_server,
            args=(theirs, self._card_path, self._device),
            name="ichviewer-network",
            daemon=True,
        )
        self._process.start()
        theirs.close()
        self._device_name = ""
        self._loaded = None

    @property
    def wanted_device(self) -> str:
        """The device that it was made for, ``auto`` among them."""
        return self._device

    @property
    def process_id(self) -> int:
        """Process ID of the child; 0 while there is none."""
        return 0 if self._process is None else self._process.pid or 0

    def wait_until_ready(self, cancel: CancelToken) -> str:
        """Wait for the child to have loaded the checkpoint.

        Returns:
            The device it runs on, in words.

        Raises:
            InferenceError: The checkpoint or device is unusable; the child's own words.
            Cancelled: *cancel* was set; the child goes on loading.
        """
        self.start()
        if not self._device_name:
            self._device_name = str(self._receive(None, cancel))
        return self._device_name

    def predict(
        self,
        volume: Volume,
        order: Sequence[int],
        on_scored: Callable[[tuple[SliceResult, ...]], None],
        cancel: CancelToken,
    ) -> None:
        """Score the slices of *volume* in *order*.

        Args:
            volume: The stack.
            order: Slice indices.
            on_scored: Called each time one more slice was scored, with the results that are final by it:
                none while they wait for neighbors.
            cancel: Looked at while waiting.

        Raises:
            InferenceError: The child died; slices reported before keep their results.
            Cancelled: *cancel* was set.
        """
        self.wait_until_ready(cancel)
        self._load(volume)
        for results in self._request(("predict", list(order)), cancel):
            on_scored(results)

    def explain(
        self, volume: Volume, slice_index: int, label_index: int, method: str, cancel: CancelToken
    ) -> NDArray[np.float32]:
        """Map of one of pytorch-grad-cam's methods for one slice, (h, w), see ``inference.explain``."""
        self.wait_until_ready(cancel)
        self._load(volume)
        maps = list(self._request(("explain", slice_index, label_index, method), cancel))
        return np.asarray(maps[0], dtype=np.float32)

    def check_maps(
        self,
        volume: Volume,
        maps: Mapping[int, Sequence[int]],
        method: str,
        on_checked: Callable[[SliceVerdicts], None],
        cancel: CancelToken,
    ) -> None:
        """Find out which maps may be believed, see ``inference.check_maps``.

        Args:
            volume: The stack.
            maps: Positions in SUBTYPES by slice, in the order in which they are checked.
            method: ``CLOSED_FORM``, or one of pytorch-grad-cam's.
            on_checked: Called for each slice; not for one that could not be checked.
            cancel: Looked at while waiting.

        Raises:
            InferenceError: The child died.
            Cancelled: *cancel* was set.
        """
        self.wait_until_ready(cancel)
        self._load(volume)
        for verdicts in self._request(("check", dict(maps), method), cancel):
            on_checked(verdicts)

    def thread_count(self, cancel: CancelToken) -> int:
        """Threads that torch uses on the CPU; loads the network if that was not done yet."""
        self.wait_until_ready(cancel)
        (count,) = self._request(("threads",), cancel)
        return int(count)

    def close(self) -> None:
        """End the child."""
        process, connection = self._process, self._connection
        self._process = self._connection = self._loaded = None
        if process is not None:
            process.terminate()
            process.join()
        if connection is not None:
            connection.close()

    def _load(self, volume: Volume) -> None:
        """Give the child the volume unless it has it; arrays travel out of band, without a copy here.

        Raises:
            InferenceError: There is no memory for the child's copy.
        """
        if self._loaded is not None and self._loaded() is volume:
            return
        needed, free = volume.stored_values.nbytes, free_memory_bytes()
        if free is not None and needed > free:
            raise InferenceError(
                f"The analysis needs {needed >> 20} MiB of memory for its own copy of the images; "
                f"{free >> 20} MiB are free."
            )
        buffers: list[pickle.PickleBuffer] = []
        header = pickle.dumps(volume, protocol=5, buffer_callback=buffers.append)
        self._send(("volume", next(self._numbers), len(buffers)))
        self._send_bytes(header)
        for buffer in buffers:
            self._send_bytes(buffer.raw())
        self._loaded = weakref.ref(volume)

    def _request(self, message: tuple[Any, ...], cancel: CancelToken) -> Iterator[Any]:
        """Send a request and give its replies, as they come."""
        number = next(self._numbers)
        self._send((message[0], number, *message[1:]))
        try:
            while (reply := self._receive(number, cancel)) is not None:
                yield reply
        finally:
            if cancel.is_cancelled:
                self._send(("stop", next(self._numbers)))

    def _send(self, message: tuple[Any, ...]) -> None:
        self._send_bytes(pickle.dumps(message))

    def _send_bytes(self, content: bytes | memoryview) -> None:
        try:
            self._open_connection().send_bytes(content)
        except OSError as error:
            raise self._death() from error

    def _receive(self, number: int | None, cancel: CancelToken) -> Any:
        """Next reply to request *number*; ``None`` at its end.

        Raises:
            InferenceError: The child reports an error or died.
            Cancelled: *cancel* was set while waiting.
        """
        connection = self._open_connection()
        while True:
            try:
                while not connection.poll(POLL_SECONDS):
                    cancel.raise_if_cancelled()
                cancel.raise_if_cancelled()
                of_request, kind, value = pickle.loads(connection.recv_bytes())
            except (EOFError, OSError) as error:
                raise self._death() from error
            if kind == "fatal":
                self.close()
                raise InferenceError(value)
            if of_request == number:
                if kind == "error":
                    raise InferenceError(value)
                return None if kind == "end" else value

    def _open_connection(self) -> Connection:
        if self._connection is None:
            raise InferenceError("The network's process was closed.")
        return self._connection

    def _death(self) -> InferenceError:
        """The child is gone: clean up, so that the next request starts another."""
        process = self._process
        if process is not None:
            process.join(1.0)
        code = None if process is None else process.exitcode
        self.close()
        return InferenceError(f"The network's process ended unexpectedly (exit code {code}).")
