"""WebP (RFC 9649): the chunks of a RIFF file."""

import struct
from collections.abc import Iterator

from processors.image.scan.base import Count, Scan, Source, damaged

METADATA = frozenset({b"ICCP", b"EXIF", b"XMP "})
FIRST = frozenset({b"VP8 ", b"VP8L", b"VP8X"})
VP8_START = b"\x9d\x01\x2a"
VP8L_START = 0x2F
ALPHA = 0x10
DECODER_BYTES = 4_000_000  # libwebp's own, and what is not given back to the kernel at once


def is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def scan(source: Source) -> Scan:
    """libwebp draws on two canvases, holds the file, and gives a copy, which becomes Pillow's only then."""
    chunks = _chunks(source)
    kind, offset, length = next(chunks, (b"", 0, 0))
    if kind not in FIRST:
        raise damaged("it doesn't begin with its header")
    data = source.at(offset, 10)
    width, height = _size(kind, data)
    has_more = kind == b"VP8L" or (kind == b"VP8X" and data[0] & ALPHA)  # lossless coding, or a channel beside the rest
    metadata = frames = 0
    for kind, _, length in chunks:
        metadata += length if kind in METADATA else 0
        frames += kind == b"ANMF"
    beside_pillow = 12 if frames > 1 else 8  # `opening.load` lets go of the canvases in time
    workspace = (beside_pillow + bool(has_more)) * width * height + source.size + DECODER_BYTES
    return Scan("WEBP", width, height, max(frames, 1), metadata, workspace_bytes=workspace)


def _size(kind: bytes, data: bytes) -> tuple[int, int]:
    if len(data) < 10:
        raise damaged("it ends too early")
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        if data[0] != VP8L_START:
            raise damaged("its header is wrong")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if data[3:6] != VP8_START:
        raise damaged("its header is wrong")
    width, height = struct.unpack("<HH", data[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _chunks(source: Source) -> Iterator[tuple[bytes, int, int]]:
    """Type, and offset and length of the data, which is padded to an even length."""
    offset, count = 12, Count()
    while len(head := source.at(offset, 8)) == 8:
        count.one()
        kind, length = struct.unpack("<4sI", head)
        yield kind, offset + 8, length
        offset += 8 + length + (length & 1)
