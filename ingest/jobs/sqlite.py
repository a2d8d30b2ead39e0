"""The job table in one SQLite file: connections, transactions, the lock between processes, and its errors."""

import fcntl
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ingest.jobs import migrations, sqlite_file
from ingest.jobs.base import StoreBusy, StoreRefused
from ingest.jobs.database import TransactionLost

READ_PATIENCE_SECONDS = 1.0  # a read never waits for a writer, only, and briefly, for the recovery after a crash
WAL_LIMIT_BYTES = 64 << 20
CHECKPOINT_PAGES = 4000  # 16 MiB of log between two foldings: with SQLite's own 1000, their syncs take half the time

# What may be better later: locks, and whatever the disk does. The rest are mistakes of ours.
PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    }
)


class Sqlite:
    """`Database` over the file at `path`."""

    def __init__(self, path: Path, patience_seconds: float) -> None:
        self._path = path
        self._patience = patience_seconds
        self._idle: deque[Connection] = deque()
        self._closed = False
        self._reader = _engine(path, min(patience_seconds, READ_PATIENCE_SECONDS), "PRAGMA query_only = ON")
        self._watcher: sqlite3.Connection | None = None
        self._watching = threading.Lock()

    def migrate(self) -> None:
        try:
            with _locked(self._path):
                if self._path.exists():
                    sqlite_file.check(self._path)
                    self._upgrade()
                else:
                    sqlite_file.create(self._path, self._build)
        except (StoreBusy, OSError) as error:
            raise StoreRefused(f"the job table at {self._path} can't be prepared: {error}") from error

    def open(self) -> None:
        sqlite_file.check_there(self._path)
        try:
            with self.reading() as connection:
                found = migrations.current(connection)
        except StoreBusy as busy:
            raise StoreRefused(f"{self._path} can't be read: {busy}") from busy
        if found != migrations.HEAD:
            raise StoreRefused(f"{self._path} has the schema {found}, and this program works with {migrations.HEAD}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with _errors():
            connection = self._borrow()
            driver = _driver(connection)
            try:
                driver.execute("BEGIN")
                yield connection
            finally:
                driver.rollback()
                self._give_back(connection)

    def write_side(self) -> "SqliteWriteSide":
        return SqliteWriteSide(self._path, self._patience)

    def version(self) -> int:
        """On a connection that never writes: SQLite counts the commits of all others."""
        with self._watching, _errors():
            self._must_be_open()
            if self._watcher is None:
                self._watcher = _connect(self._path, READ_PATIENCE_SECONDS)
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()

    def _borrow(self) -> Connection:
        """An idle connection, the one used last first, or a new one. A deque's ends are safe between threads."""
        self._must_be_open()
        try:
            return self._idle.pop()
        except IndexError:
            return self._reader.connect()

    def _give_back(self, connection: Connection) -> None:
        self._idle.append(connection)
        if self._closed:
            self.close()

    def _must_be_open(self) -> None:
        if self._closed:
            raise StoreBusy("the job table is closed")

    def _build(self, path: Path) -> None:
        """A new database, whole, at `path`."""
        engine = _engine(path, self._patience, "PRAGMA journal_mode = WAL")
        with _errors(), engine.connect() as connection:
            migrations.upgrade(connection)

    def _upgrade(self) -> None:
        with _errors(), _engine(self._path, self._patience).connect() as connection:
            found = migrations.current(connection)
            if found is None:
                raise StoreRefused(f"{self._path} is a database, but not a job table of Dropoff")
            if found == migrations.HEAD:
                return
            if not migrations.known(found):
                raise StoreRefused(f"{self._path} has the schema {found}, which is newer than this program")
            driver = _driver(connection)
            driver.execute("BEGIN IMMEDIATE")
            migrations.upgrade(connection)
            driver.execute("COMMIT")


class SqliteWriteSide:
    """`WriteSide`: BEGIN IMMEDIATE, full or normal sync by transaction, and a file lock between processes.

    The lock is there because SQLite's busy handler polls: of two writers that always want to write, one starves.
    """

    def __init__(self, path: Path, patience_seconds: float) -> None:
        pragmas = ("PRAGMA foreign_keys = ON", f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        self._engine = _engine(path, patience_seconds, *pragmas)
        with _errors():
            self._connection = self._engine.connect()
        self._driver = _driver(self._connection)
        self._synced: bool | None = None
        self._undone = False
        self._lock = _open_lock(path)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        except OSError as error:
            raise StoreBusy(f"the job table can't be locked: {error.strerror}") from error
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Connection]:
        with _errors():
            self._overwrite_undone()
            self._sync(durable)
            self._driver.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._commit()
            finally:
                self._driver.rollback()  # does nothing after the commit

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._driver.execute("SAVEPOINT operation")
        try:
            with _errors():
                yield
        except BaseException as error:
            if not self._driver.in_transaction:
                raise TransactionLost(f"the transaction was rolled back: {error}") from error
            self._driver.execute("ROLLBACK TO operation")
            raise
        finally:
            if self._driver.in_transaction:
                self._driver.execute("RELEASE operation")

    def close(self) -> None:
        self._connection.close()
        os.close(self._lock)

    def _commit(self) -> None:
        try:
            self._driver.execute("COMMIT")
        except sqlite3.Error:
            self._driver.rollback()
            self._undone = True
            with suppress(sqlite3.Error):  # then the next transaction tries again
                self._overwrite_undone()
            raise

    def _overwrite_undone(self) -> None:
        """A commit that failed in its sync alone lies whole in the log, and a crash would bring it back: rows that
        nobody believes in any more, whose blobs the janitor may have removed. So something else is written over it.
        """
        if self._undone:
            (number,) = self._driver.execute("PRAGMA user_version").fetchone()
            self._driver.execute(f"PRAGMA user_version = {number:d}")
            self._undone = False

    def _sync(self, durable: bool) -> None:
        """FULL syncs the log at each commit; NORMAL only before it is folded into the file."""
        if durable is not self._synced:
            self._driver.execute("PRAGMA synchronous = FULL" if durable else "PRAGMA synchronous = NORMAL")
            self._synced = durable


def _engine(path: Path, patience_seconds: float, *pragmas: str) -> Engine:
    """Connections without a pool, and without SQLAlchemy's own transactions: BEGIN and COMMIT are written here."""
    return create_engine(
        "sqlite+pysqlite://",
        creator=lambda: _connect(path, patience_seconds, *pragmas),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )


def _connect(path: Path, patience_seconds: float, *pragmas: str) -> sqlite3.Connection:
    """`mode=rw` never makes a file: one that has gone shall be missed."""
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw",
        uri=True,
        timeout=patience_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for pragma in (f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}", *pragmas):
            connection.execute(pragma)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


@contextmanager
def _errors() -> Iterator[None]:
    """SQLite's errors as `StoreBusy`, where they may pass."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF not in PASSING:
            raise
        raise StoreBusy(f"the job table can't be used now: {cause}") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _open_lock(path: Path) -> int:
    return os.open(f"{path}-lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
