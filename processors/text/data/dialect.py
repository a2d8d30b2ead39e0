"""Which delimiter a text has, and whether its first row is a header: by trial, on the first records."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from processors.text.data.cells import form_of, type_of
from processors.text.data.models import Csv
from processors.text.data.rows import Cell, cells_of, grammar

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_RECORDS = 200
HEADER_CHARACTERS = 100  # of one name


@dataclass(frozen=True, slots=True)
class Dialect:
    """`columns` is how many cells most of the first records have; `agreement` is the share of those.

    `is_prose` where spaces stand behind the delimiter, as they do behind a comma in a sentence.
    """

    delimiter: str
    columns: int
    header: Sequence[str] | None
    agreement: float
    records: int
    is_prose: bool = False


def dialect_of(head: str, is_whole: bool, params: Csv, first: str = ",") -> Dialect:
    """The delimiter by which the records agree best on how many cells they have; between equals, the most cells."""
    tried = DELIMITERS if params.delimiter == "auto" else (params.delimiter,)
    found = [_tried(head, is_whole, delimiter, params) for delimiter in sorted(tried, key=first.__ne__)]
    return max(found, key=lambda one: (one.agreement * (one.columns > 1), not one.is_prose, one.columns))


def _tried(head: str, is_whole: bool, delimiter: str, params: Csv) -> Dialect:
    rows = [cells for record in _records(head, is_whole, delimiter) if (cells := cells_of(record, delimiter))]
    if not rows:
        return Dialect(delimiter, 1, None, 0.0, 0)
    counts = Counter(map(len, rows))
    columns = max(counts, key=lambda count: (counts[count], count))
    names = [cell.value for cell in rows[0]]
    if params.header == "present":
        columns = len(names)
    has_header = params.header == "present" or (params.header == "auto" and _has_header(rows, columns))
    behind = [cell.value for row in rows for cell in row[1:]]
    is_prose = 2 * sum(value.startswith(" ") for value in behind) > len(behind)
    return Dialect(delimiter, columns, names if has_header else None, counts[columns] / len(rows), len(rows), is_prose)


def _records(head: str, is_whole: bool, delimiter: str) -> Iterator[str]:
    """Blank lines left out. One that is cut off by the end of the sample is no record."""
    if is_whole and head and not head.endswith(("\r", "\n")):
        head += "\n"
    pattern, _ = grammar(delimiter)
    start = found = 0
    while found < SAMPLE_RECORDS and (match := pattern.match(head, start)):
        if match.start(1) > start:
            found += 1
            yield head[start : match.start(1)]
        start = match.end()


def _has_header(rows: Sequence[Sequence[Cell]], columns: int) -> bool:
    """Names are as many as the cells of most rows, short, no numbers, distinct, and don't come again as values."""
    names, others = [cell.value for cell in rows[0]], rows[1:]
    if len(names) != columns or len(set(names)) < columns or not all(_is_name(name) for name in names):
        return False
    return not any(name == row[place].value for place, name in enumerate(names) for row in others if place < len(row))


def _is_name(value: str) -> bool:
    return len(value) <= HEADER_CHARACTERS and type_of({form_of(value, False)}) == "string" and value.strip() != ""
