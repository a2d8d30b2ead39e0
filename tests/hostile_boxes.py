"""Hostile MP4: boxes that lie about sizes and counts, point elsewhere, or say impossible times (ISO/IEC 14496-12)."""

import struct
from collections.abc import Callable, Mapping
from functools import partial

from tests.small_media import made

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts"}
MOST, MOST_SIGNED, LEAST_SIGNED = b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0"
# Where each table says how many entries it has, from the start of its payload.
COUNTS = {b"stts": 4, b"stsz": 8, b"stsc": 4, b"stco": 4, b"stss": 4, b"ctts": 4, b"elst": 4, b"dref": 4, b"stsd": 4}


def box(sort: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", 8 + len(payload)) + sort + payload


def full_box(sort: bytes, payload: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(sort, bytes([version]) + flags.to_bytes(3, "big") + payload)


def rewritten(data: bytes, sort: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """With the payload of each such box changed, and the sizes of all that surround it right again."""
    out, at = bytearray(), 0
    while at + 8 <= len(data):
        size, own = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        payload = data[at + 8 : at + size]
        if own == sort:
            payload = change(payload)
        elif own in CONTAINERS:
            payload = rewritten(payload, sort, change)
        out += box(own, payload)
        at += size
    return bytes(out)


def put(at: int, what: bytes) -> Callable[[bytes], bytes]:
    return lambda payload: payload[:at] + what + payload[at + len(what) :]


def full_of(entries: bytes, *, version: int = 0, count: int) -> Callable[[bytes], bytes]:
    """A table, in place of the one that was there."""
    return lambda _payload: bytes([version, 0, 0, 0]) + struct.pack(">I", count) + entries


def counted(sort: bytes, count: bytes) -> bytes:
    return rewritten(made("a.mp4"), sort, put(COUNTS[sort], count))


def resized(sort: bytes, size: int) -> bytes:
    """A box that says it is so large, in a file that is not."""
    data = bytearray(made("a.mp4"))
    at = data.index(sort) - 4
    data[at : at + 4] = struct.pack(">I", size)
    return bytes(data)


def nested(depth: int) -> bytes:
    """Boxes within boxes, made from the outside in: sizes first."""
    sorts = (b"moov", b"trak", b"mdia", b"minf", b"udta", b"meta")
    heads = (struct.pack(">I", 8 * (depth - n)) + sorts[min(n, 3) if n < 4 else n % 6] for n in range(depth))
    return ftyp() + b"".join(heads)


def ftyp() -> bytes:
    return box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")


def without(sort: bytes) -> bytes:
    data = made("a.mp4")
    at = data.index(sort) - 4
    return data[:at] + data[at + int.from_bytes(data[at : at + 4], "big") :]


def elsewhere(reference: bytes) -> bytes:
    """The samples are said to lie in another file."""
    return rewritten(made("a.mp4"), b"dref", lambda _: bytes(4) + struct.pack(">I", 1) + reference)


def alias(path: str) -> bytes:
    """A Macintosh alias record, which FFmpeg knows how to follow."""
    name = path.rpartition("/")[2].encode()[:27]
    fields = bytes(6) + struct.pack(">HH", 150, 2) + struct.pack(">H", 0) + bytes([1]) + b"v".ljust(27, b"\0")
    fields += bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    fields += b"".join(struct.pack(">HH", sort, len(path)) + path.encode() for sort in (2, 18)) + b"\xff\xff\0\0"
    return full_box(b"alis", fields)


def fragments(count: int) -> bytes:
    """A film and then so many empty fragments."""
    empty = box(b"moof", full_box(b"mfhd", bytes(4)) + box(b"traf", full_box(b"tfhd", struct.pack(">I", 1))))
    return made("a.mp4") + empty * count


EDIT = struct.pack(">IiI", 1, 0, 1 << 16)
FAR_EDIT = struct.pack(">QqI", (1 << 63) - 1, (1 << 63) - 2, 1 << 16)

BOXES: Mapping[str, Callable[[], bytes]] = {
    **{
        f"{sort.decode()} of {label} entries": partial(counted, sort, count)
        for sort in COUNTS
        for label, count in (("4 thousand million", MOST), ("2 thousand million", MOST_SIGNED), ("no", bytes(4)))
    },
    **{
        f"a {sort.decode()} of {size} bytes": partial(resized, sort, size)
        for sort in (b"ftyp", b"moov", b"trak", b"stbl", b"avc1", b"avcC", b"mdat")
        for size in (0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF)
    },
    **{f"no {sort.decode()}": partial(without, sort) for sort in (b"moov", b"mdat", b"stsd", b"stts", b"stco")},
    "10,000 boxes within each other": lambda: nested(10_000),
    "10,000 edits": lambda: rewritten(made("a.mp4"), b"elst", full_of(EDIT * 10_000, count=10_000)),
    "an edit at the end of time": lambda: rewritten(made("a.mp4"), b"elst", full_of(FAR_EDIT, version=1, count=1)),
    "a time scale of zero": lambda: rewritten(made("a.mp4"), b"mdhd", put(12, bytes(4))),
    "a time scale of 4 thousand million": lambda: rewritten(made("a.mp4"), b"mdhd", put(12, MOST)),
    "no duration": lambda: rewritten(rewritten(made("a.mp4"), b"mdhd", put(16, bytes(4))), b"mvhd", put(16, bytes(4))),
    "a duration of 49,000 days": lambda: rewritten(made("a.mp4"), b"mvhd", put(12, b"\0\0\0\1" + MOST)),
    "steps of 4 thousand million": lambda: rewritten(made("a.mp4"), b"stts", put(12, MOST)),
    "steps back": lambda: rewritten(made("a.mp4"), b"stts", put(12, LEAST_SIGNED)),
    "samples of 4 gigabytes": lambda: rewritten(made("a.mp4"), b"stsz", put(4, MOST)),
    "samples beyond the end": lambda: rewritten(made("a.mp4"), b"stco", put(8, MOST_SIGNED)),
    "3,000 empty fragments": lambda: fragments(3_000),
    "a header of 65,535 pixels": lambda: rewritten(made("a.mp4"), b"stsd", put(40, MOST)),
    "a matrix of rubbish": lambda: rewritten(made("a.mp4"), b"tkhd", put(40, MOST_SIGNED * 9)),
    "12 frames twice over": lambda: made("a.mp4") * 2,
}
