"""Progress over several readings of one file, in bytes of all of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from processors.base import Work


class Passes:
    """`begin` each reading, say `at` which offset it is, and `end` it: one that ended early counts as whole."""

    def __init__(self, work: Work[BaseModel], readings: int) -> None:
        self._work = work
        self._readings = readings
        self._over = 0  # readings
        self._offset = 0
        self._stage = ""
        self._message = ""

    def add(self, readings: int = 1) -> None:
        """There will be more of them than was thought."""
        self._readings += readings

    def begin(self, stage: str, message: str = "") -> None:
        self._stage, self._message = stage, message
        self.at(0)

    def at(self, offset: int) -> None:
        """Raises `Cancelled`. Also means: I am alive."""
        self._offset = offset
        size = self._work.size
        done = self._over * size + min(offset, size)
        self._work.report(self._stage, done, self._readings * size, "bytes", self._message)

    def beat(self) -> None:
        """Raises `Cancelled`. Still at the same place, and alive."""
        self.at(self._offset)

    def end(self) -> None:
        self._over += 1
        self._offset = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """What is done within is one of the readings, also where it proves needless."""
        before = self._over
        try:
            yield
        finally:
            if self._over == before:
                self.end()
