"""Lines of a text that arrives in blocks, however it was cut, and however long they are."""

import re
from collections.abc import Iterator
from typing import NamedTuple

LINE_CHARACTERS = 4096

_END = re.compile(r"(\r\n|\r|\n)")


class Line(NamedTuple):
    """`offset` is in characters; `text` has no line end, and of a longer line only the beginning."""

    offset: int
    text: str


class Splitter:
    """A line ends with LF, CRLF or a lone CR. There is none behind the last line end."""

    def __init__(self, limit: int = LINE_CHARACTERS) -> None:
        self._limit = limit
        self._offset = 0
        self._begun = ""  # of the line that the last block left open: its first characters
        self._held = ""  # a CR, which may be half of a CRLF
        self.open_characters = 0  # of that line

    def feed(self, block: str) -> Iterator[Line]:
        block = self._held + block
        self._held = "\r" if block.endswith("\r") else ""
        parts = _END.split(block[:-1] if self._held else block)
        for at in range(0, len(parts) - 1, 2):
            part = parts[at]
            yield Line(self._offset, (self._begun + part)[: self._limit])
            self._offset += self.open_characters + len(part) + len(parts[at + 1])
            self._begun, self.open_characters = "", 0
        self._begun = (self._begun + parts[-1][: self._limit])[: self._limit]
        self.open_characters += len(parts[-1])

    def finish(self) -> Iterator[Line]:
        if self.open_characters or self._held:
            yield Line(self._offset, self._begun)


def lines(blocks: Iterator[str], limit: int = LINE_CHARACTERS) -> Iterator[Line]:
    splitter = Splitter(limit)
    for block in blocks:
        yield from splitter.feed(block)
    yield from splitter.finish()
