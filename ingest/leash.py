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
        try:
            with self._socket, self._socket.makefile("rb") as lines:
                for line in lines:
                    command = self._on.get(line.strip().decode("ascii", "replace"))
                    if command is not None:
                        command()
        finally:
            self._on_gone()  # also when a command failed: who can't be led any more must not live on
