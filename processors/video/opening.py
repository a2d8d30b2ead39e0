"""Opens a video so that a hostile one does no harm.

FFmpeg reads playlists, scripts and network addresses as happily as films. So it gets an open file and never a path,
may open nothing else, and knows only the demuxers and decoders of ordinary video: most of its past holes were in rare
ones. The pixel limit is set before the first packet is looked at, because merely probing decodes a frame.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NoReturn

import av
import av.subtitles.stream  # PyAV would import it when it first meets a stream that is neither film nor sound
from av.container import InputContainer
from av.error import ArgumentError, FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from processors.base import Rejected
from processors.video.models import MAX_PIXELS, MAX_STREAMS

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts"
VIDEO_DECODERS = "h264,hevc,vp8,vp9,libdav1d,av1,mpeg4,mpeg2video,mpeg1video,h263,mjpeg,prores,msmpeg4v2,msmpeg4,theora"
AUDIO_DECODERS = (
    "aac,mp3float,mp3,mp2float,mp2,opus,vorbis,ac3,eac3,flac,alac,amrnb,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be"
)
GUARDS = {"codec_whitelist": f"{VIDEO_DECODERS},{AUDIO_DECODERS}", "max_pixels": str(MAX_PIXELS)}


@contextmanager
def decoding() -> Iterator[None]:
    """Around everything that FFmpeg does: what a damaged file makes it raise becomes `Rejected`."""
    try:
        yield
    except (FFmpegError, ValueError) as wrong:  # ValueError: it seeks to where no file can be
        if isinstance(wrong, MemoryError):  # damaged files ask for gigabytes, too
            raise Rejected("limit_exceeded", "Reading the video would take more memory than is allowed.") from wrong
        reason = getattr(wrong, "strerror", None) or str(wrong)
        raise Rejected("corrupt_input", f"The video can't be read: {reason[:200]}.") from wrong


@contextmanager
def open_video(file: BinaryIO) -> Iterator[InputContainer]:
    """The container, probed, and closed afterwards. Raises `Rejected`."""
    options = GUARDS | {"format_whitelist": FORMATS, "max_streams": str(MAX_STREAMS)}
    with decoding():
        try:
            container = av.open(file, "r", options=options, metadata_errors="replace", io_open=_open_nothing)
        except ArgumentError as wrong:
            raise Rejected(
                "unsupported_input", "This is no MP4, QuickTime, WebM, Matroska, AVI or MPEG video."
            ) from wrong
    with container:
        yield container


def _open_nothing(url: str, _flags: int, _options: object) -> NoReturn:
    raise PermissionError(f"a video may not open {url[:100]}")


def choose_stream(container: InputContainer) -> VideoStream:
    """The stream to show, guarded and ready to decode. Raises `Rejected` when there is none."""
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        raise _nothing_to_show(container)
    stream = streams[0]
    codec = stream.codec_context
    if codec is None or codec.codec.name not in VIDEO_DECODERS.split(","):
        name = "unknown" if codec is None else codec.name
        raise Rejected("unsupported_input", f"The video's codec is not supported: {name}.")
    if codec.width * codec.height > MAX_PIXELS:
        raise Rejected(
            "limit_exceeded",
            f"The video has {codec.width:,} x {codec.height:,} pixels; {MAX_PIXELS:,} in all are the most.",
        )
    codec.options = GUARDS
    codec.thread_count = 1  # a few frames at most: threads would cost memory and gain nothing
    return stream


def _nothing_to_show(container: InputContainer) -> Rejected:
    if container.streams.audio:
        return Rejected("unsupported_input", "There is no video in this file, only audio.")
    return Rejected("corrupt_input", "There is no video stream in this file.")
