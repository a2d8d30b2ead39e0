"""An EXIF block as tags and raw values, and back (CIPA DC-008, which is TIFF 6.0 in small).

Rules that must stay true:
1. Reading never raises and never loops: what is broken is left out, and `damaged` says that something was.
2. A value is read only where it is small. Previews and maker notes are not; a count of millions costs nothing.
3. Values stay raw until somebody asks for one, and are written back as they were.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from processors.image.scan.base import Source

PREFIX = b"Exif\0\0"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
MAX_ENTRIES = 1_000  # of a directory; a few dozen are usual
MAX_VALUE_BYTES = 4_096
MAX_NUMBERS = 64
ENTRY = "HHI4s"
ENTRY_BYTES = 12
INLINE_BYTES = 4  # larger values stand elsewhere

ASCII, SHORT, LONG, UNDEFINED, UTF8 = 2, 3, 4, 7, 129  # the last one since EXIF 3.0
RATIONALS = {5: "I", 10: "i"}
NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
UNIT_BYTES = {**{type_: struct.calcsize(code) for type_, code in NUMBERS.items()}, 2: 1, 5: 8, 7: 1, 10: 8, 129: 1}

EXIF_POINTER, GPS_POINTER = 0x8769, 0x8825


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag's value as it stands in the file; `order` is "<" or ">"."""

    type: int
    data: bytes
    order: str

    def numbers(self) -> list[float]:
        """None at all for texts; the first `MAX_NUMBERS` of many. Fractions of nothing and the like are left out."""
        code = NUMBERS.get(self.type) or RATIONALS.get(self.type)
        if code is None:
            return []
        found = [number for (number,) in struct.iter_unpack(self.order + code, self.data)][: 2 * MAX_NUMBERS]
        if self.type in RATIONALS:
            found = [above / below for above, below in zip(found[::2], found[1::2], strict=True) if below]
        return [number for number in found[:MAX_NUMBERS] if math.isfinite(number)]

    def text(self) -> str:
        """Empty for numbers. Texts end at the first zero byte; what isn't UTF-8 is taken for Latin-1."""
        if self.type not in (ASCII, UNDEFINED, UTF8):
            return ""
        data = self.data.partition(b"\0")[0]
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.decode("latin-1")


Directory = Mapping[int, Entry]


@dataclass(frozen=True, slots=True)
class Block:
    """The directories that are known: of the image, of how it was taken, and of where."""

    image: Directory = field(default_factory=dict)
    photo: Directory = field(default_factory=dict)
    gps: Directory = field(default_factory=dict)
    order: str = "<"
    damaged: bool = False


def read(source: Source) -> Block:
    """The block at the start of a source, which may also be a TIFF file; empty if it is none."""
    order = ORDERS.get(source.at(0, 4))
    if order is None:
        return Block(damaged=source.size > 0)
    reader = _Reader(source, order)
    image = reader.directory(source.at(4, INLINE_BYTES))
    photo, gps = (reader.directory(image[tag].data) if tag in image else {} for tag in (EXIF_POINTER, GPS_POINTER))
    return Block(image, photo, gps, order, reader.damaged)


class _Reader:
    def __init__(self, source: Source, order: str) -> None:
        self._source = source
        self._order = order
        self.damaged = False

    def directory(self, pointer: bytes) -> dict[int, Entry]:
        """Of a tag that is there twice, the first counts."""
        found: dict[int, Entry] = {}
        if len(pointer) != INLINE_BYTES:
            self.damaged = True
            return found
        (offset,) = struct.unpack(self._order + "I", pointer)
        head = self._source.at(offset, 2)
        (count,) = struct.unpack(self._order + "H", head) if len(head) == 2 else (0,)
        data = self._source.at(offset + 2, min(count, MAX_ENTRIES) * ENTRY_BYTES)
        whole = data[: len(data) // ENTRY_BYTES * ENTRY_BYTES]
        self.damaged |= len(head) < 2 or len(whole) < count * ENTRY_BYTES
        for tag, type_, length, value in struct.iter_unpack(self._order + ENTRY, whole):
            entry = self._entry(type_, length, value)
            if entry is not None:
                found.setdefault(tag, entry)
        return found

    def _entry(self, type_: int, count: int, value: bytes) -> Entry | None:
        size = count * UNIT_BYTES.get(type_, 0)
        if not 0 < size <= MAX_VALUE_BYTES:
            return None
        if size > INLINE_BYTES:
            value = self._source.at(struct.unpack(self._order + "I", value)[0], size)
        if len(value) < size:
            self.damaged = True
            return None
        return Entry(type_, value[:size], self._order)


def short(number: int, order: str) -> Entry:
    return Entry(SHORT, struct.pack(order + "H", number), order)


def write(block: Block) -> bytes:
    """The block with its prefix, as it goes into a file; nothing if there is no tag. All entries have its order."""
    if not (block.image or block.photo or block.gps):
        return b""
    image, order = dict(block.image), block.order
    pointed = [(tag, part) for tag, part in ((EXIF_POINTER, block.photo), (GPS_POINTER, block.gps)) if part]
    for tag, _ in pointed:
        image[tag] = Entry(LONG, bytes(INLINE_BYTES), order)  # its size is all that matters yet
    start = 8 + len(_directory(image, 8, order))
    parts = b""
    for tag, part in pointed:
        image[tag] = Entry(LONG, struct.pack(order + "I", start + len(parts)), order)
        parts += _directory(part, start + len(parts), order)
    magic = next(magic for magic, known in ORDERS.items() if known == order)
    return PREFIX + magic + struct.pack(order + "I", 8) + _directory(image, 8, order) + parts


def _directory(directory: Directory, start: int, order: str) -> bytes:
    """The entries, sorted as they must be, and behind them what doesn't fit into four bytes."""
    entries = struct.pack(order + "H", len(directory))
    values = b""
    values_start = start + 2 + len(directory) * ENTRY_BYTES + INLINE_BYTES
    for tag, entry in sorted(directory.items()):
        value = entry.data.ljust(INLINE_BYTES, b"\0")
        if len(entry.data) > INLINE_BYTES:
            value = struct.pack(order + "I", values_start + len(values))
            values += entry.data + bytes(len(entry.data) % 2)
        entries += struct.pack(order + ENTRY, tag, entry.type, len(entry.data) // UNIT_BYTES[entry.type], value)
    return entries + bytes(INLINE_BYTES) + values
