"""The part of a text that shows why it was found, safe to show, and where in it the words are.

A text comes in passages, of which no more are looked at than it takes to see every clause.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate, chain, islice

from ingest.search.base import Field, Snippet
from ingest.search.query import Clause, Query
from ingest.search.words import CharacterMap, fold, folded_lengths, is_spaceless

CHARACTERS = 240  # of a snippet
LEAD = 60  # of them before the first match
OCCURRENCES = 16  # of each clause that are considered, in one part
PART = 1024  # characters of a passage that are looked at together
OVERLAP = 128  # of them with the next part
FURTHER_PARTS = 32  # that are looked at for other clauses after the first match
METADATA_SNIPPETS = 3
STRIDE = 512

_BLANKS = re.compile(r"\s+")
_WORD_MARKS = "\u200c\u200d"  # joiners: emoji and some scripts need them
_ELLIPSIS = "…"

Spans = list[tuple[int, int]]


class Finder:
    """The wanted clauses of one query, to be found in folded text."""

    def __init__(self, query: Query) -> None:
        self._clauses = [(clause, re.compile(_pattern(clause))) for clause in query.wanted]

    def first(self, text: str) -> list[tuple[int, int]]:
        """(place, clause) of the first occurrences of each, in order. Places are about right, in `text`."""
        folded = f" {fold(text)} "
        found = [
            (start - 1, number)
            for number, (clause, pattern) in enumerate(self._clauses)
            for start, _ in islice(_occurrences(clause, pattern, folded), OCCURRENCES)
        ]
        if not found or len(folded) == len(text) + 2:
            return sorted(found)
        return sorted((_unfolded(text, place), number) for place, number in found)

    def spans(self, text: str) -> Spans:
        """Where every occurrence begins and ends in `text`, exactly; those that touch are one."""
        folded = f" {fold(text)} "
        marks = sorted(mark for clause, pattern in self._clauses for mark in _occurrences(clause, pattern, folded))
        if not marks:
            return []
        if text.isascii():
            return _merged((start - 1, end - 1) for start, end in marks)
        starts = [*accumulate(folded_lengths(text), initial=1)]  # of each character, in the folded text
        return _merged((bisect_right(starts, start) - 1, bisect_left(starts, end)) for start, end in marks)

    def __len__(self) -> int:
        return len(self._clauses)


def _merged(marks: Iterable[tuple[int, int]]) -> Spans:
    merged: Spans = []
    for start, end in marks:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def snippets(finder: Finder, name: str, metadata: Mapping[str, str], passages: Iterable[str]) -> tuple[Snippet, ...]:
    """Of the name and of metadata where they match, and of the text, whose beginning stands for it if nothing does."""
    found = list(_where_it_matches(finder, "name", name))
    values = (_where_it_matches(finder, "metadata", value, key) for key, value in metadata.items())
    found += islice(chain.from_iterable(values), METADATA_SNIPPETS)
    if (of_text := _of_text(finder, passages)) is not None:
        found.append(of_text)
    return tuple(found)


def shown(text: str) -> str:
    """In one line, and without what is not seen, moves others or is no character."""
    return _BLANKS.sub(" ", text.translate(_SHOWING)).strip()


def _shown(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zs" | "Zl" | "Zp":
            return " "
        case "Cf" if character not in _WORD_MARKS:
            return ""
        case "Cs" | "Co" | "Cn":
            return "\ufffd"
    return character


_SHOWING = CharacterMap(_shown)


def _where_it_matches(finder: Finder, field: Field, text: str, key: str | None = None) -> Iterator[Snippet]:
    begin, clauses = _window(finder, text)
    if clauses:
        yield _snippet(finder, field, text, begin, key)


def _of_text(finder: Finder, passages: Iterable[str]) -> Snippet | None:
    """From the part of it with the most of the clauses."""
    beginning: str | None = None
    best, most, left = ("", 0), 0, FURTHER_PARTS
    for passage, start in _parts(passages):
        beginning = passage if beginning is None else beginning
        at, clauses = _window(finder, passage[start : start + PART + OVERLAP])
        if clauses > most:
            best, most = (passage, start + at), clauses
        left -= most > 0
        if most == len(finder) or left < 0:
            break
    if beginning is None:
        return None
    return _snippet(finder, "text", *(best if most else (beginning, 0)))


def _parts(passages: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Most matches are near, so a passage is looked at in parts: it, and where in it a part begins."""
    for passage in passages:
        for start in range(0, max(len(passage), 1), PART):
            yield passage, start


def _window(finder: Finder, text: str) -> tuple[int, int]:
    """Where the stretch of text begins that shows the most clauses, and how many these are."""
    found = finder.first(text)
    best, most = 0, 0
    end = 0
    for begin, (place, _) in enumerate(found):
        while end < len(found) and found[end][0] < place + CHARACTERS - 2 * LEAD:
            end += 1
        clauses = len({clause for _, clause in found[begin:end]})
        if clauses > most:
            best, most = place, clauses
    return max(0, best - LEAD), most


def _snippet(finder: Finder, field: Field, text: str, begin: int, key: str | None = None) -> Snippet:
    begin, end = _between_words(text, begin, min(len(text), begin + CHARACTERS))
    words = shown(text[begin:end])
    before, after = _ELLIPSIS if begin else "", _ELLIPSIS if end < len(text) else ""
    spans = ((start + len(before), end + len(before)) for start, end in finder.spans(words))
    return Snippet(field, f"{before}{words}{after}", tuple(spans), key)


def _between_words(text: str, begin: int, end: int) -> tuple[int, int]:
    """The same stretch, without the half words at its edges where there is white space near."""
    if begin:
        blank = next((at for at in range(begin, min(begin + LEAD // 2, end)) if text[at].isspace()), None)
        begin = begin if blank is None else blank + 1
    if end < len(text):
        blank = next((at for at in range(end, max(end - LEAD // 2, begin), -1) if text[at].isspace()), None)
        end = end if blank is None else blank
    return begin, end


def _unfolded(text: str, place: int) -> int:
    """The place in `text` of one in what it folds to, to within a word."""
    behind = 1
    for begin in range(0, len(text), STRIDE):
        part = text[begin : begin + STRIDE]
        folded = len(fold(part))
        if behind + folded > place:
            return begin + (place - behind) * len(part) // folded
        behind += folded
    return len(text)


def _occurrences(clause: Clause, pattern: re.Pattern[str], folded: str) -> Iterator[tuple[int, int]]:
    """Words begin and end at an edge; what a run without spaces begins or ends with goes on anywhere.

    The edges are looked at here: a pattern of plain letters is compiled and searched for quickly.
    """
    opens, closes = not is_spaceless(clause.pieces[0]), not is_spaceless(clause.pieces[-1])
    for match in pattern.finditer(folded):
        start, end = match.span()
        if opens and not _is_edge(folded[start - 1]):
            continue
        while closes and clause.is_prefix and not _is_edge(folded[end]):
            end += 1
        if not closes or _is_edge(folded[end]):
            yield start, end


def _is_edge(character: str) -> bool:
    return character == " " or is_spaceless(character)


def _pattern(clause: Clause) -> str:
    found = ""
    before = None
    for piece in clause.pieces:
        if before is not None:
            found += " *" if is_spaceless(before) or is_spaceless(piece) else " +"
        found += re.escape(piece)
        before = piece
    return found
