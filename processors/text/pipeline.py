"""One text from its bytes to its result: encoding and counts, then the shape, then what was asked for beside."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel

from processors.base import Rejected, Searchable, Work
from processors.partial import Tolerance
from processors.text import normalized
from processors.text.charsets import Charset, codec
from processors.text.chunks import stage as chunks
from processors.text.chunks.models import Chunks
from processors.text.content import Text
from processors.text.data.models import Tables
from processors.text.digest import Digest
from processors.text.encoding import SAMPLE_BYTES, Encoding, decoded_head, markup_label, recognise
from processors.text.facts import TextFacts
from processors.text.formats import nominated
from processors.text.markup import stage as markup_stage
from processors.text.models import Format, TextParams, TextResult
from processors.text.passes import Passes
from processors.text.reading import Reading
from processors.text.shape import MakeTables, Shape


def run(work: Work[TextParams]) -> TextResult:
    with work.open() as file:
        sample = file.read(SAMPLE_BYTES)
    encoding = recognise(sample, work.params.encoding)
    head = decoded_head(sample, encoding)
    candidates = list(nominated(work.params, work.name, work.media_type, head))
    params = work.params
    asked = (params.tables, params.main_text, params.chunks, params.normalized)
    passes = Passes(work, 1 + bool(candidates) + sum(map(bool, asked)))
    with Digest(work) as digest:
        reading = _read(work, passes, encoding, markup_label(sample))
        facts = reading.facts(digest.hexdigest(), work.size)
    if reading.encoding != encoding:
        head = decoded_head(sample, reading.encoding)
    text = Text(work, passes, reading.encoding, reading.is_utf8, head)
    made = _Made(text)
    made.examine(candidates)
    if params.tables:
        made.add("tables", partial(made.tables, params.tables))
    if params.main_text:
        made.add("main_text", made.main_text)
    if params.chunks:
        made.add("chunks", partial(made.chunks, params.chunks))
    if params.normalized:
        made.add("normalized", partial(normalized.write, text, params.normalized))
    return made.result(facts)


def _read(work: Work[TextParams], passes: Passes, encoding: Encoding, markup: Charset | None) -> Reading:
    """Once; and once more where the file proves not to be what it was taken for."""
    reading = Reading(encoding, work.params)
    with work.open() as file:
        reading.run(passes, file)
        if correction := reading.correction(markup):
            passes.add()
            reading = Reading(correction, work.params)
            reading.run(passes, file)
    if work.params.errors == "strict":
        reading.be_strict()
    return reading


class _Made:
    """The parts of the result as they come, and what could not be done of them."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._format: Format = "plain"
        self._parts: dict[str, Any] = {}
        self._warnings: list[str] = []
        self._tolerance = Tolerance(text.params.on_error)
        self._make_tables: MakeTables | None = None

    def examine(self, candidates: Sequence[Shape]) -> None:
        """The first candidate that is proved is the format. What a refuted one found stays, to say why."""
        for number, shape in enumerate(candidates):
            if number:
                self._text.passes.add()
            with self._tolerance.tolerating(shape.format):
                examined = shape.examine(self._text)
                self._parts[shape.result_field or shape.format] = examined.part
                self._warnings += examined.warnings
                if examined.is_proved:
                    self._format = shape.format
                    self._make_tables = examined.make_tables
                    return

    def tables(self, params: Tables) -> BaseModel:
        if self._make_tables is None:
            raise Rejected("unsupported_input", f"There is no table in this text: it is {self._format}.")
        return self._make_tables(params)

    def main_text(self) -> BaseModel:
        if (main := self._main_element) is None:
            raise Rejected("unsupported_input", f"Only HTML has a main text; this is {self._format}.")
        return markup_stage.write(self._text, main)

    def chunks(self, params: Chunks) -> BaseModel:
        return chunks.make(self._text, params, self._format, self._main_element)

    @property
    def _main_element(self) -> str | None:
        """Which holds the main text, if this is HTML."""
        return self._parts["html"].main_element if self._format == "html" else None

    def add(self, stage: str, make: Callable[[], BaseModel]) -> None:
        with self._tolerance.tolerating(stage), self._text.passes.one():
            self._parts[stage] = make()

    def result(self, facts: TextFacts) -> TextResult:
        parts = {
            **dict(facts),
            **self._parts,
            "format": self._format,
            "searchable": self._searchable() if self._text.params.index else None,
            "warnings": [*facts.warnings, *self._warnings],
            "errors": self._tolerance.errors,
        }
        return TextResult(**parts)

    def _searchable(self) -> Searchable:
        """The main text where it was made: nobody looks for the words of menus and tags. Else the file itself."""
        if (made := self._parts.get("main_text")) and made.outputs:
            return Searchable(output=made.outputs[0])
        encoding = self._text.encoding
        return Searchable(encoding=codec(encoding.name), skip_bytes=encoding.mark_bytes)
