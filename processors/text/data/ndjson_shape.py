"""NDJSON: proved by lines that are JSON, all of them but a few."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import partial

from processors.base import Rejected
from processors.text.content import Text
from processors.text.data.columns import Column, Values, column_names, written
from processors.text.data.json_lines import Bad, Heap, Lines, Piece, Record
from processors.text.data.json_parser import Parser, check
from processors.text.data.json_shape import oddities
from processors.text.data.models import BadRecord, ColumnType, JsonLines, JsonType, Structure, Tables, TablesMade
from processors.text.data.schema import Schema
from processors.text.data.table import make_tables
from processors.text.preview import preview
from processors.text.shape import Examined, Shape

BAD_SHARE = 0.25  # of its records: with more of them bad, it is no NDJSON
SHOWN_CHARACTERS = 200
BAD_RECORDS = 5
UNFIT = "It is no object, or has a number that no column can hold."


def looks_like(head: str) -> bool:
    """Several lines, of which the first is an array or an object by itself."""
    first, end, behind = head.lstrip().partition("\n")
    if not end or not behind.strip() or first[:1] not in ("{", "["):
        return False
    return check([first], Parser(Schema(0), Structure().max_depth)) is None


def examine(text: Text) -> Examined:
    profile = Profile(text.params.structure)
    for _ in profile.read(text.utf8("records")):
        pass
    found = profile.found()
    return Examined(
        profile.is_proved(), found, list(_warnings(found)), partial(_make_tables, text, profile.lines.schema)
    )


def _make_tables(text: Text, schema: Schema, params: Tables) -> TablesMade:
    """A column for each name that the records have; what is no text, number or boolean stands in it as JSON."""
    if schema.is_truncated:
        raise Rejected("limit_exceeded", "The records have more paths than `structure.max_paths`.")
    if not schema.root.fields:
        raise Rejected("unsupported_input", "There is no table in this text: its records are no objects with names.")
    fields = schema.root.fields
    names = column_names(fields)
    columns = [Column(name, _type(node.types)) for name, node in zip(names, fields.values(), strict=True)]
    return make_tables(text, params, columns, _rows(text, list(fields)))


def _type(types: Set[JsonType]) -> ColumnType:
    match sorted(types - {"null"}):
        case ["boolean" | "integer" | "number" | "string" as only]:
            return only
        case ["integer", "number"]:
            return "number"
        case _:
            return "string"


def _rows(text: Text, names: Sequence[str]) -> Iterator[Values | BadRecord]:
    profile = Profile(text.params.structure)
    for piece in profile.read(text.utf8("tables")):
        match piece:
            case Bad():
                yield profile.bad_record(piece)
            case Record(line):
                yield _row(line, names) or profile.bad_record(Bad(1, UNFIT, line))
            case Heap(lines, _):
                for offset, line in enumerate(str(lines, "utf-8").removesuffix("\n").split("\n")):  # not at U+2028
                    yield _row(line, names) or profile.bad_record(Bad(1, UNFIT, line), offset)


def _row(line: str, names: Sequence[str]) -> Values | None:
    """None: no object, or one with a number that no column can hold."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # a number of thousands of digits; nested deeper than Python goes
        return None
    if not isinstance(record, dict) or not all(map(_fits, record.values())):
        return None
    return [written(record.get(name)) for name in names]


def _fits(value: object) -> bool:
    if isinstance(value, int):
        return -(1 << 63) <= value < 1 << 63
    return not (isinstance(value, float) and math.isinf(value))


class Profile:
    """What all records of a file are, counted as they pass through `read`."""

    def __init__(self, params: Structure) -> None:
        self.lines = Lines(Schema(max(1, params.max_paths)), params.max_depth, params.max_record_characters)
        self._is_schema_told = params.max_paths > 0
        self._good = self._bad = 0
        self._bad_records: list[BadRecord] = []

    def read(self, blocks: Iterable[bytes]) -> Iterator[Piece]:
        for piece in self.lines.read(blocks):
            match piece:
                case Heap(_, records):
                    self._good += records
                case Record():
                    self._good += 1
                case Bad():
                    self._bad += 1
                    if len(self._bad_records) < BAD_RECORDS:
                        self._bad_records.append(self.bad_record(piece))
            yield piece

    def bad_record(self, bad: Bad, offset: int = 0) -> BadRecord:
        """While it, or a heap that it is in, is handed out: `offset` is its place in that."""
        record, line = self.lines.record + offset, self.lines.line + offset
        shown = preview(bad.text, SHOWN_CHARACTERS)[0]
        return BadRecord(record=record, line=line, column=bad.column, reason=bad.reason, text=shown)

    def is_proved(self) -> bool:
        return self._good > 0 and self._bad <= BAD_SHARE * (self._good + self._bad)

    def found(self) -> JsonLines:
        lines = self.lines
        return JsonLines(
            record_count=self._good,
            blank_lines=lines.blank,
            bad_record_count=self._bad,
            bad_records=self._bad_records,
            duplicate_keys=lines.duplicate_keys,
            out_of_range=lines.out_of_range,
            paths=lines.schema.paths(self._is_schema_told),
            paths_truncated=lines.schema.is_told_in_part and self._is_schema_told,
        )


def _warnings(found: JsonLines) -> Iterator[str]:
    if found.bad_record_count:
        yield f"{found.bad_record_count:,} records are bad and were left out."
    yield from oddities(found)


SHAPE = Shape(
    "ndjson",
    frozenset({"ndjson", "jsonl", "jsonlines"}),
    frozenset({"application/x-ndjson", "application/jsonl", "application/x-jsonlines"}),
    looks_like,
    examine,
)
