"""Where the items of an AVIF or HEIC are (ISO/IEC 14496-12, 8.11.3)."""

from collections.abc import Iterator
from dataclasses import dataclass

from processors.base import Rejected
from processors.image.scan.av1 import Read
from processors.image.scan.base import Source, damaged

BOX_BYTES = 1 << 20
MAX_ITEMS = 10_000  # a grid of 50 megapixels in tiles of 512 has some 200
MAX_EXTENTS = 64
IN_DATA_BOX = 1


@dataclass(frozen=True, slots=True)
class Item:
    """`extents` are offset and length, in the file, or `IN_DATA_BOX`, of what makes up the item one after another."""

    id: int
    method: int
    extents: list[tuple[int, int]]

    @property
    def length(self) -> int:
        return sum(length for _, length in self.extents)

    def reader(self, source: Source, data_box: int) -> Read:
        base = data_box if self.method == IN_DATA_BOX else 0

        def read(offset: int, count: int) -> bytes:
            parts = []
            for start, length in self.extents:
                if 0 <= offset < length and count > 0:
                    parts.append(source.at(base + start + offset, min(count, length - offset)))
                    count -= len(parts[-1])
                    offset = length
                offset -= length
            return b"".join(parts)

        return read


def read_locations(source: Source, offset: int, length: int) -> Iterator[Item]:
    if length > BOX_BYTES:
        raise Rejected("limit_exceeded", f"The table of the image's items is larger than {BOX_BYTES:,} bytes.")
    fields = _Fields(source.exactly(offset, length))
    version = fields.take(1)
    fields.take(3)
    widths = fields.take(2)
    offset_width, length_width, base_width, index_width = (widths >> shift & 15 for shift in (12, 8, 4, 0))
    items = fields.take(2 if version < 2 else 4)
    if items > MAX_ITEMS:
        raise Rejected("limit_exceeded", f"The image consists of {items:,} items; {MAX_ITEMS:,} are the most.")
    for _ in range(items):
        id_ = fields.take(2 if version < 2 else 4)
        method = fields.take(2) & 15 if version else 0
        fields.take(2)  # the file itself, and no other
        base = fields.take(base_width)
        count = fields.take(2)
        if count > MAX_EXTENTS:
            raise Rejected("limit_exceeded", f"An item of the image is in {count:,} pieces, more than {MAX_EXTENTS}.")
        extents = []
        for _ in range(count):
            fields.take(index_width if version else 0)
            start, size = base + fields.take(offset_width), fields.take(length_width)
            extents.append((start, size or source.size))
        yield Item(id_, method, extents)


class _Fields:
    """Numbers one after another."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, width: int) -> int:
        self._at += width
        if self._at > len(self._data):
            raise damaged("the table of its items ends too early")
        return int.from_bytes(self._data[self._at - width : self._at])
