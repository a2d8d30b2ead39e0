"""Rows into a Parquet file, by DuckDB.

Each batch is handed over as a small CSV file in the scratch folder and kept in a database there: Parquet is written in
the end, a group of rows at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from processors.text import duck
from processors.text.data.columns import Column, Values
from processors.text.data.models import ColumnType
from processors.text.data.sqlite import quoted

LONGEST_LINE = 64 << 20  # bytes; no record is longer
BATCH_CHARACTERS = 8 << 20

_TYPES: Mapping[ColumnType, str] = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "string": "VARCHAR",
}


class ParquetTable:
    """`alive` is called while a statement runs, and may raise."""

    def __init__(self, path: Path, columns: Sequence[Column], scratch: Path, alive: Callable[[], None]) -> None:
        self._path = path
        self._batch = scratch / "batch.csv"
        self._pending: list[str] = []
        self._size = 0
        self._duck = duck.Duck(scratch, alive)
        types = [_type(column) for column in columns]
        fields = ", ".join(f"{quoted(column.name)} {kind}" for column, kind in zip(columns, types, strict=True))
        self._duck.run(f"CREATE TABLE data ({fields})")
        raw = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(columns)))
        cast = ", ".join(f"CAST(c{number} AS {kind})" for number, kind in enumerate(types))
        self._insert = (
            f"INSERT INTO data SELECT {cast} FROM read_csv({duck.text(self._batch)}, columns = {{{raw}}}, "  # noqa: S608
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
            self._duck.run(self._insert)

    def size(self) -> int:
        return self._duck.size()

    def finish(self) -> None:
        self._flush()
        target = duck.text(self._path)
        self._duck.run(f"COPY data TO {target} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000)")

    def close(self) -> None:
        self._duck.close()
        self._batch.unlink(missing_ok=True)


def _type(column: Column) -> str:
    return "TIMESTAMPTZ" if column.type == "datetime" and column.is_zoned else _TYPES[column.type]
