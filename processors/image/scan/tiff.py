"""TIFF (Adobe TIFF 6.0): the chain of image file directories. Of the pages, the first one is decoded."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from processors.base import Rejected
from processors.image.scan.base import Count, Scan, Source, damaged

LITTLE, BIG = b"II*\0", b"MM\0*"
ENTRY_BYTES = 12
MAX_ENTRIES = 1_000  # in one directory: a few dozen are usual
MAX_PIECES = 65_536  # strips or tiles; a decoder is made for each
MAX_PAGES = 10_000
MAX_WORDS = 1 << 20  # of a tag that is no text: each becomes an object in Python

WIDTH, LENGTH, BITS, COMPRESSION, STRIP_OFFSETS, SAMPLES, ROWS = 256, 257, 258, 259, 273, 277, 278
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, ORIENTATION = 322, 323, 324, 274
UNIT_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
WORDS = {1: "B", 3: "H", 4: "I"}
TEXTS = frozenset({1, 2, 6, 7})
UNCOMPRESSED = 1

# What scanners and image editors write. The others are hardly met, and each is a decoder more to attack.
COMPRESSIONS: Mapping[int, str] = {
    UNCOMPRESSED: "none",
    2: "CCITT",
    3: "CCITT group 3",
    4: "CCITT group 4",
    5: "LZW",
    7: "JPEG",
    8: "Deflate",
    32773: "PackBits",
    32946: "Deflate",
}


@dataclass(frozen=True, slots=True)
class Entry:
    type: int
    count: int
    value: bytes  # or, in four bytes, where it is

    @property
    def bytes(self) -> int:
        return self.count * UNIT_BYTES.get(self.type, 0)


Directory = Mapping[int, Entry]


def scan(source: Source) -> Scan:
    order = "<" if source.at(0, 4) == LITTLE else ">"
    first, pages = None, 0
    for directory in _directories(source, order):
        pages += 1
        first = first or directory
    if first is None:
        raise damaged("it has no page")
    page = _Page(source, order, first)
    if page.value(COMPRESSION, UNCOMPRESSED) not in COMPRESSIONS:
        known = ", ".join(sorted(set(COMPRESSIONS.values())))
        raise Rejected("unsupported_input", f"The TIFF is compressed in another way than: {known}.")
    width, height = page.value(WIDTH), page.value(LENGTH)
    metadata = sum(entry.bytes for tag, entry in first.items() if tag not in (STRIP_OFFSETS, TILE_OFFSETS))
    return Scan(
        "TIFF", width, height, pages, metadata, pixel_bytes=page.pixel_bytes(), workspace_bytes=page.workspace_bytes()
    )


def _directories(source: Source, order: str) -> Iterator[Directory]:
    """Ends where the chain does, or where it bites its own tail."""
    seen: set[int] = set()
    pages = Count(MAX_PAGES)
    offset = struct.unpack(order + "I", source.exactly(4, 4))[0]
    while offset and offset not in seen:
        pages.one()
        seen.add(offset)
        head = source.at(offset, 2)
        if len(head) < 2:
            return
        count = struct.unpack(order + "H", head)[0]
        if count > MAX_ENTRIES:
            raise Rejected("limit_exceeded", f"A page of the TIFF has {count:,} tags; {MAX_ENTRIES:,} are the most.")
        data = source.exactly(offset + 2, count * ENTRY_BYTES)
        yield _entries(data, order)
        link = source.at(offset + 2 + len(data), 4)
        offset = struct.unpack(order + "I", link)[0] if len(link) == 4 else 0


def _entries(data: bytes, order: str) -> Directory:
    """Of a tag that is there twice, the first counts, as it does for the decoder."""
    found: dict[int, Entry] = {}
    for tag, type_, count, value in struct.iter_unpack(order + "HHI4s", data):
        entry = Entry(type_, count, value)
        if type_ not in TEXTS and count > MAX_WORDS:
            raise Rejected("limit_exceeded", f"A tag of the TIFF holds {count:,} numbers; {MAX_WORDS:,} are the most.")
        found.setdefault(tag, entry)
    return found


class _Page:
    """One directory, with the numbers in it."""

    def __init__(self, source: Source, order: str, directory: Directory) -> None:
        self._source = source
        self._order = order
        self._directory = directory

    def value(self, tag: int, default: int | None = None) -> int:
        """The first or only number of a tag."""
        entry = self._directory.get(tag)
        if entry is None and default is not None:
            return default
        if entry is None or entry.type not in WORDS or not entry.count:
            raise damaged(f"its tag {tag} is missing or no number")
        layout = self._order + WORDS[entry.type]
        data = entry.value
        if entry.bytes > len(data):
            data = self._source.exactly(struct.unpack(self._order + "I", data)[0], UNIT_BYTES[entry.type])
        number: int = struct.unpack_from(layout, data)[0]
        return number

    def pixel_bytes(self) -> int:
        """One sample may become an 8-bit, a 16-bit or a 32-bit one; several become four bytes."""
        bits, samples = self.value(BITS, 1), self.value(SAMPLES, 1)
        return 4 if samples > 1 else next((size for size in (1, 2) if bits <= 8 * size), 4)

    def workspace_bytes(self) -> int:
        """libtiff gets the whole file, and decodes a whole strip or tile at a time; Pillow turns a copy upright."""
        width, height = self.value(WIDTH), self.value(LENGTH)
        turned = self.pixel_bytes() * width * height if self.value(ORIENTATION, 1) > 1 else 0
        if TILE_WIDTH in self._directory:
            across, down = self.value(TILE_WIDTH), self.value(TILE_LENGTH)
        else:
            across, down = width, min(self.value(ROWS, height), height)
        for tag in (STRIP_OFFSETS, TILE_OFFSETS):
            if tag in self._directory and self._directory[tag].count > MAX_PIECES:
                raise Rejected("limit_exceeded", f"The TIFF has more than {MAX_PIECES:,} strips or tiles.")
        if self.value(COMPRESSION, UNCOMPRESSED) == UNCOMPRESSED:
            return turned
        piece = across * down * self.value(BITS, 1) * self.value(SAMPLES, 1) // 8
        return max(turned, piece + self._source.size)
