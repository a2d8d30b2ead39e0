"""The way of a sound: open, choose a stream, do what was asked for, describe."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from processors.audio import models
from processors.audio.models import Operation
from processors.base import Rejected, Work
from processors.media.models import NotMade
from processors.media.opening import choose_audio
from processors.media.probe import describe
from processors.media.progress import Plan
from processors.media.source import Source

# How long each takes, about, beside the others; probing is always done.
WEIGHTS: dict[Operation, float] = {
    "probe": 1,
    "cover": 1,
    "waveform": 20,
    "loudness": 20,
    "silence": 20,
    "audio": 60,
}


def run(work: Work[models.AudioParams]) -> models.AudioResult:
    return Job(work).run()


class Job:
    """One sound. Each operation's part of the result is kept under the name of its field."""

    def __init__(self, work: Work[models.AudioParams]) -> None:
        self.params = work.params
        wanted: dict[str, float] = {
            name: weight for name, weight in WEIGHTS.items() if name == "probe" or work.params.wants(name)
        }
        self.source = Source(work, work.params.limits, Plan(work, wanted, work.params.limits.timeout_s))
        self.made: dict[str, Any] = {}
        self.failed: list[NotMade] = []

    def run(self) -> models.AudioResult:
        self.source.plan.report("probe", 0)
        with self.source.open() as container:
            choose_audio(container)
            told = describe(container, None, None)
        return models.AudioResult(**told, **self.made, errors=self.failed, warnings=self.source.notes)

    @contextmanager
    def _tolerating(self, operation: Operation) -> Iterator[None]:
        """Around one operation: the others may be done without it, if that is what was asked for."""
        try:
            yield
        except Rejected as rejected:
            if self.params.on_error == "fail":
                raise
            self.failed.append(NotMade(operation=operation, code=rejected.code, detail=rejected.detail))
