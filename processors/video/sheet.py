"""Tiles -> one sheet, with the WebVTT and the JSON that tell a player which part of it to show when."""

import json
import math
from collections.abc import Sequence

from PIL import Image

from processors.media.source import Source
from processors.video import models
from processors.video.stills import EXTENSIONS, MEDIA_TYPES, encode
from processors.video.tiles import Tile
from processors.webp import MAX_SIDE, Size, fit

VTT, JSON = "storyboard.vtt", "storyboard.json"
QUALITY = 75
MOST_PIXELS = 10_000_000  # of a sheet: it is in memory whole


def tile_size(displayed: Size, settings: models.Storyboard, tiles: int) -> Size:
    """As wide as asked for, not enlarged, and no larger than fits on a sheet."""
    rows = math.ceil(tiles / settings.columns)
    columns = min(settings.columns, tiles)
    width, height = fit(displayed, settings.tile_width)
    scale = min(
        1.0, MAX_SIDE / (columns * width), MAX_SIDE / (rows * height), math.sqrt(MOST_PIXELS / (tiles * width * height))
    )
    return max(1, int(width * scale)), max(1, int(height * scale))


class Sheet:
    """Rows of tiles, from the upper left. There is at least one tile, and all have the same size."""

    def __init__(self, settings: models.Storyboard, tiles: Sequence[Tile]) -> None:
        self.tiles = tiles
        self._format = settings.format
        self.name = f"storyboard.{EXTENSIONS[settings.format]}"
        self.tile_size = width, height = tiles[0].image.size
        self.columns = min(settings.columns, len(tiles))
        self.size = self.columns * width, math.ceil(len(tiles) / self.columns) * height
        self._places = [(n % self.columns * width, n // self.columns * height) for n in range(len(tiles))]

    def write(self, source: Source, accuracy: models.Accuracy, encoded: bytes) -> models.StoryboardMade:
        """`encoded` is what `encode` gave."""
        width, height = self.size
        source.work.output(self.name, MEDIA_TYPES[self._format], width=width, height=height).write_bytes(encoded)
        source.work.output(VTT, "text/vtt").write_text(self.vtt())
        source.work.output(JSON, "application/json").write_text(self.json(accuracy))
        return models.StoryboardMade(
            file=self.name,
            vtt=VTT,
            json_file=JSON,
            tiles=len(self.tiles),
            columns=self.columns,
            tile_width=self.tile_size[0],
            tile_height=self.tile_size[1],
            accuracy=accuracy,
        )

    def encode(self) -> bytes:
        """Needs nothing but time: may be done in another thread."""
        return encode(self._draw(), self._format, QUALITY)

    def _draw(self) -> Image.Image:
        image = Image.new("RGB", self.size)
        for tile, place in zip(self.tiles, self._places, strict=True):
            image.paste(tile.image, place)
        return image

    def vtt(self) -> str:
        """W3C WebVTT; each cue's text is the address of a part of the sheet (W3C Media Fragments, 4.2.2)."""
        width, height = self.tile_size
        cues = (
            f"{_clock(tile.start)} --> {_clock(tile.end)}\n{self.name}#xywh={x},{y},{width},{height}\n"
            for tile, (x, y) in zip(self.tiles, self._places, strict=True)
        )
        return "\n".join(["WEBVTT\n", *cues])

    def json(self, accuracy: str) -> str:
        width, height = self.tile_size
        tiles = [
            {"time": tile.time, "start": tile.start, "end": tile.end, "x": x, "y": y, "w": width, "h": height}
            for tile, (x, y) in zip(self.tiles, self._places, strict=True)
        ]
        told = {"file": self.name, "accuracy": accuracy, "tile_width": width, "tile_height": height, "tiles": tiles}
        return json.dumps(told, indent=1) + "\n"


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
