"""JPEG (ITU-T T.81, annex B): segments up to the first end of image. Whatever follows it is not decoded (MPO)."""

import re
import struct
from collections.abc import Iterator

from processors.base import Rejected
from processors.image.scan.base import Count, Scan, Source, damaged

SIGNATURE = b"\xff\xd8\xff"

# Any marker but restarts: 0xFF is stuffed with a zero inside of coded data, and repeated as padding.
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
SOF_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})  # baseline, extended, progressive
SOF_OTHERS = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}  # lossless, hierarchical, arithmetic
PROGRESSIVE, SOI, EOI, SOS, TEM, COM = 0xC2, 0xD8, 0xD9, 0xDA, 0x01, 0xFE
APP = range(0xE0, 0xF0)
COEFFICIENT_BYTES = 2
MAX_SEGMENTS = 10_000  # 16 MiB of metadata in full segments are 257


def scan(source: Source, max_scans: int) -> Scan:
    frame: tuple[int, bytes] | None = None
    metadata = scans = 0
    first_scan = b""
    for marker, offset, length in _segments(source):
        if marker in SOF_OTHERS:
            raise Rejected("unsupported_input", "The JPEG is lossless, hierarchical or arithmetic: few can read it.")
        if marker in SOF_HUFFMAN and frame is None:
            frame = marker, source.exactly(offset, length)
        elif marker == SOS:
            scans += 1
            first_scan = first_scan or source.exactly(offset, 1)
            if scans > max_scans:
                raise Rejected("limit_exceeded", f"The JPEG goes over its pixels more than {max_scans} times.")
        elif marker in APP or marker == COM:
            metadata += length
    if frame is None:
        raise damaged("it doesn't say how large it is")
    height, width, components = _frame(frame[1])
    is_whole_in_memory = frame[0] == PROGRESSIVE or first_scan < bytes([len(components)])
    return Scan(
        "JPEG",
        width,
        height,
        metadata_bytes=metadata,
        scans=max(scans, 1),
        pixel_bytes=1 if len(components) == 1 else 4,
        workspace_bytes=_coefficients(width, height, components) * COEFFICIENT_BYTES if is_whole_in_memory else 0,
    )


def _segments(source: Source) -> Iterator[tuple[int, int, int]]:
    """Marker, offset and length of what follows the segment's own length. Ends with the image, or with the file."""
    offset, count = len(SIGNATURE) - 1, Count(MAX_SEGMENTS)
    while found := source.find(MARKER, offset, 2):
        count.one()
        offset, marker = found[0] + 2, found[1][1]
        if marker == EOI:
            return
        if marker in (SOI, TEM):
            continue
        size = source.at(offset, 2)
        length = int.from_bytes(size) - 2
        if len(size) < 2:
            return
        if length < 0:
            raise damaged("a segment is shorter than its own length")
        yield marker, offset + 2, length
        offset += 2 + length


def _frame(header: bytes) -> tuple[int, int, list[tuple[int, int]]]:
    """Height, width, and how often each component is sampled across and down."""
    if len(header) < 6:
        raise damaged("its header is too short")
    _precision, height, width, number = struct.unpack(">BHHB", header[:6])
    factors = [(header[at] >> 4, header[at] & 15) for at in range(7, min(len(header), 6 + 3 * number), 3)]
    if not factors or not all(1 <= across <= 4 and 1 <= down <= 4 for across, down in factors):
        raise damaged("its colours are sampled in no possible way")
    return height, width, factors


def _coefficients(width: int, height: int, components: list[tuple[int, int]]) -> int:
    """libjpeg keeps all of them until the last scan was read, in blocks of 8 x 8."""
    widest, highest = (max(factors) for factors in zip(*components, strict=True))
    units = -(-width // (8 * widest)) * -(-height // (8 * highest))
    return sum(units * across * down * 64 for across, down in components)
