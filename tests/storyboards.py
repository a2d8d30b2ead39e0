"""Runs the video kind for pictures, and reads what a player would: the sheet, its WebVTT and its JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from processors.video import VideoProcessor
from processors.video.models import StoryboardMade, VideoResult
from processors.work import run_alone
from tests.films import number_of

CUE = re.compile(r"(\S+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)")


def made(path: Path, scratch: Path, params: Mapping[str, Any]) -> VideoResult:
    """Of these operations and no others; the outputs lie in `scratch/out`."""
    scratch.mkdir(exist_ok=True)
    result = run_alone(VideoProcessor(), path, {"operations": ["probe"], **params}, scratch=scratch).result
    assert isinstance(result, VideoResult)
    return result


@dataclass(frozen=True)
class ReadTile:
    """`number` is what the picture itself tells."""

    start: float
    end: float
    time: float
    image: Image.Image

    @property
    def number(self) -> int:
        return number_of(self.image)


def storyboard(path: Path, scratch: Path, **settings: Any) -> tuple[StoryboardMade, list[ReadTile]]:
    """The WebVTT and the JSON must agree."""
    result = made(path, scratch, {"storyboard": settings})
    assert result.storyboard is not None
    return result.storyboard, read(result.storyboard, scratch / "out")


def read(told: StoryboardMade, folder: Path) -> list[ReadTile]:
    with Image.open(folder / told.file) as image:
        sheet = image.convert("RGB")
    tiles = json.loads((folder / told.json_file).read_text())["tiles"]
    text = (folder / told.vtt).read_text()
    assert text.startswith("WEBVTT\n\n")
    cues = CUE.findall(text)
    assert len(cues) == len(tiles) == told.tiles == text.count("-->")
    read = []
    for tile, (start, end, file, *numbers) in zip(tiles, cues, strict=True):
        x, y, width, height = map(int, numbers)
        assert file == told.file
        assert (seconds(start), seconds(end)) == (tile["start"], tile["end"])
        assert (x, y, width, height) == (tile["x"], tile["y"], tile["w"], tile["h"])
        assert x + width <= sheet.width
        assert y + height <= sheet.height
        part = sheet.crop((x, y, x + width, y + height))
        read.append(ReadTile(tile["start"], tile["end"], tile["time"], part))
    return read


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return round(int(hours) * 3600 + int(minutes) * 60 + float(rest), 3)
