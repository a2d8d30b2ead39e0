"""Finds a frame worth showing."""

import math
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.media.frames import liveliness
from processors.media.source import Source
from processors.video.models import Poster

POSITIONS = (0.1, 0.25, 0.5, 0.0)  # of the duration: a film often begins black, and ends so
LIVELY = 4.0  # bits of entropy in the luma histogram: black has 0, a title 1 to 2, a scene 6 to 7
LOOK_AHEAD_FRAMES = 240  # where no keyframe was lively
LOOK_EVERY = 12
WALK_FRAMES = 3000  # from a keyframe to the second that somebody asked for
BEFORE_THE_BEGINNING = 10_000_000  # microseconds
BAD_PACKETS = 200  # in a row; then a position is given up


class Search:
    """Decodes here and there in one stream. `decoded` counts frames, `damaged` packets."""

    def __init__(self, source: Source, settings: Poster, container: InputContainer, stream: VideoStream) -> None:
        self.decoded = 0
        self.damaged = 0
        self._source = source
        self._settings = settings
        self._container = container
        self._stream = stream
        self._start = container.start_time or 0
        self._duration = max(container.duration or 0, 0)

    def find(self) -> VideoFrame | None:
        """The frame that was asked for, or a lively one, or at least one. None if nothing can be decoded."""
        wanted = self._settings.at
        if wanted is not None and (frame := self._frame_at(wanted)):
            return frame
        best, most = None, -math.inf
        for frame in self._candidates():
            if (score := liveliness(frame)) > most:
                best, most = frame, score
            if most >= LIVELY:
                break
        return best

    def seconds(self, frame: VideoFrame) -> float | None:
        """When the frame is shown, from the video's beginning."""
        return None if frame.pts is None else max(0.0, round(frame.time - self._start / av.time_base, 3))

    def _candidates(self) -> Iterator[VideoFrame]:
        """A keyframe at each position, then frames from the beginning: cheap ones first."""
        for position in POSITIONS if self._duration else (0.0,):
            yield from islice(self._frames(int(position * self._duration)), 1)
        yield from islice(self._frames(0), LOOK_EVERY, LOOK_AHEAD_FRAMES, LOOK_EVERY)

    def _frame_at(self, seconds: float) -> VideoFrame | None:
        """The first frame from `seconds` on, or the last one before the end; from the start where seeking fails."""
        last = None
        for offset in (min(int(seconds * av.time_base), self._duration), 0):
            for last in islice(self._frames(offset), WALK_FRAMES):
                if (now := self.seconds(last)) is not None and now >= seconds:
                    return last
            if last is not None:
                break
        return last

    def _frames(self, offset: int) -> Iterator[VideoFrame]:
        """Frames from the last keyframe before `offset` microseconds on. Damaged packets are passed over."""
        bad = 0
        for packet in self._packets(offset):
            self._source.plan.report("probe", None, f"{self.decoded} frames")
            frames = self._decode(packet)
            if frames is None:
                bad += 1
                self.damaged += 1
                if bad >= BAD_PACKETS:
                    return
                continue
            bad = 0
            self.decoded += len(frames)
            yield from frames

    def _packets(self, offset: int) -> "Iterator[Packet[VideoStream]]":
        # A transport stream finds its first keyframe only from well before the beginning.
        target = self._start + offset if offset else self._start - BEFORE_THE_BEGINNING
        with suppress(FFmpegError):  # what can't seek goes on from where it is
            self._container.seek(target)
        try:
            yield from self._container.demux(self._stream)
        except FFmpegError as wrong:
            if isinstance(wrong, MemoryError):
                raise

    def _decode(self, packet: "Packet[VideoStream]") -> list[VideoFrame] | None:
        """The frames that a packet completes; None if it is damaged."""
        try:
            return self._stream.decode(packet)
        except FFmpegError as wrong:
            if isinstance(wrong, MemoryError):
                raise
            return None
