"""A copy of the text in UTF-8, with one kind of line end and one form of its characters where that is asked for."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from processors.base import Rejected
from processors.text.content import Text
from processors.text.facts import NormalizedCopy, NormalizedMade

NAME = "text.txt"
MARK = b"\xef\xbb\xbf"
# U+FFFD and many a letter have three bytes in UTF-8 and one before; what NFC takes apart is at most as much again.
MOST_GROWTH = 4
HELD_CHARACTERS = 4096  # a longer run of marks is cut (UAX #15, Stream-Safe Text)


def write(text: Text, copy: NormalizedCopy) -> NormalizedMade:
    """Raises `Rejected` where the copy would grow past `MOST_GROWTH` times the file."""
    path = text.work.scratch / NAME
    size = _write(path, _pieces(text, copy), MOST_GROWTH * text.work.size + len(MARK))
    path.rename(text.work.output(NAME, "text/plain; charset=utf-8", newline=copy.newline, form=copy.form))
    return NormalizedMade(outputs=[NAME], bytes=size)


def _pieces(text: Text, copy: NormalizedCopy) -> Iterator[bytes]:
    if copy.bom:
        yield MARK
    blocks = text.blocks("copy")
    if copy.newline == "lf":
        blocks = with_line_feeds(blocks)
    if copy.form == "nfc":
        blocks = composed(blocks)
    yield from (block.encode() for block in blocks)


def _write(path: Path, pieces: Iterator[bytes], limit: int) -> int:
    size = 0
    with path.open("wb") as file:
        for piece in pieces:
            size += file.write(piece)
            if size > limit:
                raise Rejected("limit_exceeded", f"The copy in UTF-8 is more than {MOST_GROWTH} times as large.")
    return size


def with_line_feeds(blocks: Iterator[str]) -> Iterator[str]:
    ends_with_cr = False
    for block in blocks:
        if ends_with_cr and block.startswith("\n"):
            block = block[1:]
            ends_with_cr = False
        if block:
            ends_with_cr = block.endswith("\r")
            yield block.replace("\r\n", "\n").replace("\r", "\n") if "\r" in block else block


def composed(blocks: Iterator[str]) -> Iterator[str]:
    """NFC, with what may join the next block's beginning held back."""
    held = ""
    for block in blocks:
        held += block
        cut = _boundary(held)
        yield unicodedata.normalize("NFC", held[:cut])
        held = held[cut:]
    yield unicodedata.normalize("NFC", held)


def _boundary(text: str) -> int:
    """The last place before which nothing joins what comes behind it."""
    lowest = max(0, len(text) - HELD_CHARACTERS)
    return next((place for place in range(len(text) - 1, lowest, -1) if not _may_join(text[place])), lowest)


def _may_join(character: str) -> bool:
    """Whether the character may become one with those before it, or change places with them: marks, and Hangul jamo."""
    return unicodedata.category(character)[0] == "M" or "\u1160" <= character <= "\u11ff"
