"""Runs the image kind on bytes, and looks at the pixels that come out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageStat

from processors.image import ImageProcessor
from processors.image.models import ImageResult
from processors.work import Finished, run_alone

ONE: Mapping[str, Any] = {"renditions": [{"name": "one", "width": 4000}], "quality": 100}


def process(tmp_path: Path, data: bytes, params: Mapping[str, Any] = ONE) -> tuple[ImageResult, Finished]:
    path = tmp_path / "in"
    path.write_bytes(data)
    finished = run_alone(ImageProcessor(), path, params, scratch=tmp_path)
    assert isinstance(finished.result, ImageResult)
    return finished.result, finished


def render(tmp_path: Path, data: bytes, params: Mapping[str, Any] = ONE) -> Image.Image:
    """The first rendition's pixels."""
    _, finished = process(tmp_path, data, params)
    with Image.open(tmp_path / "out" / finished.outputs[0].name) as image:
        image.load()
        return image.copy()


def distance(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of the channels, of 255."""
    assert one.size == other.size
    bands = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean
    return sum(bands) / len(bands)


def close(pixels: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]], tolerance: int = 12) -> bool:
    pairs = [(a, b) for pixel, wanted in zip(pixels, expected, strict=True) for a, b in zip(pixel, wanted, strict=True)]
    return all(abs(a - b) <= tolerance for a, b in pairs)
