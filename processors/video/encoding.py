"""The run from a film to one or several files of it: decoded once, scaled to each size, encoded, and written."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Self

from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from processors.media.progress import Plan
from processors.video import models
from processors.video.colour import LIMITED, Colour
from processors.video.encoders import ENCODERS, Encoder
from processors.video.look import Look
from processors.video.reading import Pass
from processors.video.scaling import Scaler
from processors.video.soundtrack import Soundtrack
from processors.webp import Size

FRAME_SECONDS = 0.04  # of a frame that doesn't say how long it is shown
TOLERANCE_SECONDS = 0.002  # stamps are rounded, to milliseconds in Matroska

REORDERING_SECONDS = 10  # more lie never between the decoding of a frame and its display

IsKey = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Form:
    """What is the same in all the files of one run."""

    encoder: Encoder
    pix_fmt: str
    colour: Colour
    rate: Fraction
    time_base: Fraction


@dataclass(frozen=True, slots=True)
class Order:
    """What is the same for all sizes. `gain` is in decibels; it is the part from `begun` to `until` of `stage`.

    `options` are FFmpeg's, for the encoder, beside the usual ones; `keys` begins to tell where keyframes must be.
    """

    look: Look
    settings: models.Transcode
    stage: str
    gain: float = 0.0
    begun: float = 0.0
    until: float = 1.0
    options: Mapping[str, str] = field(default_factory=dict)
    keys: Callable[[], IsKey] | None = None

    def share(self, number: int, count: int) -> Self:
        """The same, as the part `number` of `count` that follow each other."""
        step = (self.until - self.begun) / count
        begun = self.begun + number * step
        return replace(self, begun=begun, until=begun + step)

    @property
    def keeps_hdr(self) -> bool:
        """Then the encoder is given ten bits."""
        is_wanted = self.look.colour.is_hdr and self.settings.tonemap == "off" and self.look.bits > 8
        return is_wanted and ENCODERS[self.settings.video].has_ten_bits

    def part(self, done: float | None) -> float | None:
        """Of the stage, when so much of this is done."""
        return None if done is None else self.begun + done * (self.until - self.begun)


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is whole; its last picture ends at `seconds`."""

    size: Size
    frames: int
    seconds: float


class Writer:
    """One file on its way: counts `frames`, and knows the `seconds` at which the last one ends."""

    def __init__(
        self, container: OutputContainer, form: Form, size: Size, options: dict[str, str], threads: int
    ) -> None:
        """`options` are FFmpeg's, for the encoder, and so are `threads`."""
        stream = container.add_stream(form.encoder.name, rate=form.rate, options=options)
        assert isinstance(stream, VideoStream)
        codec = stream.codec_context
        codec.width, codec.height = self._size = size
        codec.pix_fmt, codec.sample_aspect_ratio = form.pix_fmt, Fraction(1)
        codec.time_base = form.time_base
        codec.thread_count = threads
        codec.thread_type = "FRAME"  # slices would make x264 wait for the slowest of them at each frame
        codec.color_range = LIMITED
        codec.color_primaries, codec.color_trc = form.colour.primaries, form.colour.transfer
        codec.colorspace = form.colour.matrix
        if form.encoder.tag:
            codec.codec_tag = form.encoder.tag
        self.container = container
        self.frames = 0
        self.seconds = 0.0
        self._stream = stream

    def write(self, frame: VideoFrame, is_key: bool = False) -> None:
        """A decoded frame bears the type that it had: an encoder would take that for an order."""
        frame.pict_type = PictureType.I if is_key else PictureType.NONE
        self.frames += 1
        assert frame.pts is not None
        assert frame.time_base is not None
        length = float(frame.duration * frame.time_base) or FRAME_SECONDS
        self.seconds = float(frame.pts * frame.time_base) + length
        for packet in self._stream.encode(frame):
            self._mux(packet)

    def flush(self) -> Iterator[None]:
        """Write what the encoder still holds, a frame at a time."""
        for packet in self._stream.codec_context.encode_lazy(None):
            packet.stream = self._stream
            self._mux(packet)
            yield

    def written(self) -> Written:
        return Written(self._size, self.frames, self.seconds)

    def _mux(self, packet: "Packet[VideoStream]") -> None:
        """x265 leaves the decoding time of a film of one or two frames to chance."""
        assert packet.pts is not None
        if packet.dts is None or not 0 <= (packet.pts - packet.dts) * packet.time_base <= REORDERING_SECONDS:
            packet.dts = packet.pts
        self.container.mux_one(packet)


class Run:
    """Reads, scales, encodes and writes, all in one thread: decoder and encoder have threads of their own."""

    def __init__(
        self,
        plan: Plan,
        order: Order,
        reading: Pass,
        scaler: Scaler,
        writers: Sequence[Writer],
        sound: Soundtrack | None,
    ) -> None:
        self._plan = plan
        self._order = order
        self._reading = reading
        self._scaler = scaler
        self._writers = writers
        self._sound = sound
        self._pace = Pace(order.settings.max_fps) if order.settings.max_fps else None
        self._is_key = order.keys() if order.keys else None
        self._keys: dict[int, bool] = {}
        self._started = time.monotonic()

    def run(self) -> None:
        """To the end, but for the files' trailers, which closing the containers writes."""
        for item in self._reading.items():
            if isinstance(item, Packet):
                self._write_sound(self._sound.packets(item) if self._sound else iter(()))
            elif self._pace is None or self._pace.takes(item.time):
                self._write(self._scaler.push(item))
            del item  # or it is one more picture in memory while the next is decoded
            self._report()
        self._write(self._scaler.flush())
        self._write_sound(self._sound.flush() if self._sound else iter(()))
        for writer in self._writers:
            for _ in writer.flush():
                self._report()

    def _write(self, scaled: Iterator[tuple[int, VideoFrame]]) -> None:
        for number, frame in scaled:
            self._writers[number].write(frame, self._must_be_key(number, frame))

    def _must_be_key(self, number: int, frame: VideoFrame) -> bool:
        """Asked once, for the first size that a frame comes in; the same for the others."""
        if self._is_key is None or frame.pts is None:
            return False
        if number == 0:
            self._keys[frame.pts] = self._is_key(frame.time)
        return self._keys[frame.pts] if number < len(self._writers) - 1 else self._keys.pop(frame.pts)

    def _write_sound(self, packets: "Iterator[Packet[Any]]") -> None:
        for packet in packets:
            self._plan.alive()
            for writer in self._writers:
                writer.container.mux_one(packet)

    def _report(self) -> None:
        first = self._writers[0]
        speed = first.seconds / max(time.monotonic() - self._started, 0.001)
        part = self._order.part(self._reading.done)
        self._plan.report(self._order.stage, part, f"frame {first.frames}, {speed:.1f}x")


class Pace:
    """Which frames to take so that there are no more than so many a second; never a new time for one."""

    def __init__(self, most: float) -> None:
        self._step = 1 / most
        self._due = 0.0

    def takes(self, seconds: float) -> bool:
        if seconds < self._due - TOLERANCE_SECONDS:
            return False
        if seconds > self._due + self._step:
            self._due = seconds  # after a pause
        self._due += self._step
        return True
