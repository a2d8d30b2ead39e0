"""Decoding an image no larger than needed, and making each rendition from the next larger one."""

from collections.abc import Iterator, Sequence

from PIL import Image
from PIL.Image import Resampling, Transpose
from PIL.ImageFile import ImageFile

from processors.image.colour import resamplable
from processors.image.models import Rendition
from processors.image.opening import decoding
from processors.webp import Size, fit

# EXIF's orientation -> what turns the stored pixels upright.
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def is_turned(orientation: int) -> bool:
    """Whether width and height change places."""
    return orientation in (5, 6, 7, 8)


def decode(image: ImageFile, wanted: Size) -> Image.Image:
    """The image's pixels, scaled to `wanted`, both as they are stored, before any turning.

    A JPEG that isn't loaded yet is decoded at 1/2, 1/4 or 1/8 where that is still large enough: it saves time, and
    most of the memory.
    """
    with decoding():
        drafted = image.draft(None, wanted)
        image.load()
        pixels = resamplable(image)
    if pixels.size == wanted:
        return pixels
    return pixels.resize(wanted, Resampling.LANCZOS, box=drafted[1] if drafted else None)


def upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def flatten(image: Image.Image, background: str | None) -> Image.Image:
    """Transparency replaced by a colour, if one is given."""
    if background is None or image.mode != "RGBA":
        return image
    flat = Image.new("RGBA", image.size, background)
    flat.alpha_composite(image)
    return flat.convert("RGB")


def pyramid(image: Image.Image, size: Size, renditions: Sequence[Rendition]) -> Iterator[tuple[Rendition, Image.Image]]:
    """Every rendition of an image of `size`, largest first; `image` is large enough for all."""
    for rendition in sorted(renditions, key=lambda one: one.width or size[0], reverse=True):
        wanted = fit(size, rendition.width or size[0])
        if image.size != wanted:
            image = image.resize(wanted, Resampling.LANCZOS)
        yield rendition, image
