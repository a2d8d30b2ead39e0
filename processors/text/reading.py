"""One pass over a file in one encoding."""

from collections.abc import Iterator
from typing import BinaryIO, Literal

from processors.base import Rejected
from processors.signatures import HEAD_BYTES
from processors.text.binary import refuse_binary
from processors.text.charsets import Charset
from processors.text.counts import Counts
from processors.text.encoding import FALLBACK, SAMPLE_BYTES, Decoder, Encoding, by_escapes
from processors.text.facts import LineEndings, TextFacts
from processors.text.hazards import Watch
from processors.text.indentation import indentation
from processors.text.language import LOOKED_AT, language_of
from processors.text.legacy import Evidence, guess
from processors.text.models import TextParams
from processors.text.passes import Passes
from processors.text.preview import MARK_ROOM, preview
from processors.text.words import Graphemes, TopWords, UnicodeWords

BLOCK_BYTES = 64 << 10  # what fits into a core's cache is counted faster
ENOUGH_BAD_SEQUENCES = 1000  # to give up on an encoding before the end of the file


class Reading:
    """Decodes and counts, block by block, and keeps the beginning for the preview."""

    def __init__(self, encoding: Encoding, params: TextParams) -> None:
        self.encoding = encoding
        self.counts = Counts()
        self.decoder = Decoder(encoding.name)
        self._params = params
        self._watch = Watch()
        self._evidence = Evidence()
        self._escaped = b""  # from the first sign of ISO 2022 on
        self._graphemes = Graphemes() if params.graphemes else None
        self._unicode_words = UnicodeWords() if params.unicode_words else None
        self._top_words = TopWords() if params.top_words else None
        self._beginning = ""
        self._beginning_room = max(2 * params.preview_characters + MARK_ROOM + 1, LOOKED_AT)  # CRLF becomes one

    def run(self, passes: Passes, file: BinaryIO) -> None:
        """Read to the end, or until the encoding has proved wrong. Raises `Rejected` for what is not text."""
        passes.begin("reading", f"as {self.encoding.name}")
        file.seek(0)
        head = b""
        while block := file.read(BLOCK_BYTES):
            self._take(block[0 if head else self.encoding.mark_bytes :], is_first=not head)
            if not head:
                head = block[:HEAD_BYTES]
                self._refuse_binary(head)
            passes.at(file.tell())
            if self.decoder.replaced > ENOUGH_BAD_SEQUENCES and self.is_wrong():
                break
        self._take(b"", is_first=False, final=True)
        self._finish()
        self._refuse_binary(head)
        passes.end()

    def _refuse_binary(self, head: bytes) -> None:
        counts = self.counts
        refuse_binary(head, counts.characters, counts.controls, counts.nuls)

    def is_wrong(self) -> bool:
        """Whether the file turned out not to be the UTF-8 that it was taken for."""
        return self._is_taken_for_utf8() and not self.decoder.is_plausible()

    def _is_taken_for_utf8(self) -> bool:
        return self.encoding.name == "utf-8" and self.encoding.source != "declared"

    def correction(self, markup: Charset | None) -> Encoding | None:
        """What the file is instead, where it is not the UTF-8 that it was taken for."""
        mark_bytes = self.encoding.mark_bytes
        if self.is_wrong():
            found = guess(self._evidence.sample, markup)
            if found is None:
                return Encoding(FALLBACK, "fallback", mark_bytes)
            return Encoding(found, "markup" if found == markup else "statistical", mark_bytes)
        if self._escaped and (name := by_escapes(self._escaped)):
            return Encoding(name, "structural", mark_bytes)
        return None

    def be_strict(self) -> None:
        """Raise `Rejected` where something could not be decoded."""
        if self.decoder.first_bad is not None:
            place = self.decoder.first_bad + self.encoding.mark_bytes
            raise Rejected("corrupt_input", f"Byte {place} is not valid {self.encoding.name}.")

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes, behind the mark, are valid UTF-8 as they lie."""
        return self.encoding.name == "utf-8" and not self.decoder.replaced

    def _take(self, data: bytes, is_first: bool, final: bool = False) -> None:
        bad = self.decoder.replaced
        text = self.decoder.decode(data, final)
        if self._is_taken_for_utf8():
            if self.decoder.replaced > bad:
                self._evidence.add(data, is_first)
            if not self._escaped and b"\x1b" in data and b"\x1b$" in data:  # one byte is found at no cost
                self._escaped = data[data.index(b"\x1b$") :][:SAMPLE_BYTES]
        utf8 = self.decoder.utf8(text)
        self.counts.feed(text, utf8)
        self._watch.feed(text, utf8)
        if len(self._beginning) < self._beginning_room:
            self._beginning += text[: self._beginning_room]
        for counter in (self._graphemes, self._unicode_words, self._top_words):
            if counter:
                counter.feed(text)

    def _finish(self) -> None:
        self.counts.finish()
        for counter in (self._graphemes, self._unicode_words, self._top_words):
            if counter:
                counter.finish()

    def facts(self, sha256: str, size: int) -> TextFacts:
        counts, decoder, params = self.counts, self.decoder, self._params
        is_ascii = self.encoding.source == "validated" and not decoder.replaced and not decoder.surplus
        shown, is_truncated = preview(self._beginning, params.preview_characters)
        hazards = self._watch.found(counts.nuls, decoder.surrogates)
        return TextFacts(
            encoding="ascii" if is_ascii else self.encoding.name,
            encoding_source=self.encoding.source,
            bom=self.encoding.mark_bytes > 0,
            replacements=decoder.replaced,
            bytes=size,
            sha256=sha256,
            characters=counts.characters,
            words=counts.words,
            lines=counts.lines,
            blank_lines=counts.blank_lines,
            line_ending=self._line_ending(),
            line_endings=LineEndings(lf=counts.lf, crlf=counts.crlf, cr=counts.cr),
            longest_line=counts.longest_line,
            indentation=indentation(self._beginning),
            control_characters=counts.controls + counts.nuls,
            hazards=hazards,
            preview=shown,
            preview_truncated=is_truncated,
            grapheme_clusters=self._graphemes.count if self._graphemes else None,
            unicode_words=self._unicode_words.count if self._unicode_words else None,
            top_words=self._top_words.most_common(params.top_words) if self._top_words else None,
            language=language_of(self._beginning) if params.language else None,
            warnings=[*self._warnings(), *hazards.warnings()],
        )

    def _line_ending(self) -> Literal["lf", "crlf", "cr", "mixed"] | None:
        counts = self.counts
        match counts.lf > 0, counts.crlf > 0, counts.cr > 0:
            case True, False, False:
                return "lf"
            case False, True, False:
                return "crlf"
            case False, False, True:
                return "cr"
            case False, False, False:
                return None
            case _:
                return "mixed"

    def _warnings(self) -> Iterator[str]:
        if self.encoding.source in ("statistical", "fallback"):
            yield f"The file is not UTF-8 and does not say what it is: {self.encoding.name} is a guess."
        if self.decoder.replaced:
            yield f"{self.decoder.replaced:,} sequences are not valid {self.encoding.name}."
        if controls := self.counts.controls:
            yield f"The text contains {controls:,} control characters."
