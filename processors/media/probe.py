"""A container -> what is inside."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.base import Rejected
from processors.media import colours, models, playable, tags
from processors.media.frames import display_size, rotation
from processors.media.layout import Layout
from processors.media.looking import Frame, look
from processors.media.opening import decoding, demux, surviving
from processors.media.source import Source

# How a codec's level is counted, as a divisor.
LEVELS = {"h264": 10, "hevc": 30, "vp9": 10}
DRIFT = 0.25  # of a frame's time: so far may two frames be off the beat, and it is even
ROUNDING = 2  # ticks
SAMPLES = 100  # of the frames that are looked at
REORDERED = 16  # frames at most, in any codec


def first_frame(source: Source, container: InputContainer, stream: VideoStream | AudioStream) -> Frame:
    """Proof that it is what it says: a plausible header may have nothing behind it. Raises `Rejected`."""
    with decoding():
        found = look(container, stream, lambda: source.plan.report("probe", None))
    what = "video" if isinstance(stream, VideoStream) else "sound"
    if found.frame is None:
        raise Rejected("corrupt_input", f"Not a single frame of the {what} can be decoded.")
    if found.is_damaged:
        source.note(f"The {what} is damaged.")
    if _missing(container, stream):
        source.note("The file is cut off: its end is missing.")
    return found.frame


def _missing(container: InputContainer, stream: Stream) -> bool:
    """Whether the index knows of a frame behind the end of the file."""
    index = stream.index_entries
    last = index[len(index) - 1] if len(index) else None
    return last is not None and last.pos + last.size > container.size


def describe(
    container: InputContainer,
    shown: VideoStream | None,
    frame: VideoFrame | None,
    *,
    layout: Layout | None = None,
    gps: bool = False,
) -> dict[str, Any]:
    """The fields of `models.MediaInfo` but for its warnings; `frame` is one of the stream `shown`.

    Where there is no index, it reads on from where the container stands.
    """
    layout = layout or Layout()
    duration, size = max(container.duration or 0, 0) / av.time_base, container.size
    video = describe_video(container, shown, frame) if shown and frame else None
    audio = [describe_audio(one) for one in container.streams.audio]
    format_ = layout.format or container.format.name.split(",")[0]
    everything = tags.everything(container)
    return {
        "container": container.format.long_name,
        "format": format_,
        "duration": duration or None,
        "bit_rate": container.bit_rate or (round(size * 8 / duration) if duration else None),
        "size": size,
        "video": video,
        "audio": audio,
        "subtitles": [describe_subtitle(one) for one in container.streams.subtitles],
        "other_streams": [sort for one in container.streams if (sort := _sort(one, shown))],
        "chapters": _chapters(container),
        "tags": tags.harmless(everything),
        "place": tags.place(everything) if gps else None,
        "playable": playable.verdict(layout, format_, video, audio),
    }


def describe_video(container: InputContainer, stream: VideoStream, frame: VideoFrame) -> models.VideoStream:
    width, height = display_size(frame, stream.sample_aspect_ratio)
    codec = stream.codec_context
    return models.VideoStream(
        **_track(stream),
        level=_level(codec.codec.canonical_name, codec.level),
        width=width,
        height=height,
        coded_width=frame.width,
        coded_height=frame.height,
        rotation=rotation(frame),
        frame_rate=round(float(stream.average_rate), 3) if stream.average_rate else None,
        is_variable_frame_rate=_varies(container, stream),
        has_b_frames=codec.has_b_frames,
        frames=stream.frames or None,
        pixel_format=frame.format.name,
        bit_depth=colours.depth(frame),
        chroma=colours.sampling(frame),
        colour=colours.colour(frame),
        hdr=colours.hdr(frame),
        is_interlaced=frame.interlaced_frame or codec.field_order > 1,  # 0: unknown, 1: progressive
        bit_rate=stream.bit_rate or None,
    )


def describe_audio(stream: AudioStream) -> models.AudioStream:
    codec = stream.codec_context
    return models.AudioStream(
        **_track(stream),
        sample_rate=codec.sample_rate or None if codec else None,
        channels=codec.channels or None if codec else None,
        layout=codec.layout.name if codec else None,
        bit_rate=codec.bit_rate or None if codec else None,
    )


def describe_subtitle(stream: SubtitleStream) -> models.SubtitleStream:
    codec = stream.codec_context
    return models.SubtitleStream(**_track(stream), is_text=bool(codec and codec.codec.text_sub))


def _track(stream: Stream) -> dict[str, Any]:
    """What every sort of stream tells. `codec_context` is None where FFmpeg has no decoder."""
    codec = stream.codec_context
    return {
        "codec": codec.codec.canonical_name if codec else "unknown",
        "codec_tag": _codec_tag(stream),
        "profile": stream.profile,
        "language": language(stream),
        "title": tags.clean(stream.metadata.get("title", "")) or None,
        "is_default": bool(stream.disposition & Disposition.default),
        "is_forced": bool(stream.disposition & Disposition.forced),
    }


def language(stream: Stream) -> str | None:
    """ISO 639-2, unless it is "und", for undetermined."""
    told = tags.clean(stream.language or "")
    return told if told and told != "und" else None


def _codec_tag(stream: Stream) -> str | None:
    try:
        tag = stream.codec_context.codec_tag if stream.codec_context else ""
    except ValueError:  # not ASCII
        return None
    return tag if len(tag) == 4 and tag.isprintable() else None


def _level(codec: str, level: int) -> float | None:
    if codec == "av1" and 0 <= level < 24:
        return 2 + level // 4 + level % 4 / 10  # AV1 specification, annex A.3
    return level / LEVELS[codec] if codec in LEVELS and level > 0 else None


def _varies(container: InputContainer, stream: VideoStream) -> bool:
    """By an index that has every frame, at places all over it; else by the next frames of the container."""
    index = stream.index_entries
    count = len(index)
    if count >= 3 and count == stream.frames:
        places = range(0, count, max(1, count // SAMPLES))
        beat = (index[count - 1].timestamp - index[0].timestamp) / (count - 1)
        return not _is_even([(place, index[place].timestamp) for place in places], beat)
    stamps = _next_stamps(container, stream)
    if len(stamps) < 3:
        return False
    return not _is_even(list(enumerate(stamps)), (stamps[-1] - stamps[0]) / (len(stamps) - 1))


def _is_even(stamps: Sequence[tuple[int, int]], beat: float) -> bool:
    """Whether frames, by their number, are shown on the beat, but for what ticks round off."""
    off = [stamp - number * beat for number, stamp in stamps]
    return max(off) - min(off) <= max(beat * DRIFT, min(ROUNDING, beat / 2))  # a tick may be a frame


def _next_stamps(container: InputContainer, stream: VideoStream) -> list[int]:
    """When the next frames are shown, in order; not the last ones that were read: others may come between them."""
    stamps: list[int] = []
    with surviving():
        for packet in islice(demux(container, stream), SAMPLES):
            if packet.pts is not None:
                stamps.append(packet.pts)
    stamps.sort()
    return stamps[:-REORDERED] if len(stamps) >= SAMPLES - 1 else stamps


def _sort(stream: Stream, shown: VideoStream | None) -> str | None:
    """Of a stream that is told nowhere else."""
    if stream.type in ("audio", "subtitle") or stream is shown:
        return None
    return "cover" if stream.disposition & Disposition.attached_pic else stream.type


def _chapters(container: InputContainer) -> list[models.Chapter]:
    return [_chapter(chapter) for chapter in container.chapters()[: tags.MAX_CHAPTERS]]


def _chapter(chapter: Mapping[str, Any]) -> models.Chapter:
    base = chapter["time_base"] or Fraction(1, av.time_base)
    return models.Chapter(
        title=tags.clean(chapter["metadata"].get("title", "")) or None,
        start=round(float(chapter["start"] * base), 3),
        end=round(float(chapter["end"] * base), 3),
    )
