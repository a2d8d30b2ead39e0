"""A text as the sections between its headings, each under the path of headings that lead to it."""

import math
from collections.abc import Iterator
from typing import NamedTuple

from processors.text.lines.splitting import LINE_CHARACTERS, Line, Splitter
from processors.text.markup.markdown import Scanner
from processors.text.markup.models import Heading


class Part(NamedTuple):
    """A piece of the section `number`. `path` is complete before the section's first text below its heading."""

    number: int
    path: list[str]
    text: str


class Path:
    """The headings that lead to where a reader is. Headings without text between them are of one section."""

    def __init__(self) -> None:
        self.number = 0
        self.path: list[str] = []
        self._open: list[Heading] = []
        self._has_text = False

    def see_text(self) -> None:
        self._has_text = True

    def enter(self, heading: Heading) -> None:
        self._open = [*(one for one in self._open if one.level < heading.level), heading]
        if self._has_text:
            self.number += 1
            self.path = []
            self._has_text = False
        self.path[:] = [one.text for one in self._open]


class _Sections:
    """Holds what was read and not given: a paragraph that may become a heading, and a block."""

    def __init__(self, head: str) -> None:
        self._scanner, self._path = Scanner(head), Path()
        self._held, self._base = "", 0  # from the character `_base` on
        self._behind = 0  # where the last heading has ended
        self._is_behind_heading = False

    @property
    def pending(self) -> float:
        """Where the paragraph begins that may yet be a heading."""
        return math.inf if self._scanner.pending is None else self._scanner.pending

    def hold(self, block: str) -> None:
        self._held += block

    def take(self, line: Line) -> Iterator[Part]:
        if self._is_behind_heading:
            self._is_behind_heading, self._behind = False, line.offset
        if found := self._scanner.take(line):
            yield from self.give(found.offset)
            self._path.enter(found.heading)
            self._is_behind_heading = True

    def give(self, offset: float) -> Iterator[Part]:
        length = max(int(offset) - self._base, 0)
        piece, self._held = self._held[:length], self._held[length:]
        if not self._is_behind_heading and piece[max(self._behind - self._base, 0) :].strip():
            self._path.see_text()
        self._base += len(piece)
        yield Part(self._path.number, self._path.path, piece)

    def rest(self, is_text: bool) -> Iterator[Part]:
        if is_text:
            self._path.see_text()
        yield from self.give(self._base + len(self._held))


def markdown_parts(blocks: Iterator[str], head: str) -> Iterator[Part]:
    """All of the text, in order."""
    sections, splitter = _Sections(head), Splitter()
    for block in blocks:
        sections.hold(block)
        offset = 0
        for line in splitter.feed(block):
            yield from sections.take(line)
            offset = line.offset
        yield from sections.give(min(offset, sections.pending))
        if splitter.open_characters > LINE_CHARACTERS:  # of no heading
            yield from sections.rest(is_text=True)
    for line in splitter.finish():
        yield from sections.take(line)
    yield from sections.rest(is_text=False)
