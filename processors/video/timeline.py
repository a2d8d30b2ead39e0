"""When a video begins and how long it is, and where its keyframes are, as its container's index tells."""

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from processors.media.opening import demux, surviving

# Their packets are found by time stamps. What FFmpeg notes as their index meanwhile is no list of keyframes.
WITHOUT_INDEX = frozenset({"mpegts", "mpeg"})
COVERED = 0.5  # an index that ends before this part of the length is only the beginning of one
LONGEST_DELAY = 1.0  # seconds between a frame's decoding and its showing
USUAL_RATE = 25

Tick = Callable[[], None]


class Timeline:
    """Times are in units of the stream's time base, as its packets have them, or in seconds as a player counts."""

    def __init__(self, container: InputContainer, stream: VideoStream, tick: Tick) -> None:
        """Reads the whole file if it has neither an index nor a length; `tick` is called for each of its packets."""
        self.unit = stream.time_base or Fraction(1, av.time_base)
        self.rate = float(stream.average_rate or USUAL_RATE)
        self._zero = (container.start_time or 0) / av.time_base
        self._entries = stream.index_entries
        self.start = self.ticks(0) if stream.start_time is None else stream.start_time
        self.length = max(stream.duration or round((container.duration or 0) / av.time_base / self.unit), 0)
        by_time = container.format.name in WITHOUT_INDEX
        if not by_time and not self._is_covered():
            with suppress(FFmpegError):  # Matroska reads its index when it is first sought in
                container.seek(self.start, stream=stream)
        self.was_read = not self.length or not (by_time or self._is_covered())
        if self.was_read:
            self.length = max(_last(container, stream, tick) - self.start, self.length, 1)
        self.is_indexed = not by_time and len(self._entries) > 0
        self._delay = self._first_delay()

    def seconds(self, pts: int) -> float:
        return max(0.0, round(float(pts * self.unit) - self._zero, 3))

    def ticks(self, seconds: float) -> int:
        return round((seconds + self._zero) / self.unit)

    def nearest(self, target: int) -> int | None:
        """Where to seek for the keyframe that is shown next to `target`; None if the index has none."""
        found = [self._entry(target, backward=True), self._entry(target, backward=False)]
        known = [entry for entry in found if entry is not None]
        return min(known, key=lambda entry: abs(entry - target), default=None)

    def before(self, target: int) -> int | None:
        """Where to seek for the last keyframe that is not shown after `target`; None if the index has none."""
        return self._entry(target, backward=True)

    def _entry(self, target: int, *, backward: bool) -> int | None:
        found = self._entries.search_timestamp(target - self._delay, backward=backward)
        return self._entries[found].timestamp + self._delay if found >= 0 else None

    def _is_covered(self) -> bool:
        return len(self._entries) > 0 and self._entries[-1].timestamp - self.start > COVERED * self.length

    def _first_delay(self) -> int:
        """Some indices have the times of decoding, which are so much earlier; but FFmpeg seeks by those of showing."""
        if not self.is_indexed:
            return 0
        delay = self.start - self._entries[0].timestamp
        return delay if 0 < delay * self.unit <= LONGEST_DELAY else 0


def middles(timeline: Timeline, count: int) -> list[int]:
    """Of `count` equal intervals, or what is next after them."""
    return [timeline.start - timeline.length * (2 * number + 1) // (-2 * count) for number in range(count)]


def _last(container: InputContainer, stream: VideoStream, tick: Tick) -> int:
    """The end of the last packet. On the way, the demuxer notes its keyframes."""
    last = 0
    with surviving():
        for packet in demux(container, stream):
            tick()
            pts = packet.dts if packet.pts is None else packet.pts
            last = max(last, (pts or 0) + (packet.duration or 0))
    return last
