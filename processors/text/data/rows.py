"""CSV as records, and what their cells are, in constant memory and linear time.

Rows that look like those before them are matched many at a time by one pattern, which is made of the forms that each
column's cells have had. Only the others are taken apart cell by cell; they teach the pattern what it doesn't know.
What a record is, is what Python's `csv` makes of it: a quote opens a quoted cell only in front of it.
"""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from processors.text.data.cells import COUNTED, QUOTED, column_pattern, form_of
from processors.text.data.empties import Empties, outside_and_inside
from processors.text.data.lines import beginning, is_within, line_ends, whole_records
from processors.text.data.runs import Utf8Runs, regular
from processors.text.repeats import any_number_of

PATTERN_COLUMNS = 2000  # a wider row is taken apart cell by cell
LEAST_WINDOW, MOST_WINDOW = 1 << 10, 1 << 18
BACKOFF = 12  # a pattern is made anew after 1, 2, 4, ... up to 4096 rows that it didn't match
GAPPY = 3  # one row of so many
SHOWN = 300  # characters of a bad row
UNCLOSED = "A quote is not closed."
END = r"(?:\r\n|\n|\r)"
_LINE_END = re.compile(END.encode())
_LINE = re.compile(r"[^\r\n]*")


@dataclass(frozen=True, slots=True)
class Cell:
    value: str
    is_quoted: bool


