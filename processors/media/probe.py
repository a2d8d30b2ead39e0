"""A container -> what is inside."""

from typing import Any

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.media import models
from processors.media.frames import display_size, rotation


def describe(container: InputContainer, shown: VideoStream | None, frame: VideoFrame | None) -> dict[str, Any]:
    """The fields of `models.MediaInfo` but for its warnings; `frame` is one of the stream `shown`."""
    duration = container.duration
    return {
        "container": container.format.long_name,
        "duration": duration / 1_000_000 if duration and duration > 0 else None,
        "bit_rate": container.bit_rate or None,
        "video": describe_video(shown, frame) if shown and frame else None,
        "audio": [describe_audio(one) for one in container.streams.audio],
        "other_streams": [one.type for one in container.streams if one.type not in ("video", "audio")],
    }


def describe_video(stream: VideoStream, frame: VideoFrame) -> models.VideoStream:
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


def describe_audio(stream: AudioStream) -> models.AudioStream:
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
