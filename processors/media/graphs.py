"""What comes out of a graph of FFmpeg's filters."""

from collections.abc import Iterator
from typing import TypeVar

from av.error import BlockingIOError as NothingYet
from av.error import EOFError as Over
from av.filter.context import FilterContext
from av.frame import Frame

F = TypeVar("F", bound=Frame)


def drained(sink: FilterContext, kind: type[F]) -> Iterator[F]:
    """All that a sink has by now."""
    while True:
        try:
            frame = sink.pull()
        except (NothingYet, Over):
            return
        assert isinstance(frame, kind)
        yield frame
