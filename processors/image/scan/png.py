"""PNG and APNG (W3C PNG, third edition): chunks, none of them unpacked but texts and profiles, and these not far."""

import struct
import zlib
from collections.abc import Iterator

from processors.image.scan.base import Count, Scan, Source, damaged

SIGNATURE = b"\x89PNG\r\n\x1a\n"
STORED = frozenset({b"tEXt", b"eXIf"})
PACKED = frozenset({b"zTXt", b"iTXt", b"iCCP"})
GREY, PALETTE = 0, 3


def scan(source: Source, max_metadata_bytes: int) -> Scan:
    chunks = _chunks(source)
    kind, offset, length = next(chunks, (b"", 0, 0))
    if kind != b"IHDR" or length != 13:
        raise damaged("it doesn't begin with its header")
    width, height, depth, colour = struct.unpack(">IIBB", source.exactly(offset, 10))
    metadata = frames = 0
    is_animated = False
    for kind, offset, length in chunks:
        if kind == b"IHDR":
            raise damaged("it has two headers")
        if kind in STORED:
            metadata += length
        elif kind in PACKED and metadata <= max_metadata_bytes:
            metadata += _unpacked(source, kind, offset, length, max_metadata_bytes - metadata + 1)
        is_animated |= kind == b"acTL" and length == 8
        frames += kind == b"fcTL"
    pixel_bytes = {GREY: 2 if depth == 16 else 1, PALETTE: 1}.get(colour, 4)
    return Scan("PNG", width, height, max(frames, 1) if is_animated else 1, metadata, pixel_bytes=pixel_bytes)


def _chunks(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Type, and offset and length of the data."""
    offset, count = len(SIGNATURE), Count()
    while len(head := source.at(offset, 8)) == 8:
        count.one()
        length, kind = struct.unpack(">I4s", head)
        yield kind, offset + 8, length
        if kind == b"IEND":
            return
        offset += 12 + length


def _unpacked(source: Source, kind: bytes, offset: int, length: int, most: int) -> int:
    """How many bytes the chunk unpacks to, of which `most` are counted, beside those that are stored as they are."""
    length = min(length, most)
    data = source.at(offset, length)
    keyword, _, rest = data.partition(b"\0")
    if kind == b"iTXt":
        if not rest.startswith(b"\1"):
            return length
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # language, translated keyword
    else:
        rest = rest[1:]
    try:
        return len(keyword) + len(zlib.decompressobj().decompress(rest, most))
    except zlib.error:
        return length
