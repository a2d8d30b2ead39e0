"""How loud a programme is: EBU R 128, with the gates and the true peak of ITU-R BS.1770-5."""

import math

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from processors.media.models import Loudness
from processors.media.sound import Filters, Listener, listen
from processors.media.source import Source

ABSOLUTE_GATE = -70.0  # LUFS
LIFT = 60  # dB: FFmpeg tells a peak with three decimals, too few for a quiet one
PADDING = 0.2  # seconds: a peak near the end is told with the next full tenth of a second


def measure(source: Source, stream: AudioStream, stage: str = "loudness", until: float = 1.0) -> Loudness:
    """Decode the file's sound once more and measure it. Progress is that of `stage`, up to its fraction `until`.

    `stream` says which sound; it may belong to another demuxer, which is left as it is. Raises `Rejected`.
    """
    meter = Meter()
    with source.open() as container:
        (own,) = (one for one in container.streams.audio if one.index == stream.index)
        listen(source, container, own, meter.listeners, stage, until)
    return meter.loudness()


class Meter:
    """Measures while others listen, too."""

    def __init__(self) -> None:
        self._programme = _Programme()
        self._peak = _Peak()

    @property
    def listeners(self) -> tuple[Listener, ...]:
        return self._programme, self._peak

    def loudness(self) -> Loudness:
        integrated = self._programme.integrated
        audible = math.isfinite(integrated) and integrated > ABSOLUTE_GATE
        return Loudness(
            integrated=round(integrated, 2) if audible else None,
            range=round(self._programme.range, 2) if audible else None,
            true_peak=self._peak.decibels(),
        )


class _Programme:
    """The values so far come with every tenth of a second; the last are those of the whole."""

    def __init__(self) -> None:
        self.integrated = -math.inf
        self.range = 0.0

    def filters(self, _rate: int, _channels: int) -> Filters:
        return [("ebur128", "metadata=1:framelog=quiet")]

    def hear(self, frame: AudioFrame) -> None:
        told = frame.metadata
        if "lavfi.r128.I" in told:
            self.integrated = float(told["lavfi.r128.I"])
            self.range = float(told["lavfi.r128.LRA"])


class _Peak:
    """The highest between the samples, too: four times oversampled."""

    def __init__(self) -> None:
        self._highest = 0.0

    def filters(self, _rate: int, _channels: int) -> Filters:
        return [
            ("volume", f"{LIFT}dB:precision=double"),
            ("apad", f"pad_dur={PADDING}"),
            ("ebur128", "metadata=1:framelog=quiet:peak=true"),
        ]

    def hear(self, frame: AudioFrame) -> None:
        if told := frame.metadata.get("lavfi.r128.true_peak"):
            self._highest = float(told)

    def decibels(self) -> float | None:
        """dBTP; None for digital silence."""
        if not 0 < self._highest < math.inf:
            return None
        return round(20 * math.log10(self._highest) - LIFT, 2)
