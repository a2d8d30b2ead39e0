"""The file of a job, as its operations see it: opened anew by each of them, and always guarded."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer
from pydantic import BaseModel

from processors.base import JSON, Work
from processors.media import faststart, layout
from processors.media.faststart import NotMovable
from processors.media.layout import Layout
from processors.media.looking import Alive
from processors.media.models import MEMORY_BYTES, InputLimits
from processors.media.opening import open_media
from processors.media.progress import Plan

HEARD_BYTES = 4 << 20


class _Heard:
    """A file that says that it is read. FFmpeg may go through gigabytes in search of a packet that somebody wants."""

    def __init__(self, file: BinaryIO, alive: Alive) -> None:
        self._file = file
        self._alive = alive
        self._unsaid = 0
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        self._unsaid += size
        if self._unsaid > HEARD_BYTES:
            self._unsaid = 0
            self._alive()
        return self._file.read(size)


@dataclass(frozen=True, slots=True)
class Source:
    """`notes` become the result's warnings; `memory_bytes` are the most that the work may take."""

    work: Work[BaseModel]
    limits: InputLimits
    plan: Plan
    notes: list[str] = field(default_factory=list)
    memory_bytes: int = MEMORY_BYTES

    @contextmanager
    def open(self, alive: Alive | None = None) -> Iterator[InputContainer]:
        """A demuxer of one's own, at the beginning. Raises `Rejected`.

        `alive` is called as the file is read; default: the plan's, which only the job's own thread may call.
        """
        with self.work.open() as file, open_media(_Heard(file, alive or self.plan.alive), self.limits) as container:
            yield container

    def layout(self) -> Layout:
        with self.work.open() as file:
            return layout.read(file)

    def bring_index_first(self, path: Path, stage: str, begun: float, until: float = 1.0) -> None:
        """Of an MP4, where that can be done; of `stage` it is the part from `begun` to `until`."""

        def report(part: float) -> None:
            self.plan.report(stage, begun + part * (until - begun), "index")

        with suppress(NotMovable):  # at its end it's found, too
            faststart.bring_index_first(path, report)

    def publish(self, path: Path, media_type: str, **attributes: JSON) -> Path:
        """Make an output of a file in the scratch folder, under its name, and only once it is whole.

        What an operation began and gave up must not be published where the others' results are wanted nevertheless.
        """
        output = self.work.output(path.name, media_type, **attributes)
        path.replace(output)
        return output

    def note(self, warning: str) -> None:
        if warning not in self.notes:
            self.notes.append(warning)
