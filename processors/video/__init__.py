"""Films: what is in them, pictures of them, and files that browsers play."""

import os
from dataclasses import replace

from processors import webp
from processors.base import Work
from processors.video.models import LIMITS, MEDIA_TYPES, VideoParams, VideoResult

FFMPEG = "DROPOFF_FFMPEG"  # a cell learns of the operator's choice by the environment alone


class VideoProcessor:
    kind = "video"
    version = "2.0"
    media_types = MEDIA_TYPES
    Params = VideoParams
    Result = VideoResult

    def __init__(self, ffmpeg: str | None = None) -> None:
        """`ffmpeg`: the path of a program for transcodes; without it, what the environment says."""
        self._ffmpeg = os.environ.get(FFMPEG, "") if ffmpeg is None else ffmpeg
        self.limits = replace(LIMITS, processes=1) if self._ffmpeg else LIMITS

    def warm(self) -> None:
        from processors.video import pipeline  # noqa: F401 - with it, PyAV and FFmpeg

        webp.warm()
        os.environ["SVT_LOG"] = "1"  # errors alone: its library would write to standard error what it is, for each file

    def process(self, work: Work[VideoParams]) -> VideoResult:
        from processors.video.pipeline import run

        return run(work, self._ffmpeg)


processor = VideoProcessor()
