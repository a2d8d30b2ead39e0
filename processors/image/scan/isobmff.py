"""AVIF and HEIC (ISO/IEC 14496-12, 23008-12): the boxes that tell sizes, frames and metadata."""

import struct
from collections.abc import Iterator

from processors.image.scan.base import Count, Scan, Source, damaged

AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
CONTAINER_BRANDS = frozenset({b"mif1", b"msf1"})  # of either: the compatible brands say which
MAX_BRANDS = 64

# What they hold is boxes again, after so many bytes.
HOLDERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8}
MAX_BOXES = 20_000
MAX_DEPTH = 8
METADATA_ITEMS = frozenset({b"Exif", b"mime"})


def format_of(head: bytes) -> str | None:
    """AVIF, HEIF or nothing of the kind. `head` is the file's beginning."""
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4]), len(head), 16 + 4 * MAX_BRANDS)
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
    if head[8:12] not in AVIF_BRANDS | HEIF_BRANDS | CONTAINER_BRANDS:
        return None
    if brands & AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & HEIF_BRANDS else None


def scan(source: Source, format_: str) -> Scan:
    """The largest size that any box tells is the image's: of a grid it is the whole, and tiles are smaller."""
    sizes: list[tuple[int, int]] = []
    frames, metadata = 1, 0
    for kind, offset, length in _boxes(source, 0, source.size, 0, Count(MAX_BOXES)):
        if kind == b"ispe":
            sizes.append(struct.unpack(">II", source.exactly(offset + 4, 8)))
        elif kind == b"av01" and length >= 28:  # a track's sample description
            sizes.append(struct.unpack(">HH", source.exactly(offset + 24, 4)))
        elif kind == b"stsz":
            frames = max(frames, int.from_bytes(source.exactly(offset + 8, 4)))
        elif kind in (b"colr", b"uuid"):
            metadata += length
    if not sizes:
        raise damaged("it doesn't say how large it is")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    workspace = 12 * width * height + source.size
    return Scan(format_, width, height, frames, metadata, workspace_bytes=workspace)


def _boxes(source: Source, offset: int, end: int, depth: int, count: Count) -> Iterator[tuple[bytes, int, int]]:
    """Type, and offset and length of the content, each box before what it holds."""
    while offset + 8 <= end and len(head := source.at(offset, 16)) >= 8:
        count.one()
        length, kind = struct.unpack(">I4s", head[:8])
        start = 8
        if length == 1 and len(head) == 16:
            length, start = int.from_bytes(head[8:]), 16
        stop = min(offset + length if length else end, end)
        if stop < offset + start:
            raise damaged("a box is shorter than its own head")
        yield kind, offset + start, stop - offset - start
        if kind in HOLDERS and depth < MAX_DEPTH:
            yield from _boxes(source, offset + start + HOLDERS[kind], stop, depth + 1, count)
        offset = stop
