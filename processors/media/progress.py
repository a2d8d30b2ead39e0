"""How far a job of several stages is: weighted, never back, and null where nobody knows a denominator."""

import time
from collections.abc import Callable, Mapping

from pydantic import BaseModel

from processors.base import Rejected, Work


class Plan:
    """The stages of one job, each with its share of the work; they come in this order.

    Every loop over packets or frames calls `report`, which is cheap: it also hears a cancel, and looks at the clock.
    """

    def __init__(
        self,
        work: Work[BaseModel],
        weights: Mapping[str, float],
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = work
        self._weights = weights
        self._total = sum(weights.values())
        self._fractions = dict.fromkeys(weights, 0.0)
        self._clock = clock
        self._timeout = timeout
        self._started = clock()

    def report(self, stage: str, fraction: float | None, message: str = "") -> None:
        """`fraction` of `stage` is done; None: there is no telling. Raises `Cancelled`, or `Rejected` past the time.

        A fraction beyond the stage's end or behind an earlier one is clamped.
        """
        if self._clock() - self._started > self._timeout:
            raise Rejected("limit_exceeded", f"The work takes longer than {self._timeout:g} seconds; it was {stage}.")
        if fraction is None:
            self._work.report(stage, 0, None, "", message)
            return
        self._advance(stage, fraction)
        done = sum(self._weights[name] * part for name, part in self._fractions.items())
        self._work.report(stage, 100 * done / self._total, 100, "%", message)

    def _advance(self, stage: str, fraction: float) -> None:
        """Whatever comes before `stage` is over, even where it was skipped or had no fraction."""
        for name in self._fractions:
            if name == stage:
                self._fractions[name] = max(self._fractions[name], min(fraction, 1.0))
                return
            self._fractions[name] = 1.0
        raise KeyError(stage)
