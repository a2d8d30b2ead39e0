"""Whether anything can be decoded at all, found out with as few packets as possible."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.media.opening import demux, surviving

KEYFRAMES = 8  # that are tried alone; then frames are decoded one after the other
PACKETS = 2000  # of the stream, and then it is given up

Frame = VideoFrame | AudioFrame
Alive = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Look:
    """The first frame that could be decoded. `is_damaged`: something before it could not, or it isn't whole."""

    frame: Frame | None
    is_damaged: bool


def look(container: InputContainer, stream: VideoStream | AudioStream, alive: Alive) -> Look:
    """Decodes from where the container stands. `alive` is called for every packet. Raises what FFmpeg raises.

    A decoder holds frames back until it knows their order; flushed after a keyframe, it gives that one at once.
    """
    damaged, keyframes = False, 0
    with surviving():
        for count, packet in enumerate(demux(container, stream)):
            alive()
            frames = _decode(stream, packet)
            if frames == [] and packet.is_keyframe and keyframes < KEYFRAMES:
                keyframes += 1
                frames = _flush(stream)
            damaged |= frames is None
            if frames:
                return Look(frames[0], damaged or frames[0].is_corrupt)
            if count >= PACKETS:
                break
        return Look(None, damaged)
    return Look(None, True)


def _decode(stream: VideoStream | AudioStream, packet: "Packet[Any]") -> list[Frame] | None:
    """The frames that a packet completes; None if it is damaged."""
    with surviving():
        return list(stream.codec_context.decode(packet))
    return None


def _flush(stream: VideoStream | AudioStream) -> list[Frame] | None:
    frames = _decode(stream, Packet())
    stream.codec_context.flush_buffers()  # so that it takes packets again
    return frames
