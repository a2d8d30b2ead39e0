"""Group commit: nobody is answered too early, nobody pays for another's failure, and nothing stops the writer."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, TimeoutError
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, select, text

from ingest.jobs import migrate
from ingest.jobs.base import StoreBusy
from ingest.jobs.sqlite import SqliteWriteSide
from ingest.jobs.tables import released
from ingest.jobs.writer import BATCH, Writer

PATIENCE = 10.0
SOON = 0.1
Put = Callable[[Connection], str]


class LoggingSide(SqliteWriteSide):
    """The real one; `log` says which transactions there were, and whether they were to be durable."""

    def __init__(self, path: Path, patience_seconds: float) -> None:
        super().__init__(path, patience_seconds)
        self.log: list[bool] = []

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Connection]:
        self.log.append(durable)
        with super().transaction(durable=durable) as connection:
            yield connection


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.db"
    migrate(f"sqlite:{path}")
    return path


@pytest.fixture
def side(path: Path) -> LoggingSide:
    return LoggingSide(path, SOON)


@pytest.fixture
def writer(side: LoggingSide) -> Iterator[Writer]:
    writer = Writer(side, PATIENCE)
    yield writer
    writer.close()


@pytest.fixture
def reader(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def put(key: str) -> Put:
    def work(sql: Connection) -> str:
        sql.execute(released.insert().values(key=key))
        return key

    return work


def fails(sql: Connection) -> str:
    put("half")(sql)
    raise LookupError("after it has written")


def keys(reader: sqlite3.Connection) -> list[str]:
    return [key for (key,) in reader.execute("SELECT key FROM released ORDER BY key")]


@contextmanager
def gathering(writer: Writer) -> Iterator[None]:
    """What is submitted inside goes into one transaction: the writer is held up until the end."""
    begun, let_go = Event(), Event()

    def hold(sql: Connection) -> None:
        begun.set()
        assert let_go.wait(PATIENCE)

    held = writer.submit(hold, durable=False)
    assert begun.wait(PATIENCE)
    yield
    let_go.set()
    held.result(PATIENCE)


def test_an_answer_comes_only_after_the_commit(writer: Writer, reader: sqlite3.Connection) -> None:
    begun, let_go = Event(), Event()

    def slow(sql: Connection) -> None:
        begun.set()
        assert let_go.wait(PATIENCE)

    with gathering(writer):
        early = writer.submit(put("early"), durable=True)
        late = writer.submit(slow, durable=True)
    assert begun.wait(PATIENCE)
    assert (early.done(), keys(reader)) == (False, [])
    let_go.set()
    assert (early.result(PATIENCE), keys(reader)) == ("early", ["early"])
    late.result(PATIENCE)


def test_what_waits_is_written_in_one_transaction_in_its_order(writer: Writer, side: LoggingSide) -> None:
    order: list[int] = []
    with gathering(writer):
        futures = [writer.submit(lambda sql, n=n: order.append(n), durable=False) for n in range(50)]  # type: ignore[misc]
    for future in futures:
        future.result(PATIENCE)
    assert (order, len(side.log)) == (list(range(50)), 2)


def test_nobody_waits_for_an_endless_transaction(writer: Writer, side: LoggingSide) -> None:
    with gathering(writer):
        futures = [writer.submit(lambda sql: None, durable=False) for _ in range(2 * BATCH + 1)]
    for future in futures:
        future.result(PATIENCE)
    assert len(side.log) == 1 + 3


def test_one_that_fails_takes_nobody_with_it(writer: Writer, side: LoggingSide, reader: sqlite3.Connection) -> None:
    with gathering(writer):
        before = writer.submit(put("before"), durable=True)
        failing = writer.submit(fails, durable=True)
        after = writer.submit(put("after"), durable=True)
    assert (before.result(PATIENCE), after.result(PATIENCE)) == ("before", "after")
    with pytest.raises(LookupError):
        failing.result(PATIENCE)
    assert (keys(reader), len(side.log)) == (["after", "before"], 2)


def test_one_that_comes_first_sees_committed_rows_only(writer: Writer) -> None:
    """The janitor's deletions: a row that others of the same transaction have removed is still there for them."""
    writer.call(put("key"), durable=False)
    with gathering(writer):
        removed = writer.submit(lambda sql: sql.execute(released.delete()).rowcount, durable=True)
        seen = writer.submit(lambda sql: sql.execute(select(released.c.key)).scalars().all(), durable=False, first=True)
    assert (seen.result(PATIENCE), removed.result(PATIENCE)) == (["key"], 1)


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, StoreBusy])
def test_the_writer_survives_whatever_an_operation_raises(writer: Writer, error: type[BaseException]) -> None:
    def work(sql: Connection) -> None:
        raise error("mine")

    with pytest.raises(error, match="mine"):
        writer.call(work, durable=True)
    assert writer.call(put("next"), durable=True) == "next"


