"""Pictures that are taken in any order and shown in theirs: raw in a scratch file, so that none is in memory."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from av.video.frame import VideoFrame
from PIL import Image

from processors.media.frames import scaled
from processors.video.decoder import when
from processors.video.models import Accuracy
from processors.video.timeline import Timeline, middles
from processors.webp import Size

CHANNELS = 3


class Reel:
    """An album of frames spread over the video's length. Its file is gone when it is."""

    def __init__(self, timeline: Timeline, count: int, size: Size, folder: Path) -> None:
        self.moments: Sequence[int] = middles(timeline, count)
        self.accuracy: Accuracy = "auto"
        self.size = size
        self._slots: dict[int, tuple[int, int]] = {}  # number -> when it is shown, and where it lies
        self._bytes = size[0] * size[1] * CHANNELS
        path = folder / "preview.raw"
        self._file = path.open("w+b", buffering=0)
        path.unlink()

    def take(self, numbers: Sequence[int], frame: VideoFrame, seek_to: int | None) -> None:
        os.pwrite(self._file.fileno(), scaled(frame, self.size).tobytes(), numbers[0] * self._bytes)
        self._slots |= dict.fromkeys(numbers, (when(frame), numbers[0]))

    @property
    def distinct(self) -> int:
        return len({shown for shown, _ in self._slots.values()})

    def pictures(self) -> Iterator[Image.Image]:
        """In the order of the moments; what was taken for several of them comes once."""
        before = None
        for _, (shown, slot) in sorted(self._slots.items()):
            if shown != before:
                yield Image.frombytes("RGB", self.size, os.pread(self._file.fileno(), self._bytes, slot * self._bytes))
            before = shown

    def close(self) -> None:
        self._file.close()
