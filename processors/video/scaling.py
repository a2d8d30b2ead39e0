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
        for name, options in self._trunk(frame):
            last = _linked(graph, last, name, options)
        self._sinks = []
        sizes = self._wanted.sizes
        if len(sizes) > 1:
            last = _linked(graph, last, "split", str(len(sizes)))
        for number, size in enumerate(sizes):
            branch, output = last, number
            for name, options in self._branch(size, frame):
                branch, output = _linked(graph, branch, name, options, output), 0
            self._sinks.append(_linked(graph, branch, "buffersink", "", output))
        graph.configure()
        self._graph = graph

    def _trunk(self, frame: VideoFrame) -> Iterator[tuple[str, str]]:
        """What is done once for all sizes."""
        meant = Colour.of(frame)
        yield colour.declaring(meant)
        if self._is_interlaced:
            yield "bwdif", "mode=send_frame:deint=interlaced"
        if self._wanted.tonemap and meant.is_hdr:
            width, height = self._stored(max(self._wanted.sizes))
            yield "scale", f"{width}:{height}:flags={SCALER}:{colour.TO_SDR}"

    def _branch(self, size: Size, frame: VideoFrame) -> Iterator[tuple[str, str]]:
        width, height = self._stored(size)
        matrix = colour.TO_YUV if frame.colorspace == colour.RGB else colour.TO_LIMITED
        yield "scale", f"{width}:{height}:flags={SCALER}:{matrix}"
        yield "format", self._wanted.pix_fmt
        yield from TURNS.get(self._wanted.turn, ())
        yield "setsar", "1"

    def _stored(self, size: Size) -> Size:
        """Pictures are turned last, when they are small."""
        return (size[1], size[0]) if self._wanted.turn in (90, 270) else size


def _linked(graph: Graph, before: FilterContext, name: str, options: str, output: int = 0) -> FilterContext:
    node = graph.add(name, options or None)
    before.link_to(node, output)
    return node
