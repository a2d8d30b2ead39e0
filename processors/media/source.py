"""The file of a job, as its operations see it: opened anew by each of them, and always guarded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from av.container import InputContainer
from pydantic import BaseModel

from processors.base import Work
from processors.media import layout
from processors.media.layout import Layout
from processors.media.models import InputLimits
from processors.media.opening import open_media
from processors.media.progress import Plan

HEARD_BYTES = 4 << 20


class _Heard:
    """A file that says that it is read. FFmpeg may go through gigabytes in search of a packet that somebody wants."""

    def __init__(self, file: BinaryIO, plan: Plan) -> None:
        self._file = file
        self._plan = plan
        self._unsaid = 0
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        self._unsaid += size
        if self._unsaid > HEARD_BYTES:
            self._unsaid = 0
            self._plan.alive()
        return self._file.read(size)


@dataclass(frozen=True, slots=True)
class Source:
    """`notes` become the result's warnings."""

    work: Work[BaseModel]
    limits: InputLimits
    plan: Plan
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator[InputContainer]:
        """A demuxer of one's own, at the beginning. Raises `Rejected`."""
        with self.work.open() as file, open_media(_Heard(file, self.plan), self.limits) as container:
            yield container

    def layout(self) -> Layout:
        with self.work.open() as file:
            return layout.read(file)

    def note(self, warning: str) -> None:
        if warning not in self.notes:
            self.notes.append(warning)
