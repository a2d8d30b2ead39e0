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


class Pass:
    """`frames` counts pictures, `damaged` packets that gave none; `done` is the part that is read, if that is known.

    Stamps count from `origin`, where the film begins: sound and picture need not begin together.
    """

    def __init__(
        self, source: Source, container: InputContainer, video: VideoStream, sound: AudioStream | None, threads: int
    ) -> None:
        """`threads` of the decoder: each beyond the first holds a few more pictures in memory."""
        self.frames = 0
        self.damaged = 0
        self.done: float | None = None
        self.origin = Fraction(container.start_time or 0, av.time_base)
        container.flags &= ~GENERATE_PTS
        self._container = container
        self._video = video
        self._sound = sound
        self._threads = threads
        self._meter = Meter(container, video, source.work.size)
        self._last: int | None = None
        self._step = 0

    def items(self) -> "Iterator[VideoFrame | Packet[AudioStream]]":
        """Stamps of pictures only ever grow. Raises `Rejected` where there is none."""
        codec, base = self._video.codec_context, self._video.time_base
        codec.thread_count, codec.thread_type = self._threads, "FRAME"
        assert base is not None
        self._step = max(1, round(1 / (self._video.guessed_rate or USUAL_RATE) / base))
        for packet in self._packets():
            self.done = self._meter.fraction(packet)
            if packet.stream is self._sound:
                shift(packet, self.origin)
                yield packet
                continue
            pictures = self._decoded(packet)[::-1]
            while pictures:
                if self._stamp(pictures[-1], base):
                    yield pictures.pop()  # kept here, it would be one more while the next is decoded
                else:
                    pictures.pop()
        if not self.frames:
            raise Rejected("corrupt_input", "Not a single frame of the video can be decoded.")

    def _stamp(self, frame: VideoFrame, base: Fraction) -> bool:
        """Whether it comes in its turn."""
        stamp = frame.dts if frame.pts is None else frame.pts
        frame.time_base = base
        # The last ones of AVI come without: what they were decoded from stands before.
        frame.pts = (self._last or 0) + self._step if stamp is None else stamp - round(self.origin / base)
        if self._last is not None and frame.pts <= self._last:
            return False
        self._last = frame.pts
        self.frames += 1
        return True

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
