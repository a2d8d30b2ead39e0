"""JSON: proved by a whole document that is valid."""

from collections.abc import Iterator

from processors.text.content import Text
from processors.text.data.json_parser import Parser, check
from processors.text.data.models import JsonDocument, JsonLines
from processors.text.data.schema import Schema
from processors.text.shape import Examined, Shape


def looks_like(head: str) -> bool:
    return head.lstrip(" \t\r\n")[:1] in ("{", "[")


def examine(text: Text) -> Examined:
    params = text.params.structure
    parser = Parser(Schema(max(1, params.max_paths)), params.max_depth)
    error = check(text.blocks("json"), parser)
    document = JsonDocument(
        valid=error is None,
        error=error,
        top_type=parser.top_type,
        max_depth=parser.max_depth,
        duplicate_keys=parser.duplicate_keys,
        out_of_range=parser.out_of_range,
        paths=parser.schema.paths(params.max_paths > 0),
        paths_truncated=parser.schema.is_told_in_part and params.max_paths > 0,
    )
    return Examined(document.valid, document, list(oddities(document)))


def oddities(found: JsonLines | JsonDocument) -> Iterator[str]:
    if found.duplicate_keys:
        yield f"{found.duplicate_keys:,} names were in their objects already: most programs see only the last."
    if found.out_of_range:
        yield f"{found.out_of_range:,} numbers are out of the range that most programs can hold."


SHAPE = Shape(
    "json",
    frozenset({"json", "geojson", "topojson", "ipynb", "har", "webmanifest"}),
    frozenset({"application/json"}),
    looks_like,
    examine,
    result_field="json_document",
)
