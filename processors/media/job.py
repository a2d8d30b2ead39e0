"""One file and what was asked for: what films and sounds have in common."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from processors.base import Work
from processors.media.models import MEMORY_BYTES, MediaParams
from processors.media.progress import Plan
from processors.media.source import Source
from processors.partial import Tolerance

P = TypeVar("P", bound=MediaParams)


class Job(Generic[P]):
    """Each operation's part of the result is kept in `made`, under the name of its field."""

    def __init__(self, work: Work[P], weights: Mapping[str, float], memory_bytes: int = MEMORY_BYTES) -> None:
        """`weights` are the stages of the work, in order."""
        self.params, limits = work.params, work.params.limits
        self.source = Source(work, limits, Plan(work, weights, limits.timeout_s), memory_bytes=memory_bytes)
        self.made: dict[str, Any] = {}
        self.tolerance = Tolerance(work.params.on_error)
        self.tolerating = self.tolerance.tolerating
