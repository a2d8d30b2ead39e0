"""Peaks to draw: the lowest and the highest of all samples under each point, in the formats of audiowaveform.

The channels' mean is taken sample by sample, as audiowaveform does. FFmpeg finds the extremes of small chunks; they
are joined here until there are as many as were asked for, since the length is known only at the end.
"""

import json
import math
import struct
from array import array
from collections.abc import Iterable
from itertools import chain

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from processors.media.models import Waveform, WaveformMade
from processors.media.opening import choose_audio
from processors.media.sound import Filters, listen, promised_samples
from processors.media.source import Source

FULL_SCALE = 32768
VERSION = 2
FLAG_8_BIT = 1
CHUNKS_PER_POINT = 8  # if the file is as long as it says; if it isn't, no more than a ninth of the points is lost
CHUNKS_PER_POINT_OF_MANY = 4
MANY_POINTS = 4000
MOST_PER_POINT = 16
LEAST_SAMPLES = 2  # for a pair; audiowaveform takes no fewer
MEASURE = "metadata=1:reset=1:measure_overall=none:measure_perchannel=Min_level+Max_level"
MEDIA_TYPES = {"json": "application/json", "dat": "application/octet-stream"}


def make(source: Source, settings: Waveform, stage: str = "waveform") -> WaveformMade:
    """Decode the file's sound for its peaks alone. Raises `Rejected`."""
    with source.open() as container:
        stream = choose_audio(container)
        peaks = Peaks(settings, stream)
        heard = listen(source, stream, [peaks], stage)
    return peaks.save(source, heard.rate)


class Peaks:
    """Listens, with others or alone, and writes what it heard."""

    def __init__(self, settings: Waveform, stream: AudioStream) -> None:
        self._settings = settings
        each = CHUNKS_PER_POINT if settings.points < MANY_POINTS else CHUNKS_PER_POINT_OF_MANY
        self._chunk = max(LEAST_SAMPLES, math.ceil(promised_samples(stream) / (settings.points * each)))
        self._lows = array("h")
        self._highs = array("h")
        self._joined = 1  # chunks in each pair
        self._low = self._high = 0  # of the pair that is being filled
        self._filled = 0

    def filters(self, _rate: int, channels: int) -> Filters:
        mean = "+".join(f"{FULL_SCALE / channels}*c{number}" for number in range(channels))
        return [
            ("aformat", "sample_fmts=fltp"),
            ("pan", f"mono|c0={mean}"),
            ("asetnsamples", f"n={self._chunk}:p=0"),
            ("astats", MEASURE),
        ]

    def hear(self, frame: AudioFrame) -> None:
        told = frame.metadata
        lowest, highest = float(told["lavfi.astats.1.Min_level"]), float(told["lavfi.astats.1.Max_level"])
        low, high = (_whole(lowest), _whole(highest)) if lowest <= highest else (0, 0)  # not a single number in it
        if self._filled:
            low, high = min(low, self._low), max(high, self._high)
        self._low, self._high = low, high
        self._filled += 1
        if self._filled == self._joined:
            self._keep()

    def save(self, source: Source, rate: int) -> WaveformMade:
        """The output `waveform.json` or `waveform.dat`."""
        if self._filled:
            self._keep()
        self._join(math.ceil(len(self._lows) / self._settings.points))
        name = f"waveform.{self._settings.format}"
        content = self._dat(rate) if self._settings.format == "dat" else self._json(rate)
        source.work.output(name, MEDIA_TYPES[self._settings.format]).write_bytes(content)
        return WaveformMade(
            file=name,
            points=len(self._lows),
            bits=self._settings.bits,
            sample_rate=rate,
            samples_per_pixel=self._chunk * self._joined,
        )

    def _keep(self) -> None:
        self._lows.append(self._low)
        self._highs.append(self._high)
        self._filled = 0
        if len(self._lows) >= self._settings.points * MOST_PER_POINT:
            self._join(2)

    def _join(self, count: int) -> None:
        """Make one pair of each `count`."""
        if count > 1:
            self._lows = array("h", map(min, *(_every(self._lows, count))))
            self._highs = array("h", map(max, *(_every(self._highs, count))))
            self._joined *= count

    def _values(self) -> Iterable[int]:
        values = chain.from_iterable(zip(self._lows, self._highs, strict=True))
        return (int(value / 256) for value in values) if self._settings.bits == 8 else values

    def _json(self, rate: int) -> bytes:
        told = {
            "version": VERSION,
            "channels": 1,
            "sample_rate": rate,
            "samples_per_pixel": self._chunk * self._joined,
            "bits": self._settings.bits,
            "length": len(self._lows),
            "data": list(self._values()),
        }
        return json.dumps(told, separators=(",", ":")).encode()

    def _dat(self, rate: int) -> bytes:
        flags = FLAG_8_BIT if self._settings.bits == 8 else 0
        header = struct.pack("<iIiiIi", VERSION, flags, rate, self._chunk * self._joined, len(self._lows), 1)
        values = list(self._values())
        return header + struct.pack(f"<{len(values)}{'b' if self._settings.bits == 8 else 'h'}", *values)


def _every(values: "array[int]", count: int) -> "list[array[int]]":
    """`count` arrays: each pair's first, second, ... The last pair is filled up with its last value."""
    missing = -len(values) % count
    full = values + values[-1:] * missing
    return [full[start::count] for start in range(count)]


def _whole(level: float) -> int:
    """Towards zero, as audiowaveform cuts the mean, and within 16 bits."""
    return int(max(-FULL_SCALE, min(FULL_SCALE - 1, level)))
