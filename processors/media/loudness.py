"""How loud a programme is: EBU R 128, with the gates and the true peak of ITU-R BS.1770-5."""

import math

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from processors.media.models import Loudness
from processors.media.sound import Filters, Listener, listen, mixed
from processors.media.source import Source

ABSOLUTE_GATE = -70.0  # LUFS
CEILING = -1.0  # dBTP: the highest true peak of a programme (EBU R 128)
LIFT = 60  # dB: FFmpeg tells a peak with three decimals, too few for a quiet one
PADDING = 0.2  # seconds: a peak near the end is told with the next full tenth of a second


def measure(
    source: Source, stream: AudioStream, stage: str = "loudness", share: float = 1.0, layout: str | None = None
) -> Loudness:
    """Decode `stream`, from where its container stands to the end, which is `share` of `stage`. Raises `Rejected`.

    `layout`: mixed into which it is heard; default: as it is.
    """
    meter = Meter(layout)
    listen(source, stream, meter.listeners, stage, share)
    return meter.loudness()


def gain_db(loudness: Loudness, target: float) -> float:
    """Decibels that bring a programme to `target` LUFS, or as near as its peaks allow: it is never compressed.

    One that is above the ceiling already may be made softer, but not louder. Silence stays as it is.
    """
    if loudness.integrated is None:
        return 0.0
    room = math.inf if loudness.true_peak is None else max(CEILING - loudness.true_peak, 0.0)
    return min(target - loudness.integrated, room)


class Meter:
    """Measures while others listen, too."""

    def __init__(self, layout: str | None = None) -> None:
        """`layout`: mixed into which the sound is heard; default: as it is."""
        mix: Filters = [mixed(layout)] if layout else []
        self._programme = _Programme(mix)
        self._peak = _Peak(mix)

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

    def __init__(self, mix: Filters) -> None:
        self._mix = mix
        self.integrated = -math.inf
        self.range = 0.0

    def filters(self, _rate: int, _channels: int) -> Filters:
        return [*self._mix, ("ebur128", "metadata=1:framelog=quiet")]

    def hear(self, frame: AudioFrame) -> None:
        told = frame.metadata
        if "lavfi.r128.I" in told:
            self.integrated = float(told["lavfi.r128.I"])
            self.range = float(told["lavfi.r128.LRA"])


class _Peak:
    """The highest between the samples, too: four times oversampled."""

    def __init__(self, mix: Filters) -> None:
        self._mix = mix
        self._highest = 0.0

    def filters(self, _rate: int, _channels: int) -> Filters:
        return [
            *self._mix,
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
