"""A stream of sound -> decoded frames of one kind, whatever changes on the way, through a chain of filters."""

from collections.abc import Iterator, Sequence

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.filter import Graph
from av.filter.context import FilterContext
from av.packet import Packet

from processors.media.graphs import drained
from processors.media.opening import surviving

Filter = tuple[str, str]  # its name, and its options as FFmpeg writes them


def decoded(stream: AudioStream, packet: "Packet[AudioStream]") -> list[AudioFrame]:
    """The frames that a packet completes; none if it is damaged."""
    with surviving():
        return stream.decode(packet)
    return []


def of_kind(sample_format: str, rate: int, layout: str) -> Filter:
    """What brings any sound to one kind."""
    return "aformat", f"sample_fmts={sample_format}:sample_rates={rate}:channel_layouts={layout}"


class Chain:
    """Filters in a row. The chain is built when the first frame comes, and again when the sound changes its kind.

    Timestamps go through it.
    """

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = filters
        self._chain: tuple[Graph, FilterContext] | None = None
        self._kind: tuple[str, str, int] | None = None

    def push(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        if kind != self._kind:
            yield from self.flush()
            self._kind, self._chain = kind, self._build(frame)
        assert self._chain is not None
        graph, sink = self._chain
        graph.push(frame)
        yield from drained(sink, AudioFrame)

    def flush(self) -> Iterator[AudioFrame]:
        """What is left in the filters."""
        if self._chain is not None:
            graph, sink = self._chain
            graph.push(None)
            yield from drained(sink, AudioFrame)
            self._chain = self._kind = None

    def _build(self, frame: AudioFrame) -> tuple[Graph, FilterContext]:
        graph = Graph()
        graph.threads = 1
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        )
        chain = [graph.add(name, options or None) for name, options in self._filters]
        sink = graph.add("abuffersink")
        graph.link_nodes(source, *chain, sink).configure()
        return graph, sink
