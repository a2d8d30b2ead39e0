"""Reports of a cell -> the progress that watchers see: never back, never done too early, a few writes a second."""

from collections.abc import Callable

from ingest.clock import Clock
from ingest.jobs.base import Progress
from processors.base import Report

CEILING = 0.99  # until the results are committed
WRITE_SECONDS = 0.25
STAGE_SECONDS = 0.05


class ProgressWriter:
    """Called with every report. `write` answers False when the attempt has lost its job; then `on_lost` is called."""

    def __init__(
        self, floor: float | None, write: Callable[[Progress], bool], on_lost: Callable[[], None], clock: Clock
    ) -> None:
        self._fraction = floor
        self._write = write
        self._on_lost = on_lost
        self._clock = clock
        self._stage: str | None = None
        self._written_at = float("-inf")

    def __call__(self, report: Report) -> None:
        self._fraction = advance(self._fraction, report)
        now = self._clock()
        quiet = now - self._written_at
        if quiet < (STAGE_SECONDS if report.stage != self._stage else WRITE_SECONDS):
            return
        self._stage, self._written_at = report.stage, now
        progress = Progress(
            self._fraction, report.stage, report.done, report.total, report.unit, report.message, updated_at=now
        )
        if not self._write(progress):
            self._on_lost()


def advance(fraction: float | None, report: Report) -> float | None:
    """The fraction after `report`, at least what it was; None as long as nobody knew a denominator."""
    if not report.total or report.total <= 0:
        return fraction
    return max(fraction or 0.0, min(report.done / report.total, CEILING))