@cache
def grammar(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Of a whole record with its line end, and of one cell of it."""
    mark = re.escape(delimiter)
    cell = rf'(?:"({QUOTED})"|(?!"))([^{mark}\r\n]*+)'
    bare = rf'(?:"{QUOTED}"|(?!"))[^{mark}\r\n]*+'
    return re.compile(f"{bare}{any_number_of(mark + bare)}({END})"), re.compile(rf"{cell}({mark}|\Z)")


def cells_of(record: str, delimiter: str) -> list[Cell]:
    """Of a record without its line end."""
    if '"' not in record:
        return [Cell(value, False) for value in record.split(delimiter)]
    cells = []
    for match in grammar(delimiter)[1].finditer(record):
        quoted, plain, end = match.groups()
        cells.append(Cell(plain if quoted is None else quoted.replace('""', '"') + plain, quoted is not None))
        if not end:
            break
    return cells


@dataclass(frozen=True, slots=True)
class Heap:
    """Rows that are all good, as they stand in the file, and how many line ends there are in their cells."""

    text: bytes
    rows: int
    embedded: int


class Columns:
    """What is known of each column so far, and the pattern of the rows that are like that."""

    def __init__(self, count: int, delimiter: str, described: int) -> None:
        self.count = count
        self.described = min(count, described)
        self.delimiter = delimiter
        self.forms: list[set[str]] = [set() for _ in range(self.described)]
        self.nulls = [0] * self.described
        self.formulas = 0
        self._runs: Utf8Runs | None = None
        self._empties: Empties | None = None
        # Or, where a group for each cell that is counted is the only way, or the quicker one: one row, and from the
        # first on that doesn't match, all the rest. That is copied, and there may be many rests, so only a window is
        # matched at a time.
        self._row: re.Pattern[bytes] | None = None
        self._groups: list[tuple[int, str]] = []  # what each of them counts
        self._window = LEAST_WINDOW
        self._is_stale = False
        self._missed = 0
        self._compiled = 0
        self._learned = 0  # rows
        self._gappy = 0  # of them, those with several empty cells

    def again(self) -> "Columns":
        """For another reading of the same text: all forms are known, nothing is counted yet."""
        columns = Columns(self.count, self.delimiter, self.described)
        columns.forms = [set(forms) for forms in self.forms]
        columns._is_stale, columns._missed = True, 1
        columns._learned, columns._gappy = self._learned, self._gappy
        return columns

    def learn(self, cells: Sequence[Cell]) -> None:
        """One row, cell by cell."""
        nulls = 0
        for place, cell in enumerate(cells[: self.described]):
            form = form_of(cell.value, cell.is_quoted)
            if form in ("null", "qnull"):
                self.nulls[place] += 1
                nulls += 1
            if form in ("formula", "qformula"):
                self.formulas += 1
            if form not in self.forms[place]:
                self.forms[place].add(form)
                self._is_stale = True
        self._missed += 1
        self._learned += 1
        self._gappy += nulls > 1
        self._window = max(self._window, min(8 * sum(len(cell.value) for cell in cells), MOST_WINDOW))

    def matched(self, text: bytes, start: int, stop: int) -> Heap | None:
        """The rows from `start` on, within [start, stop), that are like those before; they are counted."""
        if self._is_stale and self._missed >= 1 << self._compiled and self.count <= PATTERN_COLUMNS:
            self._compile()
        if self._runs:
            end = self._runs.end(text, start, stop)
        elif self._row:
            end = self._counted(self._row, text, start, min(stop, len(text), start + self._window))
        else:
            return None
        if end == start:
            return None
        rows = text[start:end]
        outside, inside = outside_and_inside(rows)
        if self._empties:
            self._empties.add(outside, self.nulls)
        return Heap(rows, outside.count(b"\n"), line_ends(inside.decode()))

    def _counted(self, row: re.Pattern[bytes], text: bytes, start: int, stop: int) -> int:
        """Count by groups; returns where the rows end."""
        found = row.findall(text, start, stop)
        rest = found[-1][-1] if found else b""
        if rest:
            found.pop()
        self._window = min(max(2 * self._window if found else self._window // 2, LEAST_WINDOW), MOST_WINDOW)
        if not found:
            return start
        for (place, count), column in zip(self._groups, zip(*found, strict=True), strict=False):
            hits = len(column) - column.count(b"")
            if count == "null":
                self.nulls[place] += hits
            else:
                self.formulas += hits
        return stop - len(rest)

    def _compile(self) -> None:
        self._groups, self._row, self._runs, self._empties = [], None, None, None
        has_groups = GAPPY * self._gappy > self._learned or not COUNTED.isdisjoint(chain.from_iterable(self.forms))
        row = re.escape(self.delimiter).join(
            [
                *(self._column(place, has_groups) for place in range(self.described)),
                *[self._undescribed()] * (self.count - self.described),
            ]
        )
        row += r"\r?+\n"
        if has_groups:
            self._row = re.compile(rf"{row}|([\s\S]++)".encode())
        else:
            rows = any_number_of(f"(?>{row})")
            self._runs = Utf8Runs(rows, regular(rows))
            if nullable := [place for place, forms in enumerate(self.forms) if "null" in forms]:
                self._empties = Empties(self.delimiter.encode(), self.count, nullable)
        self._is_stale, self._missed, self._compiled = False, 0, min(self._compiled + 1, BACKOFF)

    def _column(self, place: int, has_groups: bool) -> str:
        alternatives = []
        for pattern, count in column_pattern(self.forms[place], self.delimiter, has_groups):
            if count:
                self._groups.append((place, count))
            alternatives.append(pattern)
        return f"(?:{'|'.join(alternatives)})"

    def _undescribed(self) -> str:
        return rf'(?:"{QUOTED}"|[^{re.escape(self.delimiter)}"\r\n]*+)'


@dataclass(frozen=True, slots=True)
class Header:
    """The first record, where it names the columns."""

    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Row:
    """A good one. A blank line has no cells, and is none."""

    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that is no row: the first cell (from 1) where it goes wrong, why, and its beginning."""

    column: int
    reason: str
    text: str


Piece = Header | Heap | Row | Bad


class Records:
    """Takes text in blocks, cut anywhere; tells `columns` of each row, and yields what it was, in order.

    While a piece is handed out, `line` and `record` are the numbers of its first line and record, from 1.
    """

    def __init__(self, columns: Columns, has_header: bool, max_characters: int) -> None:
        self.columns = columns
        self.blank = 0
        self.line = 1
        self.record = 1
        self._grammar = re.compile(grammar(columns.delimiter)[0].pattern.encode())
        self._max = max_characters
        self._awaits_header = has_header
        self._is_skipping = False  # the rest of a line whose beginning was given up

    def read(self, blocks: Iterable[bytes]) -> Iterator[Piece]:
        return whole_records(blocks, self._take, self._max)

    def _take(self, text: bytes, is_last: bool) -> Generator[Piece, None, int]:
        """Returns where the unfinished record begins."""
        start = self._skip(text, 0) if self._is_skipping else 0
        while start < len(text):
            heap = None if self._awaits_header else self.columns.matched(text, start, start + self._max)
            if heap is not None:
                yield from self._tell(heap, heap.rows + heap.embedded, heap.rows)
                start += len(heap.text)
                continue
            match = self._grammar.match(text, start)
            if match is not None and is_within(self._max, text, start, match.start(1)):
                record = text[start : match.start(1)].decode()
                yield from self._tell(self._row(record), line_ends(record) + 1, record != "")
                start = match.end()
            elif match is None and not is_last and is_within(self._max, text, start, len(text)):
                break
            else:
                yield self._given_up(text, start)
                self.record += 1
                start = self._skip(text, start)
        return start

    def _tell(self, piece: Piece, lines: int, records: int) -> Iterator[Piece]:
        yield piece
        self.line += lines
        self.record += records

    def _row(self, record: str) -> Header | Row | Bad:
        if not record:
            self.blank += 1
            return Row(())
        cells, count = cells_of(record, self.columns.delimiter), self.columns.count
        if len(cells) != count:
            return Bad(min(len(cells), count) + 1, f"It has {len(cells):,} cells instead of {count:,}.", record[:SHOWN])
        if self._awaits_header:
            self._awaits_header = False
            return Header(cells)
        self.columns.learn(cells)
        return Row(cells)

    def _given_up(self, text: bytes, start: int) -> Bad:
        """A quote that isn't closed makes everything behind it one cell, so only its first line is left out."""
        is_long = not is_within(self._max, text, start, len(text))
        reason = f"It is longer than {self._max:,} characters, or a quote is not closed." if is_long else UNCLOSED
        shown = beginning(text, start, SHOWN)
        first = _LINE.match(shown)
        return Bad(1, reason, first[0] if first else shown)

    def _skip(self, text: bytes, start: int) -> int:
        """To the next line, which may be in a block to come."""
        match = _LINE_END.search(text, start)
        self._is_skipping = match is None
        self.line += match is not None
        return match.end() if match else len(text)
