"""Job tables by URL."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ingest.clock import Clock, wall_clock
from ingest.jobs.base import JobStore
from ingest.jobs.database import Database
from ingest.jobs.sqlite import Sqlite
from ingest.jobs.store import SqlJobStore

__all__ = ["migrate", "open_jobs"]

PATIENCE_SECONDS = 10.0


def _sqlite(rest: str, patience_seconds: float) -> Database:
    if not rest:
        raise ValueError("DROPOFF_JOBS=sqlite: needs a file, as in sqlite:data/jobs.db")
    return Sqlite(Path(rest), patience_seconds)


DATABASES: Mapping[str, Callable[[str, float], Database]] = {"sqlite": _sqlite}


def open_jobs(url: str, *, clock: Clock = wall_clock, patience_seconds: float = PATIENCE_SECONDS) -> JobStore:
    """The job table that `url` (`scheme:rest`) names. A write that has to wait longer than that raises `StoreBusy`.

    Raises ValueError for a URL that names none, and `StoreRefused` if the table is not one that `migrate` made.
    """
    database = _database(url, patience_seconds)
    try:
        database.open()
        return SqlJobStore(database, clock, patience_seconds)
    except BaseException:
        database.close()
        raise


def migrate(url: str) -> None:
    """Create the job table, or bring it up to date. Raises ValueError and `StoreRefused` as `open_jobs` does."""
    _database(url, PATIENCE_SECONDS).migrate()


def _database(url: str, patience_seconds: float) -> Database:
    scheme, _, rest = url.partition(":")
    if scheme not in DATABASES:
        # Only the scheme is repeated: what follows may hold a password.
        raise ValueError(f"DROPOFF_JOBS={scheme!r}...: the scheme must be one of {', '.join(DATABASES)}")
    return DATABASES[scheme](rest, patience_seconds)
