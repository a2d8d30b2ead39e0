"""The columns of a table that is made of a text, and what a format of tables must do."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from processors.text.data.models import ColumnType

NAME_CHARACTERS = 200

Values = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: ColumnType
    is_zoned: bool = False  # a datetime with an offset from UTC


class Table(Protocol):
    """Takes rows of texts, None for null, which are of the columns' types as CSV and JSON write them."""

    def write(self, rows: Sequence[Values]) -> None: ...
    def size(self) -> int:
        """Bytes on the disk so far."""
        ...

    def finish(self) -> None: ...
    def close(self) -> None: ...


def column_names(names: Iterable[str]) -> Iterator[str]:
    """No two alike, whatever the case, and none empty or with a NUL."""
    taken: set[str] = set()
    for number, name in enumerate(names, 1):
        name = _storable(name.replace("\0", "").strip()[:NAME_CHARACTERS]) or f"column_{number}"
        free, again = name, 1
        while free.casefold() in taken:
            again += 1
            free = f"{name}_{again}"
        taken.add(free.casefold())
        yield free


def written(value: object) -> str | None:
    """A JSON value as it stands in a column: text as it is, anything else as JSON."""
    if value is None:
        return None
    return _storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _storable(text: str) -> str:
    """Without lone surrogates, which JSON can say and UTF-8 can't."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
