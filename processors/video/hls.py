"""A film -> HTTP Live Streaming: a ladder of fragmented MP4, cut at the same times, and its playlists."""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Literal, Self

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from processors.base import JSON, Rejected
from processors.media.opening import choose_video, decoding
from processors.media.progress import ALMOST
from processors.media.source import Source
from processors.video import copying, fragments, models, playlist
from processors.video.encoding import Order
from processors.video.fragments import Layout, Part
from processors.video.ladder import rungs
from processors.video.look import Look
from processors.video.playlist import Head, Segment, Variant
from processors.video.production import produce
from processors.video.soundtrack import Copied, Encoded, Soundtrack, first_sound
from processors.webp import Size

STAGE = "hls"
COPYING = 0.05  # of the work, where other rungs are encoded
MULTIVARIANT = "hls.m3u8"
PLAYLIST_TYPE, MEDIA_TYPE = "application/vnd.apple.mpegurl", "video/mp4"
AUTO = (1080, 720, 480, 240)
OTHER_OUTPUTS = 32  # of other operations, at most

# A fragment for each keyframe. The index waits for the first one, so that it can say where picture and sound begin.
CONTAINER_OPTIONS = {
    "movflags": "+frag_keyframe+delay_moov+default_base_moof+skip_trailer",
    "fflags": "+bitexact",
}
# No keyframes but those that are asked for, each of which a player can begin with.
ENCODER_OPTIONS = {"g": "100000", "sc_threshold": "0", "forced-idr": "1", "flags": "+cgop"}
TOLERANCE_SECONDS = 0.002
AAC_LC, AAC_LC_CODEC = 2, "mp4a.40.2"  # audio object type (ISO/IEC 14496-3), and RFC 6381's name
CHUNK_BYTES = 1 << 20

Audio = Literal["none", "copy", "aac"]
Following = Callable[[float], float]


class Cuts:
    """Where segments begin: at the first picture, and then at the first one from each wanted second on.

    `following` tells the one behind a second: a film's clock may jump, by years if it is hostile.
    """

    def __init__(self, following: Following) -> None:
        self._following = following
        self._next = 0.0
        self.times: list[float] = []

    def begin(self) -> Self:
        """At the beginning of the film, again where it is decoded for some of the sizes at a time."""
        self.times, self._next = [], 0.0
        return self

    def __call__(self, seconds: float) -> bool:
        if self.times and seconds < self._next - TOLERANCE_SECONDS:
            return False
        self.times.append(seconds)
        self._next = self._following(seconds + TOLERANCE_SECONDS)
        return True


def every(length: float) -> Following:
    return lambda seconds: (math.floor(seconds / length) + 1) * length


