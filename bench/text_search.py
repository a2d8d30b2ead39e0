"""Search over 10,000 documents: every sort of query, direct and over HTTP, beside FTS5 as it comes.

The documents have words of a language's frequencies (Zipf), and one in ten is of a script without spaces. The peer is
one FTS5 table with its own tokenizer, ranked over all matches, with FTS5's own snippets; it finds no part of a text
without spaces, knows no filters, and asks no job table what may be shown. What is asked directly is measured in CPU
time, which a busy machine lengthens less than the time on the wall.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import create_engine

from bench.load import Connection
from bench.peers import dropoff
from bench.rounds import verdict
from ingest.clock import new_id
from ingest.jobs import migrate, open_jobs
from ingest.jobs.base import JobStore, NewJob
from ingest.jobs.rows import new_row
from ingest.jobs.statement import Statement
from ingest.jobs.states import State
from ingest.jobs.tables import blobs, jobs
from ingest.search import open_search
from ingest.search.base import Document, Order, SearchFilter, SearchIndex, Step
from ingest.search.query import parse

DOCUMENTS = 10_000
WORDS, CHARACTERS = 1200, 2500  # of a document
VOCABULARY, IDEOGRAPHS = 50_000, 3000
QUERIES = 40  # of each sort, in each round
HITS = 20
START = 1_790_000_000.0
SECONDS_BETWEEN = 60.0
MIB = 1 << 20


EVERYTHING = SearchFilter()


@dataclass(frozen=True, slots=True)
class Asked:
    q: str
    where: SearchFilter = EVERYTHING
    order: Order = "rank"

    @property
    def path(self) -> str:
        where = self.where
        metadata = "".join(f'{{"{key}": "{value}"}}' for key, value in where.metadata.items())
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(where.since)) if where.since else ""
        given = {"kind": where.kind, "metadata": metadata, "since": since, "order": self.order, "limit": HITS}
        return f"/v1/search?{urlencode({'q': self.q} | {name: value for name, value in given.items() if value})}"


class Corpus:
    """The same documents each time."""

    def __init__(self) -> None:
        self._dice = random.Random(5)
        self.words = [
            "".join(self._dice.choices("etaoinshrdlu", k=self._dice.randint(2, 10))) for _ in range(VOCABULARY)
        ]
        self.ideographs = [chr(0x4E00 + n) for n in self._dice.sample(range(20_000), IDEOGRAPHS)]
        self._word_weights = _zipf(VOCABULARY)
        self._ideograph_weights = _zipf(IDEOGRAPHS)
        self.texts = [self._text(n) for n in range(DOCUMENTS)]

    def _text(self, n: int) -> str:
        if n % 10:
            return " ".join(self._dice.choices(self.words, cum_weights=self._word_weights, k=WORDS))
        return "".join(self._dice.choices(self.ideographs, cum_weights=self._ideograph_weights, k=CHARACTERS))

    def documents(self) -> Iterator[Document]:
        for n, text in enumerate(self.texts):
            moment = START + n * SECONDS_BETWEEN
            metadata = {"from": f"scanner {n % 7}", "box": str(n % 100)}
            kind = "document" if n % 4 == 0 else "text"
            yield Document(new_id(moment), kind, moment, f"{n}.txt", "text/plain", len(text), metadata, (text,))

    def queries(self) -> Mapping[str, Callable[[], Asked]]:
        dice = random.Random(7)

        def word(first: int, last: int) -> str:
            return self.words[dice.randrange(first, last)]

        def part(length: int) -> str:
            text = self.texts[10 * dice.randrange(DOCUMENTS // 10)]
            start = dice.randrange(CHARACTERS - length)
            return text[start : start + length]

        def filtered(**where: object) -> Asked:
            return Asked(word(0, 20), SearchFilter(**where))  # type: ignore[arg-type]

        middle = START + DOCUMENTS // 2 * SECONDS_BETWEEN
        return {
            "a rare word": lambda: Asked(word(20_000, 50_000)),
            "a word of every tenth document": lambda: Asked(word(900, 1100)),
            "a word of nearly every document": lambda: Asked(word(0, 20)),
            "two of these": lambda: Asked(f"{word(0, 20)} {word(0, 20)}"),
            "one of these and a rare one": lambda: Asked(f"{word(0, 20)} {word(20_000, 50_000)}"),
            "a phrase of two common words": lambda: Asked(f'"{word(0, 10)} {word(0, 10)}"'),
            "a common word without another": lambda: Asked(f"{word(0, 20)} -{word(20, 200)}"),
            "three letters and a star": lambda: Asked(f"{word(0, 2000)[:3].ljust(3, 'e')}*"),
            "one kind": lambda: filtered(kind="document"),
            "one value of metadata": lambda: filtered(metadata={"box": str(dice.randrange(100))}),
            "the older half by time": lambda: Asked(word(0, 20), SearchFilter(until=middle)),
            "newest first": lambda: Asked(word(0, 20), order="newest"),
            "one ideograph": lambda: Asked(part(1)),
            "two ideographs": lambda: Asked(part(2)),
            "five ideographs": lambda: Asked(part(5)),
        }


def run(folder: Path, rounds: int) -> None:
    corpus = Corpus()
    size = sum(len(text.encode()) for text in corpus.texts)
    data = folder / "search" / "data"
    data.mkdir(parents=True)
    documents = list(corpus.documents())
    _fill_job_table(data / "jobs.db", documents)
    with (
        closing(open_jobs(f"sqlite:{data / 'jobs.db'}")) as table,
        closing(open_search(f"sqlite:{data / 'search.db'}")) as index,
        closing(_plain_fts5(folder / "plain.db", corpus.texts, size)) as plain,
    ):
        _write(index, documents, data / "search.db", size)
        with dropoff(folder / "search", workers=0) as target:
            connection = Connection(target)
            _compare(corpus, rounds, index, table, plain, connection)
            connection.close()


def _compare(
    corpus: Corpus, rounds: int, index: SearchIndex, table: JobStore, plain: sqlite3.Connection, http: Connection
) -> None:
    print(f"  {'ms: p50 / p99':36} {'direct, CPU':>15} {'plain FTS5, CPU':>15} {'over HTTP':>15}")
    everything: tuple[list[float], list[float]] = ([], [])
    for sort, ask in corpus.queries().items():
        direct: list[float] = []
        served: list[float] = []
        peer: list[float] = []
        for _ in range(rounds):
            asked = [ask() for _ in range(QUERIES)]
            direct += [_timed(lambda: _search(index, table, one), time.thread_time) for one in asked]  # noqa: B023
            served += [_timed(lambda: http.get(one.path), time.perf_counter) for one in asked]  # noqa: B023
            if all(one.where == EVERYTHING and one.q.isascii() and one.order == "rank" for one in asked):
                peer += [_timed(lambda: _plain_search(plain, one.q), time.thread_time) for one in asked[:10]]  # noqa: B023
        print(f"  {sort:36} {_figures(direct):>15} {_figures(peer):>15} {_figures(served):>15}", flush=True)
        everything[0].extend(direct)
        everything[1].extend(served)
    for way, seconds in zip(("direct, CPU", "over HTTP, wall"), everything, strict=True):
        p99 = _percentile(seconds, 99)
        print(f"  all of them, {way}: p50 {_percentile(seconds, 50):.2f} ms, p99 {p99:.2f} ms {verdict(p99, 20, 5)}")


def _search(index: SearchIndex, table: JobStore, asked: Asked) -> None:
    index.search(parse(asked.q), asked.where, asked.order, HITS, table.succeeded)


def _write(index: SearchIndex, documents: Sequence[Document], path: Path, size: int) -> None:
    index.prepare()
    started = time.process_time()
    for at in range(0, len(documents), 64):
        index.write(Step(0, document) for document in documents[at : at + 64])
    _tell("ours", time.process_time() - started, path, size)


def _plain_fts5(path: Path, texts: Sequence[str], size: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE VIRTUAL TABLE texts USING fts5(text)")
    started = time.process_time()
    for at in range(0, len(texts), 64):
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO texts VALUES (?)", [(text,) for text in texts[at : at + 64]])
        connection.execute("COMMIT")
    _tell("plain FTS5", time.process_time() - started, path, size)
    return connection


def _plain_search(connection: sqlite3.Connection, q: str) -> None:
    words = q.replace("-", "NOT ") if " -" in q else q
    ranked = (
        "SELECT rowid, snippet(texts, 0, '<b>', '</b>', '…', 40) FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?"
    )
    connection.execute(ranked, (words, HITS)).fetchall()


def _tell(who: str, seconds: float, path: Path, size: int) -> None:
    taken = sum(member.stat().st_size for member in path.parent.glob(f"{path.name}*"))
    rate = f"{size / seconds / 1e6:.1f} MB/s of CPU time"
    print(f"  {who}: written at {rate}, {taken / size:.2f}x the texts ({size / MIB:.0f} MiB)", flush=True)


def _fill_job_table(path: Path, documents: Sequence[Document]) -> None:
    """As many jobs that have succeeded; no events, so that no indexer finds any work."""
    migrate(f"sqlite:{path}")
    rows = []
    for number, one in enumerate(documents, 1):
        new = NewJob(
            one.job_id, one.kind, one.created_at, 3, one.name, one.media_type, None, one.size, "", f"key-{number}"
        )
        row = new_row(new, number) | {"state": State.SUCCEEDED, "finished_at": one.created_at}
        rows.append(row | {"started_at": one.created_at, "attempt": 1, "owner": None, "result": "{}"})
    kept = [{"id": n, "key": f"key-{n}", "sha256": "", "size": 1, "created_at": 0.0} for n in range(1, len(rows) + 1)]
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        Statement(blobs.insert()).run_many(connection, kept)
        Statement(jobs.insert()).run_many(connection, rows)
    engine.dispose()


def _zipf(count: int) -> list[float]:
    return list(accumulate(1 / (n + 2.7) for n in range(count)))


def _timed(call: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    call()
    return clock() - started


def _figures(seconds: Sequence[float]) -> str:
    return f"{_percentile(seconds, 50):.2f} / {_percentile(seconds, 99):.2f}" if seconds else "–"


def _percentile(seconds: Sequence[float], percent: int) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000
