"""The sound of a film on its way into new files: copied, or mixed to stereo at most and encoded, in step with the picture."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.packet import Packet

from processors.media.samples import Chain, decoded, of_kind

Codec = Literal["aac", "opus"]

AAC_RATES = (44_100, 48_000)
STEREO_BIT_RATE, MONO_BIT_RATE = 128_000, 80_000
ENCODERS: Mapping[Codec, str] = MappingProxyType({"aac": "aac", "opus": "libopus"})

# What each container may carry as it is.
COPIED: Mapping[str, frozenset[str]] = MappingProxyType(
    {"mp4": frozenset({"aac", "mp3", "ac3", "eac3", "opus", "flac", "alac"}), "webm": frozenset({"opus", "vorbis"})}
)


@dataclass(frozen=True, slots=True)
class Copied:
    """Packets go over as they are."""

    stream: AudioStream

    def add_to(self, container: OutputContainer) -> None:
        container.add_stream_from_template(self.stream).codec_context.codec_tag = "\0\0\0\0"

    def packets(self, packet: "Packet[AudioStream]") -> "Iterator[Packet[Any]]":
        if packet.dts is not None:
            yield packet

    def flush(self) -> "Iterator[Packet[Any]]":
        return iter(())


class Encoded:
    """One encoder for all files: their sound is the same."""

    def __init__(self, stream: AudioStream, codec: Codec, gain: float = 0.0) -> None:
        """`gain` in decibels."""
        self._stream = stream
        self._layout = layout_of(stream)
        rate = stream.sample_rate if codec == "aac" and stream.sample_rate in AAC_RATES else 48_000
        encoder = CodecContext.create(ENCODERS[codec], "w")
        assert isinstance(encoder, AudioCodecContext)
        encoder.sample_rate, encoder.layout = rate, self._layout
        encoder.format = "fltp" if codec == "aac" else "flt"
        encoder.bit_rate = MONO_BIT_RATE if self._layout == "mono" else STEREO_BIT_RATE
        encoder.flags |= GLOBAL_HEADER
        encoder.open()
        self._encoder = encoder
        self._plain = Chain([of_kind(encoder.format.name, rate, self._layout)])
        in_step = ("aresample", "async=1:first_pts=0")  # gaps are filled, and what is before the beginning is cut
        self._timed = Chain([in_step, *([("volume", f"{gain:.2f}dB")] if gain else [])])

    def add_to(self, container: OutputContainer) -> None:
        ...
