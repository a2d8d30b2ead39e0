"""The sound alone, in a file that every browser plays: AAC in MP4, Opus in Ogg, or MP3."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
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
from processors.media.progress import ALMOST
from processors.media.samples import of_kind
from processors.media.sound import Filters, listen
from processors.media.source import Source
from processors.media.tags import everything

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
        {"fflags": "+bitexact"},
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
    gain, share = 0.0, 1.0
    with source.open() as container:
        stream = choose_audio(container)
        if settings.loudness is not None:
            channels = stream.codec_context.channels
            if loudness is None or channels > 2:
                loudness, share = measure(source, stream, stage, MEASURING, _layout(channels)), 1 - MEASURING
            gain = gain_db(loudness, settings.loudness)
            if gain < settings.loudness - (loudness.integrated or settings.loudness) - 0.05:
                source.note(f"The peaks leave room for {gain:.1f} dB; the sound stays softer than was asked for.")
    path = source.work.scratch / f"sound.{settings.format}"
    try:
        with source.open() as container:
            stream = choose_audio(container)
            tags = _tags(container, strip_metadata)
            with Encoder(path, settings, gain, tags) as encoder:
                listen(source, stream, [encoder], stage, share, 1 - share)
        if settings.format == "m4a":
            source.bring_index_first(path, stage, ALMOST)
        source.publish(path, FORMATS[settings.format].media_type)
    finally:
        path.unlink(missing_ok=True)
    return encoder.made()


def _tags(container: InputContainer, strip: bool) -> dict[str, str]:
    return {name: text for name, text in everything(container).items() if not strip or name in KEPT}


def _layout(channels: int) -> str:
    return "mono" if channels == 1 else "stereo"


class Encoder:
    """Listens, and writes what it hears, `gain` decibels louder."""

    def __init__(self, path: Path, settings: AudioOutput, gain: float, tags: Mapping[str, str]) -> None:
        self._format = FORMATS[settings.format]
        self._settings = settings
        self._gain = gain
        self._tags = tags
        self._path = path
        self._samples = 0

    def __enter__(self) -> "Encoder":
        with writing():
            self._target: OutputContainer = av.open(
                str(self._path), "w", format=self._format.muxer, options=dict(self._format.options)
            )
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is not None:
            with suppress(FFmpegError):  # what went wrong before is what counts
                self._target.close()
            return
        with writing(), self._target:
            self._target.start_encoding()  # there is a file, also where a sample or two come to nothing
            self._target.mux(self._stream.encode())

    def filters(self, rate: int, channels: int) -> Filters:
        """The encoder is set up here, since it depends on the sound."""
        layout, self._channels = _layout(channels), min(channels, 2)
        self._rate = next((one for one in self._format.rates if one >= rate), self._format.rates[-1])
        self._bit_rate = self._settings.bit_rate or self._format.bit_rates[self._channels - 1]
        self._bit_rate = min(self._bit_rate, _most_bits(self._settings.format, self._rate, self._channels))
        with writing():
            stream = self._target.add_stream(
                self._format.encoder, rate=self._rate, layout=layout, bit_rate=self._bit_rate
            )
            assert isinstance(stream, AudioStream)
            self._stream = stream
            self._stream.codec_context.thread_count = 1
            self._stream.codec_context.flags |= Flags.bitexact
            self._stream.codec_context.open()
            self._target.metadata.update(self._tags)
        return [
            self._mix(layout),
            ("volume", f"{self._gain}dB"),
            ("aformat", "sample_fmts=s32p"),  # clipped, and numbers: an encoder takes neither infinity nor NaN
            ("aformat", f"sample_fmts={self._stream.format.name}"),
            ("asetnsamples", f"n={self._stream.frame_size}:p=0"),
        ]

    def _mix(self, layout: str) -> tuple[str, str]:
        """A mix that is brought to a loudness is the one that was measured; else it's softer, not to be clipped."""
        if self._settings.loudness is not None:
            return of_kind("fltp", self._rate, layout)
        return "aresample", f"osf=fltp:osr={self._rate}:ochl={layout}:rematrix_maxval=1"

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
