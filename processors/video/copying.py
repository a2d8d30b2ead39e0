"""A film -> the same pictures in another container, as they are, beside a soundtrack."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from processors.media.opening import demux
from processors.media.progress import Meter
from processors.media.source import Source
from processors.media.timing import Clock, shift
from processors.video.soundtrack import Soundtrack

PLAYED_FORMATS = frozenset({"yuv420p", "yuvj420p"})


@dataclass(frozen=True, slots=True)
class Track:
    """The seconds at which the keyframes of a film are shown, and at which its last picture ends."""

    keys: list[float]
    end: float


def longest_gap(stream: VideoStream) -> float:
    """Between keyframes, in seconds; infinite if the file has no index that tells all of them."""
    index, base = stream.index_entries, stream.time_base
    if not base or len(index) < 1 or len(index) != stream.frames:
        return math.inf
    stamps = [entry.timestamp for entry in index if entry.is_keyframe]
    if not stamps or stamps[0] != index[0].timestamp:
        return math.inf
    return float(max(after - before for before, after in pairwise([*stamps, index[-1].timestamp + 1])) * base)


def is_h264_for_all(stream: VideoStream) -> bool:
    """Of the sort that every player has, with its headers apart from the pictures, as MP4 wants them."""
    codec = stream.codec_context
    is_avc = codec.codec.canonical_name == "h264" and (codec.extradata or b"")[:1] == b"\1"
    return is_avc and codec.pix_fmt in PLAYED_FORMATS


def copy(
    source: Source,
    container: InputContainer,
    video: VideoStream,
    sound: Soundtrack | None,
    output: OutputContainer,
    report: Callable[[float | None], None],
) -> Track:
    """Seconds count from the film's beginning."""
    origin = Fraction(container.start_time or 0, av.time_base)
    clock, copied = Clock(container, video), output.add_stream_from_template(video)
    copied.time_base = clock.time_base
    if sound:
        sound.add_to(output)
    meter = Meter(container, video, source.work.size)
    keys: list[float] = []
    end = Fraction(0)
    packets = demux(container, video, *([sound.stream] if sound else []))
    for packet in packets:
        report(meter.fraction(packet))
        if packet.stream is video and packet.size:
            clock.mend(packet)
            assert packet.pts is not None
            end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if packet.is_keyframe:
                keys.append(float(packet.pts * packet.time_base))
            packet.stream = copied
            output.mux_one(packet)
        elif sound and packet.stream is sound.stream:
            shift(packet, origin)
            for one in sound.packets(packet):
                source.plan.alive()
                output.mux_one(one)
    if sound:
        output.mux(list(sound.flush()))
    return Track(keys, float(end))
