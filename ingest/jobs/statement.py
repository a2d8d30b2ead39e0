"""A Core statement, compiled once, and then run by the driver itself.

SQLAlchemy's own execution costs three times what SQLite does with these short statements. Our columns are numbers and
text, which drivers take and give as they are, so nothing is lost but the time.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Connection
from sqlalchemy.engine.interfaces import DBAPICursor, Dialect

Values = dict[str, Any]
Row = Any  # a named tuple of the columns


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    arguments: Callable[[Values], Any]


class Statement:
    """Parameters are given by name: those that the statement binds, and columns to insert or to set."""

    def __init__(self, core: ClauseElement) -> None:
        self._core = core
        self._compiled: dict[tuple[str, ...], _Compiled] = {}
        self._make_row: Callable[[Iterable[Any]], Row] | None = None

    def run(self, connection: Connection, **values: Any) -> int:
        """How many rows it has changed."""
        return self._execute(connection, values).rowcount

    def run_many(self, connection: Connection, many: Sequence[Values]) -> None:
        """For each of `many`, which all have the same names."""
        compiled = self._compile(connection.dialect, many[0])
        connection.connection.cursor().executemany(compiled.sql, [compiled.arguments(values) for values in many])

    def rows(self, connection: Connection, **values: Any) -> list[Row]:
        cursor = self._execute(connection, values)
        if self._make_row is None:
            row_type: Any = namedtuple("Row", [column[0] for column in cursor.description])  # type: ignore[misc]
            self._make_row = row_type._make
        return [self._make_row(row) for row in cursor.fetchall()]

    def row(self, connection: Connection, **values: Any) -> Row | None:
        """The only row, or None."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def value(self, connection: Connection, **values: Any) -> Any:
        """The first column of the only row, or None."""
        found = self.rows(connection, **values)
        return found[0][0] if found else None

    def _execute(self, connection: Connection, values: Values) -> DBAPICursor:
        compiled = self._compile(connection.dialect, values)
        cursor = connection.connection.cursor()
        cursor.execute(compiled.sql, compiled.arguments(values))
        return cursor

    def _compile(self, dialect: Dialect, values: Values) -> _Compiled:
        key = (dialect.name, *values)
        if key not in self._compiled:
            self._compiled[key] = _compile(self._core, dialect, list(values))
        return self._compiled[key]


def _compile(core: ClauseElement, dialect: Dialect, names: list[str]) -> _Compiled:
    compiled: Any = core.compile(dialect=dialect, column_keys=names)
    if compiled.post_compile_params:
        raise ValueError(f"a list can't be bound once and for all: {compiled}")
    fixed = {name: value for name, value in compiled.params.items() if name not in names}
    if not compiled.positional:
        return _Compiled(compiled.string, lambda values: {**fixed, **values})
    order = compiled.positiontup
    return _Compiled(compiled.string, lambda values: tuple(map({**fixed, **values}.__getitem__, order)))
