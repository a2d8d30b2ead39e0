"""The one picture that stands for a video."""

from collections.abc import Sequence
from fractions import Fraction

from av.video.frame import VideoFrame
from PIL import Image

from processors.media.frames import picture
from processors.media.models import MAX_SECONDS
from processors.media.opening import choose_video, decoding
from processors.video.crew import Media
from processors.video.decoder import Decoder, when
from processors.video.models import Accuracy
from processors.video.shots import Film, exactly, keyframes
from processors.video.tiles import Shot, Tiles

LOOKS = 8  # at keyframes over the length, where no storyboard looks at more
LIVELY = 4.0  # bits of entropy in the luma histogram: black has 0, a title 1 to 2, a scene 6 to 7
LOOK_AHEAD = 20  # frames from the beginning, where no keyframe was lively
LOOK_EVERY = 0.5  # seconds

Poster = tuple[Image.Image, int]  # and when it is shown, in the stream's time base


class Still:
    """An album of the one frame that was asked for."""

    accuracy: Accuracy = "exact"

    def __init__(self, moment: int, aspect: Fraction | None, width: int) -> None:
        self.moments: Sequence[int] = [moment]
        self.distinct = 0
        self.poster: Poster | None = None
        self._aspect = aspect
        self._width = width

    def take(self, numbers: Sequence[int], frame: VideoFrame, seek_to: int | None) -> None:
        self.poster = picture(frame, self._aspect, self._width), when(frame)


def at(film: Film, seconds: float, width: int) -> Poster | None:
    """The first frame from there on, or the last one; None if none can be decoded."""
    still = Still(film.timeline.ticks(min(seconds, MAX_SECONDS)), film.aspect, width)
    if film.is_large:
        film.source.note(
            "The video's frames are too large to look for one between keyframes: the poster is the nearest."
        )
        keyframes(film, "poster", [still])
    else:
        exactly(film, "poster", [still])
    return still.poster


def liveliest(film: Film, tiles: Tiles, width: int) -> Poster | None:
    """Of what the tiles show, or of the beginning where all that is dull; None if there is nothing."""
    best = tiles.liveliest
    if (best is None or best.life < LIVELY) and tiles.accuracy == "keyframe" and not film.is_large:
        ahead = _beginning(film, tiles, width)
        if ahead and (best is None or ahead[0].rank > best.rank):
            return ahead[1], ahead[0].pts
    if tiles.poster is not None:
        return tiles.poster[1], tiles.poster[0].pts
    return _again(film, best, width) if best else None


def _beginning(film: Film, tiles: Tiles, width: int) -> tuple[Shot, Image.Image] | None:
    start = film.timeline.start
    moments = [start + round(number * LOOK_EVERY / film.timeline.unit) for number in range(LOOK_AHEAD)]
    ahead = Tiles(film.timeline, moments, tiles.size, film.aspect, "exact", width)
    exactly(film, "poster", [ahead])
    return ahead.poster


def _again(film: Film, shot: Shot, width: int) -> Poster | None:
    """A keyframe that was seen as a tile, now with everything that a decoder does to it."""
    with decoding():
        if film.whole_media:
            return _decoded(film, film.whole_media, shot, width)
        with film.source.open() as container:
            stream = choose_video(container, film.source.limits)
            return _decoded(film, (container, stream), shot, width) if stream else None


def _decoded(film: Film, media: Media, shot: Shot, width: int) -> Poster | None:
    decoder = Decoder(*media, lambda: film.source.plan.report("poster", None))
    frame = decoder.keyframe(shot.seek_to)
    return (picture(frame, film.aspect, width), shot.pts) if frame else None
