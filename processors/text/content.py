"""The file as characters, as often as a stage wants to read it."""

from collections.abc import Iterator

from processors.base import Work
from processors.text.encoding import Decoder, Encoding
from processors.text.models import TextParams
from processors.text.passes import Passes

BLOCK_BYTES = 256 << 10


class Text:
    """What is known of the file once it was read for the first time: `encoding` holds for all of it.

    `is_utf8` says that the bytes as they lie are valid UTF-8 (a byte order mark may come first), so that an engine may
    take them from `work.open()` or `work.descriptor`.
    """

    def __init__(self, work: Work[TextParams], passes: Passes, encoding: Encoding, is_utf8: bool, head: str) -> None:
        self.work = work
        self.params = work.params
        self.passes = passes
        self.encoding = encoding
        self.is_utf8 = is_utf8
        self.head = head  # the first characters

    def blocks(self, stage: str) -> Iterator[str]:
        """Every character in order, without the byte order mark, in blocks that are cut anywhere between characters.

        One reading for the progress; a reader may stop before the end. Raises `Cancelled`.
        """
        decoder = Decoder(self.encoding.name)
        for data in self._bytes(stage):
            yield decoder.decode(data)
        yield decoder.decode(b"", final=True)

    def utf8(self, stage: str) -> Iterator[bytes]:
        """The same in UTF-8, cut anywhere, also within a character."""
        return self._bytes(stage) if self.is_utf8 else (block.encode() for block in self.blocks(stage))

    def _bytes(self, stage: str) -> Iterator[bytes]:
        self.passes.begin(stage)
        try:
            with self.work.open() as file:
                file.seek(self.encoding.mark_bytes)
                while data := file.read(BLOCK_BYTES):
                    yield data
                    self.passes.at(file.tell())
        finally:
            self.passes.end()
