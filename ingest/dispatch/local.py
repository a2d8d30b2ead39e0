"""Wakes the worker of this host through a Unix datagram socket."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

MAX_ID = 64


class LocalDispatch:
    """The sending end. Nobody listening, or a full buffer, is fine: the worker looks by itself."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._address = _short(self._folder, path.name)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def nudge(self, job_id: str) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(job_id.encode()[:MAX_ID], self._address)

    def close(self) -> None:
        self._socket.close()
        os.close(self._folder)


class NudgeBox:
    """The receiving end, the worker's. Iterating yields job ids until `close`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # of a worker that was killed; only one runs in a data folder
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._closed = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(_short(folder, path.name))
        finally:
            os.close(folder)

    def __iter__(self) -> Iterator[str]:
        while True:
            try:
                message = self._socket.recv(MAX_ID)
            except OSError:
                return
            if self._closed:
                return
            yield message.decode(errors="replace")

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)  # wakes the reader
        self._socket.close()


def _short(folder: int, name: str) -> str:
    """A path of the socket that fits into sun_path (108 bytes) however deep the folder lies."""
    return f"/proc/self/fd/{folder}/{name}"
