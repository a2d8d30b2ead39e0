"""One pass over a file in one encoding."""

from collections.abc import Iterator
from typing import BinaryIO, Literal

from processors.signatures import HEAD_BYTES
from processors.text.binary import refuse_binary
from processors.text.content import BLOCK_BYTES
from processors.text.counts import Counts
from processors.text.encoding import Decoder, Encoding
from processors.text.models import TextFacts
from processors.text.passes import Passes
from processors.text.preview import MARK_ROOM, preview

ENOUGH_BAD_SEQUENCES = 1000  # to give up on an encoding before the end of the file


class Reading:
    """Decodes and counts, block by block, and keeps the beginning for the preview."""

    def __init__(self, encoding: Encoding, preview_characters: int) -> None:
        self.encoding = encoding
        self.counts = Counts()
        self.decoder = Decoder(encoding.name)
        self._preview_characters = preview_characters
        self._beginning = ""

    def run(self, passes: Passes, file: BinaryIO) -> None:
        """Read to the end, or until the encoding has proved wrong. Raises `Rejected` for what is not text."""
        passes.begin("reading", f"as {self.encoding.name}")
        file.seek(0)
        head = b""
        while block := file.read(BLOCK_BYTES):
            self._take(block[0 if head else self.encoding.mark_bytes :])
            if not head:
                head = block[:HEAD_BYTES]
                self._refuse_binary(head)
            passes.at(file.tell())
            if self.decoder.replaced > ENOUGH_BAD_SEQUENCES and self.is_wrong():
                break
        self._take(b"", final=True)
        self.counts.finish()
        self._refuse_binary(head)
        passes.end()

    def _refuse_binary(self, head: bytes) -> None:
        counts = self.counts
        refuse_binary(head, counts.characters, counts.controls, counts.nuls)

    def is_wrong(self) -> bool:
        """Whether the file turned out not to be the UTF-8 that it was taken for."""
        is_taken_for_utf8 = self.encoding.name == "utf-8" and self.encoding.source != "declared"
        return is_taken_for_utf8 and not self.decoder.is_plausible()

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes, behind the mark, are valid UTF-8 as they lie."""
        return self.encoding.name == "utf-8" and not self.decoder.replaced

    def _take(self, data: bytes, final: bool = False) -> None:
        text = self.decoder.decode(data, final)
        if len(self._beginning) <= 2 * self._preview_characters + MARK_ROOM:  # a CRLF becomes one character
            self._beginning += text[: 2 * self._preview_characters + MARK_ROOM + 1]
        self.counts.feed(text)

    def facts(self) -> TextFacts:
        counts, decoder = self.counts, self.decoder
        is_ascii = self.encoding.source == "validated" and not decoder.replaced and not decoder.surplus
        shown, is_truncated = preview(self._beginning, self._preview_characters)
        return TextFacts(
            encoding="ascii" if is_ascii else self.encoding.name,
            encoding_source=self.encoding.source,
            bom=self.encoding.mark_bytes > 0,
            replacements=decoder.replaced,
            characters=counts.characters,
            words=counts.words,
            lines=counts.lines,
            line_ending=self._line_ending(),
            longest_line=counts.longest_line,
            control_characters=counts.controls + counts.nuls,
            preview=shown,
            preview_truncated=is_truncated,
            warnings=list(self._warnings()),
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
        if self.encoding.source == "fallback":
            yield f"The file is not UTF-8 and does not say what it is: {self.encoding.name} is a guess."
        if self.decoder.replaced:
            yield f"{self.decoder.replaced:,} sequences are not valid {self.encoding.name}."
        if controls := self.counts.controls + self.counts.nuls:
            yield f"The text contains {controls:,} control characters."
