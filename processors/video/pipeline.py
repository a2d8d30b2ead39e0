"""The way of a video: open, choose a stream, look at a frame, do what was asked for, describe."""

from collections.abc import Mapping
from typing import Any

from av.video.frame import VideoFrame

from processors.base import Work
from processors.media import audio_file, waveform
from processors.media.frames import HDR_TRANSFERS
from processors.media.job import Job
from processors.media.memory import walled
from processors.media.models import MEMORY_BYTES, AudioOutput, Waveform
from processors.media.opening import choose_audio, choose_video, decoding
from processors.media.probe import describe, first_frame
from processors.video import hls, models, pictures, subtitles, transcode, web
from processors.video.look import Look
from processors.video.models import Operation
from processors.video.shots import WITHOUT_DEBLOCKING, is_small

OF_PICTURES: tuple[Operation, ...] = ("poster", "storyboard", "preview", "transcode", "hls")

# In the order in which they are done, and how long each takes, about, beside the others; probing is always done. What
# encodes the film comes last: it needs more memory.
WEIGHTS: Mapping[str, float] = {
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
ENCODING = frozenset({"web", "transcode", "hls"})


def run(work: Work[models.VideoParams], ffmpeg: str = "", memory_bytes: int = MEMORY_BYTES) -> models.VideoResult:
    """`ffmpeg`: the path of a program for transcodes, if the operator chose one. `memory_bytes`: what they may take."""
    return _Film(work, ffmpeg, memory_bytes).run()


class _Film(Job[models.VideoParams]):
    def __init__(self, work: Work[models.VideoParams], ffmpeg: str, memory_bytes: int) -> None:
        order = [name for name in WEIGHTS if name == "probe" or work.params.wants(name)]
        self._web_encodes = work.params.web is not None and work.params.web.policy == "always"
        if self._web_encodes:
            order.sort(key=lambda name: name in ENCODING)
        super().__init__(work, {name: WEIGHTS[name] for name in order}, memory_bytes)
        self.look: Look | None = None
        self._ffmpeg = ffmpeg

    def run(self) -> models.VideoResult:
        with walled():
            told = self._look()
            if not self._web_encodes:
                self._make_web(told)
            self._copy()
        if self._web_encodes:
            self._make_web(told)
        self._encode()
        return models.VideoResult(**told, **self.made, errors=self.tolerance.errors, warnings=self.source.notes)

    def _make_web(self, told: dict[str, Any]) -> None:
        if self.params.wants("web"):
            with self.tolerating("web"):
                settings = self.params.web or models.Web()
                self.made["web"] = web.make(self.source, told, self.look, settings, self.params.strip_metadata)

    def _copy(self) -> None:
        """The sound, and the subtitles."""
        if self.params.wants("audio"):
            with self.tolerating("audio"):
                sound = self.params.audio or AudioOutput()
                self.made["sound"] = audio_file.make(self.source, sound, strip_metadata=self.params.strip_metadata)
        if self.params.wants("waveform"):
            with self.tolerating("waveform"):
                self.made["waveform"] = waveform.make(self.source, self.params.waveform or Waveform())
        if self.params.wants("subtitles"):
            with self.tolerating("subtitles"):
                self.made["subtitle_files"] = subtitles.make(self.source)

    def _encode(self) -> None:
        """What takes as long as the film, by demuxers and decoders of its own."""
        if self.look is None:
            return
        if self.params.wants("transcode"):
            with self.tolerating("transcode"):
                settings = self.params.transcode or models.Transcode()
                self.made["transcodes"] = transcode.make(
                    self.source, self.look, settings, self.params.strip_metadata, self._ffmpeg
                )
        if self.params.wants("hls"):
            with self.tolerating("hls"):
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
            if self.params.wants("transcode") and self.params.on_error == "fail" and not self._ffmpeg:
                settings = self.params.transcode or models.Transcode()  # better now than after all the rest
                transcode.check(self.source, stream.codec_context, self.look, settings)
            if pictures.wanted(self.params):
                with self.tolerating(*pictures.wanted(self.params)), decoding():
                    made = pictures.Pictures(self.source, self.params, (container, stream), shown)
                    del frame, shown  # they may be large
                    self.made |= made.make(self.tolerating)
        return told

    def _leave_out_pictures(self) -> None:
        if unwanted := [name for name in OF_PICTURES if self.params.wants(name)]:
            self.source.note(f"There is no video in this file, only sound: {', '.join(unwanted)} left out.")
