"""One file and what was asked for: what films and sounds have in common."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from processors.base import Rejected, Work
from processors.media.models import MEMORY_BYTES, MediaParams, NotMade
from processors.media.progress import Plan
from processors.media.source import Source

P = TypeVar("P", bound=MediaParams)


class Job(Generic[P]):
    """Each operation's part of the result is kept in `made`, under the name of its field."""

    def __init__(self, work: Work[P], weights: Mapping[str, float], memory_bytes: int = MEMORY_BYTES) -> None:
        """`weights` are the stages of the work, in order."""
        self.params, limits = work.params, work.params.limits
        self.source = Source(work, limits, Plan(work, weights, limits.timeout_s), memory_bytes=memory_bytes)
        self.made: dict[str, Any] = {}
        self.failed: list[NotMade] = []

    @contextmanager
    def tolerating(self, *operations: str) -> Iterator[None]:
        """Around what is done together: the others may be done without it, if that is what was asked for."""
        try:
            yield
        except Rejected as rejected:
            if self.params.on_error == "fail":
                raise
            self.failed += [NotMade(operation=name, code=rejected.code, detail=rejected.detail) for name in operations]
