"""CSV and NDJSON as tables for other programs: a second reading, in batches, into every format that was asked for."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack

from processors.base import Rejected
from processors.text import duck
from processors.text.content import Text
from processors.text.data.columns import Column, Table, Values
from processors.text.data.models import BadRecord, TableFormat, Tables, TablesMade
from processors.text.data.parquet import ParquetTable
from processors.text.data.sqlite import SqliteTable

MOST_COLUMNS = 2000  # SQLite takes no more
BATCH_ROWS = 2000
OUTPUT_RATIO = 20  # what a table may be larger than its text; a row of two characters takes some 15 bytes in SQLite
OUTPUT_ROOM = 4 << 20
FILES: Mapping[TableFormat, tuple[str, str]] = {
    "sqlite": ("table.sqlite", "application/vnd.sqlite3"),
    "parquet": ("table.parquet", duck.PARQUET),
}
REJECTED = "rejected.ndjson", "application/x-ndjson"


def make_tables(
    text: Text, params: Tables, columns: Sequence[Column], rows: Iterable[Values | BadRecord]
) -> TablesMade:
    """Raises `Rejected` for what can't be a table, or what would be a far larger one than its text."""
    formats = tuple(dict.fromkeys(params.formats))
    if "parquet" in formats:
        duck.require()
    if len(columns) > MOST_COLUMNS:
        raise Rejected("limit_exceeded", f"A table may have {MOST_COLUMNS:,} columns, and this has {len(columns):,}.")
    with ExitStack() as stack:
        tables = [_opened(text, form, columns) for form in formats]
        for table in tables:
            stack.callback(table.close)
        rejected = _Rejected(text, stack)
        written = _write(text, tables, rejected, rows)
        for table in tables:
            table.finish()
    made = [FILES[form] for form in formats] + [REJECTED] * (rejected.kept > 0)
    for name, media_type in made:  # not before all are whole: with `partial`, the job goes on without them
        (text.work.scratch / name).rename(text.work.output(name, media_type))
    return TablesMade(
        outputs=[name for name, _ in made],
        columns=[column.name for column in columns],
        rows=written,
        rejected=rejected.count,
        rejected_kept=rejected.kept,
    )


def _opened(text: Text, form: TableFormat, columns: Sequence[Column]) -> Table:
    path = text.work.scratch / FILES[form][0]
    if form == "sqlite":
        return SqliteTable(path, columns)
    return ParquetTable(path, columns, text.work.scratch, text.passes.beat)


def _write(text: Text, tables: Sequence[Table], rejected: "_Rejected", rows: Iterable[Values | BadRecord]) -> int:
    written, batch = 0, list[Values]()
    most = OUTPUT_RATIO * text.work.size + OUTPUT_ROOM

    def pass_on() -> int:
        for table in tables:
            table.write(batch)
            if table.size() > most:
                raise Rejected("limit_exceeded", f"A table would be {OUTPUT_RATIO} times as large as the text.")
        return len(batch)

    for row in rows:
        if isinstance(row, BadRecord):
            rejected.add(row)
            continue
        batch.append(row)
        if len(batch) >= BATCH_ROWS:
            written += pass_on()
            batch.clear()
    return written + pass_on()


class _Rejected:
    """What is in no table, kept aside; no more of it than the text is long."""

    def __init__(self, text: Text, stack: ExitStack) -> None:
        self.count = self.kept = 0
        self._path = text.work.scratch / REJECTED[0]
        self._stack = stack
        self._room = text.work.size + OUTPUT_ROOM

    def add(self, record: BadRecord) -> None:
        self.count += 1
        line = record.model_dump_json().encode() + b"\n"
        self._room -= len(line)
        if self._room < 0:
            return
        if not self.kept:
            self._file = self._stack.enter_context(self._path.open("wb"))
        self._file.write(line)
        self.kept += 1
