"""Poster, storyboard and preview, of the same frames where that is possible."""

import math
from collections.abc import Callable
from concurrent.futures.thread import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from av.video.frame import VideoFrame

from processors.media.frames import display_size, picture
from processors.media.source import Source
from processors.video import models, poster, preview
from processors.video.crew import Media
from processors.video.decoder import when
from processors.video.reel import Reel
from processors.video.sheet import Sheet, tile_size
from processors.video.shots import Album, Film, shoot
from processors.video.stills import MEDIA_TYPES, encode
from processors.video.tiles import Tiles
from processors.video.timeline import Timeline, middles
from processors.webp import fit

POSTER_QUALITY = 80
LOOK_WIDTH = 160  # pixels: enough to tell a lively frame

Tolerating = Callable[[models.Operation], AbstractContextManager[None]]


def wanted(params: models.VideoParams) -> list[models.Operation]:
    operations: tuple[models.Operation, ...] = ("poster", "storyboard", "preview")
    return [operation for operation in operations if params.wants(operation)]


class Pictures:
    """`frame` is any of the video, and is shown where there is no other."""

    def __init__(self, source: Source, params: models.VideoParams, media: Media, frame: VideoFrame) -> None:
        self._wanted = wanted(params)
        self._stage = self._wanted[-1]
        timeline = Timeline(*media, lambda: source.plan.report(self._stage, None))
        self._film = Film(source, media, timeline, [])
        self._frame = frame
        self._displayed = display_size(frame, self._film.aspect)
        self._poster = params.poster or models.Poster()
        self._storyboard = params.storyboard or models.Storyboard()
        self._preview = params.preview or models.Preview()

    @property
    def is_damaged(self) -> bool:
        return any(self._film.damages)

    def make(self, tolerating: Tolerating) -> dict[str, Any]:
        """The parts of the result by their names."""
        tiles = self._tiles()
        with ExitStack() as stack:
            albums: list[Album] = [tiles]
            reel = None
            if "preview" in self._wanted:
                reel = self._reel()
                stack.callback(reel.close)
                albums.append(reel)
            shoot(self._film, self._stage, albums)
            for album in albums:
                if album.moments and album.distinct == 0:
                    album.take([0], self._frame, self._film.timeline.start)
            return self._write(tiles, reel, tolerating)

    def _tiles(self) -> Tiles:
        """Those of the storyboard, or a few for the poster."""
        film, settings = self._film, self._storyboard
        width = self._poster.width if "poster" in self._wanted and self._poster.at is None else None
        if "storyboard" in self._wanted:
            count = self._count()
            size = tile_size(self._displayed, settings, count)
            return Tiles(film.timeline, middles(film.timeline, count), size, film.aspect, settings.accuracy, width)
        moments = middles(film.timeline, poster.LOOKS) if width else []
        return Tiles(film.timeline, moments, fit(self._displayed, LOOK_WIDTH), film.aspect, "keyframe", width)

    def _count(self) -> int:
        """Of tiles."""
        interval = self._storyboard.interval_s
        if interval is None:
            return self._storyboard.tiles
        timeline = self._film.timeline
        count = math.ceil(round(timeline.length * timeline.unit / interval, 6))
        if count > models.MAX_TILES:
            self._film.source.note(f"Tiles each {interval:g} seconds would be {count:,}; there are {models.MAX_TILES}.")
        return min(max(count, 1), models.MAX_TILES)

    def _reel(self) -> Reel:
        timeline = self._film.timeline
        count = preview.frame_count(self._preview, float(timeline.length * timeline.unit))
        size = preview.frame_size(self._displayed, self._preview)
        return Reel(timeline, count, size, self._film.source.work.scratch)

    def _write(self, tiles: Tiles, reel: Reel | None, tolerating: Tolerating) -> dict[str, Any]:
        """The sheet is encoded while the poster is decoded once more."""
        made: dict[str, Any] = {}
        source = self._film.source
        with ThreadPoolExecutor(1) as pool:
            sheet = Sheet(self._storyboard, tiles.cut()) if "storyboard" in self._wanted else None
            encoded = pool.submit(sheet.encode) if sheet else None
            if encoded and self._film.is_large:
                encoded.result()
            if "poster" in self._wanted:
                with tolerating("poster"):
                    made["poster"] = self._write_poster(tiles)
            if sheet and encoded:
                with tolerating("storyboard"):
                    made["storyboard"] = sheet.write(source, tiles.accuracy, encoded.result())
        if reel:
            with tolerating("preview"):
                made["preview"] = preview.write(source, self._preview, reel)
        return made

    def _write_poster(self, tiles: Tiles) -> models.Picture:
        film, settings = self._film, self._poster
        found = None
        if settings.at is not None:
            found = poster.at(film, settings.at, settings.width)
        elif tiles.moments:
            found = poster.liveliest(film, tiles, settings.width)
        image, pts = found or (picture(self._frame, film.aspect, settings.width), when(self._frame))
        name, encoded = f"poster.{settings.format}", encode(image, settings.format, POSTER_QUALITY)
        output = film.source.work.output(name, MEDIA_TYPES[settings.format], width=image.width, height=image.height)
        output.write_bytes(encoded)
        return models.Picture(file=name, width=image.width, height=image.height, at=film.timeline.seconds(pts))
