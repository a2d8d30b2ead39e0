"""Opens media so that a hostile file does no harm.

FFmpeg reads playlists, scripts and network addresses as happily as films. So it gets an open file and never a path,
may open nothing else, and knows only the demuxers and decoders of ordinary media: most of its past holes were in rare
ones. The pixel limit is set before the first packet is looked at, because merely probing decodes a frame.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

import av
import av.subtitles.stream  # PyAV would import it when it first meets a stream that is neither film nor sound
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import ArgumentError, FFmpegError, InvalidDataError
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from processors.base import Rejected
from processors.media import dpb, programs
from processors.media.memory import check_picture
from processors.media.models import InputLimits

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mp3,flac,ogg,wav,aac,aiff,amr"
VIDEO_DECODERS = "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,mpeg1video,h263,mjpeg,prores,msmpeg4v2,msmpeg4,theora"
AUDIO_DECODERS = (
    "aac,mp3float,mp3,mp2float,mp2,opus,vorbis,ac3,eac3,flac,alac,amrnb,amrwb,"
    "pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_alaw,pcm_mulaw"
)
SAMPLE_RATES = range(4_000, 768_001)  # below, loudness has no meaning
MAX_CHANNELS = 8  # beyond, it isn't said which is which
MAX_TAG_BYTES = 32 << 20  # FFmpeg reads an ID3 tag with its pictures into memory before it says a word
MAX_TAGS = 16
CODECS = f"{VIDEO_DECODERS},{AUDIO_DECODERS}"


def guards(limits: InputLimits) -> dict[str, str]:
    """What every decoder is told, also the ones that merely probe."""
    return {"codec_whitelist": CODECS, "max_pixels": str(limits.max_pixels)}


@contextmanager
def surviving() -> Iterator[None]:
    """Around what a damaged file may make fail: then the work goes on behind the block. Not where memory is short."""
    try:
        yield
    except FFmpegError as wrong:
        if isinstance(wrong, MemoryError):
            raise


class Readable(Protocol):
    """What FFmpeg needs of a file, besides `tell`."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...


OF_WRITING = frozenset({errno.EFBIG, errno.ENOSPC, errno.EDQUOT})  # no fault of the file that is read


@contextmanager
def decoding() -> Iterator[None]:
    """Around everything that FFmpeg does: what a damaged file makes it raise becomes `Rejected`."""
    try:
        yield
    except (FFmpegError, ValueError, OverflowError) as wrong:  # it seeks to where no file can be, or tells such times
        if isinstance(wrong, MemoryError):  # damaged files ask for gigabytes, too
            raise Rejected("limit_exceeded", "Reading the file would take more memory than is allowed.") from wrong
        if isinstance(wrong, OSError) and wrong.errno in OF_WRITING:
            raise OSError(wrong.errno, wrong.strerror) from wrong
        reason = getattr(wrong, "strerror", None) or str(wrong)
        raise Rejected("corrupt_input", f"The file can't be read: {reason[:200]}.") from wrong


@contextmanager
def open_media(file: Readable, limits: InputLimits) -> Iterator[InputContainer]:
    """The container, probed, and closed afterwards. Raises `Rejected`."""
    _check_tags(file)
    programs.check(file)
    options = guards(limits) | {"format_whitelist": FORMATS, "max_streams": str(limits.max_streams)}
    with decoding():
        try:
            container = av.open(file, "r", options=options, metadata_errors="replace", io_open=_open_nothing)
        except ArgumentError as wrong:
            raise Rejected("unsupported_input", "This is no video or audio of a format that is taken.") from wrong
    with container:
        _check_length(container, limits)
        yield container


def _check_tags(file: Readable) -> None:
    """ID3v2 tags before the sound have sizes in four times seven bits (ID3v2.4 §3.1)."""
    end = 0
    for _ in range(MAX_TAGS):
        file.seek(end)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            file.seek(0)
            return
        end += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        if end > MAX_TAG_BYTES:
            break
    raise Rejected("limit_exceeded", f"Its ID3 tags are larger than {MAX_TAG_BYTES >> 20} MiB.")


def demux(container: InputContainer, *streams: Stream) -> "Iterator[Packet[Any]]":
    """The packets of `streams`. PyAV loses count where a transport stream brings ever more of them."""
    try:
        yield from container.demux(*streams)
    except IndexError as wrong:
        raise InvalidDataError(errno.EINVAL, "it has packets of streams that it doesn't declare") from wrong


def _open_nothing(url: str, _flags: int, _options: object) -> NoReturn:
    raise PermissionError(f"a media file may not open {url[:100]}")


def _check_length(container: InputContainer, limits: InputLimits) -> None:
    seconds = (container.duration or 0) / av.time_base
    if seconds > limits.max_seconds:
        raise Rejected("limit_exceeded", f"It plays for {seconds:,.0f} seconds; {limits.max_seconds:,} are the most.")


def choose_video(container: InputContainer, limits: InputLimits) -> VideoStream | None:
    """The stream to show, guarded and ready to decode; None if there is none. Raises `Rejected` if it isn't taken."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        return None
    stream = streams[0]
    codec = stream.codec_context
    if codec is None or codec.codec.name not in VIDEO_DECODERS.split(","):
        name = "unknown" if codec is None else codec.codec.name
        raise Rejected("unsupported_input", f"The video's codec is not supported: {name}.")
    if codec.width * codec.height > limits.max_pixels:
        raise Rejected(
            "limit_exceeded",
            f"The video has {codec.width:,} x {codec.height:,} pixels; {limits.max_pixels:,} in all are the most.",
        )
    check_picture(codec, is_alone=dpb.kept(codec) == 0)
    codec.options = guards(limits)
    codec.thread_count = 1  # a few frames at most: threads would cost memory and gain nothing
    return stream


def choose_audio(container: InputContainer) -> AudioStream:
    """The first sound that can be decoded. Raises `Rejected` if there is none."""
    for stream in container.streams.audio:
        codec = stream.codec_context
        if codec is not None and codec.codec.name in AUDIO_DECODERS.split(","):
            check_sound(codec.sample_rate, codec.channels)
            return stream
    if container.streams.audio:
        raise Rejected("unsupported_input", "The sound's codec is not supported.")
    what = "sound" if container.streams.video else "video or sound"
    raise Rejected("corrupt_input", f"There is no {what} in this file.")


def check_sound(rate: int, channels: int) -> None:
    """Whether anybody ever made such a sound; 0 is what is not known yet. Raises `Rejected`."""
    if rate and rate not in SAMPLE_RATES:
        raise Rejected("unsupported_input", f"The sound has {rate:,} samples a second, which is not supported.")
    if channels > MAX_CHANNELS:
        raise Rejected("limit_exceeded", f"The sound has {channels:,} channels; {MAX_CHANNELS} are the most.")
