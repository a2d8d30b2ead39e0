"""One file and what was asked for: what films and sounds have in common."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from processors.base import Rejected, Work
from processors.media.models import MediaParams, NotMade
from processors.media.progress import Plan
from processors.media.source import Source

P = TypeVar("P", bound=MediaParams)


class Job(Generic[P]):
    """Each operation's part of the result is kept in `made`, under the name of its field."""

    def __init__(self, work: Work[P], weights: Mapping[str, float]) -> None:
        """`weights` are the stages of the work, in order."""
        self.params = work.params
        self.source = Source(work, work.params.limits, Plan(work, weights, work.params.limits.timeout_s))
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
