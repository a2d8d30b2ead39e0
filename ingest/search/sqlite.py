"""`SearchIndex` in a SQLite file of its own, by FTS5."""

import json
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from ingest.search import sqlite_ranking as ranking
from ingest.search.base import Document, Hit, Order, Page, Place, SearchFilter, Step, Vouch
from ingest.search.query import Query
from ingest.search.snippets import Finder, snippets
from ingest.search.sqlite_file import SqliteFile
from ingest.search.sqlite_ranking import Found
from ingest.search.words import characters, indexed

PASSAGE = 8192  # characters
PASSAGE_EDGE = 512  # of them in which a passage may end between two words
PASSAGES = 16  # bits of a passage's number below that of its document

_FACTS = "id, job_id, kind, created_at, name, media_type, size, metadata, is_cut, passages"
_ADD = f"INSERT INTO documents ({_FACTS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_ADD_WORDS = "INSERT INTO words (rowid, name, metadata, text, facets) VALUES (?, ?, ?, ?, ?)"
_ADD_TITLE = "INSERT INTO titles (rowid, name, metadata, facets) VALUES (?, ?, ?, ?)"
_REMOVE_TITLE = "INSERT INTO titles (titles, rowid, name, metadata, facets) VALUES ('delete', ?, ?, ?, ?)"
_REMOVE_WORDS = "INSERT INTO words (words, rowid, name, metadata, text, facets) VALUES ('delete', ?, ?, ?, ?, ?)"
_KNOWN = "SELECT id, kind, name, metadata FROM documents WHERE job_id = ?"
_LOOK = f"SELECT {_FACTS} FROM documents WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
_PASSAGES = "SELECT text FROM passages WHERE id >= ? AND id < ? ORDER BY id"
_EMPTY = (
    "DELETE FROM documents",
    "DELETE FROM passages",
    "INSERT INTO words (words) VALUES ('delete-all')",
    "INSERT INTO titles (titles) VALUES ('delete-all')",
    "UPDATE watermark SET seq = 0",
)


