"""What every kind that writes pictures agrees on: WebP, no metadata, never enlarged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:  # light: the numbers are needed where no decoder is
    from PIL.Image import Image

Size = tuple[int, int]

MAX_SIDE = 16_383
METHOD = 2  # the knee: method 4 takes twice the time for a twentieth fewer bytes


def warm() -> None:
    """Pillow imports plugins when it first opens or saves; a cell may have no file system to import them from."""
    from PIL import Image, WebPImagePlugin  # noqa: F401

    Image.preinit()


def fit(size: Size, width: int) -> Size:
    """`size` scaled down to `width`, and to what WebP can hold; never up, never to nothing."""
    scale = min(1.0, width / size[0], MAX_SIDE / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def save(image: Image, target: Path | BinaryIO, quality: int) -> None:
    image.save(target, "WEBP", quality=quality, method=METHOD, icc_profile=None, exif=b"", xmp=b"")
