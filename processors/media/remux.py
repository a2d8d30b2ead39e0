"""Copies packets into another container: nothing is decoded, and nothing is lost but what isn't wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from processors.media.layout import Layout
from processors.media.opening import demux
from processors.media.progress import Meter
from processors.media.source import Source
from processors.media.tags import chapters
from processors.media.timing import Clock
from processors.media.writing import SAMPLE_BYTES, Kind, NoRoom, create, room, room_enough

GENERATE_PTS = 1  # AVFMT_FLAG_GENPTS, which PyAV sets
REPORT_PACKETS = 64
REPORT_BYTES = 4 << 20
KEPT_TAGS = ("title", "language")
OWN_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration")  # each container has its own
KEPT_DISPOSITIONS = Disposition.default | Disposition.forced | Disposition.hearing_impaired | Disposition.dub
SAMPLE_RATE = 48_000
FRAME_SIZE = 960  # of Opus; those of AAC and MP3 are longer


@dataclass(slots=True)
class Copy:
    """One copy of `streams` of the source, at `path`. `stage` is the name of the operation that reports."""

    source: Source
    stage: str
    path: Path
    kind: Kind
    strip_metadata: bool = True
    packets: int = field(default=0, init=False)

    def make(self, container: InputContainer, streams: Sequence[Stream], layout: Layout) -> None:
        """Raises `Rejected`, and what FFmpeg raises: not all that can be read can be written."""
        space = None if self.kind != "mp4" else _estimate(container, streams, layout)
        try:
            self._pass(container, streams, space)
        except NoRoom:  # now it is known how many there are
            enough = room_enough(self.packets, len(streams), len(container.chapters()))
            with self.source.open() as again:
                self._pass(again, [again.streams[stream.index] for stream in streams], enough)

    def _pass(self, container: InputContainer, streams: Sequence[Stream], space: int | None) -> None:
        container.flags &= ~GENERATE_PTS  # of AVI's frames: a frame late
        for stream in container.streams:
            if stream not in streams:
                stream.discard = Discard.all
        options = {} if self.strip_metadata or self.kind == "webm" else {"movflags": "+use_metadata_tags"}
        with create(self.path, self.kind, room=space, options=options) as target:
            target.metadata.update(self._tags(container.metadata))
            target.set_chapters(chapters(container))
            ways = {stream.index: self._way(container, stream, target) for stream in streams}
            self._pour(container, streams, target, ways)

    def _way(self, container: InputContainer, stream: Stream, target: OutputContainer) -> tuple[Clock, Stream]:
        """The copy has the display matrix, too, which says how to turn a film upright."""
        clock, copy = Clock(container, stream), target.add_stream_from_template(stream, opaque=True)
        copy.time_base = clock.time_base
        copy.metadata.update(self._tags(stream.metadata))
        copy.disposition = stream.disposition & KEPT_DISPOSITIONS
        return clock, copy

    def _tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        if self.strip_metadata:
            return {name: text for name, text in tags.items() if name.lower() in KEPT_TAGS}
        return {name: text for name, text in tags.items() if name.lower() not in OWN_TAGS}

    def _pour(
        self,
        container: InputContainer,
        streams: Sequence[Stream],
        target: OutputContainer,
        ways: Mapping[int, tuple[Clock, Stream]],
    ) -> None:
        meter, unsaid, self.packets = Meter(container, streams[0], self.source.work.size), 0, 0
        self.source.plan.report(self.stage, 0)
        for packet in demux(container, *streams):
            size = packet.size
            if not size:
                continue
            self.packets += 1
            unsaid += size
            if unsaid > REPORT_BYTES or self.packets % REPORT_PACKETS == 0:
                self.source.plan.report(self.stage, meter.fraction(packet))
                unsaid = 0
            clock, copy = ways[packet.stream_index]
            clock.mend(packet)
            packet.stream = copy
            target.mux_one(packet)


def _estimate(container: InputContainer, streams: Sequence[Stream], layout: Layout) -> int:
    """Room for the index: the copy's tables are those of the file, where it has such."""
    seconds = max(container.duration or 0, 0) / av.time_base
    tables: float = layout.table_bytes
    if not tables or layout.is_fragmented:
        tables = SAMPLE_BYTES * sum(_samples(stream, seconds) for stream in streams)
    return room(tables, seconds, len(streams), len(container.chapters()))


def _samples(stream: Stream, seconds: float) -> float:
    """Packets of a stream, about; rather too many."""
    if stream.frames:
        return stream.frames
    if isinstance(stream, VideoStream):
        rate = float(stream.average_rate or stream.base_rate or 60)
    else:
        rate = SAMPLE_RATE / FRAME_SIZE
    return 1.1 * seconds * rate + 100
