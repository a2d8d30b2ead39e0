"""Films: what is in them, and a poster."""

import os

from processors import webp
from processors.base import Work
from processors.video.models import LIMITS, MEDIA_TYPES, VideoParams, VideoResult


class VideoProcessor:
    kind = "video"
    version = "2.0"
    media_types = MEDIA_TYPES
    limits = LIMITS
    Params = VideoParams
    Result = VideoResult

    def warm(self) -> None:
        from processors.video import pipeline  # noqa: F401 - with it, PyAV and FFmpeg

        webp.warm()
        os.environ["SVT_LOG"] = "1"  # errors alone: its library would write to standard error what it is, for each file

    def process(self, work: Work[VideoParams]) -> VideoResult:
        from processors.video.pipeline import run

        return run(work)


processor = VideoProcessor()
