"""Is this file the SQLite database that it should be? Nothing that looks wrong is ever replaced by something new."""

import os
import sqlite3
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from ingest.jobs.base import StoreRefused

LOG_MAGIC = 0x377F0682  # the lowest bit says whether checksums are big-endian
LOG_HEADER_BYTES = 32
CHECK_SECONDS = 0.5  # of looking through the pages at start; a damaged page beyond that is found when it is read
STEPS = 1000


def check(path: Path) -> None:
    """Before anybody else has opened it: what is there, the log, and as many pages as there is time for."""
    check_there(path)
    _check_log(Path(f"{path}-wal"))
    _check_pages(path)


def check_there(path: Path) -> None:
    """SQLite makes a new database where it finds none or an empty file.

    The file itself is left to SQLite to open: whoever else closes it takes SQLite's locks away from all of this
    process (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        raise StoreRefused(f"there is no job table at {path}") from None
    except OSError as error:
        raise StoreRefused(f"{path} can't be read: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode):
        raise StoreRefused(f"{path} is no file")
    if found.st_size == 0:
        raise StoreRefused(f"{path} is empty, where a job table should be")


def create(path: Path, build: Callable[[Path], None]) -> None:
    """Make a new database beside its place, and put it there when it is whole and on disk."""
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreRefused(f"{path} is gone, but its log {log.name} is there: put the table back, or remove the log")
    unfinished = path.with_name(f"{path.name}.new")
    for leftover in path.parent.glob(f"{unfinished.name}*"):
        leftover.unlink()
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    build(unfinished)
    _sync(unfinished)
    unfinished.rename(path)
    _sync(path.parent)


def _check_log(log: Path) -> None:
    """SQLite takes a log whose header is damaged for an empty one, and everything in it would be lost without a word.

    The header is synced before anything follows it, so all zeros means that nothing ever did.
    (https://sqlite.org/fileformat2.html#walformat)
    """
    try:
        with log.open("rb") as file:
            header = file.read(LOG_HEADER_BYTES)
    except FileNotFoundError:
        return
    if not any(header):
        return
    magic = int.from_bytes(header[:4], "big")
    known = len(header) == LOG_HEADER_BYTES and magic & ~1 == LOG_MAGIC
    if not known or _checksum(header[:24], big=bool(magic & 1)) != header[24:]:
        raise StoreRefused(f"{log} is damaged, and may hold accepted jobs: restore it from a backup, or remove it")


def _checksum(words: bytes, *, big: bool) -> bytes:
    """Always stored big-endian, whatever the words are read as."""
    first = second = 0
    for left, right in struct.iter_unpack(">II" if big else "<II", words):
        first = (first + left + second) & 0xFFFFFFFF
        second = (second + right + first) & 0xFFFFFFFF
    return struct.pack(">II", first, second)


def _check_pages(path: Path) -> None:
    deadline = time.monotonic() + CHECK_SECONDS
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)
        try:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise StoreRefused(f"{path} is not a SQLite database") from None
        verdict = error
    if verdict != "ok":
        raise StoreRefused(f"{path} is damaged: {verdict}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
