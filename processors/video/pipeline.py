"""The way of a video: open, choose a stream, look at a frame, do what was asked for, describe."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from av.video.frame import VideoFrame

from processors.base import Rejected, Work
from processors.media import audio_file, waveform
from processors.media.frames import HDR_TRANSFERS
from processors.media.models import AudioOutput, NotMade, Waveform
from processors.media.opening import choose_audio, choose_video, decoding
from processors.media.probe import describe, first_frame
from processors.media.progress import Plan
from processors.media.source import Source
from processors.video import hls, models, pictures, subtitles, transcode, web
from processors.video.look import Look
from processors.video.models import Operation
from processors.video.shots import WITHOUT_DEBLOCKING, is_small

OF_PICTURES: tuple[Operation, ...] = ("poster", "storyboard", "preview", "transcode", "hls")

# In the order in which they are done, and how long each takes, about, beside the others; probing is always done.
WEIGHTS: dict[Operation, float] = {
    "probe": 1,
    "storyboard": 10,
    "poster": 2,
    "preview": 5,
    "web": 10,
    "audio": 20,
    "waveform": 20,
    "subtitles": 5,
    "transcode": 300,
    "hls": 300,
}


def run(work: Work[models.VideoParams], ffmpeg: str = "") -> models.VideoResult:
    """`ffmpeg`: the path of a program for transcodes, if the operator chose one."""
    return Job(work, ffmpeg).run()


class Job:
    """One video. Each operation's part of the result is kept under the name of its field."""

    def __init__(self, work: Work[models.VideoParams], ffmpeg: str) -> None:
        self._ffmpeg = ffmpeg
        self.params = work.params
        wanted: dict[str, float] = {
            name: weight for name, weight in WEIGHTS.items() if name == "probe" or work.params.wants(name)
        }
        self.source = Source(work, work.params.limits, Plan(work, wanted, work.params.limits.timeout_s))
        self.made: dict[str, Any] = {}
        self.look: Look | None = None
        self.failed: list[NotMade] = []

    def run(self) -> models.VideoResult:
        told = self._look()
        if self.params.wants("web"):
            with self._tolerating("web"):
                settings = self.params.web or models.Web()
                self.made["web"] = web.make(self.source, told, self.look, settings, self.params.strip_metadata)
        if self.params.wants("audio"):
            with self._tolerating("audio"):
                sound = self.params.audio or AudioOutput()
                self.made["sound"] = audio_file.make(self.source, sound, strip_metadata=self.params.strip_metadata)
        if self.params.wants("waveform"):
            with self._tolerating("waveform"):
                self.made["waveform"] = waveform.make(self.source, self.params.waveform or Waveform())
        if self.params.wants("subtitles"):
            with self._tolerating("subtitles"):
                self.made["subtitle_files"] = subtitles.make(self.source)
        self._encode()
        return models.VideoResult(**told, **self.made, errors=self.failed, warnings=self.source.notes)

    def _encode(self) -> None:
        """What takes as long as the film, by demuxers and decoders of its own."""
        if self.look is None:
            return
        if self.params.wants("transcode"):
            with self._tolerating("transcode"):
                settings = self.params.transcode or models.Transcode()
                self.made["transcodes"] = transcode.make(
                    self.source, self.look, settings, self.params.strip_metadata, self._ffmpeg
                )
        if self.params.wants("hls"):
            with self._tolerating("hls"):
                self.made["hls"] = hls.make(self.source, self.look, self.params.hls or models.Hls())

    def _look(self) -> dict[str, Any]:
        """What is inside, and the pictures of it. Decoder and frames are gone afterwards: of 8K they take 100 MB."""
        self.source.plan.report("probe", 0)
        with self.source.open() as container:
            stream = choose_video(container, self.params.limits)
            if stream is not None and is_small(stream):  # what it decodes is looked at, or shown as tiles
                stream.codec_context.options |= WITHOUT_DEBLOCKING
            frame = first_frame(self.source, container, stream or choose_audio(container))
            shown = frame if isinstance(frame, VideoFrame) else None
            gps = self.params.gps == "keep"
            told = describe(container, stream, shown, layout=self.source.layout(), gps=gps)
            if stream is None or shown is None:
                self._leave_out_pictures()
                return told
            self.look = Look.at(stream, shown)
            if shown.color_trc in HDR_TRANSFERS:
                self.source.note("The video is HDR; its pictures show what an ordinary screen can.")
            if pictures.wanted(self.params):
                with self._tolerating(*pictures.wanted(self.params)), decoding():
                    made = pictures.Pictures(self.source, self.params, (container, stream), shown)
                    del frame, shown  # they may be large
                    self.made |= made.make(self._tolerating)
        return told

    def _leave_out_pictures(self) -> None:
        if unwanted := [name for name in OF_PICTURES if self.params.wants(name)]:
            self.source.note(f"There is no video in this file, only sound: {', '.join(unwanted)} left out.")

    @contextmanager
    def _tolerating(self, *operations: Operation) -> Iterator[None]:
        """Around what is done together: the others may be done without it, if that is what was asked for."""
        try:
            yield
        except Rejected as rejected:
            if self.params.on_error == "fail":
                raise
            self.failed += [NotMade(operation=name, code=rejected.code, detail=rejected.detail) for name in operations]
