"""How far a job is, in one unit over all of it; also where it stops when it is cancelled or takes too long."""

import time
from collections.abc import Callable

from processors.base import Rejected, Work
from processors.document.models import DocumentParams


class Progress:
    """`clock` gives seconds. The first `plan` starts the count."""

    def __init__(self, work: Work[DocumentParams], clock: Callable[[], float] = time.monotonic) -> None:
        self._work = work
        self._clock = clock
        self._until = clock() + work.params.limits.timeout_s
        self._stage, self._unit = "opening", "pages"
        self._done, self._total = 0, 0

    def plan(self, total: int, unit: str) -> None:
        self._total, self._unit = total, unit
        self.advance(0)

    def begin(self, stage: str) -> None:
        self._stage = stage
        self.advance(0)

    def advance(self, amount: int = 1) -> None:
        """Raises `Cancelled`, or `Rejected` past the time."""
        self._done += amount
        self._work.report(self._stage, self._done, self._total or None, self._unit)
        if self._clock() > self._until:
            seconds = self._work.params.limits.timeout_s
            raise Rejected("limit_exceeded", f"The work takes longer than {seconds} s; it was {self._stage}.")
