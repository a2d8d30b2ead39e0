"""Films: what is in them, pictures of them, and files that browsers play."""

import os
from dataclasses import replace

from processors import webp
from processors.base import Work
from processors.media.models import MEMORY_BYTES
from processors.video.models import LIMITS, MEDIA_TYPES, VideoParams, VideoResult

# A cell learns of the operator's choice by the environment alone.
FFMPEG, MEMORY = "DROPOFF_FFMPEG", "DROPOFF_VIDEO_MEMORY_MIB"


class VideoProcessor:
    kind = "video"
    version = "2.0"
    media_types = MEDIA_TYPES
    Params = VideoParams
    Result = VideoResult

    def __init__(self, ffmpeg: str | None = None, memory_mib: int | None = None) -> None:
        """`ffmpeg`: the path of a program for transcodes. `memory_mib`: what encoding may take.

        Without them, what the environment says.
        """
        self._ffmpeg = os.environ.get(FFMPEG, "") if ffmpeg is None else ffmpeg
        self._memory_bytes = (memory_mib or int(os.environ.get(MEMORY) or MEMORY_BYTES >> 20)) << 20
        self.limits = replace(LIMITS, processes=1) if self._ffmpeg else LIMITS

    def warm(self) -> None:
        from processors.video import pipeline  # noqa: F401 - with it, PyAV and FFmpeg

        webp.warm()
        os.environ["SVT_LOG"] = "1"  # errors alone: its library would write to standard error what it is, for each file

    def process(self, work: Work[VideoParams]) -> VideoResult:
        from processors.video.pipeline import run

        return run(work, self._ffmpeg, self._memory_bytes)


processor = VideoProcessor()
