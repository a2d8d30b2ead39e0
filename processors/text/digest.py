"""SHA-256 of the input, beside the reading of it: hashing lets other threads run, so that it costs no time."""

import hashlib
from threading import Event, Thread
from types import TracebackType
from typing import Self

from pydantic import BaseModel

from processors.base import Work

BLOCK_BYTES = 512 << 10
WORTH_A_THREAD = 4 << 20


class Digest:
    """Within `with`, the file is read and hashed by a thread; `hexdigest` waits for it. It never outlives the block."""

    def __init__(self, work: Work[BaseModel]) -> None:
        self._work = work
        self._hash = hashlib.sha256()
        self._is_left = Event()
        self._failure: OSError | None = None
        self._thread = Thread(target=self._run, name="digest") if work.size >= WORTH_A_THREAD else None

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_left.set()
        if self._thread:
            self._thread.join()

    def hexdigest(self) -> str:
        if self._thread:
            self._thread.join()
        else:
            self._run()
        if self._failure:
            raise self._failure
        return self._hash.hexdigest()

    def _run(self) -> None:
        try:
            with self._work.open() as file:
                while not self._is_left.is_set() and (block := file.read(BLOCK_BYTES)):
                    self._hash.update(block)
        except OSError as failure:  # as it would be in the reading itself
            self._failure = failure
