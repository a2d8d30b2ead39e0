"""Rows into a Parquet file, by DuckDB (the extra `tables`).

Each batch is handed over as a small CSV file in the scratch folder and kept in a database there: Parquet is written in
the end, a group of rows at a time. DuckDB sees nothing but that folder, loads no extension and has one thread.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from processors.base import Rejected
from processors.text.data.columns import Column, Values
from processors.text.data.models import ColumnType
from processors.text.data.sqlite import quoted

if TYPE_CHECKING:
    import duckdb

MEMORY = "192MB"
LONGEST_LINE = 64 << 20  # bytes; no record is longer
BATCH_CHARACTERS = 8 << 20
LOOK_SECONDS = 0.2  # between two looks at a statement that runs

_TYPES: Mapping[ColumnType, str] = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "string": "VARCHAR",
}


def is_installed() -> bool:
    return find_spec("duckdb") is not None


def load() -> None:
    """Import DuckDB where it is installed: a cell can't any more."""
    with suppress(ImportError):
        import duckdb  # noqa: F401


class ParquetTable:
    """`alive` is called while a statement runs, and may raise."""

    def __init__(self, path: Path, columns: Sequence[Column], scratch: Path, alive: Callable[[], None]) -> None:
        self._path = path
        self._alive = alive
        self._batch = scratch / "batch.csv"
        self._database = scratch / "table.duckdb"
        self._pending: list[str] = []
        self._size = 0
        self._connection = connected(self._database, scratch)
        types = [_type(column) for column in columns]
        fields = ", ".join(f"{quoted(column.name)} {kind}" for column, kind in zip(columns, types, strict=True))
        self._connection.execute(f"CREATE TABLE data ({fields})")
        raw = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(columns)))
        cast = ", ".join(f"CAST(c{number} AS {kind})" for number, kind in enumerate(types))
        self._insert = (
            f"INSERT INTO data SELECT {cast} FROM read_csv('{literal(self._batch)}', columns = {{{raw}}}, "  # noqa: S608
            "auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\"', new_line = '\\n', "
            f"nullstr = '', allow_quoted_nulls = false, parallel = false, max_line_size = {LONGEST_LINE})"
        )

    def write(self, rows: Sequence[Values]) -> None:
        lines = [",".join(["" if value is None else quoted(value) for value in row]) + "\n" for row in rows]
        self._pending += lines
        self._size += sum(map(len, lines))
        if self._size >= BATCH_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            with self._batch.open("w", encoding="utf-8", newline="") as file:
                file.writelines(self._pending)
            self._pending.clear()
            self._size = 0
            run(self._connection, self._insert, self._alive)

    def size(self) -> int:
        return self._database.stat().st_size

    def finish(self) -> None:
        self._flush()
        target = literal(self._path)
        statement = f"COPY data TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)"
        run(self._connection, statement, self._alive)

    def close(self) -> None:
        self._connection.close()
        for path in (self._batch, self._database, self._database.with_name("table.duckdb.wal")):
            path.unlink(missing_ok=True)


def run(connection: "duckdb.DuckDBPyConnection", statement: str, alive: Callable[[], None]) -> None:
    """In a thread of its own, so that this one can say that it is alive, and stop it when the job is cancelled."""
    running = _Statement(connection, statement)
    running.start()
    try:
        while not running.over.wait(LOOK_SECONDS):
            alive()
    except BaseException:
        connection.interrupt()
        raise
    finally:
        running.join()
    if running.error is not None:
        raise Rejected("unsupported_input", f"Parquet can't hold this table: {str(running.error)[:200]}.")


class _Statement(Thread):
    def __init__(self, connection: "duckdb.DuckDBPyConnection", statement: str) -> None:
        super().__init__()
        self.over = Event()
        self.error: Exception | None = None
        self._connection = connection
        self._statement = statement

    def run(self) -> None:
        import duckdb

        try:
            self._connection.execute(self._statement)
        except duckdb.Error as error:
            self.error = error
        finally:
            self.over.set()


def connected(database: Path | str, scratch: Path) -> "duckdb.DuckDBPyConnection":
    import duckdb

    connection = duckdb.connect(
        database,
        config={
            "threads": 1,
            "memory_limit": MEMORY,
            "temp_directory": str(scratch),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        },
    )
    connection.execute(f"SET allowed_directories = ['{literal(scratch)}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _type(column: Column) -> str:
    return "TIMESTAMPTZ" if column.type == "datetime" and column.is_zoned else _TYPES[column.type]


def literal(path: Path) -> str:
    return str(path).replace("'", "''")
