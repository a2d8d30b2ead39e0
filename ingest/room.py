"""How much the store may still take: asked of it once in a while, and counted down in between."""

import threading
import time

from storage.base import FileStore

FRESH_SECONDS = 1.0  # after that, what other processes wrote counts


class Room:
    """One for a process. A refusal never rests on an old answer. Safe between threads."""

    def __init__(self) -> None:
        self._free = 0
        self._asked_at = float("-inf")
        self._lock = threading.Lock()

    def has(self, files: FileStore, length: int, reserve: int) -> bool:
        """Whether `length` bytes fit and leave `reserve` free."""
        with self._lock:
            return self._has(files, length + reserve)

    def take(self, files: FileStore, length: int, reserve: int) -> bool:
        """The same for bytes that are written now."""
        with self._lock:
            fits = self._has(files, length + reserve)
            self._free -= length if fits else 0
            return fits

    def _has(self, files: FileStore, needed: int) -> bool:
        now = time.monotonic()
        if self._free < needed or now - self._asked_at > FRESH_SECONDS:
            self._free, self._asked_at = files.free_bytes(), now
        return self._free >= needed
