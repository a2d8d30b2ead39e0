"""Playlists of HTTP Live Streaming (RFC 8216)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

VERSION = 7  # fragmented MP4


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of `file`: the whole of it, or `size` bytes from `offset` on where `offset` is given."""

    file: str
    seconds: float
    size: int
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What a player loads before the first segment."""

    file: str
    size: int
    is_part: bool


@dataclass(frozen=True, slots=True)
class Variant:
    playlist: str
    width: int
    height: int
    rate: float
    codecs: str
    peak: int
    average: int


def media(head: Head, segments: Sequence[Segment]) -> str:
    """The playlist of one rung."""
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{target(segments)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{head.file}"' + (f',BYTERANGE="{head.size}@0"' if head.is_part else ""),
    ]
    for segment in segments:
        lines.append(f"#EXTINF:{segment.seconds:.6f},")
        if segment.offset is not None:
            lines.append(f"#EXT-X-BYTERANGE:{segment.size}@{segment.offset}")
        lines.append(segment.file)
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def multivariant(variants: Sequence[Variant]) -> str:
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for one in variants:
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={one.peak},AVERAGE-BANDWIDTH={one.average},"
            f'CODECS="{one.codecs}",RESOLUTION={one.width}x{one.height},FRAME-RATE={one.rate:.3f}'
        )
        lines.append(one.playlist)
    return "\n".join([*lines, ""])


def target(segments: Sequence[Segment]) -> int:
    """No segment, rounded, is longer."""
    return max(1, *(math.floor(segment.seconds + 0.5) for segment in segments))


def peak(segments: Sequence[Segment]) -> int:
    """Bits a second: the most in any run of segments that lasts from half of the target duration to one and a half."""
    most, wanted = 0.0, target(segments)
    for first in range(len(segments)):
        size = seconds = 0.0
        for segment in segments[first:]:
            size, seconds = size + segment.size, seconds + segment.seconds
            if seconds > 1.5 * wanted:
                break
            if seconds >= 0.5 * wanted:
                most = max(most, 8 * size / seconds)
    return math.ceil(most) or average(segments)


def average(segments: Sequence[Segment]) -> int:
    """Bits a second over all."""
    return math.ceil(8 * sum(one.size for one in segments) / max(sum(one.seconds for one in segments), 0.001))
