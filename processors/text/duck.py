"""DuckDB (the extra `tables`), walled in: it sees one folder, loads no extension, and has one thread.

It is imported by the few jobs that ask for Parquet, in 50 ms: warm, it would be 10 MB of every cell's memory.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from processors.base import Rejected

if TYPE_CHECKING:
    import duckdb

PARQUET = "application/vnd.apache.parquet"
MEMORY = "192MB"
LOOK_SECONDS = 0.2  # between two looks at a statement that runs


def is_installed() -> bool:
    return find_spec("duckdb") is not None


def require() -> None:
    if not is_installed():
        words = "Parquet is written by DuckDB, which is not installed here: pip install 'dropoff[tables]'."
        raise Rejected("unsupported_input", words)


class Duck:
    """A database in `folder`, where all that it reads and writes lies. `alive` is called while it works, and may raise.

    Close it: its file goes with it.
    """

    def __init__(self, folder: Path, alive: Callable[[], None]) -> None:
        import duckdb

        self._alive = alive
        self._path = folder / "duck.db"
        self._connection = duckdb.connect(
            self._path,
            config={
                "threads": 1,
                "async_threads": 0,
                "memory_limit": MEMORY,
                "temp_directory": str(folder),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
            },
        )
        self._connection.execute(f"SET allowed_directories = [{text(folder)}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def size(self) -> int:
        return self._path.stat().st_size

    def run(self, statement: str, values: Mapping[str, object] | None = None) -> None:
        """In a thread of its own, so that this one can say that it is alive, and stop it when the job is cancelled.

        Raises `Rejected` for what DuckDB can't do with the data.
        """
        running = _Statement(self._connection, statement, values)
        running.start()
        try:
            while not running.over.wait(LOOK_SECONDS):
                self._alive()
        except BaseException:
            self._connection.interrupt()
            raise
        finally:
            running.join()
        if running.error is not None:
            raise Rejected("unsupported_input", f"Parquet can't hold this: {str(running.error)[:200]}.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()
        for path in (self._path, self._path.with_name("duck.db.wal")):
            path.unlink(missing_ok=True)


class _Statement(Thread):
    def __init__(
        self, connection: "duckdb.DuckDBPyConnection", statement: str, values: Mapping[str, object] | None
    ) -> None:
        super().__init__()
        self.over = Event()
        self.error: Exception | None = None
        self._connection = connection
        self._statement = statement
        self._values = values

    def run(self) -> None:
        import duckdb

        try:
            self._connection.execute(self._statement, self._values)
        except duckdb.Error as error:
            self.error = error
        finally:
            self.over.set()


def text(value: object) -> str:
    """A literal of SQL."""
    return "'" + str(value).replace("'", "''") + "'"
