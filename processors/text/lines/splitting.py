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


def lines(blocks: Iterator[str], limit: int = LINE_CHARACTERS) -> Iterator[Line]:
    """A line ends with LF, CRLF or a lone CR. There is none behind the last line end."""
    offset = 0
    begun, length = "", 0  # the line that the last block left open: its first characters, and how many there were
    held = ""  # a CR, which may be half of a CRLF
    for block in blocks:
        block = held + block
        held = "\r" if block.endswith("\r") else ""
        if held:
            block = block[:-1]
        parts = _END.split(block)
        for at in range(0, len(parts) - 1, 2):
            part = parts[at]
            yield Line(offset, (begun + part)[:limit] if length or len(part) > limit else part)
            offset += length + len(part) + len(parts[at + 1])
            begun, length = "", 0
        begun = (begun + parts[-1][:limit])[:limit]
        length += len(parts[-1])
    if length or held:
        yield Line(offset, begun)
