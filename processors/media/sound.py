"""Decodes a stream of sound, once, for all who listen: each has a branch of one filter graph, and hears what leaves it.

Time is counted in decoded samples, from zero: what a damaged file says of its own time is not believed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.filter import Graph
from av.filter.context import FilterContext
from av.packet import Packet

from processors.base import Rejected
from processors.media.graphs import drained
from processors.media.opening import check_sound, decoding, demux, surviving
from processors.media.progress import Meter
from processors.media.source import Source

REPORT_PACKETS = 8  # each is a tenth of a second or less, and decoded in a hundredth of that
ROOM = 2  # for a bit rate that isn't constant
DRAIN_SAMPLES = 1 << 16  # in all channels: what may wait in the graph

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


def listen(
    source: Source,
    stream: AudioStream,
    listeners: Sequence[Listener],
    stage: str,
    share: float = 1.0,
    before: float = 0.0,
) -> Heard:
    """Decode `stream`, from where its container stands to the end: `share` of `stage`, after what was done `before`.

    Raises `Rejected` where not a single frame can be decoded, or the sound is longer than is allowed.
    """
    decoder = Decoder(source, stream, stage, share, before)
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

    def __init__(
        self, source: Source, stream: AudioStream, stage: str, share: float = 1.0, before: float = 0.0
    ) -> None:
        self._source = source
        self._container = _container(stream)
        self._stream = stream
        self._stage = stage
        self._share = share
        self._before = before
        self._samples = 0
        self._damaged = 0
        self._first: AudioFrame | None = None
        self._adapters: dict[tuple[str, str, int], AudioResampler] = {}
        self._beat = Fraction(1)
        self._progress = Meter(self._container, stream, source.work.size)
        stream.codec_context.thread_count = 1

    def frames(self) -> Iterator[AudioFrame]:
        for number, packet in enumerate(self._packets()):
            if number % REPORT_PACKETS == 0:
                self._report(packet)
            for decoded in self._decode(packet):
                for frame in self._steady(decoded):
                    frame.pts, frame.time_base = self._samples, self._beat
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
        with surviving():
            yield from demux(self._container, self._stream)
            return
        self._damaged += 1

    def _decode(self, packet: "Packet[AudioStream]") -> list[AudioFrame]:
        with surviving():
            return self._stream.decode(packet)
        self._damaged += 1
        return []

    def _steady(self, frame: AudioFrame) -> list[AudioFrame]:
        """The frame in the format of the first one: a graph takes no other."""
        check_sound(frame.sample_rate, frame.layout.nb_channels)
        if self._first is None:
            self._first, self._beat = frame, Fraction(1, frame.sample_rate)
        first = self._first
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form == (first.format.name, first.layout.name, first.sample_rate):
            return [frame]
        if form not in self._adapters:
            self._adapters[form] = AudioResampler(first.format, first.layout, first.sample_rate)
        return self._adapters[form].resample(frame)

    def _report(self, packet: "Packet[AudioStream]") -> None:
        done = self._progress.fraction(packet)
        self._source.plan.report(self._stage, None if done is None else self._before + done * self._share)

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
        self._waiting = 0

    def push(self, frame: AudioFrame | None) -> None:
        """None: there is no more to come."""
        self._entry.push(frame)
        self._waiting += frame.samples * frame.layout.nb_channels if frame else DRAIN_SAMPLES
        if self._waiting >= DRAIN_SAMPLES:
            self._waiting = 0
            self._drain()

    def _drain(self) -> None:
        for sink, listener in self._exits:
            for left in drained(sink, AudioFrame):
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


def promised_samples(stream: AudioStream) -> int:
    """How long the file says that it is, as far as that can be; 0 if it doesn't say."""
    container = _container(stream)
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    else:
        seconds = (container.duration or 0) / av.time_base
    if bit_rate := stream.codec_context.bit_rate:
        seconds = min(seconds, ROOM * 8 * container.size / bit_rate)  # an upload may be cut off
    return max(0, int(seconds * (stream.codec_context.sample_rate or 0)))
