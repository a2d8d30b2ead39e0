"""The part of a text that shows why it was found, safe to show, and where in it the words are.

A text comes in passages, of which no more are looked at than it takes to see every clause.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import accumulate

from ingest.search.base import Field, Snippet
from ingest.search.query import Clause, Query
from ingest.search.words import SPACELESS, fold, is_spaceless

CHARACTERS = 240  # of a snippet
LEAD = 60  # of them before the first match
OCCURRENCES = 16  # of each clause that are considered, in one passage
FURTHER_PASSAGES = 4  # that are looked at for other clauses after the first match
METADATA_SNIPPETS = 3
STRIDE = 512

_WORD_PART = f"[^ {SPACELESS}]"
_BLANKS = re.compile(r"\s+")
_WORD_MARKS = "\u200c\u200d"  # joiners: emoji and some scripts need them
_ELLIPSIS = "…"

Spans = list[tuple[int, int]]


class Finder:
    """The wanted clauses of one query, to be found in folded text."""

    def __init__(self, query: Query) -> None:
        self._patterns = [re.compile(_pattern(clause)) for clause in query.wanted]

    def first(self, text: str) -> list[tuple[int, int]]:
        """(place, clause) of the first occurrences of each, in order. Places are about right, in `text`."""
        folded = f" {fold(text)} "
        found = [
            (match.start(), number)
            for number, pattern in enumerate(self._patterns)
            for match, _ in zip(pattern.finditer(folded), range(OCCURRENCES), strict=False)
        ]
        if not found or len(folded) == len(text) + 2:
            return sorted((place - 1, number) for place, number in found)
        return sorted((_unfolded(text, place), number) for place, number in found)

    def spans(self, text: str) -> Spans:
        """Where every occurrence begins and ends in `text`, exactly; those that touch are one."""
        parts = [fold(character) for character in text]
        starts = [*accumulate(map(len, parts), initial=1)]  # of each character, in the folded text
        folded = f" {''.join(parts)} "
        marks = sorted(match.span() for pattern in self._patterns for match in pattern.finditer(folded))
        merged: Spans = []
        at = 0
        for start, end in marks:
            while starts[at + 1] <= start:
                at += 1
            stop = at
            while starts[stop] < end:
                stop += 1
            if merged and at <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
            else:
                merged.append((at, stop))
        return merged

    def __len__(self) -> int:
        return len(self._patterns)


def snippets(finder: Finder, name: str, metadata: Mapping[str, str], passages: Iterable[str]) -> tuple[Snippet, ...]:
    """Of the name and of metadata where they match, and of the text, whose beginning stands for it if nothing does."""
    found = [snippet for snippet in (_whole(finder, "name", name),) if snippet.matches]
    values = (_whole(finder, "metadata", value, key) for key, value in metadata.items())
    matching = (snippet for snippet in values if snippet.matches)
    found += [snippet for snippet, _ in zip(matching, range(METADATA_SNIPPETS), strict=False)]
    if (of_text := _of_text(finder, passages)) is not None:
        found.append(of_text)
    return tuple(found)


def shown(text: str) -> str:
    """In one line, and without what is not seen, moves others or is no character."""
    return _BLANKS.sub(" ", "".join(_shown(character) for character in text)).strip()


def _shown(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    match unicodedata.category(character):
        case "Cc" | "Zs" | "Zl" | "Zp":
            return " "
        case "Cf" if character not in _WORD_MARKS:
            return ""
        case "Cs" | "Co" | "Cn":
            return "\ufffd"
    return character


def _whole(finder: Finder, field: Field, text: str, key: str | None = None) -> Snippet:
    window, _ = _window(finder, text)
    return _snippet(finder, field, text, window, key)


def _of_text(finder: Finder, passages: Iterable[str]) -> Snippet | None:
    """From the passage with the most of the clauses."""
    beginning: str | None = None
    best, most, left = ("", 0), 0, FURTHER_PASSAGES
    for passage in passages:
        beginning = passage if beginning is None else beginning
        at, clauses = _window(finder, passage)
        if clauses > most:
            best, most = (passage, at), clauses
        left -= most > 0
        if most == len(finder) or left < 0:
            break
    if beginning is None:
        return None
    return _snippet(finder, "text", *(best if most else (beginning, 0)))


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
    text = f"{_ELLIPSIS if begin else ''}{words}{_ELLIPSIS if end < len(text) else ''}"
    return Snippet(field, text, tuple(finder.spans(text)), key)


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


def _pattern(clause: Clause) -> str:
    """Words begin and end at a space or at a run without spaces; what such a run begins or ends with goes on anywhere.

    What comes before a word is looked at behind it: a pattern that begins with plain letters is searched for quickly.
    """
    found = ""
    before = None
    for piece in clause.pieces:
        letters = re.escape(piece)
        if before is not None:
            found += f"{' *' if is_spaceless(before) or is_spaceless(piece) else ' +'}{letters}"
        else:
            found += letters if is_spaceless(piece) else f"{letters}(?<!{_WORD_PART}{letters})"
        before = piece
    is_whole = not (clause.is_prefix or is_spaceless(clause.pieces[-1]))
    return f"{found}(?!{_WORD_PART})" if is_whole else found
