"""Poster, storyboard and preview, of the same frames where that is possible."""

import math
from collections.abc import Callable
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from av.video.frame import VideoFrame

from processors.base import Rejected
from processors.media.frames import display_size
from processors.media.source import Source
from processors.video import models, poster, preview
from processors.video.crew import Media
from processors.video.reel import Reel
from processors.video.sheet import Sheet, tile_size
from processors.video.shots import Album, Film, begin, shoot
from processors.video.stills import EXTENSIONS, MEDIA_TYPES, encode
from processors.video.tiles import Tiles
from processors.video.timeline import Timeline, middles
from processors.webp import fit

POSTER_QUALITY = 80
LOOK_WIDTH = 160  # pixels: enough to tell a lively frame
MOST_TILES_TOLD = 1_000_000_000  # an interval may be so short that their number has no end

Tolerating = Callable[[models.Operation], AbstractContextManager[None]]


def wanted(params: models.VideoParams) -> list[models.Operation]:
    operations: tuple[models.Operation, ...] = ("poster", "storyboard", "preview")
    return [operation for operation in operations if params.wants(operation)]


class Pictures:
    """`first` is a frame of the video. It is not kept, since it may be large: nor should the caller keep it."""

    def __init__(self, source: Source, params: models.VideoParams, media: Media, first: VideoFrame) -> None:
        self._wanted = wanted(params)
        self._stage = "storyboard" if "storyboard" in self._wanted else self._wanted[0]
        timeline = Timeline(*media, lambda: source.plan.report(self._stage, None))
        self._film = Film(source, media, timeline, sum(plane.buffer_size for plane in first.planes))
        self._displayed = display_size(first, self._film.aspect)
        self._poster = params.poster or models.Poster()
        self._storyboard = params.storyboard or models.Storyboard()
        self._preview = params.preview or models.Preview()
        self._tiles = self._make_tiles()
        self._reel = self._make_reel() if "preview" in self._wanted else None
        self._albums: list[Album] = [self._tiles, self._reel] if self._reel else [self._tiles]
        begin(self._film, self._albums, first)

    def make(self, tolerating: Tolerating) -> dict[str, Any]:
        """The parts of the result, by their names."""
        shoot(self._film, self._stage, self._albums)
        if self._film.damaged:
            self._film.source.note("The video is damaged; its pictures may be, too.")
        if self._film.is_large and self._storyboard.accuracy == "exact":
            self._film.source.note("The video's frames are too large for an exact storyboard: it shows keyframes.")
        return self._write(tolerating)

    def _make_tiles(self) -> Tiles:
        """Those of the storyboard, or a few for the poster."""
        film, settings = self._film, self._storyboard
        width = self._poster.width if "poster" in self._wanted and self._poster.at is None else None
        if "storyboard" in self._wanted:
            count = self._count()
            size = tile_size(self._displayed, settings, count)
            return Tiles(film.timeline, middles(film.timeline, count), size, film.aspect, settings.accuracy, width)
        moments = middles(film.timeline, poster.LOOKS) if width else [film.timeline.start]
        return Tiles(film.timeline, moments, fit(self._displayed, LOOK_WIDTH), film.aspect, "keyframe", width)

    def _make_reel(self) -> Reel:
        timeline = self._film.timeline
        count = preview.frame_count(self._preview, float(timeline.length * timeline.unit))
        size = preview.frame_size(self._displayed, self._preview)
        return Reel(timeline, count, size, self._film.source.work.scratch)

    def _count(self) -> int:
        """Of tiles."""
        interval = self._storyboard.interval_s
        if interval is None:
            return self._storyboard.tiles
        timeline = self._film.timeline
        count = math.ceil(min(round(timeline.length * timeline.unit / interval, 6), MOST_TILES_TOLD))
        if count > models.MAX_TILES:
            self._film.source.note(f"Tiles each {interval:g} seconds would be {count:,}; there are {models.MAX_TILES}.")
        return min(max(count, 1), models.MAX_TILES)

    def _write(self, tolerating: Tolerating) -> dict[str, Any]:
        """The sheet is encoded while the poster is decoded once more."""
        made: dict[str, Any] = {}
        source = self._film.source
        with ThreadPoolExecutor(1) as pool:
            sheet = Sheet(self._storyboard, self._tiles.cut()) if "storyboard" in self._wanted else None
            encoded = pool.submit(sheet.encode) if sheet else None
            if encoded and self._film.is_large:
                encoded.result()
            if "poster" in self._wanted:
                with tolerating("poster"):
                    made["poster"] = self._write_poster()
            if sheet and encoded:
                with tolerating("storyboard"):
                    made["storyboard"] = sheet.write(source, self._tiles.accuracy, encoded.result())
        if self._reel:
            with tolerating("preview"):
                made["preview"] = preview.write(source, self._preview, self._reel)
        return made

    def _write_poster(self) -> models.Picture:
        film, settings = self._film, self._poster
        found = None if settings.at is None else poster.at(film, settings.at, settings.width)
        found = found or poster.liveliest(film, self._tiles, settings.width)
        if found is None:
            raise Rejected("corrupt_input", "No frame of the video can be decoded a second time.")
        image, pts = found
        name, encoded = f"poster.{EXTENSIONS[settings.format]}", encode(image, settings.format, POSTER_QUALITY)
        output = film.source.work.output(name, MEDIA_TYPES[settings.format], width=image.width, height=image.height)
        output.write_bytes(encoded)
        return models.Picture(file=name, width=image.width, height=image.height, at=film.timeline.seconds(pts))
