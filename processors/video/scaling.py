"""Decoded pictures -> the sizes that encoders want: upright, square pixels, whole pictures, 8 bits of 4:2:0, SDR."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

from processors.media.graphs import drained
from processors.video import colour
from processors.video.colour import Colour
from processors.webp import Size

TURNS = {90: (("transpose", "clock"),), 180: (("hflip", ""), ("vflip", "")), 270: (("transpose", "cclock"),)}
SCALER = "bicubic"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`sizes` are upright; `pix_fmt` is the encoder's."""

    sizes: Sequence[Size]
    pix_fmt: str
    tonemap: bool
    turn: int  # degrees clockwise


class Scaler:
    """One graph, in which every picture is decoded, deinterlaced and tone-mapped once, and then scaled to each size.

    The graph is built when the first picture comes, and again when the video changes its kind.
    """

    def __init__(self, wanted: Wanted, time_base: Fraction, threads: int = 1) -> None:
        self._wanted = wanted
        self._time_base = time_base
        self._threads = threads
        self._kind: tuple[object, ...] | None = None
        self._graph: Graph | None = None
        self._source: FilterContext | None = None
        self._sinks: list[FilterContext] = []
        self._is_interlaced = False

    def push(self, frame: VideoFrame) -> Iterator[tuple[int, VideoFrame]]:
        """What comes out by now: pictures, each with the number of its size."""
        self._is_interlaced = self._is_interlaced or frame.interlaced_frame
        kind = (
            *(frame.width, frame.height, frame.format.name, self._is_interlaced),
            *(frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace),
        )
        if kind != self._kind:
            yield from self.flush()
            self._kind = kind
            self._build(frame)
        assert self._source is not None
        self._source.push(frame)
        yield from self._drained()

    def flush(self) -> Iterator[tuple[int, VideoFrame]]:
        if self._source is not None:
            self._source.push(None)
            yield from self._drained()
            self._kind = self._source = self._graph = None

    def _drained(self) -> Iterator[tuple[int, VideoFrame]]:
        for number, sink in enumerate(self._sinks):
            for frame in drained(sink, VideoFrame):
                yield number, frame

    def _build(self, frame: VideoFrame) -> None:
        graph = Graph()
        graph.threads = self._threads
        self._source = last = graph.add(
            "buffer",
            video_size=f"{frame.width}x{frame.height}",
            pix_fmt=frame.format.name,
            time_base=str(self._time_base),
            colorspace=str(frame.colorspace),
            range=str(frame.color_range),
        )
        for name, options in trunk(self._wanted, Colour.of(frame), self._is_interlaced):
            last = _linked(graph, last, name, options)
        self._sinks = []
        sizes = self._wanted.sizes
        if len(sizes) > 1:
            last = _linked(graph, last, "split", str(len(sizes)))
        for number, size in enumerate(sizes):
            end, output = last, number
            for name, options in branch(self._wanted, size, frame.colorspace == colour.RGB):
                end, output = _linked(graph, end, name, options, output), 0
            self._sinks.append(_linked(graph, end, "buffersink", "", output))
        graph.configure()
        self._graph = graph


def trunk(wanted: Wanted, meant: Colour, is_interlaced: bool) -> Iterator[tuple[str, str]]:
    """The filters for what is done once, for all sizes: names, and options as FFmpeg writes them."""
    yield colour.declaring(meant)
    if is_interlaced:
        yield "bwdif", "mode=send_frame:deint=interlaced"
    if wanted.tonemap and meant.is_hdr:
        width, height = _stored(max(wanted.sizes), wanted.turn)
        yield "scale", f"{width}:{height}:flags={SCALER}:{colour.TO_SDR}"


def branch(wanted: Wanted, size: Size, is_rgb: bool) -> Iterator[tuple[str, str]]:
    """The filters for one of the sizes."""
    width, height = _stored(size, wanted.turn)
    yield "scale", f"{width}:{height}:flags={SCALER}:{colour.TO_YUV if is_rgb else colour.TO_LIMITED}"
    yield "format", wanted.pix_fmt
    yield from TURNS.get(wanted.turn, ())
    yield "setsar", "1"


def _stored(size: Size, turn: int) -> Size:
    """Pictures are turned last, when they are small."""
    return (size[1], size[0]) if turn in (90, 270) else size


def _linked(graph: Graph, before: FilterContext, name: str, options: str, output: int = 0) -> FilterContext:
    node = graph.add(name, options or None)
    before.link_to(node, output)
    return node
