"""How far a job of several stages is: weighted, never back, and null where nobody knows a denominator."""

import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from pydantic import BaseModel

from processors.base import Rejected, Work

ALMOST = 0.99  # of a stage, until its output is whole
PAST = 1.02  # of a duration: the last packet may stand a little behind it
APART = 0.3  # by which time and bytes may differ: films are not as dense everywhere


class Plan:
    """The stages of one job, each with its share of the work; they come in this order.

    Every loop over packets or frames calls `report`, which is cheap: it also hears a cancel, and looks at the clock.
    """

    def __init__(
        self,
        work: Work[BaseModel],
        weights: Mapping[str, float],
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work = work
        self._weights = weights
        self._total = sum(weights.values())
        self._fractions = dict.fromkeys(weights, 0.0)
        self._clock = clock
        self._timeout = timeout
        self._started = clock()
        self._said: tuple[str, float | None, str] | None = None

    def alive(self) -> None:
        """Says the last report again: the work goes on, though the number stands still."""
        if self._said:
            self.report(*self._said)

    def report(self, stage: str, fraction: float | None, message: str = "") -> None:
        """`fraction` of `stage` is done; None: there is no telling. Raises `Cancelled`, or `Rejected` past the time.

        A fraction beyond the stage's end or behind an earlier one is clamped.
        """
        self._said = stage, fraction, message
        if self._clock() - self._started > self._timeout:
            raise Rejected("limit_exceeded", f"The work takes longer than {self._timeout:g} seconds; it was {stage}.")
        if fraction is None:
            self._work.report(stage, 0, None, "", message)
            return
        self._advance(stage, fraction)
        done = sum(self._weights[name] * part for name, part in self._fractions.items())
        self._work.report(stage, 100 * done / self._total, 100, "%", message)

    def _advance(self, stage: str, fraction: float) -> None:
        """Whatever comes before `stage` is over, even where it was skipped or had no fraction."""
        for name in self._fractions:
            if name == stage:
                self._fractions[name] = max(self._fractions[name], min(fraction, 1.0))
                return
            self._fractions[name] = 1.0
        raise KeyError(stage)


class Meter:
    """How far one pass over the packets of `stream` is, or over all of the container's where `stream` is None.

    Time counts: it is even where bytes aren't. What a complete index says holds. A duration that merely stands in a
    header may lie, so bytes overrule it once the two are far apart.
    """

    def __init__(self, container: InputContainer, stream: Stream | None, size: int) -> None:
        self._size = size
        self._bases = {one.index: float(one.time_base or 0) for one in container.streams}
        indexed = _indexed(stream) if stream else None
        self._is_indexed = indexed is not None
        self._start, self._duration = indexed or _declared(container, stream)
        self._time: float | None = None
        self._bytes: float | None = None
        self._most: float | None = None

    def fraction(self, at: "Packet[Any] | float | None") -> float | None:
        """At a packet, or at a time as `frame.time` tells it, in seconds. Never back, and at most 0.99.

        The rest is for whoever finishes the output. None: there is no telling.
        """
        if isinstance(at, Packet):
            self._look(at)
        elif at is not None:
            self._pass(at)
        if (now := self._best()) is not None:
            self._most = max(self._most or 0.0, min(now, ALMOST))
        return self._most

    def _look(self, packet: "Packet[Any]") -> None:
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is not None:
            self._pass(stamp * self._bases.get(packet.stream_index, 0.0))
        if self._size and (position := packet.pos) is not None:
            self._bytes = (position + packet.size) / self._size

    def _pass(self, seconds: float) -> None:
        if self._duration:
            self._time = (seconds - self._start) / self._duration

    def _best(self) -> float | None:
        """Drops the duration for good where it turns out to lie."""
        if self._time is None or self._bytes is None or self._is_indexed:
            return self._bytes if self._time is None else self._time
        if self._time > PAST or abs(self._time - self._bytes) > APART:
            self._time, self._duration = None, 0.0
            return self._bytes
        return self._time


def _indexed(stream: Stream) -> tuple[float, float] | None:
    """Start and length in seconds by the index, where it has every packet."""
    index, base = stream.index_entries, stream.time_base
    count = len(index)
    if not base or count < 2 or count != stream.frames:
        return None
    first, last = index[0].timestamp, index[-1].timestamp
    length = (last - first) * count / (count - 1)  # the last packet lasts, too
    return (float(first * base), float(length * base)) if length > 0 else None


def _declared(container: InputContainer, stream: Stream | None) -> tuple[float, float]:
    """Start and length in seconds as the headers have it; a length of zero is none."""
    start, length = container.start_time or 0, container.duration or 0
    base = Fraction(1, av.time_base)
    if stream and stream.time_base and (stream.duration or 0) > 0:
        start, length, base = stream.start_time or 0, stream.duration or 0, stream.time_base
    return float(start * base), max(float(length * base), 0.0)
