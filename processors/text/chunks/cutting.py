"""Cuts characters that arrive in blocks into chunks.

A chunk begins with a word and ends with one. It never begins within a word, but where a word alone is longer than a
chunk may be; it never parts a grapheme cluster; and every character but white space is in one at least. How the
stream was cut into blocks changes nothing: before a place is judged, all that the judgement depends on has been read.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from processors.text.chunks.breaks import (
    CJK,
    first_cjk,
    first_sentence_end,
    joins,
    last_cjk,
    last_cluster,
    last_full_stop,
    sentence_ends,
)
from processors.text.chunks.models import Chunks, Strategy

READ_CHARACTERS = 64 << 10  # at least, where blocks are small
LOOK_AHEAD = 2  # characters behind the room for a chunk that its end depends on

_WORD = re.compile(r"\S")
_NEXT_WORD = re.compile(r"\s\S")
_NO_BASE = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")  # white space that no mark joins (GCB=Control)
Measure = Callable[[str], int]


class Chunk(NamedTuple):
    """`start` and `end` are characters of the stream, `start_byte` and `end_byte` what `measure` makes of them."""

    start: int
    end: int
    start_byte: int
    end_byte: int
    text: str
    is_word_cut: bool


class Cutter:
    """Iterate once. `measure` gives the bytes of a piece of the text in the file's encoding, where they add up."""

    def __init__(
        self,
        blocks: Iterator[str],
        params: Chunks,
        strategy: Strategy,
        measure: Measure = len,
        first: tuple[int, int] = (0, 0),
    ) -> None:
        """`first` is the character and the byte that the stream begins with."""
        self._blocks = blocks
        self._room = params.max_characters
        self._overlap = params.overlap
        self._strategy = strategy
        self._measure = measure
        self._max_words = params.max_words
        self._words = re.compile(f"(?:(?:[{CJK}]|[^\\s{CJK}]++)\\s*+){{1,{params.max_words}}}")
        self._text = ""
        self._base = first[0]  # of the stream, where `_text` begins
        self._mark, self._mark_byte = 0, first[1]  # a place in `_text`, and its byte of the stream
        self._is_ascii = False
        self._is_over = False

    def __iter__(self) -> Iterator[Chunk]:
        start, behind = self._next_word(0), 0  # `behind` is where the last chunk ended
        while start < len(self._text):
            if start + self._room + LOOK_AHEAD >= len(self._text) and not self._is_over:
                self._read(start)
                start, behind = 0, max(0, behind - start)
                continue
            text, is_word_cut = self._cut(start)
            end = start + len(text)
            if end <= behind:  # nothing new fits behind what would be repeated
                start, behind = self._next_word(behind), 0
                continue
            byte, end_byte = self._bytes(start, end, text)
            yield Chunk(self._base + start, self._base + end, byte, end_byte, text, is_word_cut)
            start, behind = end if is_word_cut else self._repeat(start, end, text), end
            if start == end:
                start, behind = self._next_word(end), 0

    def consumed(self) -> tuple[int, int]:
        """Where the stream ends, in characters and bytes, once it is over."""
        return self._base + len(self._text), self._byte(len(self._text))

    # -- the text in hand

    def _read(self, keep: int) -> None:
        """Drop what is before `keep`, and read on."""
        self._byte(keep)
        self._mark = 0
        self._base += keep
        pieces, length = [self._text[keep:]], 0
        while length < READ_CHARACTERS:
            piece = next(self._blocks, None)
            if piece is None:
                self._is_over = True
                break
            pieces.append(piece)
            length += len(piece)
        self._text = "".join(pieces)
        self._is_ascii = self._text.isascii() and self._measure("a") == 1

    def _bytes(self, start: int, end: int, text: str) -> tuple[int, int]:
        """Where `text` lies, from `start` to `end`."""
        if self._is_ascii:
            shift = self._mark_byte - self._mark
            return shift + start, shift + end
        byte = self._byte(start)
        self._mark, self._mark_byte = end, byte + self._measure(text)
        return byte, self._mark_byte

    def _byte(self, place: int) -> int:
        """Ask for places near to each other."""
        mark, self._mark = self._mark, place
        if self._is_ascii:
            self._mark_byte += place - mark
        elif place < mark:
            self._mark_byte -= self._measure(self._text[place:mark])
        else:
            self._mark_byte += self._measure(self._text[mark:place])
        return self._mark_byte

    # -- where a chunk begins

    def _next_word(self, place: int) -> int:
        """May read on: places in the text before are void then. The length of the text if there is no word left."""
        first = place
        while not (word := _WORD.search(self._text, place)):
            if self._is_over:
                return len(self._text)
            kept = max(first, len(self._text) - 1)  # a mark may follow, and stand on the last space
            self._read(kept)
            first, place = 0, 0
        return self._with_its_space(word.start(), first)

    def _with_its_space(self, place: int, first: int) -> int:
        """A mark that stands on a space is one cluster with it."""
        letter = self._text[place]
        if letter.isascii() or place <= first or not joins(letter) or self._text[place - 1] in _NO_BASE:
            return place
        return place - 1

    def _repeat(self, start: int, end: int, text: str) -> int:
        """Where the chunk after `text` begins: within it, if a word begins in the part to repeat, or at its `end`."""
        length = self._overlap if 2 * self._overlap <= len(text) else len(text) // 2
        first = end - length
        if first == end:
            return end
        if self._strategy == "sentences" and (place := self._sentence_start(first, end)) > start:
            return place
        if word := _NEXT_WORD.search(self._text, first - 1, end):
            place = self._with_its_space(word.end() - 1, first - 1)
            return place if place > start else end
        return (0 if text.isascii() else first_cjk(self._text, first, end)) or end

    def _sentence_start(self, first: int, end: int) -> int:
        """The first one of the part to repeat, or 0."""
        place = first_sentence_end(self._text, first - 1, end)
        word = _WORD.search(self._text, place, end) if place else None
        return self._with_its_space(word.start(), first - 1) if word else 0

    # -- where a chunk ends

    def _cut(self, start: int) -> tuple[str, bool]:
        """And whether that ends within a word. Of the text, the room and `LOOK_AHEAD` have been read, or all."""
        text, limit = self._text, start + self._room
        if limit >= len(text):
            limit = len(text)
        elif self._strategy == "characters" and (line := text.rfind("\n", start + self._room // 2, limit)) >= 0:
            return text[start:line].rstrip(), False
        if self._strategy == "words":
            limit = self._words_end(start, limit)
        if limit == len(text):
            return text[start:].rstrip(), False
        place, is_word_cut = self._end(start, limit)
        return text[start:place].rstrip(), is_word_cut

    def _words_end(self, start: int, limit: int) -> int:
        window = self._text[start:limit]
        if window.isascii():
            words = window.split(None, self._max_words)
            return limit - len(words[-1]) if len(words) > self._max_words else limit
        words_there = self._words.match(self._text, start, limit)
        return words_there.end() if words_there else limit

    def _end(self, start: int, limit: int) -> tuple[int, bool]:
        if self._strategy == "sentences":
            for place in sentence_ends(self._text, start, limit):
                return place, False
        if self._text[limit].isspace():
            return limit, False
        return self._word_end(start, limit)

    def _word_end(self, start: int, limit: int) -> tuple[int, bool]:
        """Before the word that doesn't fit; within what doesn't fit if it is written without spaces."""
        tail = self._text[max(self._text.rfind(" ", start, limit), start) : limit]
        last_word = "" if tail[-1].isspace() else tail.rsplit(None, 1)[-1]
        word = limit - len(last_word)
        if not last_word.isascii() or not self._text[limit].isascii():
            stop = last_full_stop(self._text, max(word, start + self._room // 2), limit)
            if place := stop or last_cjk(self._text, word, limit):
                return place, False
        if word > start + 1:  # one character before it is a space that a mark stands on
            return word, False
        return last_cluster(self._text, start, limit), True
