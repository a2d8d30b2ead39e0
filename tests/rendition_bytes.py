"""What a rendition is made of, read from its bytes by the plainest parsers: no decoder, and nothing of the product."""

import struct
from collections.abc import Iterator

PIXELS_ONLY = {
    "webp": {"VP8X", "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF"},
    "jpg": {"APP0", "SOF", "DHT", "DQT", "DRI", "SOS", "APP14"},
    "png": {"IHDR", "PLTE", "tRNS", "IDAT", "IEND"},
    "avif": {"av01", "grid"},
}


def parts(data: bytes) -> set[str]:
    """Chunks of a WebP or PNG, segments of a JPEG, types of an AVIF's items."""
    if data[8:12] == b"WEBP":
        return set(_chunks(data, 12, "<", 0))
    if data[1:4] == b"PNG":
        return set(_chunks(data, 8, ">", 4))
    if data[:2] == b"\xff\xd8":
        return set(_segments(data))
    assert data[4:12] == b"ftypavif"
    profile = {"ICC"} if b"colrprof" in data else set()
    return {data[at + 12 : at + 16].decode() for at in _all(data, b"infe")} | profile


def _chunks(data: bytes, at: int, order: str, trailer: int) -> Iterator[str]:
    while at < len(data):
        if order == "<":
            kind, length = struct.unpack_from("<4sI", data, at)
        else:
            length, kind = struct.unpack_from(">I4s", data, at)
        yield kind.decode()
        at += 8 + length + trailer
        at += at & 1 if order == "<" else 0


def _segments(data: bytes) -> Iterator[str]:
    names = {0xC4: "DHT", 0xDB: "DQT", 0xDD: "DRI", 0xDA: "SOS", 0xFE: "COM"}
    at, marker = 2, 0
    while marker != 0xDA:
        assert data[at] == 0xFF
        marker = data[at + 1]
        yield f"APP{marker - 0xE0}" if 0xE0 <= marker < 0xF0 else names.get(marker, "SOF")
        at += 2 + int.from_bytes(data[at + 2 : at + 4])


def _all(data: bytes, what: bytes) -> Iterator[int]:
    at = data.find(what)
    while at >= 0:
        yield at
        at = data.find(what, at + 1)


def exif_tags(data: bytes) -> set[int]:
    """Every tag of every directory in every EXIF block that may be hidden in these bytes."""
    found: set[int] = set()
    for mark, order in ((b"II*\0", "<"), (b"MM\0*", ">")):
        for start in _all(data, mark):
            block = data[start : start + 65_536]
            (first,) = struct.unpack(order + "I", block[4:8])
            todo = [first]
            for offset in todo:
                for tag, value in _entries(block, offset, order):
                    found.add(tag)
                    if tag in (0x8769, 0x8825, 0xA005) and len(todo) < 9:
                        todo.append(value)
    return found


def _entries(block: bytes, offset: int, order: str) -> Iterator[tuple[int, int]]:
    if offset + 2 <= len(block):
        (count,) = struct.unpack_from(order + "H", block, offset)
        for at in range(offset + 2, min(offset + 2 + 12 * count, len(block) - 11), 12):
            tag, _type, _count, value = struct.unpack_from(order + "HHII", block, at)
            yield tag, value
