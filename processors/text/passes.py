"""Progress over several readings of one file, in bytes of all of them."""

from pydantic import BaseModel

from processors.base import Work


class Passes:
    """`begin` each reading, say `at` which offset it is, and `end` it: one that ended early counts as whole."""

    def __init__(self, work: Work[BaseModel], readings: int) -> None:
        self._work = work
        self._readings = readings
        self._behind = 0  # bytes of the readings that are over
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
        done = self._behind + min(offset, size)
        self._work.report(self._stage, done, self._readings * size, "bytes", self._message)

    def beat(self) -> None:
        """Raises `Cancelled`. Still at the same place, and alive."""
        self.at(self._offset)

    def end(self) -> None:
        self._behind += self._work.size
        self._offset = 0
