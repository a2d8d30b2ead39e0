"""Which format a text has: its name or its look nominates one, and a parser proves it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel

from processors.text.content import Text
from processors.text.models import Format, TextParams


@dataclass(frozen=True, slots=True)
class Examined:
    """What the parser found. `part` stands in the result under the format's name, also where nothing was proved."""

    is_proved: bool
    part: BaseModel | None
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """One format. `looks_like` is asked about the first characters, where the name says nothing."""

    format: Format
    extensions: frozenset[str]
    media_types: frozenset[str]
    looks_like: Callable[[str], bool]
    examine: Callable[[Text], Examined]


@cache
def shapes() -> Sequence[Shape]:
    """In the order in which they are asked."""
    from processors.text.lines import logs, source
    from processors.text.markup import html, markdown

    return (html.SHAPE, markdown.SHAPE, logs.SHAPE, source.SHAPE)


def nominated(params: TextParams, name: str, media_type: str, head: str) -> Iterator[Shape]:
    """The shapes to try, the likeliest first: what the caller says; or what the name says, then what the text shows."""
    if params.format != "auto":
        yield from (shape for shape in shapes() if shape.format == params.format)
        return
    extension = name.rpartition(".")[2].lower()  # or all of a name like Makefile
    named = [shape for shape in shapes() if extension in shape.extensions or media_type in shape.media_types]
    yield from named
    yield from (shape for shape in shapes() if shape not in named and shape.looks_like(head))
