"""Hostile Matroska, made element by element (RFC 8794, RFC 9559): sizes, counts, times and references that lie."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache

from tests.films import noise
from tests.small_media import made

EBML, SEGMENT, INFO, TRACKS, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
TRACK, CHAPTERS, EDITION, CHAPTER, TAGS, ATTACHMENTS = 0xAE, 0x1043A770, 0x45B9, 0xB6, 0x1254C367, 0x1941A469
CUES, CUE, CUE_TIME, CUE_POSITIONS, CUE_TRACK, CUE_CLUSTER = 0x1C53BB6B, 0xBB, 0xB3, 0xB7, 0xF7, 0xF1
UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"
VIDEO, TEXT = 1, 0x11


def element(identifier: int, payload: bytes, size: bytes | None = None) -> bytes:
    head = identifier.to_bytes((identifier.bit_length() + 7) // 8, "big")
    return head + (size or struct.pack(">Q", len(payload) | 1 << 56)) + payload


def number(identifier: int, value: int) -> bytes:
    return element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def text(identifier: int, value: str) -> bytes:
    return element(identifier, value.encode())


@cache
def jpeg(shot: int) -> bytes:
    file = io.BytesIO()
    noise(shot).save(file, "JPEG")
    return file.getvalue()


def picture_track(*more: bytes, width: int = 192, height: int = 128, codec: str = "V_MJPEG") -> bytes:
    size = element(0xE0, number(0xB0, width) + number(0xBA, height))
    return element(
        TRACK, number(0xD7, 1) + number(0x73C5, 1) + number(0x83, VIDEO) + text(0x86, codec) + size + b"".join(more)
    )


def text_track(codec: str, *more: bytes) -> bytes:
    return _track(2, TEXT, codec, *more)


def _track(which: int, sort: int, codec: str, *more: bytes) -> bytes:
    return element(
        TRACK, number(0xD7, which) + number(0x73C5, which) + number(0x83, sort) + text(0x86, codec) + b"".join(more)
    )


def block(track: int, at: int, payload: bytes, lacing: int = 0) -> bytes:
    return element(0xA3, bytes([0x80 | track]) + struct.pack(">h", at) + bytes([0x80 | lacing]) + payload)


def cluster(at: int, *blocks: bytes) -> bytes:
    return element(CLUSTER, number(0xE7, at) + b"".join(blocks))


def shots(count: int = 5, payload: Callable[[int], bytes] = jpeg) -> bytes:
    return cluster(0, *(block(1, n * 100, payload(n)) for n in range(count)))


def matroska(*parts: bytes, info: bytes = b"", tracks: bytes | None = None, size: bytes | None = None) -> bytes:
    """With a track of JPEG pictures, unless other `tracks` are given."""
    head = element(EBML, text(0x4282, "matroska") + number(0x4287, 4) + number(0x4285, 2))
    facts = element(INFO, number(0x2AD7B1, 1_000_000) + info)
    return head + element(
        SEGMENT, facts + element(TRACKS, picture_track() if tracks is None else tracks) + b"".join(parts), size
    )


def subtitled(codec: str, *cues: bytes, private: bytes = b"") -> bytes:
    track = text_track(codec, element(0x63A2, private) if private else b"")
    return matroska(
        shots(), cluster(0, *(block(2, n % 30_000, cue) for n, cue in enumerate(cues))), tracks=picture_track() + track
    )


def compressed(track_payload: bytes) -> bytes:
    """A frame that grows a thousandfold as it is unpacked."""
    packing = element(0x6D80, element(0x6240, number(0x5031, 0) + element(0x5034, number(0x4254, 0))))
    return matroska(cluster(0, block(1, 0, track_payload)), tracks=picture_track(packing))


def oversized_jpeg(width: int, height: int) -> bytes:
    """The frame header (SOF0) says another size than there is."""
    data = bytearray(jpeg(0))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def vp8(width: int, height: int) -> bytes:
    """A keyframe (RFC 6386, 9.1) of which there is hardly more than its header."""
    return b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(2000)


def chapters(count: int) -> bytes:
    one = number(0x91, 1_000_000) + number(0x73C4, 1) + element(0x80, text(0x85, "A chapter") + text(0x437C, "eng"))
    return element(CHAPTERS, element(EDITION, element(CHAPTER, one) * count))


ASS = b"[Script Info]\n[V4+ Styles]\nStyle: a,/etc/passwd,20\n[Events]\n"
ASS_CUE = rb"0,0,a,,0,0,0,,{\fn/etc/passwd\p1}m 0 0 l 99999999 99999999{\p0}"


# What needs no bait.
PICTURES: Mapping[str, Callable[[], bytes]] = {
    "a picture of 12,000 x 12,000 pixels": lambda: matroska(
        shots(2, lambda _: oversized_jpeg(12_000, 12_000)), tracks=picture_track(width=12_000, height=12_000)
    ),
    "a picture larger than the header says": lambda: matroska(shots(2, lambda _: oversized_jpeg(12_000, 12_000))),
    "a picture that grows": lambda: matroska(
        cluster(0, *(block(1, n * 100, oversized_jpeg(192 + n * 1000, 128)) for n in range(20)))
    ),
    "VP8 of 16,383 x 16,383 pixels": lambda: matroska(
        shots(3, lambda _: vp8(16_383, 16_383)), tracks=picture_track(codec="V_VP8")
    ),
    "a frame that unpacks to 256 megabytes": lambda: compressed(zlib.compress(bytes(1 << 28), 9)),
    "laces longer than the block": lambda: matroska(cluster(0, block(1, 0, b"\xff" * 300, lacing=2) * 50)),
    "time that goes back": lambda: matroska(
        *(cluster(at, block(1, 0, jpeg(0))) for at in (90_000, 50, 1 << 40, 0, (1 << 62) - 1))
    ),
    "time at its end": lambda: matroska(cluster((1 << 63) - 1, block(1, 32_767, jpeg(0)))),
    "a scale of time at its end": lambda: matroska(shots(), info=number(0x2AD7B1, (1 << 64) - 1)),
    "a subtitle of 5 megabytes": lambda: subtitled("S_TEXT/UTF8", b"Wordy. " * 750_000),
    "30,000 subtitles": lambda: subtitled("S_TEXT/UTF8", *([b"Hm."] * 30_000)),
    "subtitles of tags": lambda: subtitled("S_TEXT/UTF8", b"<i>" * 100_000, b"<font face=/etc/passwd>" * 1000),
    "subtitles with styles": lambda: subtitled("S_TEXT/ASS", ASS_CUE, b"", b",", private=ASS),
    "subtitles as pictures": lambda: subtitled("S_VOBSUB", b"\xff" * 5000, private=b"size: 99999999x99999999\n"),
}


def ebml(secret: str, url: str) -> Mapping[str, Callable[[], bytes]]:
    """What refers to other files refers to `secret`, a path without its extension, and to `url`."""
    links = text(0x3E83BB, f"{secret}.mkv") + text(0x3C83AB, f"{secret}.mkv") + element(0x3EB923, bytes(16))
    place = element(CUE, number(CUE_TIME, 1) + element(CUE_POSITIONS, number(CUE_TRACK, 1) + number(CUE_CLUSTER, 1)))
    return {
        "segments linked to others": lambda: matroska(shots(), info=links),
        "a segment of unknown size": lambda: matroska(shots(), size=UNKNOWN),
        "a segment of 72 petabytes": lambda: matroska(shots(), size=b"\x01" + b"\xff" * 6 + b"\xfe"),
        "a cluster of 72 petabytes": lambda: matroska(element(CLUSTER, b"", b"\x01" + b"\xff" * 6 + b"\xfe")),
        "private data of 4 gigabytes": lambda: matroska(
            shots(), tracks=picture_track(element(0x63A2, bytes(10), b"\x01\0\0\0\xff\xff\xff\xff"))
        ),
        "1,000 tracks": lambda: matroska(shots(), tracks=picture_track() * 1000),
        "100,000 chapters": lambda: matroska(chapters(100_000), shots()),
        "100,000 tags": lambda: matroska(
            element(TAGS, element(0x7373, element(0x67C8, text(0x45A3, "T") + text(0x4487, "v"))) * 100_000), shots()
        ),
        "100,000 places to seek to": lambda: matroska(element(CUES, place * 100_000), shots()),
        "elements 5,000 deep": lambda: matroska(_deep(5_000), shots()),
        "no track": lambda: matroska(shots(), tracks=b""),
        "no frame": lambda: matroska(),
        "8 x 8 pixels and one frame": lambda: matroska(shots(1), tracks=picture_track(width=8, height=8)),
        "a picture of no pixels": lambda: matroska(shots(), tracks=picture_track(width=0, height=0)),
        **PICTURES,
        "attachments of 4 sorts": lambda: matroska(element(ATTACHMENTS, _attached(secret, url) * 4), shots()),
        "a codec that nobody knows": lambda: matroska(shots(), tracks=picture_track(codec="V_NOSUCH")),
        "a codec that FFmpeg knows and we do not": lambda: matroska(
            shots(), tracks=picture_track(codec="V_MS/VFW/FOURCC")
        ),
        "a WebM cut off": lambda: made("a.webm")[:3000],
    }


def _deep(depth: int) -> bytes:
    """The size of each covers the rest."""
    return b"".join(b"\x67\xc8" + struct.pack(">Q", 10 * (depth - n - 1) | 1 << 56) for n in range(depth))


def _attached(secret: str, url: str) -> bytes:
    sort = text(0x4660, "application/vnd.apple.mpegurl") + text(0x466E, f"../../{secret}.txt")
    return element(0x61A7, sort + text(0x467E, url) + text(0x465C, f"#EXTM3U\n{url}\n"))
