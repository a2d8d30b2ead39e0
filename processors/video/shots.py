"""Frames for chosen moments of a video: the nearest keyframes, or exactly."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.media import dpb
from processors.media.source import Source
from processors.video.crew import Crew, Media
from processors.video.decoder import Decoder, when
from processors.video.models import Accuracy
from processors.video.timeline import Timeline

# A small picture hides what the deblocking filter does, as long as no other frame is built on it.
WITHOUT_DEBLOCKING = {"skip_loop_filter": "all"}
FRAME_THREADS = {"threads": "2", "thread_type": "frame"}
MOST_EXACT_FRAMES = 20_000  # that `auto` decodes: a minute's work
ENOUGH = 0.6  # of the moments: if fewer have a keyframe of their own, `auto` decodes exactly

# How many frames there are beside those that a decoder keeps, about, and how many bytes of them may be in memory.
SMALL = 4_000_000  # pixels
SPARE = 3  # the one that is decoded, the one that is shown, and the one before
KEPT_KEYFRAMES = {"hevc": 5}  # with open groups of pictures, it fills in what went before
HELPER_BYTES = 56 << 20  # of a second decoder
EXACT_BYTES = 120 << 20  # of one that decodes all frames: those of 8K, and of 4K with 10 bits, don't fit


class Album(Protocol):
    """Wants frames for certain moments, which are in the stream's time base and ascend.

    `distinct` counts the frames that it has, the same one once. `auto` becomes what was done.
    """

    accuracy: Accuracy

    @property
    def moments(self) -> Sequence[int]: ...
    @property
    def distinct(self) -> int: ...

    def take(self, numbers: Sequence[int], frame: VideoFrame, seek_to: int | None) -> None:
        """The frame for some of the moments; `seek_to` leads to its keyframe. Called from two threads, in any order."""
        ...


@dataclass(slots=True)
class Film:
    """A video that is open in one place already, and how to open it again. `damaged` counts packets."""

    source: Source
    media: Media
    timeline: Timeline
    frame_bytes: int
    damaged: int = 0
    known: set[int] = field(default_factory=set)  # the places of keyframes that the albums of `begin` have already

    @property
    def aspect(self) -> Fraction | None:
        """Of a stored pixel."""
        return self.media[1].sample_aspect_ratio

    @property
    def whole_media(self) -> Media | None:
        """What is open already, if its decoder leaves nothing out."""
        return None if is_small(self.media[1]) else self.media

    @property
    def is_large(self) -> bool:
        """Only keyframes fit into memory, and one at a time."""
        return self.frame_bytes * self.kept > EXACT_BYTES

    def helpers(self, kept: int) -> int:
        """Threads beside the first. Without an index, a second demuxer would have to read through the file itself."""
        is_small = self.frame_bytes * kept <= HELPER_BYTES
        return 1 if is_small and self.timeline.is_indexed and not self.timeline.was_read else 0

    @property
    def kept(self) -> int:
        return dpb.kept(self.media[1].codec_context) + SPARE

    @property
    def kept_keyframes(self) -> int:
        return KEPT_KEYFRAMES.get(self.media[1].codec_context.codec.canonical_name, 2)


def is_small(stream: VideoStream) -> bool:
    """Whether it costs little to open it once more for what needs deblocking."""
    return stream.width * stream.height <= SMALL


Moment = tuple[int, int, int]  # when, the number of the album, its number there
Parts = dict[int | None, list[Moment]]  # by where to seek; None is the beginning


def begin(film: Film, albums: Sequence[Album], first: VideoFrame) -> None:
    """Decides how accurate each album can be, and gives it the video's first frame, which is there already.

    It is for the moments next to it, or for the first one, unless another comes for that.
    """
    place = when(first)
    for album in albums:
        near = [number for number, moment in enumerate(album.moments) if film.timeline.nearest(moment) == place]
        if near and first.key_frame:
            film.known.add(place)
        album.accuracy = _possible(film, album)
        album.take(near or [0], first, place)


def shoot(film: Film, stage: str, albums: Sequence[Album]) -> None:
    """Gives each album its other frames, as accurate as it wants them."""
    quick = [album for album in albums if album.accuracy != "exact"]
    keyframes(film, stage, quick, film.known)
    for album in quick:
        if album.accuracy == "auto":
            album.accuracy = "exact" if _are_few(album.distinct, album, film.timeline) else "keyframe"
    exactly(film, stage, [album for album in albums if album.accuracy == "exact"])


def _possible(film: Film, album: Album) -> Accuracy:
    if film.is_large:
        return "keyframe"
    few = album.accuracy == "auto" and _are_few(_keyframes_of(film.timeline, album.moments), album, film.timeline)
    return "exact" if few else album.accuracy


def _are_few(keyframes: int, album: Album, timeline: Timeline) -> bool:
    """A film of two hours with one keyframe keeps that: its frames would take minutes."""
    is_short = timeline.length * timeline.unit * timeline.rate <= MOST_EXACT_FRAMES
    return is_short and keyframes < ENOUGH * len(album.moments)


def _keyframes_of(timeline: Timeline, moments: Sequence[int]) -> int:
    """How many different keyframes are nearest to the moments; as many as moments where there is no index to tell."""
    if not timeline.is_indexed:
        return len(moments)
    return len({timeline.nearest(moment) for moment in moments})


def keyframes(film: Film, stage: str, albums: Sequence[Album], known: Collection[int] = ()) -> None:
    """Gives each album the keyframes next to its moments, but for those whose places are `known`."""
    parts = _parts(albums, film.timeline.nearest if film.timeline.is_indexed else lambda moment: moment)
    for place in known:
        parts.pop(place, None)

    def decode(decoder: Decoder, seek_to: int | None) -> None:
        frame = decoder.keyframe(seek_to)
        if frame is not None:
            _hand_out(albums, parts[seek_to], frame, seek_to)
        crew.advance(len(parts[seek_to]))

    crew = Crew(film.source, stage, decode, WITHOUT_DEBLOCKING)
    crew.run(parts, sum(map(len, parts.values())), film.media, film.helpers(film.kept_keyframes))
    film.damaged += crew.damaged


def exactly(film: Film, stage: str, albums: Sequence[Album]) -> None:
    """Gives each album the first frame at or after each of its moments."""
    parts = _parts(albums, film.timeline.before if film.timeline.is_indexed else lambda _: None)

    def decode(decoder: Decoder, seek_to: int | None) -> None:
        moments = parts[seek_to]
        for frame, count in decoder.frames(seek_to, [target for target, *_ in moments]):
            _hand_out(albums, moments[:count], frame, seek_to)
            crew.advance(count)
            del moments[:count]

    helpers = film.helpers(film.kept)
    crew = Crew(film.source, stage, decode, FRAME_THREADS if helpers and len(parts) == 1 else {})
    crew.run(parts, sum(map(len, parts.values())), film.whole_media, helpers)
    film.damaged += crew.damaged


def _parts(albums: Sequence[Album], place: Callable[[int], int | None]) -> Parts:
    """In the order of the file."""
    parts: Parts = defaultdict(list)
    moments = ((target, number, i) for number, album in enumerate(albums) for i, target in enumerate(album.moments))
    for moment in sorted(moments):
        parts[place(moment[0])].append(moment)
    return parts


def _hand_out(albums: Sequence[Album], moments: Sequence[Moment], frame: VideoFrame, seek_to: int | None) -> None:
    for number, album in enumerate(albums):
        wanted = [index for _, owner, index in moments if owner == number]
        if wanted:
            album.take(wanted, frame, seek_to)
