"""NDJSON: proved by lines that are JSON, all of them but a few."""

from collections.abc import Iterable, Iterator

from processors.text.content import Text
from processors.text.data.json_lines import Bad, Heap, Lines, Piece, Record
from processors.text.data.json_parser import Parser, check
from processors.text.data.json_shape import oddities
from processors.text.data.models import BadRecord, JsonLines, Structure
from processors.text.data.schema import Schema
from processors.text.preview import preview
from processors.text.shape import Examined, Shape

BAD_SHARE = 0.1  # of its records: with more of them bad, it is no NDJSON
SHOWN_CHARACTERS = 200
BAD_RECORDS = 5


def looks_like(head: str) -> bool:
    """Several lines, of which the first is an array or an object by itself."""
    first, end, behind = head.lstrip().partition("\n")
    if not end or not behind.strip() or first[:1] not in ("{", "["):
        return False
    return check([first], Parser(Schema(0), Structure().max_depth)) is None


def examine(text: Text) -> Examined:
    profile = Profile(text.params.structure)
    for _ in profile.read(text.blocks("records")):
        pass
    found = profile.found()
    return Examined(profile.is_proved(), found, list(_warnings(found)))


class Profile:
    """What all records of a file are, counted as they pass through `read`."""

    def __init__(self, params: Structure) -> None:
        self.lines = Lines(Schema(max(1, params.max_paths)), params.max_depth, params.max_record_characters)
        self._is_schema_told = params.max_paths > 0
        self._good = self._bad = 0
        self._bad_records: list[BadRecord] = []

    def read(self, blocks: Iterable[str]) -> Iterator[Piece]:
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

    def bad_record(self, bad: Bad) -> BadRecord:
        """While it is handed out."""
        shown = preview(bad.text, SHOWN_CHARACTERS)[0]
        lines = self.lines
        return BadRecord(record=lines.record, line=lines.line, column=bad.column, reason=bad.reason, text=shown)

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
            paths_truncated=lines.schema.is_truncated and self._is_schema_told,
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