def among(bounds: Sequence[float]) -> Following:
    """`bounds` ascend."""
    return lambda seconds: bounds[place] if (place := bisect_right(bounds, seconds)) < len(bounds) else math.inf


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung whose file is written: `starts` are the times of its fragments, the last of which ends at `end`."""

    height: int
    size: Size
    path: Path
    starts: list[float]
    end: float
    is_copied: bool


def make(source: Source, look: Look, settings: models.Hls) -> models.HlsMade:
    """Raises `Rejected`."""
    stream = _Stream(source, look, settings)
    try:
        with decoding():
            return stream.publish(stream.write())
    except BaseException:
        stream.forget()
        raise


def ladder(display: Size, wanted: Iterable[int] | Literal["auto"]) -> list[tuple[int, Size]]:
    """Heights and sizes, the highest first; a video that is lower than the lowest of AUTO has its own."""
    heights = [one for one in AUTO if one <= min(display)] or AUTO[-1:] if wanted == "auto" else wanted
    return sorted(rungs(display, heights), reverse=True)


class _Stream:
    def __init__(self, source: Source, look: Look, settings: models.Hls) -> None:
        self._source = source
        self._look = look
        self._settings = settings
        self._ladder = ladder(look.display, settings.ladder)
        self._folder = source.work.scratch
        self._rate = look.rate
        self._has_sound = False
        self._whole_files: list[tuple[Path, dict[str, JSON]]] = []

    # -- writing: a file for each rung

    def write(self) -> list[Rung]:
        with self._source.open() as container:
            self._check_number(container)
            video = choose_video(container, self._source.limits)
            assert video is not None
            sound = first_sound(container)
            self._has_sound = sound is not None
            is_copied = sound is not None and _is_aac_lc(sound)
            audio: Audio = "none" if sound is None else "copy" if is_copied else "aac"
            top = self._copy(container, video, sound, audio) if self._can_be_copied(video) else None
        if top is None:
            return self._encode(self._ladder, audio, every(self._settings.segment_s), 0.0)
        lower = self._ladder[1:]
        return [top, *(self._encode(lower, audio, among(self._bounds(top)), COPYING) if lower else [])]

    def forget(self) -> None:
        for path in self._folder.glob("hls-*"):
            path.unlink()

    def _can_be_copied(self, video: VideoStream) -> bool:
        """The highest rung, if it is the film as it is, and can be cut about as often as was asked for."""
        size = self._ladder[0][1]
        is_same = size == self._look.display == (video.width, video.height) and self._look.turn == 0
        is_fine = copying.longest_gap(video) <= 2 * self._settings.segment_s
        return is_same and is_fine and copying.is_h264_for_all(video)

    def _copy(self, container: InputContainer, video: VideoStream, sound: AudioStream | None, audio: Audio) -> Rung:
        height, size = self._ladder[0]
        share = COPYING if len(self._ladder) > 1 else 1.0
        track: Soundtrack | None = None
        if sound:
            track = Copied(sound) if audio == "copy" else Encoded(sound, "aac")

        def report(done: float | None) -> None:
            self._source.plan.report(STAGE, None if done is None else done * share, "copying")

        with self._create(height) as output:
            told = copying.copy(self._source, container, video, track, output, report)
        return Rung(height, size, self._path(height), told.keys, told.end, is_copied=True)

    def _encode(self, steps: list[tuple[int, Size]], audio: Audio, following: Following, begun: float) -> list[Rung]:
        cuts = Cuts(following)
        settings = models.Transcode(video="h264", preset="fast", audio=audio, heights=tuple(one for one, _ in steps))
        order = Order(self._look, settings, STAGE, 0.0, begun, options=ENCODER_OPTIONS, keys=cuts.begin)
        heights = {size: height for height, size in steps}
        writers = produce(self._source, order, list(heights), lambda size: self._create(heights[size]))
        return [
            Rung(height, size, self._path(height), cuts.times, writer.seconds, is_copied=False)
            for (height, size), writer in zip(steps, writers, strict=True)
        ]

    def _bounds(self, rung: Rung) -> list[float]:
        """Where segments begin: at every keyframe that is a segment's length behind the last bound."""
        bounds = rung.starts[:1]
        for start in rung.starts:
            if start >= bounds[-1] + self._settings.segment_s - TOLERANCE_SECONDS:
                bounds.append(start)
        return bounds

    def _path(self, height: int) -> Path:
        return self._folder / f"hls-{height}p.mp4"

    def _create(self, height: int) -> OutputContainer:
        return av.open(str(self._path(height)), "w", container_options=CONTAINER_OPTIONS)

    def _check_number(self, container: InputContainer) -> None:
        """Before hours of work are lost: each output is a file of its own to whoever keeps them."""
        if self._settings.single_file or not container.duration:
            return
        segments = container.duration / av.time_base / self._settings.segment_s
        files, most = len(self._ladder) * (segments + 2), models.LIMITS.output_files - OTHER_OUTPUTS
        if files > most:
            raise Rejected(
                "limit_exceeded",
                f"That would be {files:,.0f} files, and {most:,} are the most: ask for longer segments, "
                "a smaller ladder, or a single file for each rung.",
            )

    # -- publishing: playlists, and where it is asked for, a file for each segment

    def publish(self, written: list[Rung]) -> models.HlsMade:
        """Everything is finished before the first file becomes an output."""
        made = [self._finish(rung) for rung in written]
        self._write(MULTIVARIANT, playlist.multivariant([variant for variant, _ in made]))
        self._source.plan.report(STAGE, 1.0, "written")
        for path, attributes in self._whole_files:
            self._source.publish(path, PLAYLIST_TYPE if path.suffix == ".m3u8" else MEDIA_TYPE, **attributes)
        return models.HlsMade(playlist=MULTIVARIANT, rungs=[rung for _, rung in made])

    def _write(self, name: str, text: str) -> None:
        path = self._folder / name
        path.write_text(text)
        self._whole_files.append((path, {}))

    def _finish(self, rung: Rung) -> tuple[Variant, models.Rung]:
        layout = fragments.read(rung.path)
        parts = _joined(rung, layout, self._bounds(rung))
        head, segments = (
            self._whole(rung, layout, parts) if self._settings.single_file else self._split(rung, layout, parts)
        )
        name, (width, height) = f"hls-{rung.height}p.m3u8", rung.size
        self._write(name, playlist.media(head, segments))
        peak = playlist.peak(segments)
        codecs = f"{layout.avc},{AAC_LC_CODEC}" if self._has_sound else layout.avc
        variant = Variant(name, width, height, float(self._rate), codecs, peak, playlist.average(segments))
        return variant, models.Rung(
            playlist=name, width=width, height=height, bandwidth=peak, segments=len(segments), copied=rung.is_copied
        )

    def _whole(self, rung: Rung, layout: Layout, parts: list[tuple[float, Part]]) -> tuple[Head, list[Segment]]:
        name = rung.path.name
        self._whole_files.append((rung.path, {"width": rung.size[0], "height": rung.size[1]}))
        head = Head(name, layout.head.size, is_part=True)
        return head, [Segment(name, seconds, part.size, part.offset) for seconds, part in parts]

    def _split(self, rung: Rung, layout: Layout, parts: list[tuple[float, Part]]) -> tuple[Head, list[Segment]]:
        head = f"{rung.path.stem}-init.mp4"
        segments = []
        with rung.path.open("rb") as file:
            self._save(file, layout.head, head)
            for number, (seconds, part) in enumerate(parts, 1):
                name = f"{rung.path.stem}-{number:05}.m4s"
                self._save(file, part, name)
                segments.append(Segment(name, seconds, part.size))
        rung.path.unlink()
        return Head(head, layout.head.size, is_part=False), segments

    def _save(self, file: BinaryIO, part: Part, name: str) -> None:
        self._source.plan.report(STAGE, ALMOST, f"writing {name}")
        file.seek(part.offset)
        path = self._folder / name
        with path.open("wb") as output:
            for start in range(0, part.size, CHUNK_BYTES):
                output.write(file.read(min(CHUNK_BYTES, part.size - start)))
        self._whole_files.append((path, {}))


def _joined(rung: Rung, layout: Layout, bounds: list[float]) -> list[tuple[float, Part]]:
    """The segments, with their seconds: fragments follow each other, and each bound is the start of one."""
    ends = [*bounds[1:], rung.end]
    firsts = [rung.starts.index(bound) for bound in bounds]
    offsets = [layout.fragments[first].offset for first in firsts]
    last = layout.fragments[-1]
    sizes = [after - before for before, after in pairwise([*offsets, last.offset + last.size])]
    return [
        (end - start, Part(offset, size)) for start, end, offset, size in zip(bounds, ends, offsets, sizes, strict=True)
    ]


def _is_aac_lc(sound: AudioStream) -> bool:
    """With at most two channels: what every player of HLS plays."""
    codec = sound.codec_context
    config = codec.extradata or b"\0"
    return codec.codec.canonical_name == "aac" and config[0] >> 3 == AAC_LC and codec.channels <= 2
