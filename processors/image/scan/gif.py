"""GIF (GIF89a specification): blocks, and in them sub-blocks of up to 255 bytes."""

import struct

from processors.image.scan.base import Count, Scan, Source, damaged

SIGNATURES = (b"GIF87a", b"GIF89a")
EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
COMMENT, APPLICATION = 0xFE, 0xFF
MAX_SUB_BLOCKS = 2_000_000  # as many as there can be in a file of half a gigabyte
WINDOW_BYTES = 64 << 10


def scan(source: Source) -> Scan:
    """A frame that reaches past the screen enlarges it, for Pillow, from there on."""
    width, height, flags = struct.unpack("<HHB", source.exactly(6, 5))
    reader = _Reader(source, 13 + _table_bytes(flags))
    frames = metadata = 0
    blocks = Count()
    while (kind := reader.byte()) not in (None, TRAILER):
        blocks.one()
        if kind == EXTENSION:
            label = reader.byte()
            length = reader.skip_sub_blocks()
            metadata += length if label in (COMMENT, APPLICATION) else 0
        elif kind == IMAGE:
            left, top, across, down, flags = struct.unpack("<HHHHB", reader.take(9))
            width, height = max(width, left + across), max(height, top + down)
            reader.skip(_table_bytes(flags) + 1)
            reader.skip_sub_blocks()
            frames += 1
    if not frames:
        raise damaged("it has no picture")
    return Scan("GIF", width, height, frames, metadata, pixel_bytes=1)


def _table_bytes(flags: int) -> int:
    """Of the colour table that the flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


class _Reader:
    """Goes through the file by windows: a call per sub-block would take seconds."""

    def __init__(self, source: Source, offset: int) -> None:
        self._source = source
        self._window = b""
        self._start = self._offset = offset
        self._sub_blocks = Count(MAX_SUB_BLOCKS)

    def byte(self) -> int | None:
        at = self._offset - self._start
        if not 0 <= at < len(self._window):
            self._window, self._start, at = self._source.at(self._offset, WINDOW_BYTES), self._offset, 0
        self._offset += 1
        return self._window[at] if self._window else None

    def take(self, count: int) -> bytes:
        self._offset += count
        return self._source.exactly(self._offset - count, count)

    def skip(self, count: int) -> None:
        self._offset += count

    def skip_sub_blocks(self) -> int:
        """Returns how many bytes they held."""
        total = 0
        while length := self.byte():
            self._sub_blocks.one()
            self._offset += length
            total += length
        return total
