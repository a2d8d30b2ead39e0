"""What a format is to the text kind: who nominates it, and the parser that proves it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from processors.text.content import Text
from processors.text.data.models import Tables
from processors.text.models import Format

MakeTables = Callable[[Tables], BaseModel]


@dataclass(frozen=True, slots=True)
class Examined:
    """What the parser found. `part` stands in the result also where nothing was proved.

    `make_tables` writes what was proved as tables; None: there are none in it.
    """

    is_proved: bool
    part: BaseModel | None
    warnings: Sequence[str] = ()
    make_tables: MakeTables | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """One format. `looks_like` is asked about the first characters, where the name says nothing."""

    format: Format
    extensions: frozenset[str]
    media_types: frozenset[str]
    looks_like: Callable[[str], bool]
    examine: Callable[[Text], Examined]
    result_field: str | None = None  # where its part stands in the result, if not under the format's name
