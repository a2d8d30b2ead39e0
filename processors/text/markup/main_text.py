"""The main text of HTML, and where each piece of it lies in the file."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from processors.text.markup.elements import BLOCKS, Place, level_of
from processors.text.markup.models import TEXT_CHARACTERS, Heading
from processors.text.markup.parts import Path
from processors.text.markup.tags import Token, Tokens

BLOCK_CHARACTERS = 16 << 10  # of a longer paragraph the beginning decides whether it is a list of links
LINK_SHARE = 0.6  # of a paragraph's characters: more, and it leads elsewhere

_REFERENCE = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?"
_PIECE = re.compile(rf"{_REFERENCE}|\s+")


class Run(NamedTuple):
    """A piece of the main text, and the characters of the file that it comes from."""

    number: int
    path: list[str]
    text: str
    start: int
    end: int


class Reader:
    """Feed it tokens, and it gives the main text as runs. `main` is the element that holds it."""

    def __init__(self, main: str) -> None:
        self._main = main
        self._place = Place()
        self._is_link = False
        self._path = Path()
        self._heading: tuple[int, int] | None = None  # its level and line
        self._block: list[tuple[str, int, int]] = []
        self._characters = self._linked = 0  # of the block
        self._is_spaced = True  # what came last is white space, or a block has begun

    def take(self, token: Token) -> Iterator[Run]:
        if token.kind == "text":
            if not self._place.is_left_out and self._place.depths.get(self._main, 1):
                yield from self._take_text(token)
            return
        self._place.move(token)
        if token.name == "a":
            self._is_link = token.kind == "start"
        if token.name in BLOCKS:
            yield from self._end_block(token)

    def finish(self, offset: int) -> Iterator[Run]:
        yield from self._give(offset)

    def _take_text(self, token: Token) -> Iterator[Run]:
        """White space becomes one space, and references what they stand for. All else is as it lies."""
        text, at = token.text, 0
        for found in _PIECE.finditer(text):
            self._add(text[at : found.start()], token.offset + at, token.offset + found.start())
            means = found[0] if found[0][0] != "&" else unescape(found[0])
            self._add(" " if means.isspace() else means, token.offset + found.start(), token.offset + found.end())
            at = found.end()
            if self._characters > BLOCK_CHARACTERS:
                self._heading = None  # so long a one is none
                yield from self._give(token.offset + at, is_end=False)
        self._add(text[at:], token.offset + at, token.offset + len(text))

    def _add(self, text: str, start: int, end: int) -> None:
        if not text or (text == " " and self._is_spaced):
            return
        self._is_spaced = text == " "
        self._block.append((text, start, end))
        self._characters += len(text)
        self._linked += len(text) if self._is_link else 0

    def _end_block(self, token: Token) -> Iterator[Run]:
        level = level_of(token)
        if self._heading and not level:
            text = "".join(piece for piece, _, _ in self._block).strip()
            if text:
                self._path.enter(Heading(level=self._heading[0], text=text[:TEXT_CHARACTERS], line=self._heading[1]))
        yield from self._give(token.offset)
        self._heading = (level, token.line) if level else None

    def _give(self, offset: int, is_end: bool = True) -> Iterator[Run]:
        block, is_of_links = self._block, self._linked > self._characters * LINK_SHARE
        self._block, self._characters, self._linked = [], 0, 0
        self._is_spaced = is_end or self._is_spaced
        if not block or (is_of_links and not self._heading):
            return
        if not self._heading:
            self._path.see_text()
        if is_end:
            block.append(("\n\n", offset, offset))
        for text, start, end in block:
            yield Run(self._path.number, self._path.path, text, start, end)


def main_text(blocks: Iterator[str], main: str) -> Iterator[Run]:
    reader, last = Reader(main), 0
    for token in Tokens(blocks):
        yield from reader.take(token)
        last = token.offset + len(token.text)
    yield from reader.finish(last)
