"""Frames for chosen moments of a video: the nearest keyframes, or exactly."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from av.video.frame import VideoFrame

from processors.media.source import Source
from processors.video.crew import Crew, Media
from processors.video.decoder import Decoder
from processors.video.models import Accuracy
from processors.video.timeline import Timeline

# A small picture hides what the deblocking filter does, as long as no other frame is built on it.
WITHOUT_DEBLOCKING = {"skip_loop_filter": "all"}
FRAME_THREADS = {"threads": "2", "thread_type": "frame"}
MOST_EXACT_FRAMES = 20_000  # that `auto` decodes: a minute's work
ENOUGH = 0.6  # of the moments: if fewer have a keyframe of their own, `auto` decodes exactly
LARGE = 9_000_000  # pixels of a frame: two decoders of such would take too much memory
BEFORE_THE_BEGINNING = 10  # seconds: a transport stream finds its first keyframe only from well before


class Album(Protocol):
    """Wants frames for certain moments, which are in the stream's time base and ascend.

    `distinct` counts the frames that it has, the same one once. `auto` becomes what was done.
    """

    accuracy: Accuracy

    @property
    def moments(self) -> Sequence[int]: ...
    @property
    def distinct(self) -> int: ...

    def take(self, numbers: Sequence[int], frame: VideoFrame, seek_to: int) -> None:
        """The frame for some of the moments; `seek_to` leads to its keyframe. Called from two threads, in any order."""
        ...


@dataclass(frozen=True, slots=True)
class Film:
    """A video that is open in one place already, and how to open it again."""

    source: Source
    media: Media
    timeline: Timeline
    damages: list[int]  # packets that could not be decoded, in each pass

    @property
    def aspect(self) -> Fraction | None:
        """Of a stored pixel."""
        return self.media[1].sample_aspect_ratio

    @property
    def is_large(self) -> bool:
        return self.media[1].width * self.media[1].height > LARGE

    @property
    def helpers(self) -> int:
        """Without an index, a second demuxer would have to read through the file itself."""
        return 0 if self.is_large or self.timeline.was_read or not self.timeline.is_indexed else 1


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    target: int
    album: int
    number: int


Parts = dict[int, list[Moment]]  # by where to seek


def shoot(film: Film, stage: str, albums: Sequence[Album]) -> None:
    """Gives each album its frames, as accurate as it wants them."""
    for album in albums:
        if album.accuracy == "auto" and _too_few(album, _keyframes_of(film.timeline, album.moments), film.timeline):
            album.accuracy = "exact"
    quick = [album for album in albums if album.accuracy != "exact"]
    keyframes(film, stage, quick)
    for album in quick:
        is_enough = album.accuracy == "keyframe" or not _too_few(album, album.distinct, film.timeline)
        album.accuracy = "keyframe" if is_enough else "exact"
    exactly(film, stage, [album for album in albums if album.accuracy == "exact"])


def _too_few(album: Album, keyframes: int, timeline: Timeline) -> bool:
    """A film of two hours with one keyframe keeps that: its frames would take minutes."""
    is_short = timeline.length * timeline.unit * timeline.rate <= MOST_EXACT_FRAMES
    return is_short and keyframes < ENOUGH * len(album.moments)


def _keyframes_of(timeline: Timeline, moments: Sequence[int]) -> int:
    """How many different keyframes are nearest to the moments; as many as moments where there is no index to tell."""
    if not timeline.is_indexed:
        return len(moments)
    return len({timeline.nearest(moment) for moment in moments})


def keyframes(film: Film, stage: str, albums: Sequence[Album]) -> None:
    """Gives each album the keyframes next to its moments."""
    parts = _parts(albums, film.timeline.nearest)

    def decode(decoder: Decoder, seek_to: int) -> None:
        packet = decoder.keyframe(seek_to)
        frame = decoder.alone(packet) if packet else None
        if frame is None:  # it needs its neighbours, or is damaged
            frame = decoder.first(seek_to)
        if frame is not None:
            _hand_out(albums, parts[seek_to], frame, seek_to)

    crew = Crew(film.source, stage, decode, WITHOUT_DEBLOCKING)
    crew.run(parts, film.media, film.helpers)
    film.damages.append(crew.damaged)


def exactly(film: Film, stage: str, albums: Sequence[Album]) -> None:
    """Gives each album the first frame at or after each of its moments."""
    beginning = film.timeline.start - round(BEFORE_THE_BEGINNING / film.timeline.unit)

    def before(target: int) -> int:
        found = film.timeline.before(target) if film.timeline.is_indexed else None
        return beginning if found is None else found

    parts = _parts(albums, before)

    def decode(decoder: Decoder, seek_to: int) -> None:
        moments = sorted(parts[seek_to])
        for frame, count in decoder.frames(seek_to, [moment.target for moment in moments]):
            _hand_out(albums, moments[:count], frame, seek_to)
            del moments[:count]

    threads = FRAME_THREADS if len(parts) == 1 and not film.is_large else {}
    crew = Crew(film.source, stage, decode, threads)
    crew.run(parts, helpers=film.helpers)
    film.damages.append(crew.damaged)


def _parts(albums: Sequence[Album], seek_to: Callable[[int], int | None]) -> Parts:
    """In the order of the file."""
    parts: Parts = defaultdict(list)
    for number, album in enumerate(albums):
        for index, target in enumerate(album.moments):
            found = seek_to(target)
            parts[target if found is None else found].append(Moment(target, number, index))
    return dict(sorted(parts.items()))


def _hand_out(albums: Sequence[Album], moments: Sequence[Moment], frame: VideoFrame, seek_to: int) -> None:
    for number, album in enumerate(albums):
        wanted = [moment.number for moment in moments if moment.album == number]
        if wanted:
            album.take(wanted, frame, seek_to)
