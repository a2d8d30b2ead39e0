"""The way of a sound: open, choose a stream, do what was asked for, describe."""

from processors.audio import models
from processors.audio.models import Operation
from processors.base import Work
from processors.media import audio_file, cover
from processors.media.job import Job
from processors.media.loudness import Meter
from processors.media.memory import walled
from processors.media.models import AudioOutput, Silence, Waveform
from processors.media.opening import choose_audio
from processors.media.probe import describe, first_frame
from processors.media.silence import MOST as MOST_SILENCES
from processors.media.silence import Silences
from processors.media.sound import listen
from processors.media.waveform import Peaks

# How long each takes, about, beside the others; probing is always done. Those that listen share one pass.
LISTENING: dict[Operation, float] = {"waveform": 10, "loudness": 30, "silence": 6}
WEIGHTS: dict[Operation, float] = {"probe": 1, "cover": 1, "audio": 60}


def run(work: Work[models.AudioParams]) -> models.AudioResult:
    with walled():
        return _Sound(work, _weights(work.params)).run()


class _Sound(Job[models.AudioParams]):
    def run(self) -> models.AudioResult:
        self.source.plan.report("probe", 0)
        with self.source.open() as container:
            stream = choose_audio(container)
            told = describe(container, None, None, layout=self.source.layout(), gps=self.params.gps == "keep")
            first_frame(self.source, container, stream)
        if self.params.wants("cover"):
            with self.tolerating("cover"):
                self.made["cover"] = cover.make(self.source)
        if wanted := [name for name in LISTENING if self.params.wants(name)]:
            with self.tolerating(*wanted):
                told["duration"] = self._listen()
        if self.params.wants("audio"):
            with self.tolerating("audio"):
                self.made["sound"] = audio_file.make(
                    self.source,
                    self.params.audio or AudioOutput(),
                    strip_metadata=self.params.strip_metadata,
                    loudness=self.made.get("loudness"),
                )
        return models.AudioResult(**told, **self.made, errors=self.tolerance.errors, warnings=self.source.notes)

    def _listen(self) -> float:
        """What needs every sample, in one pass. Returns the duration as it was heard, in seconds."""
        with self.source.open() as container:
            stream = choose_audio(container)
            peaks = Peaks(self.params.waveform or Waveform(), stream) if self.params.wants("waveform") else None
            meter = Meter() if self.params.wants("loudness") else None
            silences = Silences(self.params.silence or Silence()) if self.params.wants("silence") else None
            listeners = [one for one in (peaks, silences) if one] + list(meter.listeners if meter else ())
            heard = listen(self.source, stream, listeners, "listening")
        if peaks:
            self.made["waveform"] = peaks.save(self.source, heard.rate)
        if meter:
            self.made["loudness"] = meter.loudness()
        if silences:
            self.made["silences"] = silences.intervals(heard.seconds)
            if silences.overflowed:
                self.source.note(f"Only the first {MOST_SILENCES:,} silences are told.")
        return round(heard.seconds, 3)


def _weights(params: models.AudioParams) -> dict[str, float]:
    listening = sum(weight for name, weight in LISTENING.items() if params.wants(name))
    wanted: dict[str, float] = {"probe": WEIGHTS["probe"]}
    if params.wants("cover"):
        wanted["cover"] = WEIGHTS["cover"]
    if listening:
        wanted["listening"] = listening
    if params.wants("audio"):
        wanted["audio"] = WEIGHTS["audio"]
    return wanted
