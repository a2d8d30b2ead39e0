"""Rows into a table of an SQLite file."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from processors.text.data.columns import Column, Values
from processors.text.data.models import ColumnType

# A column's affinity turns the text of a number into the number (https://sqlite.org/datatype3.html).
_TYPES: Mapping[ColumnType, str] = {"boolean": "INTEGER", "integer": "INTEGER", "number": "REAL"}


class SqliteTable:
    """The table `data`. Booleans are 0 and 1, dates and times texts as they were. Nothing needs a journal here."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._path = path
        self._file = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY", "cache_size = -8192"):
            self._file.execute(f"PRAGMA {pragma}")
        fields = ", ".join(f"{quoted(column.name)} {_TYPES.get(column.type, 'TEXT')}" for column in columns)
        self._file.execute(f"CREATE TABLE data ({fields})")
        values = ", ".join("lower(?) = 'true'" if column.type == "boolean" else "?" for column in columns)
        self._insert = f"INSERT INTO data VALUES ({values})"  # noqa: S608 - question marks
        self._file.execute("BEGIN")

    def write(self, rows: Sequence[Values]) -> None:
        self._file.executemany(self._insert, rows)

    def size(self) -> int:
        return self._path.stat().st_size

    def finish(self) -> None:
        self._file.execute("COMMIT")

    def close(self) -> None:
        self._file.close()


def quoted(name: str) -> str:
    """As an identifier of SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
