"""What a cell left behind -> blobs. Everything in its folder is hostile until checked here.

The blobs become visible only through the rows that `finish` writes; until then they are nobody's.
"""

import json
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ingest.accept import discard
from ingest.errors import JobError
from ingest.jobs.outcomes import Output
from ingest.sandbox import Left
from processors.base import Limits
from processors.work import OUTPUT_NAME
from storage.base import Blob, FileStore, Spool

COPY_BYTES = 1 << 20
ATTRIBUTE_BYTES = 4096
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,100}(; ?charset=[a-z0-9-]{1,40})?")


class Tampered(Exception):
    """The cell left something that can't be published."""

    def __init__(self, error: JobError) -> None:
        super().__init__(error)
        self.error = error


@dataclass(slots=True)
class Kept:
    """Outputs as durable blobs, with their spools at hand until the rows are committed."""

    files: FileStore
    owner: str
    outputs: list[Output] = field(default_factory=list)
    _held: list[tuple[Blob, Spool]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for _blob, spool in self._held:
            discard(spool)

    def ensure(self) -> None:
        """Called inside the publishing transaction: put back what the janitor took in between."""
        for blob, spool in self._held:
            if not self.files.exists(blob.key):
                self.files.put(spool)

    def take(self, folder: Path, left: Sequence[Left], limits: Limits) -> None:
        """Check and store all of `left`. Raises `Tampered`, or `StorageError`."""
        if not left:
            return
        if len(left) > limits.output_files:
            raise Tampered(JobError("limit_exceeded", f"More than {limits.output_files} output files"))
        room = limits.output_bytes
        descriptor = _open_folder(folder)
        try:
            for one in left:
                output = self._take_one(descriptor, one, room)
                room -= output.size
                self.outputs.append(output)
        finally:
            os.close(descriptor)

    def _take_one(self, folder: int, left: Left, room: int) -> Output:
        _check_words(left)
        source = _open_output(folder, left.name)
        spool = self.files.spool(self.owner)
        try:
            _copy(source, spool, room)
            blob = self.files.put(spool)
        except BaseException:
            discard(spool)
            raise
        finally:
            os.close(source)
        self._held.append((blob, spool))
        return Output(left.name, left.media_type, blob.size, blob.sha256, blob.key, left.attributes)


def _open_folder(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        raise Tampered(JobError("internal", "The processor left no folder of outputs")) from None


def _check_words(left: Left) -> None:
    words = json.dumps(left.attributes)
    if not OUTPUT_NAME.fullmatch(left.name) or not MEDIA_TYPE.fullmatch(left.media_type):
        raise Tampered(JobError("internal", "The processor left an output with a bad name or media type"))
    if len(words) > ATTRIBUTE_BYTES:
        raise Tampered(JobError("limit_exceeded", f"The attributes of {left.name} are over {ATTRIBUTE_BYTES} bytes"))


def _open_output(folder: int, name: str) -> int:
    """O_NOFOLLOW refuses a symlink and O_NONBLOCK doesn't wait for a FIFO's writer; then look at what it is."""
    error = Tampered(JobError("internal", f"The output {name} is not a plain file of its own"))
    try:
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        raise error from None
    found = os.fstat(source)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(source)
        raise error
    return source


def _copy(source: int, spool: Spool, room: int) -> None:
    """Copy to the end, counting: the size that fstat gave is only a claim."""
    while data := os.read(source, COPY_BYTES):
        room -= len(data)
        if room < 0:
            raise Tampered(JobError("limit_exceeded", "The outputs are larger than the kind allows"))
        spool.append(data)
