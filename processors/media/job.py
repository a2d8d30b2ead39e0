"""One file and what was asked for: what films and sounds have in common."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from processors.base import Work
from processors.media.models import MediaParams
from processors.media.progress import Plan
from processors.media.source import Source
from processors.partial import Tolerance

P = TypeVar("P", bound=MediaParams)


class Job(Generic[P]):
    """Each operation's part of the result is kept in `made`, under the name of its field."""

    def __init__(self, work: Work[P], weights: Mapping[str, float]) -> None:
        """`weights` are the stages of the work, in order."""
        self.params = work.params
        self.source = Source(work, work.params.limits, Plan(work, weights, work.params.limits.timeout_s))
        self.made: dict[str, Any] = {}
        self.tolerance = Tolerance(work.params.on_error)
        self.tolerating = self.tolerance.tolerating
