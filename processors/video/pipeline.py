"""The way of a video: open, choose a stream, look at a frame, do what was asked for, describe."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.base import Rejected, Work
from processors.media.frames import HDR_TRANSFERS
from processors.media.models import NotMade
from processors.media.opening import choose_video, decoding
from processors.media.probe import describe
from processors.media.progress import Plan
from processors.media.source import Source
from processors.video import models, pictures
from processors.video.decoder import Decoder
from processors.video.models import Operation
from processors.video.shots import WITHOUT_DEBLOCKING, is_small

LOOK_AT = (0, 0.1, 0.25, 0.5)  # of the duration, until a frame can be decoded

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
            if is_small(stream):  # what it decodes is looked at, or shown as tiles
                stream.codec_context.options |= WITHOUT_DEBLOCKING
            frame = self._first(container, stream)
            told = describe(container, stream, frame)
            if frame.color_trc in HDR_TRANSFERS:
                self.source.note("The video is HDR; its pictures show what an ordinary screen can.")
            if pictures.wanted(self.params):
                with self._tolerating(*pictures.wanted(self.params)), decoding():
                    made = pictures.Pictures(self.source, self.params, (container, stream), frame)
                    del frame  # it may be large
                    self.made |= made.make(self._tolerating)
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
    def _tolerating(self, *operations: Operation) -> Iterator[None]:
        """Around what is done together: the others may be done without it, if that is what was asked for."""
        try:
            yield
        except Rejected as rejected:
            if self.params.on_error == "fail":
                raise
            self.failed += [NotMade(operation=name, code=rejected.code, detail=rejected.detail) for name in operations]

    def _first(self, container: InputContainer, stream: VideoStream) -> VideoFrame:
        """One that can be decoded, which tells what a container doesn't."""
        decoder = Decoder(container, stream, lambda: self.source.plan.report("probe", None))
        with decoding():
            for position in LOOK_AT:
                offset = round((container.duration or 0) / av.time_base * position / (stream.time_base or 1))
                frame = decoder.keyframe((stream.start_time or 0) + offset if position else None)
                if frame is not None:
                    return frame
        raise Rejected("corrupt_input", "Not a single frame of the video can be decoded.")


def _nothing_to_show(container: InputContainer) -> Rejected:
    if container.streams.audio:
        return Rejected("unsupported_input", "There is no video in this file, only audio.")
    return Rejected("corrupt_input", "There is no video stream in this file.")
