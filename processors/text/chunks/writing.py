"""Chunks as lines of JSON, and those as Parquet."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

from pydantic_core import to_json

from processors.base import Rejected
from processors.text.chunks.cutting import Chunk

RATIO = 16  # of the lines to the file, beside the first `FREE_BYTES`: only tiny chunks under long headings come near
FREE_BYTES = 1 << 20
BATCH_BYTES = 256 << 10


class Lines:
    """Opens its file with the first chunk: an empty file is no output."""

    def __init__(self, path: Path, input_bytes: int) -> None:
        self._path = path
        self._room = RATIO * input_bytes + FREE_BYTES
        self._file: BinaryIO | None = None
        self._batch: list[bytes] = []
        self._held = 0
        self.count = 0

    def write(self, chunk: Chunk, headings: Sequence[str]) -> None:
        line = to_json(
            {
                "index": self.count,
                "start": chunk.start,
                "end": chunk.end,
                "start_byte": chunk.start_byte,
                "end_byte": chunk.end_byte,
                "headings": headings,
                "text": chunk.text,
            }
        )
        self.count += 1
        self._batch.append(line)
        self._held += len(line) + 1
        if self._held > BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._room -= self._held
        if self._room < 0:
            words = f"The chunks would take more than {RATIO} times the room of the file: make them larger."
            raise Rejected("limit_exceeded", words)
        if self._file is None:
            self._file = self._path.open("wb")
        self._batch.append(b"")
        self._file.write(b"\n".join(self._batch))
        self._batch, self._held = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_error: object) -> None:
        if self._held and failed is None:
            self._flush()
        if self._file is not None:
            self._file.close()
