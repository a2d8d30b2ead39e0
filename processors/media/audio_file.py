"""The sound alone, in a file that every browser plays: AAC in MP4, Opus in Ogg, or MP3."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError

from processors.media.loudness import gain_db, measure
from processors.media.models import AudioMade, AudioOutput, Loudness
from processors.media.opening import choose_audio
from processors.media.sound import Filters, first_frame, listen, mixed
from processors.media.source import Source

KEPT = ("title", "artist", "album", "track", "date")
MEASURING = 0.4  # share of the work, where the loudness is to be changed


@dataclass(frozen=True, slots=True)
class Format:
    """`rates` in hertz, from the lowest; `bit_rates` for one channel and for two."""

    muxer: str
    encoder: str
    codec: str
    media_type: str
    rates: tuple[int, ...]
    bit_rates: tuple[int, int]
    options: Mapping[str, str]


# Bit exact: nothing tells which program wrote it, and the same sound gives the same bytes.
FORMATS = {
    "m4a": Format(
        "ipod",
        "aac",
        "AAC",
        "audio/mp4",
        (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
        (64_000, 128_000),
        {"fflags": "+bitexact", "movflags": "+faststart"},
    ),
    "opus": Format("ogg", "libopus", "Opus", "audio/ogg", (48_000,), (64_000, 96_000), {"fflags": "+bitexact"}),
    "mp3": Format(
        "mp3",
        "libmp3lame",
        "MP3",
        "audio/mpeg",
        (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
        (96_000, 192_000),
        {"fflags": "+bitexact", "id3v2_version": "3"},
    ),
}


def make(
    source: Source,
    settings: AudioOutput,
    *,
    strip_metadata: bool,
    loudness: Loudness | None = None,
    stage: str = "audio",
) -> AudioMade:
    """The output `sound.m4a`, `.opus` or `.mp3`. `loudness` is that of the file, if somebody knows. Raises `Rejected`.

    More than two channels are mixed into two.
    """
    with source.open() as container:
        channels = first_frame(source, choose_audio(container), stage).layout.nb_channels
    layout = "mono" if channels == 1 else "stereo"
    gain, share = 0.0, 1.0
    if settings.loudness is not None:
        if loudness is None or channels > 2:
            loudness, share = _measure(source, layout, stage), 1 - MEASURING
        gain = gain_db(loudness, settings.loudness)
        if gain < settings.loudness - (loudness.integrated or settings.loudness) - 0.05:
            source.note(f"The peaks leave room for {gain:.1f} dB only; the loudness stays below what was asked for.")
    with source.open() as container:
        stream = choose_audio(container)
        tags = _tags(container, stream, strip_metadata)
        with Encoder(source, settings, layout, gain, tags) as encoder:
            listen(source, stream, [encoder], stage, share, 1 - share)
    return encoder.made()


def _measure(source: Source, layout: str, stage: str) -> Loudness:
    with source.open() as container:
        return measure(source, choose_audio(container), stage, MEASURING, layout)


def _tags(container: InputContainer, stream: AudioStream, strip: bool) -> dict[str, str]:
    """In Ogg they belong to the stream."""
    told = {**stream.metadata, **container.metadata}
    return {name: text for name, text in told.items() if not strip or name.lower() in KEPT}


class Encoder:
    """Listens, and writes what it hears, `gain` decibels louder."""

    def __init__(
        self, source: Source, settings: AudioOutput, layout: str, gain: float, tags: Mapping[str, str]
    ) -> None:
        self._format = FORMATS[settings.format]
        self._settings = settings
        self._layout = layout
        self._channels = 1 if layout == "mono" else 2
        self._gain = gain
        self._tags = tags
        self._path: Path = source.work.output(f"sound.{settings.format}", self._format.media_type)
        self._samples = 0

    def __enter__(self) -> "Encoder":
        with writing():
            self._target: OutputContainer = av.open(
                str(self._path), "w", format=self._format.muxer, options=dict(self._format.options)
            )
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        with self._target, writing():
            if failed is None:
                self._target.mux(self._stream.encode())

    def filters(self, rate: int, _channels: int) -> Filters:
        """The encoder is set up here, since it depends on the sound."""
        self._rate = next((one for one in self._format.rates if one >= rate), self._format.rates[-1])
        self._bit_rate = self._settings.bit_rate or self._format.bit_rates[self._channels - 1]
        self._bit_rate = min(self._bit_rate, _most_bits(self._settings.format, self._rate, self._channels))
        with writing():
            stream = self._target.add_stream(
                self._format.encoder, rate=self._rate, layout=self._layout, bit_rate=self._bit_rate
            )
            assert isinstance(stream, AudioStream)
            self._stream = stream
            self._stream.codec_context.thread_count = 1
            self._stream.codec_context.flags |= Flags.bitexact
            self._stream.codec_context.open()
            self._target.metadata.update(self._tags)
        return [
            mixed(self._layout, f"osr={self._rate}:osf=fltp"),
            ("volume", f"{self._gain}dB"),
            ("aformat", "sample_fmts=s32p"),  # clipped, and numbers: an encoder takes neither infinity nor NaN
            ("aformat", f"sample_fmts={self._stream.format.name}"),
            ("asetnsamples", f"n={self._stream.frame_size}:p=0"),
        ]

    def hear(self, frame: AudioFrame) -> None:
        self._samples += frame.samples
        with writing():
            self._target.mux(self._stream.encode(frame))

    def made(self) -> AudioMade:
        return AudioMade(
            file=self._path.name,
            format=self._settings.format,
            codec=self._format.codec,
            duration=round(self._samples / self._rate, 3),
            sample_rate=self._rate,
            channels=self._channels,
            bit_rate=self._bit_rate,
        )


def _most_bits(format_: str, rate: int, channels: int) -> int:
    """A second, of what the format can hold: RFC 6716 §2.1.1, ISO/IEC 14496-3 §4.5.3 and 11172-3 with 13818-3."""
    match format_:
        case "opus":
            return 256_000 * channels
        case "m4a":
            return 6 * rate * channels
        case _:
            return 320_000 if rate >= 32_000 else 160_000 if rate >= 16_000 else 64_000


@contextmanager
def writing() -> Iterator[None]:
    """Around what writes: a full disk is not the file's fault."""
    try:
        yield
    except FFmpegError as wrong:
        if isinstance(wrong, MemoryError):
            raise
        raise OSError(wrong.errno, f"the sound can't be written: {wrong.strerror}") from wrong
