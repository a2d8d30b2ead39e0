"""The sound of a film on its way into new files: copied, or encoded in stereo at most, in step with the picture."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Literal, Protocol

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from processors.media.models import MAX_SECONDS
from processors.media.opening import AUDIO_DECODERS, check_sound
from processors.media.samples import Chain, decoded, of_kind
from processors.media.timing import Clock

Codec = Literal["aac", "opus"]


RATE = 48_000
AAC_RATES = (44_100, 48_000)
BIT_RATES = {"mono": 80_000, "stereo": 128_000}
ENCODERS: Mapping[Codec, tuple[str, str]] = MappingProxyType({"aac": ("aac", "fltp"), "opus": ("libopus", "flt")})

# What each container may carry as it is.
COPIED: Mapping[str, frozenset[str]] = MappingProxyType(
    {"mp4": frozenset({"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}), "webm": frozenset({"opus", "vorbis"})}
)


class Soundtrack(Protocol):
    """The same sound for every file that it was added to; in each it must be the stream of the same number."""

    @property
    def stream(self) -> AudioStream:
        """What it comes from."""
        ...

    def add_to(self, container: OutputContainer) -> None: ...

    def packets(self, packet: "Packet[AudioStream]") -> "Iterator[Packet[Any]]":
        """To write, now that `packet` was read."""
        ...

    def flush(self) -> "Iterator[Packet[Any]]": ...


class Copied:
    """Packets go over as they are, but for stamps that no muxer would take."""

    def __init__(self, stream: AudioStream) -> None:
        self.stream = stream
        self._clock = Clock(None, stream)
        self._copy: AudioStream | None = None

    def add_to(self, container: OutputContainer) -> None:
        self._copy = container.add_stream_from_template(self.stream)
        self._copy.time_base = self._clock.time_base
        _tell_language(self.stream, self._copy)

    def packets(self, packet: "Packet[AudioStream]") -> "Iterator[Packet[Any]]":
        if packet.size and self._copy is not None:
            self._clock.mend(packet)
            packet.stream = self._copy
            yield packet

    def flush(self) -> "Iterator[Packet[Any]]":
        return iter(())


class Encoded:
    """`gain` is in decibels."""

    def __init__(self, stream: AudioStream, codec: Codec, gain: float = 0.0) -> None:
        self.stream = stream
        self._layout = mixed(stream)
        self._rate = rate_of(stream, codec)
        self._encoder, self._format = ENCODERS[codec]
        self._encoding: AudioStream | None = None
        self._plain = Chain([of_kind(self._format, self._rate, self._layout)])
        self._ends = 0  # the sound that is there already, in samples
        # Small gaps are filled, and what lies before the beginning is cut off.
        in_step = ("aresample", "async=1:first_pts=0")
        self._timed = Chain([in_step, ("volume", f"{gain:.2f}dB")] if gain else [in_step])

    def add_to(self, container: OutputContainer) -> None:
        """Every file has an encoder, for what it says in the header; the first one's does the work."""
        stream = container.add_stream(self._encoder, rate=self._rate, layout=self._layout)
        assert isinstance(stream, AudioStream)
        stream.codec_context.format = self._format
        stream.codec_context.bit_rate = BIT_RATES[self._layout]
        _tell_language(self.stream, stream)
        self._encoding = self._encoding or stream

    def packets(self, packet: "Packet[AudioStream]") -> "Iterator[Packet[Any]]":
        for frame in decoded(self.stream, packet):
            for plain in self._plain.push(frame):
                yield from self._in_time(plain)

    def flush(self) -> "Iterator[Packet[Any]]":
        for plain in self._plain.flush():
            yield from self._in_time(plain)
        yield from self._encoded(self._timed.flush())
        if self._encoding is not None:
            yield from self._encoding.encode(None)

    def _in_time(self, frame: AudioFrame) -> "Iterator[Packet[Any]]":
        """A second of silence after the other: the filter would fill a gap of hours at once, in memory.

        What stands more than a day ahead is not believed, and left out.
        """
        begins = self._ends
        if frame.pts is not None and frame.time_base is not None:
            begins = round(frame.pts * frame.time_base * self._rate)
        if begins - self._ends > MAX_SECONDS * self._rate:
            return
        while begins - self._ends > self._rate:
            yield from self._encoded(self._timed.push(self._silence(self._ends)))
            self._ends += self._rate
        self._ends = max(begins, self._ends) + frame.samples
        frame.pts, frame.time_base = begins, Fraction(1, self._rate)
        yield from self._encoded(self._timed.push(frame))

    def _silence(self, begins: int) -> AudioFrame:
        frame = AudioFrame(self._format, self._layout, self._rate)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = self._rate, begins, Fraction(1, self._rate)
        return frame

    def _encoded(self, frames: Iterator[AudioFrame]) -> "Iterator[Packet[Any]]":
        assert self._encoding is not None
        for frame in frames:
            yield from self._encoding.encode(frame)


def _tell_language(of: AudioStream, to: AudioStream) -> None:
    if of.language and of.language != "und":
        to.metadata["language"] = of.language


def first_sound(container: InputContainer) -> AudioStream | None:
    """The first that can be decoded. Raises `Rejected` if nobody ever made such a sound."""
    for stream in container.streams.audio:
        codec = stream.codec_context
        if codec is not None and codec.codec.name in AUDIO_DECODERS.split(","):
            check_sound(codec.sample_rate, codec.channels)
            return stream
    return None


def rate_of(stream: AudioStream, codec: Codec) -> int:
    """The samples a second that `Encoded` has."""
    return stream.sample_rate if codec == "aac" and stream.sample_rate in AAC_RATES else RATE


def mixed(stream: AudioStream) -> str:
    """The layout that `Encoded` has."""
    return "mono" if stream.codec_context.channels == 1 else "stereo"
