"""The way of a video: open, choose a stream, find a frame, write it down."""

from collections.abc import Iterator

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors import webp
from processors.base import Rejected, Work
from processors.video import models
from processors.video.opening import choose_stream, decoding, open_video
from processors.video.poster import Search, display_size, picture, rotation

QUALITY = 80
HDR_TRANSFERS = frozenset({16, 18})  # AVCOL_TRC_SMPTE2084 (PQ) and AVCOL_TRC_ARIB_STD_B67 (HLG)


def run(work: Work[models.VideoParams]) -> models.VideoResult:
    """Reports count decoded frames; how many there will be is not known beforehand."""
    work.report("probing")
    with work.open() as file, open_video(file) as container:
        stream = choose_stream(container)
        search = Search(work, container, stream)
        with decoding():
            frame = search.find()
        if frame is None:
            raise Rejected("corrupt_input", "Not a single frame of the video can be decoded.")
        with decoding():
            image = picture(frame, stream.sample_aspect_ratio, work.params.poster_width)
        work.report("poster", search.decoded, None, "frames")
        path = work.output("poster.webp", "image/webp", width=image.width, height=image.height)
        webp.save(image, path, QUALITY)
        return _describe(container, stream, frame, search)


def _describe(container: InputContainer, stream: VideoStream, frame: VideoFrame, search: Search) -> models.VideoResult:
    duration = container.duration
    return models.VideoResult(
        container=container.format.long_name,
        duration=duration / 1_000_000 if duration and duration > 0 else None,
        bit_rate=container.bit_rate or None,
        video=_describe_video(stream, frame),
        audio=[_describe_audio(one) for one in container.streams.audio],
        other_streams=[one.type for one in container.streams if one.type not in ("video", "audio")],
        poster_at=search.seconds(frame),
        warnings=list(_warnings(frame, search)),
    )


def _describe_video(stream: VideoStream, frame: VideoFrame) -> models.VideoStream:
    width, height = display_size(frame, stream.sample_aspect_ratio)
    return models.VideoStream(
        codec=stream.codec_context.codec.canonical_name,
        profile=stream.profile,
        width=width,
        height=height,
        rotation=rotation(frame),
        frame_rate=round(float(stream.average_rate), 3) if stream.average_rate else None,
        pixel_format=frame.format.name,
        bit_rate=stream.bit_rate or None,
        language=_language(stream),
    )


def _describe_audio(stream: AudioStream) -> models.AudioStream:
    codec = stream.codec_context
    return models.AudioStream(
        codec=codec.codec.canonical_name,
        sample_rate=codec.sample_rate or None,
        channels=codec.channels or None,
        layout=codec.layout.name,
        bit_rate=codec.bit_rate or None,
        language=_language(stream),
    )


def _language(stream: Stream) -> str | None:
    """ISO 639-2, unless it is "und", for undetermined."""
    return stream.language if stream.language and stream.language != "und" else None


def _warnings(frame: VideoFrame, search: Search) -> Iterator[str]:
    if search.damaged or frame.is_corrupt:
        yield "The video is damaged; the poster may be, too."
    if frame.color_trc in HDR_TRANSFERS:
        yield "The video is HDR; the poster is not tone-mapped and looks flat."
