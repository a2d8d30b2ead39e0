"""CSV and TSV: proved by rows that have equally many cells over the whole file."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from processors.base import Rejected
from processors.text.content import Text
from processors.text.data.cells import has_zone, type_of
from processors.text.data.columns import Column, Values, column_names
from processors.text.data.dialect import Dialect, dialect_of
from processors.text.data.lines import line_ends
from processors.text.data.models import BadRecord, Csv, CsvColumn, CsvTable, Tables, TablesMade
from processors.text.data.rows import Bad, Columns, Header, Heap, Piece, Records, Row
from processors.text.data.table import make_tables
from processors.text.encoding import SAMPLE_BYTES
from processors.text.preview import preview
from processors.text.shape import Examined, Shape

BAD_SHARE = 0.25  # of its records: with more of them bad, it is no table
LOOKED_AT_RECORDS = 3
SHOWN_CHARACTERS = 200
BAD_ROWS = 5


def looks_like(delimiters: str, head: str) -> bool:
    """The first records, three at least, have the same number of cells; two columns also need a header.

    What begins as JSON or markup does is none, nor is a list of lines that end with a comma.
    """
    if head.lstrip()[:1] in ("{", "[", "<", "#", "/"):
        return False
    dialect = dialect_of(head, False, Csv())
    if dialect.delimiter not in delimiters or dialect.records < LOOKED_AT_RECORDS or dialect.agreement < 1:
        return False
    if dialect.is_prose or (dialect.delimiter == "|" and head.lstrip().startswith("|")):  # a table in Markdown
        return False
    return dialect.columns > 2 or (dialect.columns == 2 and dialect.header is not None)


def examine(first: str, text: Text) -> Examined:
    """`first` is the delimiter to prefer where several would do."""
    params = text.params.csv
    dialect = dialect_of(text.head, text.work.size <= SAMPLE_BYTES, params, first)
    if not dialect.records:
        dialect = dialect_of(*_beginning(text), params, first)
    profile = Profile(dialect, params)
    for _ in profile.read(text.utf8("rows")):
        pass
    table = profile.table()
    return Examined(profile.is_proved(), table, list(_warnings(table)), partial(_make_tables, text, profile))


def _beginning(text: Text) -> tuple[str, bool]:
    """As much as a record may be long, where its first characters hold none; and whether that is all."""
    text.passes.add()
    blocks, size = [], 0
    for block in text.blocks("first row"):
        blocks.append(block)
        size += len(block)
        if size > text.params.csv.max_record_characters:
            return "".join(blocks), False
    return "".join(blocks), True


def _make_tables(text: Text, profile: "Profile", params: Tables) -> TablesMade:
    columns = profile.columns
    if columns.count > columns.described:
        raise Rejected("limit_exceeded", f"It has {columns.count:,} columns, more than `csv.max_columns`.")
    described = zip(column_names(profile.names), columns.forms, strict=True)
    fields = [Column(name, type_of(forms), has_zone(forms)) for name, forms in described]
    again = Profile(profile.dialect, text.params.csv, columns.again())
    return make_tables(text, params, fields, _rows(text, again))


def _rows(text: Text, profile: "Profile") -> Iterator[Values | BadRecord]:
    csv.field_size_limit(text.params.csv.max_record_characters)
    for piece in profile.read(text.utf8("tables")):
        match piece:
            case Heap(heap):
                for row in csv.reader(io.StringIO(heap.decode(), newline=""), delimiter=profile.dialect.delimiter):
                    yield [cell or None for cell in row]
            case Row(cells) if cells:
                yield [cell.value or None for cell in cells]
            case Bad():
                yield profile.bad_record(piece)


class Profile:
    """What all rows of a file are, counted as they pass through `read`."""

    def __init__(self, dialect: Dialect, params: Csv, columns: Columns | None = None) -> None:
        self.dialect = dialect
        self.columns = columns or Columns(dialect.columns, dialect.delimiter, params.max_columns)
        self._records = Records(self.columns, dialect.header is not None, params.max_record_characters)
        self._header: Sequence[str] = ()
        self._rows = self._embedded = self._bad = 0
        self._bad_rows: list[BadRecord] = []

    def read(self, blocks: Iterable[bytes]) -> Iterator[Piece]:
        for piece in self._records.read(blocks):
            match piece:
                case Heap(_, rows, embedded):
                    self._rows += rows
                    self._embedded += embedded
                case Row(cells) if cells:
                    self._rows += 1
                    self._embedded += sum(line_ends(cell.value) for cell in cells if cell.is_quoted)
                case Bad():
                    self._note(piece)
                case Header(cells):
                    self._header = [cell.value for cell in cells]
            yield piece

    def _note(self, bad: Bad) -> None:
        self._bad += 1
        if len(self._bad_rows) < BAD_ROWS:
            self._bad_rows.append(self.bad_record(bad))

    def bad_record(self, bad: Bad) -> BadRecord:
        """While it is handed out."""
        return BadRecord(
            record=self._records.record,
            line=self._records.line,
            column=bad.column,
            reason=bad.reason,
            text=shown(bad.text),
        )

    def is_proved(self) -> bool:
        """Where there is one cell in each row, or space behind most commas, it may be prose: then all must agree."""
        share = 0 if self.columns.count == 1 or self.dialect.is_prose else BAD_SHARE
        return self._rows > 0 and self._bad <= share * (self._rows + self._bad)

    def table(self) -> CsvTable:
        columns = self.columns
        described = zip(self.names, columns.forms, columns.nulls, strict=True)
        return CsvTable(
            delimiter=self.dialect.delimiter,
            header=self.dialect.header is not None,
            column_count=columns.count,
            columns=[
                CsvColumn(name=shown(name) or f"column_{number}", type=type_of(forms), null_count=nulls)
                for number, (name, forms, nulls) in enumerate(described, 1)
            ],
            row_count=self._rows,
            blank_rows=self._records.blank,
            embedded_newlines=self._embedded,
            formula_cells=columns.formulas,
            bad_row_count=self._bad,
            bad_rows=self._bad_rows,
        )

    @property
    def names(self) -> Sequence[str]:
        """Of the described columns, as the header has them."""
        none = [""] * self.columns.described
        return [*self._header, *none][: len(none)]


def shown(text: str) -> str:
    """Its beginning, safe to show."""
    return preview(text, SHOWN_CHARACTERS)[0]


def _warnings(table: CsvTable) -> Iterator[str]:
    if table.bad_row_count:
        yield f"{table.bad_row_count:,} rows are bad and were left out."
    if table.formula_cells:
        yield f"A spreadsheet would take {table.formula_cells:,} cells for formulas."
    if table.column_count > len(table.columns):
        yield f"Of {table.column_count:,} columns, the first {len(table.columns):,} are described."


SHAPES = (
    Shape(
        "csv",
        frozenset({"csv"}),
        frozenset({"text/csv"}),
        partial(looks_like, ",;|"),
        partial(examine, ","),
    ),
    Shape(
        "tsv",
        frozenset({"tsv", "tab"}),
        frozenset({"text/tab-separated-values"}),
        partial(looks_like, "\t"),
        partial(examine, "\t"),
        result_field="csv",
    ),
)
