"""What each database engine does its own way. All the rest of the job table is portable SQL.

Rules that must stay true:
1. Write transactions are serial over all processes: `seq` grows in commit order, and what an operation has looked up
   stays true until its commit.
2. A durable transaction is on disk when it has been committed.
3. `StoreBusy` is raised for whatever may be better later; anything else that is raised is a mistake of ours.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from ingest.jobs.base import StoreBusy


class TransactionLost(StoreBusy):
    """The engine has rolled back the whole transaction, not only the operation that failed."""


class WriteSide(Protocol):
    """The one connection of a process that writes. One thread at a time."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Keeps the writers of all other processes out; waits for them as long as it takes."""
        ...

    def transaction(self, *, durable: bool) -> AbstractContextManager[Connection]:
        """Commits at its end, or rolls back what raised. `StoreBusy` if it can't begin or commit."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Undoes what raised inside it, and only that. Raises `TransactionLost` when that can't be done."""
        ...

    def close(self) -> None: ...


class Database(Protocol):
    """One engine at one address."""

    def migrate(self) -> None:
        """Create the tables, or bring them up to date. Raises `StoreRefused`."""
        ...

    def open(self) -> None:
        """Look whether the tables are there and of this program's version. Raises `StoreRefused`."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """One snapshot to read from. From any thread, and without waiting for a writer."""
        ...

    def write_side(self) -> WriteSide: ...

    def version(self) -> int:
        """A number that changes whenever anybody has committed."""
        ...

    def close(self) -> None: ...
