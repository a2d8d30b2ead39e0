"""Lines, and records made of them, from blocks that are cut anywhere."""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

UTF8_BYTES = 4  # of a character, at most

Piece = TypeVar("Piece")
Take = Callable[[bytes, bool], Generator[Piece, None, int]]


def line_ends(text: str) -> int:
    """LF, CRLF and CR."""
    returns = text.count("\r")
    return text.count("\n") + returns - (text.count("\r\n") if returns else 0)


def is_within(characters: int, text: bytes, start: int, end: int) -> bool:
    """Whether text[start:end], which may be cut within its last character, has at most so many."""
    size = end - start
    return size <= characters or (
        size <= UTF8_BYTES * characters and len(text[start:end].decode(errors="ignore")) <= characters
    )


def beginning(text: bytes, start: int, characters: int) -> str:
    return text[start : start + UTF8_BYTES * characters].decode(errors="ignore")[:characters]


def whole_records(blocks: Iterable[bytes], take: Take[Piece], longest: int) -> Iterator[Piece]:
    """What `take` makes of the text: it yields pieces and returns where the record begins that isn't over yet.

    That is looked at again only when there is twice as much of it, or more than `longest` characters can be, so all
    takes linear time. The blocks are UTF-8, cut anywhere. The last text is given as such, and ends with a line end.
    """
    rest, waiting, size, enough = b"", list[bytes](), 0, 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size < enough:
            continue
        text = b"".join([rest, *waiting])
        is_held = text.endswith(b"\r")  # perhaps half of a CRLF
        start = yield from take(text[:-1] if is_held else text, False)
        rest, size = text[start:], len(text) - start
        waiting.clear()
        enough = min(2 * size, UTF8_BYTES * longest)
    text = b"".join([rest, *waiting])
    yield from take(text if text.endswith((b"\r", b"\n")) or not text else text + b"\n", True)


class Place:
    """Line and column, from 1, of what was passed. CRLF ends one line, also where it was cut."""

    def __init__(self) -> None:
        self.line = 1
        self.column = 1
        self._after_return = False

    def pass_by(self, text: str) -> None:
        if not text:
            return
        self.line += line_ends(text) - (self._after_return and text[0] == "\n")
        last = max(text.rfind("\n"), text.rfind("\r"))
        self.column = len(text) - last if last >= 0 else self.column + len(text)
        self._after_return = text[-1] == "\r"
