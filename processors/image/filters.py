"""Blur, sharpen, grayscale, pixelate: on a rendition's own pixels, so that a radius means what it says."""

from PIL import Image, ImageFilter
from PIL.Image import Resampling

from processors.image.models import Filters

SHARPEN_PERCENT = 100


def apply_filters(image: Image.Image, filters: Filters) -> Image.Image:
    """An RGB or RGBA image, filtered; the mode stays."""
    if filters.grayscale:
        image = _grey(image)
    if filters.blur is not None:
        image = _weighted(image, ImageFilter.GaussianBlur(filters.blur))
    if filters.pixelate is not None:
        image = _pixelated(image, filters.pixelate)
    if filters.sharpen is not None:
        image = _sharpened(image, filters.sharpen)
    return image


def _grey(image: Image.Image) -> Image.Image:
    """By luma (ITU-R BT.601), as every viewer of grey JPEGs has it."""
    return image.convert("LA" if image.mode == "RGBA" else "L").convert(image.mode)


def _weighted(image: Image.Image, blur: ImageFilter.GaussianBlur) -> Image.Image:
    """Colours weighted by their opacity: what can't be seen doesn't bleed into what can."""
    if image.mode != "RGBA":
        return image.filter(blur)
    return image.convert("RGBa").filter(blur).convert("RGBA")


def _sharpened(image: Image.Image, sigma: float) -> Image.Image:
    """The colours alone: an edge of the shape is as sharp as it was drawn."""
    mask = ImageFilter.UnsharpMask(sigma, SHARPEN_PERCENT, threshold=0)
    if image.mode != "RGBA":
        return image.filter(mask)
    sharpened = image.convert("RGB").filter(mask)
    sharpened.putalpha(image.getchannel("A"))
    return sharpened


def _pixelated(image: Image.Image, side: int) -> Image.Image:
    """Blocks of `side` pixels with their mean colour; those at the right and the bottom may be cut."""
    blocks = image.reduce(side)
    large = blocks.resize((blocks.width * side, blocks.height * side), Resampling.NEAREST)
    return large.crop((0, 0, *image.size))
