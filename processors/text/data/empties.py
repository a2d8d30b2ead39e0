"""What there is in many whole rows at once, found without taking them apart: line ends in cells, and empty cells."""

import re
from collections import Counter
from collections.abc import Collection


def outside_and_inside(rows: bytes) -> tuple[bytes, bytes]:
    """What stands outside of quotes, each quoted cell as one or more quotes, and what stands within."""
    if b'"' not in rows:
        return rows, b""
    parts = rows.split(b'"')
    return b'"'.join(parts[::2]), b'"'.join(parts[1::2])


class Empties:
    """Counts the cells with nothing in them, no quotes either, of the columns that may have such."""

    def __init__(self, mark: bytes, count: int, columns: Collection[int]) -> None:
        self._mark = mark
        self._count = count
        self._is_first = 0 in columns
        self._is_last = count - 1 in columns
        self._between = [place for place in columns if 0 < place < count - 1]
        self._behind = re.compile(re.escape(mark + mark) + rb"([^\r\n]*+)").findall

    def add(self, outside: bytes, nulls: list[int]) -> None:
        """Of rows of at least two cells. `nulls` are the counts of the columns that are described, perhaps not all."""
        mark = self._mark
        if self._is_first:
            nulls[0] += outside.count(b"\n" + mark) + outside.startswith(mark)
        if self._is_last and self._count == len(nulls):
            nulls[-1] += outside.count(mark + b"\n") + outside.count(mark + b"\r\n")
        if self._between:
            self._add_between(outside, nulls)

    def _add_between(self, outside: bytes, nulls: list[int]) -> None:
        """Where two delimiters meet, the first time in each row: how many follow says which column it is."""
        mark, again = self._mark, self._mark + self._mark
        alone, more = list[int](), dict[int, list[list[bytes]]]()
        for behind in self._behind(outside):
            if again in behind or behind.startswith(mark):
                cells = behind.split(mark)
                more.setdefault(len(cells), []).append(cells)
            else:
                alone.append(behind.count(mark) + 1)
        for cells_behind, rows in Counter(alone).items():
            self._note(self._count - 1 - cells_behind, rows, nulls)
        for cells_behind, found in more.items():
            first = self._count - cells_behind
            self._note(first - 1, len(found), nulls)
            columns = list(zip(*found, strict=True))
            for place in self._between:
                if place >= first:
                    nulls[place] += columns[place - first].count(b"")

    def _note(self, place: int, rows: int, nulls: list[int]) -> None:
        if place < len(nulls):
            nulls[place] += rows
