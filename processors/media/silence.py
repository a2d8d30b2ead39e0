"""Where nothing is to be heard, in all channels at once."""

from av.audio.frame import AudioFrame

from processors.media.models import Interval, Silence
from processors.media.sound import Filters

MOST = 10_000  # intervals


class Silences:
    """Listens, with others or alone."""

    def __init__(self, settings: Silence) -> None:
        self._settings = settings
        self._found: list[Interval] = []
        self._since: float | None = None
        self.overflowed = False

    def filters(self, rate: int, _channels: int) -> Filters:
        settings = self._settings
        # A frame tells of one beginning and one end, in this order: so it must be shorter than the shortest silence.
        length = max(1, int(settings.min_seconds * rate / 2))
        return [
            ("asetnsamples", f"n={length}:p=0"),
            ("silencedetect", f"noise={settings.threshold_db}dB:duration={settings.min_seconds}"),
        ]

    def hear(self, frame: AudioFrame) -> None:
        told = frame.metadata
        if start := told.get("lavfi.silence_start"):
            self._since = max(0.0, float(start))
        if end := told.get("lavfi.silence_end"):
            self._end(float(end))

    def intervals(self, seconds: float) -> list[Interval]:
        """In order; one that goes on to the end ends with the sound, which has that many `seconds`."""
        self._end(seconds)
        return self._found

    def _end(self, seconds: float) -> None:
        if self._since is None:
            return
        if len(self._found) < MOST:
            self._found.append(Interval(start=round(self._since, 3), end=round(seconds, 3)))
        else:
            self.overflowed = True
        self._since = None
