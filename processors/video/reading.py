"""One pass over a film: its pictures decoded, and the packets of its sound, in the order of the file."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.base import Rejected
from processors.media.opening import demux, surviving
from processors.media.progress import Meter
from processors.media.remux import GENERATE_PTS
from processors.media.source import Source
from processors.media.timing import shift
from processors.video.look import USUAL_RATE

THREADS = 2  # of the decoder: each holds a few more frames in memory
LARGE_PIXELS = 2560 * 1440  # above, one must do


class Pass:
    """`frames` counts pictures, `damaged` packets that gave none; `done` is the part that is read, if that is known.

    Stamps count from `origin`, where the film begins: sound and picture need not begin together.
    """

    def __init__(
        self, source: Source, container: InputContainer, video: VideoStream, sound: AudioStream | None
    ) -> None:
        self.frames = 0
        self.damaged = 0
        self.done: float | None = None
        self.origin = Fraction(container.start_time or 0, av.time_base)
        container.flags &= ~GENERATE_PTS
        self._container = container
        self._video = video
        self._sound = sound
        self._meter = Meter(container, video, source.work.size)

    def items(self) -> "Iterator[VideoFrame | Packet[AudioStream]]":
        """Stamps of pictures only ever grow. Raises `Rejected` where there is none."""
        codec = self._video.codec_context
        codec.thread_count = THREADS if codec.width * codec.height <= LARGE_PIXELS else 1
        codec.thread_type = "FRAME"
        last, base = None, self._video.time_base
        assert base is not None
        step = max(1, round(1 / (self._video.guessed_rate or USUAL_RATE) / base))
        for packet in self._packets():
            self.done = self._meter.fraction(packet)
            if packet.stream is self._sound:
                shift(packet, self.origin)
                yield packet
                continue
            for frame in self._decoded(packet):
                stamp = frame.dts if frame.pts is None else frame.pts
                frame.time_base = base
                # The last ones of AVI come without: what they were decoded from stands before.
                frame.pts = (last or 0) + step if stamp is None else stamp - round(self.origin / base)
                if last is None or frame.pts > last:
                    last = frame.pts
                    self.frames += 1
                    yield frame
        if not self.frames:
            raise Rejected("corrupt_input", "Not a single frame of the video can be decoded.")

    def _packets(self) -> "Iterator[Packet[Any]]":
        """To the end of the file, or to where it can't be read any further."""
        streams = [stream for stream in (self._video, self._sound) if stream is not None]
        with surviving():
            yield from demux(self._container, *streams)
            return
        self.damaged += 1

    def _decoded(self, packet: "Packet[VideoStream]") -> list[VideoFrame]:
        with surviving():
            return self._video.decode(packet)
        self.damaged += 1
        return []
