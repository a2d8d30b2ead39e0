"""Which format a text has: its name or its look nominates one, and a parser proves it."""

from collections.abc import Iterator, Sequence

from processors.text.data import csv_shape, json_shape, ndjson_shape
from processors.text.lines import logs, source
from processors.text.markup import html_shape, markdown
from processors.text.models import TextParams
from processors.text.shape import Shape


def shapes() -> Sequence[Shape]:
    """In the order in which they are asked."""
    markup = (html_shape.SHAPE, markdown.SHAPE)
    return (json_shape.SHAPE, ndjson_shape.SHAPE, *csv_shape.SHAPES, *markup, logs.SHAPE, source.SHAPE)


def nominated(params: TextParams, name: str, media_type: str, head: str) -> Iterator[Shape]:
    """The shapes to try, the likeliest first: what the caller says; or what the name says, then what the text shows."""
    if params.format != "auto":
        yield from (shape for shape in shapes() if shape.format == params.format)
        return
    extension = name.rpartition(".")[2].lower()  # or all of a name like Makefile
    named = [shape for shape in shapes() if extension in shape.extensions or media_type in shape.media_types]
    yield from named
    yield from (shape for shape in shapes() if shape not in named and shape.looks_like(head))
