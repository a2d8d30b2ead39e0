"""One text from its bytes to its result: encoding and counts, then the shape, then what was asked for beside."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel

from processors.base import Rejected, Searchable, Work
from processors.text import normalized
from processors.text.charsets import Charset, codec
from processors.text.chunks import stage as chunks
from processors.text.content import Text
from processors.text.digest import Digest
from processors.text.encoding import SAMPLE_BYTES, Encoding, decoded_head, markup_label, recognise
from processors.text.facts import TextFacts
from processors.text.formats import nominated
from processors.text.models import Format, NotDone, TextParams, TextResult
from processors.text.passes import Passes
from processors.text.reading import Reading
from processors.text.shape import Shape


def run(work: Work[TextParams]) -> TextResult:
    with work.open() as file:
        sample = file.read(SAMPLE_BYTES)
    encoding = recognise(sample, work.params.encoding)
    head = decoded_head(sample, encoding)
    candidates = list(nominated(work.params, work.name, work.media_type, head))
    params = work.params
    asked = (params.tables.formats, params.chunks, params.normalized)
    passes = Passes(work, 1 + bool(candidates) + sum(map(bool, asked)))
    with Digest(work) as digest:
        reading = _read(work, passes, encoding, markup_label(sample))
        facts = reading.facts(digest.hexdigest(), work.size)
    if reading.encoding != encoding:
        head = decoded_head(sample, reading.encoding)
    text = Text(work, passes, reading.encoding, reading.is_utf8, head)
    made = _Made(text)
    made.examine(candidates)
    if params.tables.formats:
        made.add("tables", made.tables)
    if params.chunks:
        made.add("chunks", partial(chunks.make, text, params.chunks, made.format))
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
        self.format: Format = "plain"
        self._parts: dict[str, Any] = {}
        self._warnings: list[str] = []
        self._failed: list[NotDone] = []
        self._make_tables: Callable[[], BaseModel] | None = None

    def examine(self, candidates: Sequence[Shape]) -> None:
        """The first candidate that is proved is the format. What a refuted one found stays, to say why."""
        for number, shape in enumerate(candidates):
            if number:
                self._text.passes.add()
            try:
                examined = shape.examine(self._text)
            except Rejected as rejected:
                self._leave_out(shape.format, rejected)
                continue
            self._parts[shape.result_field or shape.format] = examined.part
            self._warnings += examined.warnings
            if examined.is_proved:
                self.format = shape.format
                self._make_tables = examined.make_tables
                return

    def tables(self) -> BaseModel:
        if self._make_tables is None:
            raise Rejected("unsupported_input", f"There is no table in this text: it is {self.format}.")
        return self._make_tables()

    def add(self, stage: str, make: Callable[[], BaseModel]) -> None:
        try:
            self._parts[stage] = make()
        except Rejected as rejected:
            self._leave_out(stage, rejected)

    def _leave_out(self, stage: str, rejected: Rejected) -> None:
        if self._text.params.on_error == "fail":
            raise rejected
        self._failed.append(NotDone(stage=stage, code=rejected.code, detail=rejected.detail))

    def result(self, facts: TextFacts) -> TextResult:
        parts = {
            **dict(facts),
            **self._parts,
            "format": self.format,
            "searchable": _searchable(self._text.encoding) if self._text.params.index else None,
            "warnings": [*facts.warnings, *self._warnings],
            "failed": self._failed,
        }
        return TextResult(**parts)


def _searchable(encoding: Encoding) -> Searchable:
    """The file itself, as it was read."""
    return Searchable(output=None, encoding=codec(encoding.name), skip_bytes=encoding.mark_bytes)
