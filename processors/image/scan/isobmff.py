"""AVIF and HEIC (ISO/IEC 14496-12, 23008-12): the boxes that tell sizes, frames and metadata."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from processors.image.scan import av1
from processors.image.scan.base import Count, Scan, Source, damaged
from processors.image.scan.iloc import Item, read_locations

AVIF_BRANDS = frozenset({b"avif", b"avis"})
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
CONTAINER_BRANDS = frozenset({b"mif1", b"msf1"})  # of either: the compatible brands say which
MAX_BRANDS = 64

# What they hold is boxes again, after so many bytes.
HOLDERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"stsd": 8}
MAX_BOXES = 20_000
MAX_DEPTH = 8
METADATA = frozenset({b"Exif", b"mime"})
AV1_BYTES_OF_A_PIXEL = 6  # in 4:4:4 of more than 8 bits; HEVC's as well


@dataclass(slots=True)
class Found:
    """What the boxes told, in the order of the file."""

    sizes: list[tuple[int, int]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    types: dict[int, set[bytes]] = field(default_factory=dict)
    samples: list[tuple[int, int]] = field(default_factory=list)
    planes: list[float] = field(default_factory=list)
    in_metadata: int = 0
    data_box: int = 0
    frames: int = 1
    has_alpha: bool = False


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
    """The largest size that is told anywhere is the image's: of a grid it is the whole, and tiles are smaller."""
    found = Found()
    for kind, offset, length in _boxes(source, 0, source.size, 0, Count(MAX_BOXES)):
        _take(found, source, kind, offset, length)
    metadata = found.in_metadata
    for item in found.items:
        types = found.types.get(item.id, set())
        if b"av01" in types:
            found.sizes += av1.frame_sizes(item.reader(source, found.data_box))
        elif types & METADATA:
            metadata += item.length
    for offset, length in found.samples:
        found.sizes += av1.frame_sizes(Item(0, 0, [(offset, length)]).reader(source, 0))
    if not found.sizes:
        raise damaged("it doesn't say how large it is")
    width, height = max(found.sizes, key=lambda size: size[0] * size[1])
    workspace = int(_bytes_beside_pillow(found) * width * height) + source.size
    return Scan(format_, width, height, found.frames, metadata, workspace_bytes=workspace)


def _take(found: Found, source: Source, kind: bytes, offset: int, length: int) -> None:
    match kind:
        case b"ispe":
            found.sizes.append(struct.unpack(">II", source.exactly(offset + 4, 8)))
        case b"av01" | b"hvc1" if length >= 28:  # a track's sample description
            found.sizes.append(struct.unpack(">HH", source.exactly(offset + 24, 4)))
        case b"av1C":
            found.planes.append(_plane_bytes(source.exactly(offset + 2, 1)[0]))
        case b"auxC":
            found.has_alpha |= b"alpha" in source.at(offset, min(length, 64))
        case b"colr" | b"uuid":
            found.in_metadata += length
        case b"idat":
            found.data_box = offset
        case b"iloc":
            found.items += read_locations(source, offset, length)
        case b"infe":
            id_, type_ = _item_info(source, offset)
            found.types.setdefault(id_, set()).add(type_)
        case b"stsz":
            found.frames = max(found.frames, int.from_bytes(source.exactly(offset + 8, 4)))
        case b"stco" | b"co64":  # the first sample is where the first chunk is
            width = 4 if kind == b"stco" else 8
            start = int.from_bytes(source.at(offset + 8, width))
            found.samples.append((start, source.size - start))


def _item_info(source: Source, offset: int) -> tuple[int, bytes]:
    """Id and type."""
    data = source.exactly(offset, 14)
    wide = 2 * (data[0] >= 3)
    return int.from_bytes(data[4 : 6 + wide]), data[8 + wide : 12 + wide]


def _plane_bytes(flags: int) -> float:
    """Of one pixel, as AV1's configuration has it."""
    high, monochrome, across, down = (flags >> shift & 1 for shift in (6, 4, 3, 2))
    colours = 0 if monochrome else 2 / ((1 + across) * (1 + down))
    return (1 + colours) * (1 + high)


def _bytes_beside_pillow(found: Found) -> float:
    """The planes, twice the pixels made of them (one is let go before Pillow's own), and what measuring added."""
    channels, alpha = (4, 1) if found.has_alpha else (3, 0)
    planes = max(found.planes, default=AV1_BYTES_OF_A_PIXEL) + alpha * (2 if max(found.planes, default=0) > 3 else 1)
    return planes + 2 * channels + 1 - 4


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
        skipped = HOLDERS.get(kind)
        if kind == b"iinf":
            skipped = 8 if source.at(offset + start, 1) > b"\0" else 6
        if skipped is not None and depth < MAX_DEPTH:
            yield from _boxes(source, offset + start + skipped, stop, depth + 1, count)
        offset = stop
