"""A child's end of the control socket that its parent holds.

The parent sends `drain` and `stop`, a line each; the end of the stream means that the parent is gone, however it
died, and nothing may outlive it.
"""

import socket
import threading
from collections.abc import Callable, Mapping

DRAIN = "drain"
STOP = "stop"


class Leash:
    """Calls `on[command]` for each command, and `on_gone` at the end of the stream, from a thread of its own."""

    def __init__(self, descriptor: int, on: Mapping[str, Callable[[], None]], on_gone: Callable[[], None]) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._on = on
        self._on_gone = on_gone
        threading.Thread(target=self._listen, name="leash", daemon=True).start()

    def _listen(self) -> None:
        with self._socket.makefile("r", encoding="ascii") as lines:
            for line in lines:
                self._on[line.strip()]()
        self._on_gone()
