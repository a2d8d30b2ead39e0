"""Finds a frame worth showing, and makes a picture of it."""

import math
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import islice

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from PIL import Image
from PIL.Image import Transpose

from processors.base import Work
from processors.video.models import VideoParams
from processors.webp import Size, fit

POSITIONS = (0.1, 0.25, 0.5, 0.0)  # of the duration: a film often begins black, and ends so
LIVELY = 4.0  # bits of entropy in the luma histogram: black has 0, a title 1 to 2, a scene 6 to 7
MOST_ENTROPY = 8.0
LOOK_AHEAD_FRAMES = 240  # where no keyframe was lively
LOOK_EVERY = 12
WALK_FRAMES = 3000  # from a keyframe to the second that somebody asked for
BEFORE_THE_BEGINNING = 10_000_000  # microseconds
BAD_PACKETS = 200  # in a row; then a position is given up
HD_HEIGHT = 720  # video of this height that doesn't say is BT.709, by custom
COLORSPACE_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED

# Clockwise degrees -> Pillow's anticlockwise turns.
TURNS = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}


class Search:
    """Decodes here and there in one stream. `decoded` counts frames, `damaged` packets."""

    def __init__(self, work: Work[VideoParams], container: InputContainer, stream: VideoStream) -> None:
        self.decoded = 0
        self.damaged = 0
        self._work = work
        self._container = container
        self._stream = stream
        self._start = container.start_time or 0
        self._duration = max(container.duration or 0, 0)

    def find(self) -> VideoFrame | None:
        """The frame that was asked for, or a lively one, or at least one. None if nothing can be decoded."""
        wanted = self._work.params.poster_at
        if wanted is not None and (frame := self._frame_at(wanted)):
            return frame
        best, liveliness = None, -math.inf
        for frame in self._candidates():
            if (score := _liveliness(frame)) > liveliness:
                best, liveliness = frame, score
            if liveliness >= LIVELY:
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
            self._work.report("poster", self.decoded, None, "frames")
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


def _liveliness(frame: VideoFrame) -> float:
    """Entropy of the luma histogram, in bits, over a tiny picture; damaged frames come behind all whole ones."""
    entropy = _to_image(frame, (64, 36)).convert("L").entropy()
    return entropy - MOST_ENTROPY if frame.is_corrupt else entropy


def rotation(frame: VideoFrame) -> int:
    """Degrees clockwise that the frame is to be turned. Anything but a quarter is taken for a mistake."""
    return turn if (turn := -frame.rotation % 360) in TURNS else 0


def display_size(frame: VideoFrame, aspect: Fraction | None) -> Size:
    """As displayed: with square pixels, and upright. `aspect` is that of a stored pixel."""
    width = round(frame.width * aspect) if aspect else frame.width
    return (frame.height, width) if rotation(frame) in (90, 270) else (width, frame.height)


def picture(frame: VideoFrame, aspect: Fraction | None, width: int) -> Image.Image:
    """The frame upright, `width` wide at most, in RGB."""
    size = fit(display_size(frame, aspect), width)
    turn = rotation(frame)
    stored = (size[1], size[0]) if turn in (90, 270) else size
    image = _to_image(frame, stored)
    return image.transpose(TURNS[turn]) if turn else image


def _to_image(frame: VideoFrame, size: Size) -> Image.Image:
    is_hd = frame.colorspace == COLORSPACE_UNSPECIFIED and frame.height >= HD_HEIGHT
    image: Image.Image = frame.to_image(  # type: ignore[no-untyped-call] # PyAV leaves it untyped
        width=size[0],
        height=size[1],
        interpolation="AREA",
        src_colorspace=Colorspace.ITU709 if is_hd else None,
        threads=1,
    )
    return image
