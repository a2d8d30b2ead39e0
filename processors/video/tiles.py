"""Small pictures over the length of a video, each with its true time."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from threading import Lock

from av.video.frame import VideoFrame
from PIL import Image

from processors.media.frames import liveliness, picture, scaled
from processors.video.decoder import when
from processors.video.models import Accuracy
from processors.video.timeline import Timeline
from processors.webp import Size

MOST_ENTROPY = 8.0  # of the luma in bits: whatever is damaged comes behind all that is not


@dataclass(frozen=True, slots=True)
class Shot:
    """`seek_to` leads to the keyframe that it is, or that it needs."""

    pts: int
    life: float
    seek_to: int | None
    image: Image.Image

    @property
    def rank(self) -> tuple[float, int]:
        """The livelier is greater, then the earlier."""
        return self.life, -self.pts


@dataclass(frozen=True, slots=True)
class Tile:
    """Stands for the video from `start` to `end`, in seconds, and shows what is at `time`."""

    start: float
    end: float
    time: float
    image: Image.Image


class Tiles:
    """An album of shots of one size.

    Where they are exact, and with a `poster_width`, the liveliest is kept in this width besides: it would be dear to
    decode again.
    """

    def __init__(
        self,
        timeline: Timeline,
        moments: Sequence[int],
        size: Size,
        aspect: Fraction | None,
        accuracy: Accuracy,
        poster_width: int | None,
    ) -> None:
        self.moments = moments
        self.size = size
        self.accuracy = accuracy
        self.poster: tuple[Shot, Image.Image] | None = None
        self._timeline = timeline
        self._aspect = aspect
        self._poster_width = poster_width
        self._shots: dict[int, Shot] = {}
        self._lock = Lock()

    def take(self, numbers: Sequence[int], frame: VideoFrame, seek_to: int | None) -> None:
        image = scaled(frame, self.size)
        life = liveliness(image) - (MOST_ENTROPY if frame.is_corrupt else 0)
        shot = Shot(when(frame), life, seek_to, image)
        self._shots |= dict.fromkeys(numbers, shot)
        if self._poster_width and self.accuracy == "exact":
            with self._lock:
                self._keep(shot, frame, self._poster_width)

    def _keep(self, shot: Shot, frame: VideoFrame, width: int) -> None:
        if self.poster is None or shot.rank > self.poster[0].rank:
            self.poster = shot, picture(frame, self._aspect, width)

    @property
    def distinct(self) -> int:
        return len({shot.pts for shot in self._shots.values()})

    @property
    def liveliest(self) -> Shot | None:
        """The first of them, where several are."""
        return max(self._shots.values(), key=lambda shot: shot.rank, default=None)

    def cut(self) -> list[Tile]:
        """Of equal intervals. Neighbours with the same frame are one tile, and so is one for which there was none."""
        firsts: list[tuple[int, Shot]] = []
        for number, shot in sorted(self._shots.items()):
            if not firsts or firsts[-1][1].pts != shot.pts:
                firsts.append((number, shot))
        bounds = [0.0, *(self._seconds(number) for number, _ in firsts[1:]), self._seconds(len(self.moments))]
        return [
            Tile(start, end, self._timeline.seconds(shot.pts), shot.image)
            for (_, shot), (start, end) in zip(firsts, pairwise(bounds), strict=True)
        ]

    def _seconds(self, number: int) -> float:
        """Where the interval so numbered begins."""
        timeline = self._timeline
        return timeline.seconds(timeline.start + timeline.length * number // len(self.moments))
