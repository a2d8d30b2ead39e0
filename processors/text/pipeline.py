"""One text from its bytes to its result: encoding and counts, then the shape, then what was asked for beside."""

from collections.abc import Sequence
from typing import Any

from processors.base import Rejected, Work
from processors.text.chunks import stage as chunks
from processors.text.content import Text
from processors.text.encoding import FALLBACK, SAMPLE_BYTES, Encoding, decoded_head, recognise
from processors.text.formats import Shape, nominated
from processors.text.markup import stage as main_text
from processors.text.models import NotDone, TextParams, TextResult
from processors.text.passes import Passes
from processors.text.reading import Reading


def run(work: Work[TextParams]) -> TextResult:
    with work.open() as file:
        sample = file.read(SAMPLE_BYTES)
    encoding = recognise(sample, work.params.encoding)
    head = decoded_head(sample, encoding)
    candidates = list(nominated(work.params, work.name, work.media_type, head))
    passes = Passes(work, 1 + bool(candidates) + (work.params.chunks is not None))
    reading = _read(work, passes, encoding)
    if reading.encoding != encoding:
        head = decoded_head(sample, reading.encoding)
    text = Text(work, passes, reading.encoding, reading.is_utf8, head)
    made = _Made(text)
    made.examine(candidates)
    made.write_main_text()
    made.chunk()
    return made.result(reading)


def _read(work: Work[TextParams], passes: Passes, encoding: Encoding) -> Reading:
    """Once; and once more where the file proves not to be what it was taken for."""
    reading = Reading(encoding, work.params.preview_characters)
    with work.open() as file:
        reading.run(passes, file)
        if reading.is_wrong():
            passes.add()
            reading = Reading(Encoding(FALLBACK, "fallback", encoding.mark_bytes), work.params.preview_characters)
            reading.run(passes, file)
    return reading


class _Made:
    """The parts of the result as they come, and what could not be done of them."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._parts: dict[str, Any] = {"format": "plain"}
        self._warnings: list[str] = []
        self._failed: list[NotDone] = []

    def examine(self, candidates: Sequence[Shape]) -> None:
        """The first candidate that is proved is the format. What a refuted one found stays, to say why."""
        for shape in candidates:
            try:
                examined = shape.examine(self._text)
            except Rejected as rejected:
                self._leave_out(shape.format, rejected)
                continue
            self._parts[shape.format] = examined.part
            self._warnings += examined.warnings
            if examined.is_proved:
                self._parts["format"] = shape.format
                return

    @property
    def _main(self) -> str | None:
        """The element that holds the main text, if this is HTML."""
        return self._parts["html"].main_element if self._parts["format"] == "html" else None

    def write_main_text(self) -> None:
        if self._text.params.main_text and self._main:
            self._text.passes.add()
            main_text.write(self._text, self._main)

    def chunk(self) -> None:
        if (asked := self._text.params.chunks) is None:
            return
        try:
            self._parts["chunks"] = chunks.make(self._text, asked, self._parts["format"], self._main)
        except Rejected as rejected:
            self._leave_out("chunks", rejected)

    def _leave_out(self, stage: str, rejected: Rejected) -> None:
        if self._text.params.on_error == "fail":
            raise rejected
        self._failed.append(NotDone(stage=stage, code=rejected.code, detail=rejected.detail))

    def result(self, reading: Reading) -> TextResult:
        facts = reading.facts()
        return TextResult(
            **{**dict(facts), "warnings": [*facts.warnings, *self._warnings]}, **self._parts, failed=self._failed
        )
