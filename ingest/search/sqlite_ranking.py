"""Which documents match, and in what order: the only place that writes FTS5's own language.

What is common is found in nearly every document, and bm25 takes a microsecond for each, where merely finding them takes
a tenth of that. So the newest are found first, and no more than `RANKED` of them are weighed. Phrases are weighed by
their words: bm25 would look for each phrase in every document.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from ingest.search.base import RANKED, SearchFilter
from ingest.search.query import Clause, Query

WEIGHTS = "16.0, 6.0, 1.0, 0.1"  # of name, metadata, text and facets, of which each is there once
WEIGHED_TOKENS = 16
FACET = "\ue000"  # no word begins with it
FACET_DIGITS = 20
SLOTS = 4  # bits of a document's number below the millisecond
LAST = 2**62

_FIND = "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?"
_FIND_TITLES = "SELECT rowid FROM titles WHERE titles MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?"
# The plus keeps SQLite from asking FTS5 for one document after the other.
_WEIGH = (
    f"SELECT rowid, -bm25(words, {WEIGHTS}) FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? "  # noqa: S608
    "AND +rowid IN (SELECT value FROM json_each(?))"
)


@dataclass(frozen=True, slots=True)
class Found:
    id: int
    score: float | None = None


def slot(moment: float) -> int:
    """The first number of a document of that millisecond."""
    return int(min(max(moment * 1000, 0.0), 2.0**48)) << SLOTS


def facets(kind: str, metadata: Mapping[str, str], characters: Iterable[str]) -> list[str]:
    """A token for each thing that can be filtered by, and for each single character: to put together all the pairs
    that it begins would take its time."""
    return [
        *(f"{FACET}{character}" for character in sorted(characters)),
        _facet("kind", kind),
        *(_facet("metadata", key, value) for key, value in metadata.items()),
    ]


def find(
    sql: sqlite3.Connection, query: Query, where: SearchFilter, last: int, limit: int, statement: str = _FIND
) -> list[int]:
    """The newest matches up to the number `last`, newest first."""
    first = 0 if where.since is None else slot(where.since)
    last = last if where.until is None else min(last, slot(where.until) - 1)
    return [row[0] for row in sql.execute(statement, (_expression(query, where), first, last, limit))]


def rank(sql: sqlite3.Connection, query: Query, where: SearchFilter, last: int) -> tuple[list[Found], bool]:
    """The best first, newer before older; and whether there are others that were not weighed."""
    newest = find(sql, query, where, last, RANKED + 1)
    is_partial = len(newest) > RANKED
    chosen = set(newest[:RANKED])
    if is_partial and not query.unwanted:  # a title doesn't know what its text says
        chosen.update(find(sql, query, where, last, RANKED, _FIND_TITLES))
    if not chosen:
        return [], False
    weighed = sql.execute(_WEIGH, (_tokens(query), min(chosen), max(chosen), json.dumps(sorted(chosen))))
    return [Found(*row) for row in sorted(weighed, key=lambda row: (-row[1], -row[0]))], is_partial


def newest(sql: sqlite3.Connection, query: Query, where: SearchFilter, last: int, size: int) -> Iterator[list[Found]]:
    """All matches, newest first, in pages of `size`."""
    while found := find(sql, query, where, last, size):
        yield [Found(number) for number in found]
        last = found[-1] - 1


def _expression(query: Query, where: SearchFilter) -> str:
    terms = list(map(_anywhere, query.wanted))
    if where.kind is not None:
        terms.append(f'"{_facet("kind", where.kind)}"')
    terms += [f'"{_facet("metadata", key, value)}"' for key, value in where.metadata.items()]
    unwanted = " OR ".join(map(_anywhere, query.unwanted))
    return f"({' AND '.join(terms)}) NOT ({unwanted})" if unwanted else " AND ".join(terms)


def _anywhere(clause: Clause) -> str:
    return f'"{FACET}{clause.character}"' if clause.character else _phrase(clause)


def _phrase(clause: Clause) -> str:
    """Tokens hold letters, marks and digits alone, so nothing in them can end the quotation."""
    return f'"{" ".join(clause.tokens)}"{" *" if clause.is_open else ""}'


def _tokens(query: Query) -> str:
    """Found in every match: each token of what is wanted by itself, up to a number of them."""
    found: dict[str, None] = {}
    for clause in query.wanted:
        if clause.character:
            found[_anywhere(clause)] = None
            continue
        *inner, last = clause.tokens
        found.update(dict.fromkeys(f'"{token}"' for token in inner))
        found[f'"{last}"{" *" if clause.is_open else ""}'] = None
    return " AND ".join(list(found)[:WEIGHED_TOKENS])


def _facet(*parts: str) -> str:
    digest = sha256(json.dumps(parts).encode()).hexdigest()
    return f"{FACET}{digest[:FACET_DIGITS]}"
