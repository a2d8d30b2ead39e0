"""Decodes a stream of sound, once, for all who listen: each has a branch of one filter graph, and hears what leaves it.

Time is counted in decoded samples, from zero: what a damaged file says of its own time is not believed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.error import FFmpegError
from av.filter import Graph
from av.filter.context import FilterContext
from av.packet import Packet

from processors.base import Rejected
from processors.media.opening import decoding
from processors.media.source import Source

Filters = Sequence[tuple[str, str]]  # name and arguments


class Listener(Protocol):
    def filters(self, rate: int, channels: int) -> Filters:
        """The branch from the decoded sound to `hear`. Not empty."""
        ...

    def hear(self, frame: AudioFrame) -> None: ...


@dataclass(frozen=True, slots=True)
class Heard:
    samples: int
    rate: int
    damaged: int  # packets

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


def listen(source: Source, stream: AudioStream, listeners: Sequence[Listener], stage: str, share: float = 1.0) -> Heard:
    """Decode `stream`, from where its container stands to the end, which is `share` of `stage`.

    Raises `Rejected` where not a single frame can be decoded, or the sound is longer than is allowed.
    """
    decoder = Decoder(source, stream, stage, share)
    branches: Branches | None = None
    with decoding():
        for frame in decoder.frames():
            branches = branches or Branches(frame, listeners)
            branches.push(frame)
        if branches:
            branches.push(None)
    return decoder.heard()


class Decoder:
    """Frames of one format, numbered by sample, whatever the file does in the middle of its way."""

    def __init__(self, source: Source, stream: AudioStream, stage: str, share: float = 1.0) -> None:
        self._source = source
        self._container = _container(stream)
        self._stream = stream
        self._stage = stage
        self._share = share
        self._samples = 0
        self._damaged = 0
        self._first: AudioFrame | None = None
        self._adapters: dict[tuple[str, str, int], AudioResampler] = {}
        stream.codec_context.thread_count = 1

    def frames(self) -> Iterator[AudioFrame]:
        for packet in self._packets():
            self._source.plan.report(self._stage, self._fraction(packet))
            for decoded in self._decode(packet):
                for frame in self._steady(decoded):
                    frame.pts, frame.time_base = self._samples, Fraction(1, frame.sample_rate)
                    self._samples += frame.samples
                    yield frame
            self._check_length()

    def heard(self) -> Heard:
        if self._first is None:
            raise Rejected("corrupt_input", "Not a single frame of the sound can be decoded.")
        if self._damaged:
            self._source.note("The sound is damaged; parts of it are missing.")
        return Heard(self._samples, self._first.sample_rate, self._damaged)

    def _packets(self) -> "Iterator[Packet[AudioStream]]":
        try:
            yield from self._container.demux(self._stream)
        except FFmpegError as wrong:
            if isinstance(wrong, MemoryError):
                raise
            self._damaged += 1

    def _decode(self, packet: "Packet[AudioStream]") -> list[AudioFrame]:
        try:
            return self._stream.decode(packet)
        except FFmpegError as wrong:
            if isinstance(wrong, MemoryError):
                raise
            self._damaged += 1
            return []

    def _steady(self, frame: AudioFrame) -> list[AudioFrame]:
        """The frame in the format of the first one: a graph takes no other."""
        first = self._first = self._first or frame
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form == (first.format.name, first.layout.name, first.sample_rate):
            return [frame]
        if form not in self._adapters:
            self._adapters[form] = AudioResampler(first.format, first.layout, first.sample_rate)
        return self._adapters[form].resample(frame)

    def _fraction(self, packet: "Packet[AudioStream]") -> float | None:
        """A file is read from its beginning to its end; what it says of its length may be wrong, or nothing."""
        position = packet.pos
        return None if position is None else position / max(self._container.size, 1) * self._share

    def _check_length(self) -> None:
        limit = self._source.limits.max_seconds
        if self._first is not None and self._samples > limit * self._first.sample_rate:
            raise Rejected("limit_exceeded", f"It plays for more than {limit:,} seconds.")


class Branches:
    """The graph: the sound goes in once, and comes out of a branch for each listener."""

    def __init__(self, frame: AudioFrame, listeners: Sequence[Listener]) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        self._entry = self._graph.add_abuffer(
            sample_rate=frame.sample_rate, format=frame.format, layout=frame.layout, time_base=frame.time_base
        )
        split = self._graph.add("asplit", str(len(listeners)))
        self._entry.link_to(split)
        self._exits = [
            (self._branch(split, number, listener.filters(frame.sample_rate, frame.layout.nb_channels)), listener)
            for number, listener in enumerate(listeners)
        ]
        self._graph.configure()

    def push(self, frame: AudioFrame | None) -> None:
        """None: there is no more to come."""
        self._entry.push(frame)
        for sink, listener in self._exits:
            for left in _pull(sink):
                listener.hear(left)

    def _branch(self, split: FilterContext, number: int, filters: Filters) -> FilterContext:
        end = None
        for name, arguments in filters:
            added = self._graph.add(name, arguments)
            if end is None:
                split.link_to(added, number)
            else:
                end.link_to(added)
            end = added
        assert end is not None
        sink = self._graph.add("abuffersink")
        end.link_to(sink)
        return sink


def _container(stream: AudioStream) -> InputContainer:
    container = stream.container
    assert isinstance(container, InputContainer)
    return container


def _pull(sink: FilterContext) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = sink.pull()
        except (NothingYet, NothingMore):
            return
        assert isinstance(frame, AudioFrame)
        yield frame
