"""What a file's own structure says of the image in it, before any decoder runs.

Rules that must stay true:
1. Only headers are read, within the file's bounds, and every loop ends: with the file, or at a count of ours.
2. Where a file says a thing twice, the larger counts: no decoder may meet more than was found here.
3. A file that ends too early still has the size that its header gave. Whether its pixels are there, the decoder says.
4. What can't be read as its format is `Rejected` as `corrupt_input`, what is too much as `limit_exceeded`.
"""

import io
import re
from dataclasses import dataclass
from typing import BinaryIO

from processors.base import Rejected

WINDOW_BYTES = 256 << 10
MAX_BLOCKS = 100_000  # segments, chunks, boxes: 50 megapixels of PNG in the usual 8 KiB pieces are some 20,000


@dataclass(frozen=True, slots=True)
class Scan:
    """`width` x `height` is what the first frame is decoded to, before any turning.

    `frames` counts pages too. `metadata_bytes` is what the decoder will keep of Exif, ICC, XMP and texts, unpacked.
    `scans` is how often a JPEG goes over its pixels. `pixel_bytes` is what Pillow keeps of a pixel, and
    `workspace_bytes` what the decoder needs beside that while it decodes one frame.
    """

    format: str
    width: int
    height: int
    frames: int = 1
    metadata_bytes: int = 0
    scans: int = 1
    pixel_bytes: int = 4
    workspace_bytes: int = 0


class Source:
    """A file that is read at offsets. Reads past its end give less, as files do, and never raise."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)

    def at(self, offset: int, count: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(count)

    def exactly(self, offset: int, count: int) -> bytes:
        """All of it, or `Rejected`."""
        data = self.at(offset, count)
        if len(data) < count:
            raise damaged("it ends too early")
        return data

    def find(self, pattern: re.Pattern[bytes], offset: int, length: int) -> tuple[int, bytes] | None:
        """Where `pattern`, which matches `length` bytes, is next, and what matched."""
        while window := self.at(offset, WINDOW_BYTES):
            if found := pattern.search(window):
                return offset + found.start(), found[0]
            if len(window) < WINDOW_BYTES:
                return None
            offset += len(window) - length + 1
        return None


class Count:
    """Counts blocks, so that a file of nothing but tiny ones ends soon."""

    def __init__(self, most: int = MAX_BLOCKS) -> None:
        self._most = most
        self._left = most

    def one(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Rejected("limit_exceeded", f"The image's file has more than {self._most:,} parts.")


def damaged(what: str) -> Rejected:
    return Rejected("corrupt_input", f"The image is damaged: {what}.")
