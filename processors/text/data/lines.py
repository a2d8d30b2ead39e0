"""Lines, and records made of them, from blocks that are cut anywhere."""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TypeVar

Piece = TypeVar("Piece")
Take = Callable[[str, bool], Generator[Piece, None, int]]


def line_ends(text: str) -> int:
    """LF, CRLF and CR."""
    returns = text.count("\r")
    return text.count("\n") + returns - (text.count("\r\n") if returns else 0)


def whole_records(blocks: Iterable[str], take: Take[Piece], longest: int) -> Iterator[Piece]:
    """What `take` makes of the text: it yields pieces and returns where the record begins that isn't over yet.

    That is looked at again only when there is twice as much of it, or `longest`, so all takes linear time. The last
    text is given as such, and ends with a line end.
    """
    pieces, size, enough = [""], 0, 0
    for block in blocks:
        pieces.append(block)
        size += len(block)
        if size < enough:
            continue
        text = "".join(pieces)
        is_held = text.endswith("\r")  # perhaps half of a CRLF
        start = yield from take(text[:-1] if is_held else text, False)
        pieces, size = [text[start:]], len(text) - start
        enough = min(2 * size, longest)
    text = "".join(pieces)
    yield from take(text if text.endswith(("\r", "\n")) or not text else f"{text}\n", True)


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
