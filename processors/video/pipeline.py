"""The way of a video: open, choose a stream, look at a frame, do what was asked for, describe."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from av.video.frame import VideoFrame

from processors import webp
from processors.base import Rejected, Work
from processors.media.frames import HDR_TRANSFERS, picture
from processors.media.models import NotMade
from processors.media.opening import choose_audio, choose_video, decoding
from processors.media.probe import describe, first_frame
from processors.media.progress import Plan
from processors.media.source import Source
from processors.video import models, subtitles, web
from processors.video.models import Operation
from processors.video.poster import Search

QUALITY = 80
PICTURES: tuple[Operation, ...] = ("poster", "storyboard", "preview", "transcode", "hls")

# How long each takes, about, beside the others; probing is always done.
WEIGHTS: dict[Operation, float] = {
    "probe": 1,
    "poster": 2,
    "storyboard": 10,
    "preview": 5,
    "web": 10,
    "transcode": 300,
    "hls": 300,
    "audio": 20,
    "waveform": 20,
    "subtitles": 5,
}


def run(work: Work[models.VideoParams]) -> models.VideoResult:
    return Job(work).run()


class Job:
    """One video. Each operation's part of the result is kept under the name of its field."""

    def __init__(self, work: Work[models.VideoParams]) -> None:
        self.params = work.params
        wanted: dict[str, float] = {
            name: weight for name, weight in WEIGHTS.items() if name == "probe" or work.params.wants(name)
        }
        self.source = Source(work, work.params.limits, Plan(work, wanted, work.params.limits.timeout_s))
        self.made: dict[str, Any] = {}
        self.failed: list[NotMade] = []

    def run(self) -> models.VideoResult:
        told = self._probe()
        if told["video"] is None:
            self._leave_out_pictures()
        elif self.params.wants("poster"):
            with self._tolerating("poster"):
                self.made["poster"] = self._poster()
        if self.params.wants("web"):
            with self._tolerating("web"):
                self.made["web"] = web.make(
                    self.source, told, self.params.web or models.Web(), self.params.strip_metadata
                )
        if self.params.wants("subtitles"):
            with self._tolerating("subtitles"):
                self.made["subtitle_files"] = subtitles.make(self.source)
        return models.VideoResult(
            **told,
            **{
                name: self.made.get(name)
                for name in ("poster", "storyboard", "preview", "web", "hls", "sound", "waveform")
            },
            transcodes=self.made.get("transcodes", []),
            subtitle_files=self.made.get("subtitle_files", []),
            errors=self.failed,
            warnings=self.source.notes,
        )

    def _probe(self) -> dict[str, Any]:
        """The frame and its decoder are gone afterwards: of 8K video they take a hundred megabytes."""
        self.source.plan.report("probe", 0)
        with self.source.open() as container:
            stream = choose_video(container, self.params.limits)
            frame = first_frame(self.source, container, stream or choose_audio(container))
            return describe(
                container,
                stream,
                frame if isinstance(frame, VideoFrame) else None,
                layout=self.source.layout(),
                gps=self.params.gps == "keep",
            )

    @contextmanager
    def _tolerating(self, operation: Operation) -> Iterator[None]:
        """Around one operation: the others may be done without it, if that is what was asked for."""
        try:
            yield
        except Rejected as rejected:
            if self.params.on_error == "fail":
                raise
            self.failed.append(NotMade(operation=operation, code=rejected.code, detail=rejected.detail))

    def _leave_out_pictures(self) -> None:
        if unwanted := [name for name in PICTURES if self.params.wants(name)]:
            self.source.note(f"There is no video in this file, only sound: {', '.join(unwanted)} left out.")

    def _poster(self) -> models.Picture:
        settings = self.params.poster or models.Poster()
        with self.source.open() as container, decoding():
            stream = choose_video(container, self.params.limits)
            assert stream is not None
            search = Search(self.source, settings, container, stream)
            frame = search.find()
            if frame is None:
                raise Rejected("corrupt_input", "Not a single frame of the video can be decoded.")
            image = picture(frame, stream.sample_aspect_ratio, settings.width)
        self._warn(frame, search)
        path = self.source.work.output("poster.webp", "image/webp", width=image.width, height=image.height)
        webp.save(image, path, QUALITY)
        return models.Picture(file=path.name, width=image.width, height=image.height, at=search.seconds(frame))

    def _warn(self, frame: VideoFrame, search: Search) -> None:
        if search.damaged or frame.is_corrupt:
            self.source.note("The video is damaged; the poster may be, too.")
        if frame.color_trc in HDR_TRANSFERS:
            self.source.note("The video is HDR; the poster is not tone-mapped and looks flat.")
