"""The file of an index: its tables, its connections, and the lock between those who write to it."""

import fcntl
import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from ingest.search.base import IndexDamaged, IndexUnavailable

VERSION = 1  # of the tables, and of how words are folded: an index of another one is written again
PATIENCE_SECONDS = 5.0
READ_SECONDS = 2.0  # of one reading, so that no query takes a thread for long
STEPS = 10_000
LOG_LIMIT_BYTES = 16 << 20
CACHE_KIB = 8 << 10
REPORT = "-damaged"  # beside the index: whoever reads it found it so
MEMBERS = ("", "-wal", "-shm", "-journal", REPORT)
BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})  # no question makes SQLite say so
DAMAGED = BROKEN | {sqlite3.SQLITE_ERROR}

# Documents are numbered by time, so that the newest come first and a span of time is a span of numbers. The texts are
# there for the snippets. The words have no content of their own; facets are what filters look for, and weigh next to
# nothing. What has the words in its title is found among all, and not only among the newest.
SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, job_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created_at REAL NOT NULL,
    name TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, metadata TEXT NOT NULL,
    is_cut INTEGER NOT NULL, passages INTEGER NOT NULL
);
CREATE TABLE passages (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE watermark (seq INTEGER NOT NULL);
INSERT INTO watermark VALUES (0);
CREATE VIRTUAL TABLE words USING fts5(name, metadata, text, facets, content='', tokenize='ascii');
CREATE VIRTUAL TABLE titles USING fts5(name, metadata, facets, content='', tokenize='ascii');
PRAGMA user_version = VERSION;
COMMIT;
"""


class SqliteFile:
    """Knows when the file at `path` was replaced, and then opens the new one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[tuple[int, sqlite3.Connection]] = deque()
        self._closed = False
        self._prepared: int | None = None  # the number of the file that was found to be there

    @contextmanager
    def locked(self, *, wait: bool) -> Iterator[bool]:
        with errors():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(f"{self._path}-lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(lock)

    def prepare(self) -> None:
        if Path(f"{self._path}{REPORT}").exists():
            raise IndexDamaged(f"{self._path} can't be read any more")
        with errors():
            with suppress(FileNotFoundError):
                if self._path.stat().st_ino == self._prepared:
                    return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._path.exists():
                self.discard()  # a log without its file
                # What was dropped off is nobody else's to read. SQLite gives the log the mode of the file.
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            with closing(self._connect("rw")) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                if _version(connection) == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    connection.executescript(SCHEMA.replace("VERSION", str(VERSION)))
            self._prepared = self._path.stat().st_ino

    def discard(self) -> None:
        with errors():
            for member in MEMBERS:
                with suppress(FileNotFoundError):
                    Path(f"{self._path}{member}").unlink()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot, for as long as `READ_SECONDS`. What is found broken is reported to whoever writes next."""
        try:
            with self._using() as connection:
                deadline = monotonic() + READ_SECONDS
                connection.set_progress_handler(lambda: monotonic() > deadline, STEPS)
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    connection.rollback()
                    connection.set_progress_handler(None, 0)
        except IndexDamaged as damaged:
            if _code(damaged.__cause__) in BROKEN:
                with suppress(OSError):
                    Path(f"{self._path}{REPORT}").touch(0o600)
            raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction. A power cut may take it back, but never half of it."""
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                connection.rollback()  # does nothing after the commit

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop()[1].close()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with errors():
            number, connection = self._borrow()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle.append((number, connection))
            if self._closed:
                self.close()

    def _borrow(self) -> tuple[int, sqlite3.Connection]:
        """An idle connection to the file that is there now, or a new one."""
        if self._closed:
            raise IndexUnavailable("the index is closed")
        number = self._path.stat().st_ino
        while self._idle:
            known, connection = self._idle.pop()
            if known == number:
                return known, connection
            connection.close()
        connection = self._connect("rw")
        if _version(connection) != VERSION:
            connection.close()
            raise IndexDamaged(f"{self._path} is not an index that this program wrote")
        return number, connection

    def _connect(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode={mode}",
            uri=True,
            timeout=PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT_BYTES}")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _code(error: BaseException | None) -> int:
    """SQLite's, without what refines it."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


@contextmanager
def errors() -> Iterator[None]:
    """Whatever the disk and SQLite do as `IndexUnavailable`; what means damage as `IndexDamaged`."""
    try:
        yield
    except FileNotFoundError:
        raise IndexUnavailable("there is no index yet") from None
    except OSError as error:
        raise IndexUnavailable(f"the index can't be used now: {error.strerror}") from error
    except sqlite3.DatabaseError as error:
        code = _code(error)
        if code == sqlite3.SQLITE_INTERRUPT:
            raise IndexUnavailable(f"this takes longer than {READ_SECONDS:g} s") from None
        sort = IndexDamaged if code in DAMAGED else IndexUnavailable
        raise sort(f"the index can't be used now: {error}") from error
