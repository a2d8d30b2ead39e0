"""A short moving picture: stills over the length of the video, one after the other."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
from av.filter.graph import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from PIL import Image

from processors.media.opening import decoding
from processors.media.progress import ALMOST
from processors.media.source import Source
from processors.video import models
from processors.video.reel import Reel
from processors.webp import Size, fit

Prepare = Callable[[VideoFrame], VideoFrame]

MEDIA_TYPES = {"webp": "image/webp", "gif": "image/gif", "mp4": "video/mp4"}
CODECS = {"webp": ("libwebp_anim", "yuv420p"), "gif": ("gif", "pal8"), "mp4": ("libx264", "yuv420p")}
OPTIONS: Mapping[str, dict[str, str]] = {
    "webp": {"quality": "70", "compression_level": "2"},
    "gif": {},
    "mp4": {"crf": "23", "preset": "veryfast", "threads": "1"},
}
CONTAINER_OPTIONS: Mapping[str, dict[str, str]] = {
    "webp": {"loop": "0"},
    "gif": {"loop": "0"},
    "mp4": {"fflags": "+bitexact"},
}


def frame_count(settings: models.Preview, seconds: float) -> int:
    """No more than there would be if the whole video were shown."""
    return max(1, round(min(settings.seconds, seconds) * settings.fps))


def frame_size(displayed: Size, settings: models.Preview) -> Size:
    """H.264 wants even sides."""
    width, height = fit(displayed, settings.width)
    return (max(2, width // 2 * 2), max(2, height // 2 * 2)) if settings.format == "mp4" else (width, height)


def write(source: Source, settings: models.Preview, reel: Reel) -> models.PreviewMade:
    width, height = reel.size
    name = f"preview.{settings.format}"
    path = source.work.scratch / name
    try:
        with closing(reel), decoding():
            frames = _encode(path, settings, reel.size, _told(source, reel))
            if settings.format == "mp4":
                source.bring_index_first(path, "preview", ALMOST)
        source.publish(path, MEDIA_TYPES[settings.format], width=width, height=height)
    finally:
        path.unlink(missing_ok=True)
    return models.PreviewMade(file=name, width=width, height=height, frames=frames)


def _told(source: Source, reel: Reel) -> Iterator[Image.Image]:
    for number, picture in enumerate(reel.pictures()):
        source.plan.report("preview", number / len(reel.moments))
        yield picture


def _encode(path: Path, settings: models.Preview, size: Size, pictures: Iterable[Image.Image]) -> int:
    """How many frames there are."""
    codec, pixel_format = CODECS[settings.format]
    count = 0
    with av.open(str(path), "w", options=CONTAINER_OPTIONS[settings.format]) as container:
        stream = container.add_stream(codec, rate=settings.fps, options=OPTIONS[settings.format])
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        if settings.format == "mp4":
            stream.codec_context.colorspace = Colorspace.ITU601  # the number is that of AVCOL_SPC_BT470BG, too
        prepare = _palette(size) if settings.format == "gif" else _yuv
        for picture in pictures:
            frame = prepare(VideoFrame.from_image(picture))  # type: ignore[no-untyped-call] # PyAV leaves it untyped
            frame.pts, frame.time_base = count, Fraction(1, settings.fps)
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode())
    return count


def _yuv(frame: VideoFrame) -> VideoFrame:
    """In BT.601, as WebP has it, and as is the custom for small video that doesn't say."""
    return frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU601, threads=1)


def _palette(size: Size) -> Prepare:
    """256 colours of each frame's own: scenes that follow each other have few in common."""
    graph = Graph()
    graph.threads = 1
    buffer = graph.add_buffer(width=size[0], height=size[1], format=VideoFormat("rgb24"), time_base=Fraction(1, 1))
    split = graph.add("split")
    colours = graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
    use = graph.add("paletteuse", "new=1:dither=sierra2_4a")
    buffer.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(colours, 1, 0)
    colours.link_to(use, 0, 1)
    use.link_to(graph.add("buffersink"))
    graph.configure()

    def prepare(frame: VideoFrame) -> VideoFrame:
        graph.vpush(frame)
        return graph.vpull()

    return prepare