def test_the_log_is_synced_when_anything_in_the_transaction_must_last(writer: Writer) -> None:
    def synchronous(sql: Connection) -> int:
        return int(sql.execute(text("PRAGMA synchronous")).scalar_one())

    normal, full = 1, 2
    assert writer.call(synchronous, durable=False) == normal
    assert writer.call(synchronous, durable=True) == full
    assert writer.call(synchronous, durable=False) == normal
    with gathering(writer):
        futures: list[Future[int]] = [writer.submit(synchronous, durable=durable) for durable in (False, True, False)]
    assert [future.result(PATIENCE) for future in futures] == [full] * 3


def test_one_whose_caller_gave_up_before_it_began_never_begins(side: LoggingSide, reader: sqlite3.Connection) -> None:
    writer = Writer(side, SOON)
    with gathering(writer), pytest.raises(StoreBusy, match=r"no write in 0\.1 s$"):
        writer.call(put("given up"), durable=True)
    writer.close()
    assert keys(reader) == []


def test_one_that_began_and_takes_too_long_may_still_come(side: LoggingSide, reader: sqlite3.Connection) -> None:
    writer = Writer(side, SOON)
    let_go = Event()

    def slow(sql: Connection) -> None:
        put("slow")(sql)
        assert let_go.wait(PATIENCE)

    with pytest.raises(StoreBusy, match="may still come"):
        writer.call(slow, durable=True)
    let_go.set()
    writer.submit(lambda sql: None, durable=False).result(PATIENCE)
    assert keys(reader) == ["slow"]
    writer.close()


def test_an_operation_may_raise_a_timeout_of_its_own(writer: Writer) -> None:
    def work(sql: Connection) -> None:
        raise TimeoutError("a store's, not ours")

    with pytest.raises(TimeoutError, match="not ours"):
        writer.call(work, durable=True)


def test_a_commit_that_fails_fails_for_everybody_and_leaves_nothing(
    writer: Writer, path: Path, reader: sqlite3.Connection
) -> None:
    """The disk takes no more bytes: the log may not grow, so the commit can't be written."""
    writer.call(put("before"), durable=True)
    with disk_full(path):
        with gathering(writer):
            futures = [writer.submit(put(f"{n}"), durable=True) for n in range(3)]
            failing = writer.submit(fails, durable=True)
        for future in futures:
            with pytest.raises(StoreBusy, match="disk I/O error"):
                future.result(PATIENCE)
        with pytest.raises(LookupError):
            failing.result(PATIENCE)
    assert keys(reader) == ["before"]
    assert writer.call(put("later"), durable=True) == "later"
    assert keys(reader) == ["before", "later"]


@contextmanager
def disk_full(path: Path) -> Iterator[None]:
    """No file of this process can grow beyond the log's size."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("jobs.db-wal").stat().st_size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_transaction_that_is_lost_is_lost_for_everybody(writer: Writer, reader: sqlite3.Connection) -> None:
    """SQLite may roll back by itself; here an operation does it, and the ones around it must hear of it."""
    with gathering(writer):
        before = writer.submit(put("before"), durable=True)
        culprit = writer.submit(rolls_back, durable=True)
        after = writer.submit(put("after"), durable=True)
    for future in (before, culprit, after):
        with pytest.raises(StoreBusy, match="rolled back"):
            future.result(PATIENCE)
    assert keys(reader) == []
    assert writer.call(put("later"), durable=True) == "later"


def rolls_back(sql: Connection) -> str:
    sql.exec_driver_sql("ROLLBACK")
    raise LookupError


def test_what_does_not_fit_is_refused_and_what_does_is_taken(writer: Writer, reader: sqlite3.Connection) -> None:
    """A full disk in the middle of an operation makes SQLite roll back all of the transaction."""
    writer.call(lambda sql: sql.exec_driver_sql("PRAGMA max_page_count = 1").scalar(), durable=False)
    with gathering(writer):
        small = writer.submit(put("small"), durable=True)
        large = writer.submit(put("large" * 10_000), durable=True)
    for future in (small, large):
        with pytest.raises(StoreBusy, match="full"):
            future.result(PATIENCE)
    assert writer.call(put("small"), durable=True) == "small"
    assert keys(reader) == ["small"]


def test_what_waits_at_the_close_is_written_and_nothing_after_it(
    writer: Writer, side: LoggingSide, reader: sqlite3.Connection
) -> None:
    with gathering(writer):
        last = writer.submit(put("last"), durable=True)
    writer.close()
    assert (last.result(0), keys(reader)) == ("last", ["last"])
    with pytest.raises(StoreBusy, match="closed"):
        writer.submit(put("too late"), durable=True).result(0)
