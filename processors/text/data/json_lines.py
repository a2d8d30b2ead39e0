"""NDJSON: a JSON value in each line. Which are none, and what is in the others.

Most records are like one before them, and pass many at a time by one pattern (`templates`). The others are read by
Python's `json`, and those that it refuses by our own parser, which says where and why.
"""

import json
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from processors.text.data.json_parser import Parser, Wrong
from processors.text.data.lines import beginning, is_within, whole_records
from processors.text.data.models import JsonType
from processors.text.data.runs import Utf8Runs
from processors.text.data.schema import Node, Schema
from processors.text.data.templates import Templates

SHOWN = 300  # characters of a bad record
SPACE = " \t\r"
_TYPES: dict[type, JsonType] = {
    dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heap:
    """Lines that are all good records."""

    text: memoryview
    records: int


@dataclass(frozen=True, slots=True)
class Record:
    """A good one, as it stands in its line. A blank line is none."""

    text: str


@dataclass(frozen=True, slots=True)
class Bad:
    column: int
    reason: str
    text: str


Piece = Heap | Record | Bad


class Lines:
    """Takes text in blocks, cut anywhere, and yields what its lines are, in order.

    While a piece is handed out, `line` and `record` are the numbers of its first line and record, from 1.
    """

    def __init__(self, schema: Schema, max_depth: int, max_characters: int) -> None:
        self.schema = schema
        self.blank = 0
        self.line = 1
        self.record = 1
        self.duplicate_keys = 0
        self.out_of_range = 0
        self._templates = Templates(Utf8Runs)
        self._max_depth = max_depth
        self._max = max_characters
        self._is_skipping = False  # the rest of a line that is too long
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=_refuse)

    def read(self, blocks: Iterable[bytes]) -> Iterator[Piece]:
        return whole_records(blocks, self._take, self._max)

    def _take(self, text: bytes, is_last: bool) -> Generator[Piece, None, int]:
        start = self._skip(text) if self._is_skipping else 0
        while start < len(text):
            end = self._templates.end(text, start, start + self._max)
            if end > start:
                records = text.count(b"\n", start, end)
                yield Heap(memoryview(text)[start:end], records)
                self._move_on(records, records)
            elif (end := text.find(b"\n", start)) >= 0 and is_within(self._max, text, start, end):
                yield from self._one(text[start:end].decode())
                end += 1
            elif end < 0 and is_within(self._max, text, start, len(text)):
                if not is_last:
                    break
                yield from self._one(text[start:].decode())  # a lone CR at the end
                end = len(text)
            else:
                yield Bad(1, f"It is longer than {self._max:,} characters.", beginning(text, start, SHOWN))
                end = end + 1 if end >= 0 else len(text)
                self._is_skipping = not text[start:end].endswith(b"\n")
                self._move_on(not self._is_skipping, 1)
            start = end
        return start

    def _skip(self, text: bytes) -> int:
        end = text.find(b"\n") + 1
        self._is_skipping = not end
        self._move_on(bool(end), 0)
        return end or len(text)

    def _move_on(self, lines: int, records: int) -> None:
        self.line += lines
        self.record += records

    def _one(self, line: str) -> Iterator[Record | Bad]:
        if not line.strip(SPACE):
            self.blank += 1
            self._move_on(1, 0)
            return
        yield self._learn(line) or Record(line)
        self._move_on(1, 1)

    def _learn(self, line: str) -> Bad | None:
        before = self.duplicate_keys, self.out_of_range
        record = line.strip(SPACE)
        try:
            value, end = self._decoder.raw_decode(record)
            if end < len(record) or not self._note(value):
                return self._parse(line, before)
        except (ValueError, RecursionError):
            return self._parse(line, before)
        if before == (self.duplicate_keys, self.out_of_range):
            self._templates.learn(line)
        return None

    def _parse(self, line: str, before: tuple[int, int]) -> Bad | None:
        """By the parser that knows every detail; what the quick one has counted is forgotten."""
        self.duplicate_keys, self.out_of_range = before
        parser = Parser(Schema(0), self._max_depth)
        try:
            parser.feed(line, is_last=True)
            parser.finish()
        except Wrong as wrong:
            return Bad(wrong.at + 1, wrong.reason, line[:SHOWN])
        parser = Parser(self.schema, self._max_depth)
        parser.feed(line, is_last=True)
        self.duplicate_keys += parser.duplicate_keys
        self.out_of_range += parser.out_of_range
        return None

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        self.duplicate_keys += len(pairs) - len(found)
        return found

    def _note(self, record: Any) -> bool:
        """Enter the types of a record into the schema. False: it is nested too deep."""
        if _depth(record, self._max_depth) > self._max_depth:
            return False
        waiting: list[tuple[Any, Node | None]] = [(record, self.schema.root)]
        while waiting:
            value, node = waiting.pop()
            kind = _TYPES[type(value)]
            if node is not None:
                node.types.add(kind)
            if kind == "object":
                waiting += self._fields(value, node)
            elif kind == "array" and value:
                items = self.schema.items(node)
                waiting += [(item, items) for item in value]
            elif kind == "integer":
                self.out_of_range += not -(1 << 63) <= value < 1 << 64
            elif kind == "number":
                self.out_of_range += value in (float("inf"), float("-inf"))
        return True

    def _fields(self, value: dict[str, Any], node: Node | None) -> Iterator[tuple[Any, Node | None]]:
        if node is not None:
            node.objects += 1
        for name, inner in value.items():
            field = self.schema.field(node, name)
            if field is not None:
                field.count += 1
            yield inner, field


def _depth(value: Any, enough: int) -> int:
    """How deep it is nested, one level after the other; no more than one above `enough`."""
    depth, level = 0, [value] if isinstance(value, dict | list) else []
    while level and depth <= enough:
        inner = (value for one in level for value in (one.values() if isinstance(one, dict) else one))
        level = [one for one in inner if isinstance(one, dict | list)]
        depth += 1
    return depth


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
