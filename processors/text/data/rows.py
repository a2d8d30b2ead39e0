"""CSV as records, and what their cells are, in constant memory and linear time.

Rows that look like those before them are matched many at a time by one pattern, which is made of the forms that each
column's cells have had. Only the others are taken apart cell by cell; they teach the pattern what it doesn't know.
What a record is, is what Python's `csv` makes of it: a quote opens a quoted cell only in front of it.
"""

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from processors.text.data.cells import column_pattern, form_of
from processors.text.data.lines import line_ends, whole_records

PATTERN_COLUMNS = 2000  # a wider row is taken apart cell by cell
LEAST_WINDOW, MOST_WINDOW = 1 << 10, 1 << 18
BACKOFF = 12  # a pattern is made anew after 1, 2, 4, ... up to 4096 rows that it didn't match
SHOWN = 300  # characters of a bad row
UNCLOSED = "A quote is not closed."
END = r"(?:\r\n|\n|\r)"
_LINE_END = re.compile(END)
_LINE = re.compile(r"[^\r\n]*")


@dataclass(frozen=True, slots=True)
class Cell:
    value: str
    is_quoted: bool


@cache
def grammar(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Of a whole record with its line end, and of one cell of it."""
    mark = re.escape(delimiter)
    cell = rf'(?:"([^"]*+(?:""[^"]*+)*+)"|(?!"))([^{mark}\r\n]*+)'
    bare = rf'(?:"[^"]*+(?:""[^"]*+)*+"|(?!"))[^{mark}\r\n]*+'
    return re.compile(rf"{bare}(?:{mark}{bare})*+({END})"), re.compile(rf"{cell}({mark}|\Z)")


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


class Columns:
    """What is known of each column so far, and the pattern of the rows that are like that."""

    def __init__(self, count: int, delimiter: str, described: int) -> None:
        self.count = count
        self.described = min(count, described)
        self.delimiter = delimiter
        self.forms: list[set[str]] = [set() for _ in range(self.described)]
        self.nulls = [0] * self.described
        self.formulas = 0
        self._pattern: re.Pattern[str] | None = None
        # What each group of the pattern counts. One more takes all the rest, from the first row that doesn't match.
        self._groups: list[tuple[int, str]] = []
        self._window = LEAST_WINDOW  # characters to match at a time: the rest is copied, and there may be many rests
        self._is_stale = False
        self._missed = 0
        self._compiled = 0

    def again(self) -> "Columns":
        """For another reading of the same text: all forms are known, nothing is counted yet."""
        columns = Columns(self.count, self.delimiter, self.described)
        columns.forms = [set(forms) for forms in self.forms]
        columns._is_stale, columns._missed = True, 1
        return columns

    def learn(self, cells: Sequence[Cell]) -> None:
        """One row, cell by cell."""
        for place, cell in enumerate(cells[: self.described]):
            form = form_of(cell.value, cell.is_quoted)
            if form in ("null", "qnull"):
                self.nulls[place] += 1
            if form in ("formula", "qformula"):
                self.formulas += 1
            if form not in self.forms[place]:
                self.forms[place].add(form)
                self._is_stale = True
        self._missed += 1
        self._window = max(self._window, min(8 * sum(len(cell.value) for cell in cells), MOST_WINDOW))

    def matched(self, text: str, start: int, stop: int) -> tuple[int, int]:
        """Count the rows within [start, stop) that are like those before: where they end, and how many they are."""
        pattern = self._current()
        if pattern is None:
            return start, 0
        if not self._groups:
            end = pattern.match(text, start, stop).end()  # type: ignore[union-attr]  # it matches no rows, too
            return end, _row_ends(text[start:end])
        stop = min(stop, len(text), start + self._window)
        found = pattern.findall(text, start, stop)
        rest = found[-1][-1] if found else ""
        if rest:
            found.pop()
        self._window = min(max(2 * self._window if found else self._window // 2, LEAST_WINDOW), MOST_WINDOW)
        if not found:
            return start, 0
        for (place, count), column in zip(self._groups, zip(*found, strict=True), strict=False):
            hits = len(column) - column.count("")
            if count == "null":
                self.nulls[place] += hits
            else:
                self.formulas += hits
        return stop - len(rest), len(found)

    def _current(self) -> re.Pattern[str] | None:
        if self._is_stale and self._missed >= 1 << self._compiled and self.count <= PATTERN_COLUMNS:
            self._compile()
        return self._pattern

    def _compile(self) -> None:
        self._groups = []
        row = re.escape(self.delimiter).join(
            [*map(self._column, range(self.described)), *[self._undescribed()] * (self.count - self.described)]
        )
        row += r"\r?+\n"
        self._pattern = re.compile(rf"{row}|([\s\S]++)" if self._groups else f"(?>{row})*+")
        self._is_stale, self._missed, self._compiled = False, 0, min(self._compiled + 1, BACKOFF)

    def _column(self, place: int) -> str:
        alternatives = []
        for pattern, count in column_pattern(self.forms[place] or {"null"}, self.delimiter):
            if count:
                self._groups.append((place, count))
            alternatives.append(pattern)
        return f"(?:{'|'.join(alternatives)})"

    def _undescribed(self) -> str:
        return rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^{re.escape(self.delimiter)}"\r\n]*+)'


def _row_ends(rows: str) -> int:
    """Line ends outside of quotes, in rows that the pattern has matched."""
    return "".join(rows.split('"')[::2]).count("\n") if '"' in rows else rows.count("\n")


@dataclass(frozen=True, slots=True)
class Heap:
    """Rows that are all good, as they stand in the file."""

    text: str
    rows: int


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
        self._grammar, _ = grammar(columns.delimiter)
        self._max = max_characters
        self._awaits_header = has_header
        self._is_skipping = False  # the rest of a line whose beginning was given up

    def read(self, blocks: Iterable[str]) -> Iterator[Piece]:
        return whole_records(blocks, self._take, self._max)

    def _take(self, text: str, is_last: bool) -> Generator[Piece, None, int]:
        """Returns where the unfinished record begins."""
        start = self._skip(text, 0) if self._is_skipping else 0
        while start < len(text):
            end, rows = (start, 0) if self._awaits_header else self.columns.matched(text, start, start + self._max)
            if rows:
                yield from self._tell(Heap(text[start:end], rows), text[start:end], rows)
                start = end
                continue
            match = self._grammar.match(text, start)
            if match is not None and match.start(1) - start <= self._max:
                is_blank = match.start(1) == start
                yield from self._tell(self._row(text[start : match.start(1)]), text[start : match.end()], not is_blank)
                start = match.end()
            elif match is None and not is_last and len(text) - start <= self._max:
                break
            else:
                yield self._given_up(text, start)
                self.record += 1
                start = self._skip(text, start)
        return start

    def _tell(self, piece: Piece, text: str, records: int) -> Iterator[Piece]:
        yield piece
        self.line += line_ends(text)
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

    def _given_up(self, text: str, start: int) -> Bad:
        """A quote that isn't closed makes everything behind it one cell, so only its first line is left out."""
        is_long = len(text) - start > self._max
        reason = f"It is longer than {self._max:,} characters, or a quote is not closed." if is_long else UNCLOSED
        beginning = text[start : start + SHOWN]
        first = _LINE.match(beginning)
        return Bad(1, reason, first[0] if first else beginning)

    def _skip(self, text: str, start: int) -> int:
        """To the next line, which may be in a block to come."""
        match = _LINE_END.search(text, start)
        self._is_skipping = match is None
        self.line += match is not None
        return match.end() if match else len(text)
