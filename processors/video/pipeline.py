"""The way of a video: open, choose a stream, look at a frame, do what was asked for, describe."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors import webp
from processors.base import Rejected, Work
from processors.media.frames import HDR_TRANSFERS, picture
from processors.media.models import NotMade
from processors.media.opening import choose_video, decoding
from processors.media.probe import describe
from processors.media.progress import Plan
from processors.media.source import Source
from processors.video import hls, models, transcode
from processors.video.look import Look
from processors.video.models import Operation
from processors.video.poster import Search

QUALITY = 80

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
        self.source.plan.report("probe", 0)
        with self.source.open() as container:
            stream = choose_video(container, self.params.limits)
            if stream is None:
                raise _nothing_to_show(container)
            search = Search(self.source, self.params.poster or models.Poster(), container, stream)
            with decoding():
                frame = search.find()
            if frame is None:
                raise Rejected("corrupt_input", "Not a single frame of the video can be decoded.")
            told = describe(container, stream, frame)
            self._warn(frame, search)
            if self.params.wants("poster"):
                with self._tolerating("poster"):
                    self.made["poster"] = self._poster(stream, frame, search)
            look, titles = Look.at(stream, frame), labels(container, self.params.strip_metadata)
            del search, stream, frame  # the decoder, with the frames that it refers to
        if self.params.wants("transcode"):
            with self._tolerating("transcode"):
                settings = self.params.transcode or models.Transcode()
                self.made["transcodes"] = transcode.make(self.source, look, settings, titles)
        if self.params.wants("hls"):
            with self._tolerating("hls"):
                self.made["hls"] = hls.make(self.source, look, self.params.hls or models.Hls())
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

    @contextmanager
    def _tolerating(self, operation: Operation) -> Iterator[None]:
        """Around one operation: the others may be done without it, if that is what was asked for."""
        try:
            yield
        except Rejected as rejected:
            if self.params.on_error == "fail":
                raise
            self.failed.append(NotMade(operation=operation, code=rejected.code, detail=rejected.detail))

    def _poster(self, stream: VideoStream, frame: VideoFrame, search: Search) -> models.Picture:
        settings = self.params.poster or models.Poster()
        with decoding():
            image = picture(frame, stream.sample_aspect_ratio, settings.width)
        path = self.source.work.output("poster.webp", "image/webp", width=image.width, height=image.height)
        webp.save(image, path, QUALITY)
        return models.Picture(file=path.name, width=image.width, height=image.height, at=search.seconds(frame))

    def _warn(self, frame: VideoFrame, search: Search) -> None:
        if search.damaged or frame.is_corrupt:
            self.source.note("The video is damaged; the poster may be, too.")
        if frame.color_trc in HDR_TRANSFERS:
            self.source.note("The video is HDR; the poster is not tone-mapped and looks flat.")


def labels(container: InputContainer, strip: bool) -> dict[str, str]:
    """The tags that outputs bear: titles, unless the file's own are to stay."""
    return {name: text for name, text in container.metadata.items() if not strip or name == "title"}


def _nothing_to_show(container: InputContainer) -> Rejected:
    if container.streams.audio:
        return Rejected("unsupported_input", "There is no video in this file, only audio.")
    return Rejected("corrupt_input", "There is no video stream in this file.")