class SqliteIndex:
    """`SearchIndex` over the file at `path`."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)

    def alone(self, *, wait: bool = False) -> AbstractContextManager[bool]:
        return self._file.locked(wait=wait)

    def prepare(self) -> None:
        self._file.prepare()
        self.watermark()

    def discard(self) -> None:
        self._file.discard()

    def watermark(self) -> int:
        with self._file.reading() as sql:
            return int(sql.execute("SELECT seq FROM watermark").fetchone()[0])

    def write(self, steps: Iterable[Step], *, afresh: bool = False) -> int:
        written = 0
        with self._file.writing() as sql:
            for statement in _EMPTY if afresh else ():
                sql.execute(statement)
            for step in steps:
                if step.document is not None:
                    _remove(sql, step.document.job_id)
                    _add(sql, step.document)
                    written += 1
                sql.execute("UPDATE watermark SET seq = ?", (step.seq,))
        return written

    def remove(self, job_ids: Sequence[str]) -> int:
        with self._file.writing() as sql:
            return sum(_remove(sql, job_id) for job_id in job_ids)

    def job_ids(self, after: str, limit: int) -> list[str]:
        with self._file.reading() as sql:
            some = "SELECT job_id FROM documents WHERE job_id > ? ORDER BY job_id LIMIT ?"
            return [row[0] for row in sql.execute(some, (after, limit))]

    def search(
        self, query: Query, where: SearchFilter, order: Order, limit: int, vouch: Vouch, after: Place | None = None
    ) -> Page:
        with self._file.reading() as sql:
            top = after.newest if after else _newest(sql)
            behind, is_partial = 0, False
            if order == "newest":
                behind = after.behind if after else 0
                chunks = ranking.newest(sql, query, where, after.last - 1 if after else top, limit + 1)
            else:
                ranked, is_partial = ranking.rank(sql, query, where, top)
                behind = _behind(ranked, after) if after else 0
                chunks = (ranked[at : at + limit + 1] for at in range(behind, len(ranked), limit + 1))
            shown = _vouched(sql, chunks, vouch, behind, limit + 1)
            finder = Finder(query)
            hits = tuple(_hit(sql, finder, row, found) for row, found, _ in shown[:limit])
        if len(shown) <= limit:
            return Page(hits, None, is_partial)
        _, last, behind = shown[limit - 1]
        return Page(hits, Place(behind, last.id, top), is_partial)

    def close(self) -> None:
        self._file.close()


def _newest(sql: sqlite3.Connection) -> int:
    return int(sql.execute("SELECT coalesce(max(id), 0) FROM documents").fetchone()[0])


def _behind(ranked: Sequence[Found], after: Place) -> int:
    """Scores move a little with every document that comes and goes, so the last one that was shown is looked for."""
    return next((at for at, found in enumerate(ranked, 1) if found.id == after.last), after.behind)


def _vouched(
    sql: sqlite3.Connection, chunks: Iterable[Sequence[Found]], vouch: Vouch, behind: int, limit: int
) -> list[tuple[Any, Found, int]]:
    """The first `limit` that may be shown: what is known of each, and how many matches are behind it."""
    shown: list[tuple[Any, Found, int]] = []
    for chunk in chunks:
        rows = {row[0]: row for row in sql.execute(_LOOK, (json.dumps([found.id for found in chunk]),))}
        fine = vouch([row[1] for row in rows.values()])
        for found in chunk:
            behind += 1
            row = rows.get(found.id)
            if row is not None and row[1] in fine:
                shown.append((row, found, behind))
        if len(shown) >= limit:
            break
    return shown[:limit]


def _hit(sql: sqlite3.Connection, finder: Finder, row: Any, found: Found) -> Hit:
    number, job_id, kind, created_at, name, media_type, size, metadata, is_cut, _ = row
    pairs = json.loads(metadata)
    texts = (text for (text,) in sql.execute(_PASSAGES, _passages_of(number)))
    shown = snippets(finder, name, pairs, texts)
    return Hit(job_id, kind, created_at, name, media_type, size, pairs, bool(is_cut), found.score, shown)


def _passages_of(number: int) -> tuple[int, int]:
    return number << PASSAGES, (number + 1) << PASSAGES


def _add(sql: sqlite3.Connection, document: Document) -> None:
    number = _free_number(sql, document.created_at)
    count, said = 0, Said()
    for count, passage in enumerate(_passages(document.text), 1):
        sql.execute("INSERT INTO passages VALUES (?, ?)", ((number << PASSAGES) + count - 1, passage))
        said.add(passage)
    name, metadata = _storable(document.name), json.dumps(dict(document.metadata))
    facts = (number, document.job_id, document.kind, document.created_at, name)
    more = (document.media_type, document.size, metadata, document.is_cut, count)
    sql.execute(_ADD, (*facts, *more))
    sql.execute(_ADD_WORDS, _words(number, document.kind, name, metadata, said))
    sql.execute(_ADD_TITLE, _title(number, document.kind, name, metadata))


def _remove(sql: sqlite3.Connection, job_id: str) -> int:
    """The words go by saying once more what they were."""
    known = sql.execute(_KNOWN, (job_id,)).fetchone()
    if known is None:
        return 0
    number, kind, name, metadata = known
    said = Said()
    for (passage,) in sql.execute(_PASSAGES, _passages_of(number)):
        said.add(passage)
    sql.execute(_REMOVE_WORDS, _words(number, kind, name, metadata, said))
    sql.execute(_REMOVE_TITLE, _title(number, kind, name, metadata))
    sql.execute("DELETE FROM passages WHERE id >= ? AND id < ?", _passages_of(number))
    sql.execute("DELETE FROM documents WHERE id = ?", (number,))
    return 1


class Said:
    """The words of a text, passage by passage."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.characters: set[str] = set()

    def add(self, passage: str) -> None:
        self.tokens.append(indexed(passage))
        self.characters |= characters(passage)


def _words(number: int, kind: str, name: str, metadata: str, said: Said) -> tuple[int, str, str, str, str]:
    facets = _facets(kind, name, metadata, said.characters)
    return number, indexed(name), indexed(_about(metadata)), " ".join(said.tokens), facets


def _title(number: int, kind: str, name: str, metadata: str) -> tuple[int, str, str, str]:
    return number, indexed(name), indexed(_about(metadata)), _facets(kind, name, metadata, set())


def _facets(kind: str, name: str, metadata: str, said: set[str]) -> str:
    alone = said | characters(f"{name} {_about(metadata)}")
    return " ".join(ranking.facets(kind, json.loads(metadata), alone))


def _about(metadata: str) -> str:
    """What it says, keys and values."""
    return " ".join(word for pair in json.loads(metadata).items() for word in pair)


def _free_number(sql: sqlite3.Connection, created_at: float) -> int:
    number = ranking.slot(created_at)
    while sql.execute("SELECT 1 FROM documents WHERE id = ?", (number,)).fetchone():
        number += 1
    return number


def _passages(blocks: Iterable[str]) -> Iterator[str]:
    """The text in parts of up to `PASSAGE` characters, cut between words where that can be done."""
    held = ""
    for block in blocks:
        held += block
        while len(held) > PASSAGE:
            edges = range(PASSAGE, PASSAGE - PASSAGE_EDGE, -1)
            end = next((at for at in edges if not held[at - 1].isalnum()), PASSAGE)
            yield _storable(held[:end])
            held = held[end:]
    if held:
        yield _storable(held)


def _storable(text: str) -> str:
    """Composed as most texts are, and without what UTF-8 can't say."""
    return unicodedata.normalize("NFC", text).encode(errors="replace").decode()
