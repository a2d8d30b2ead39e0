"""The few colours that a picture consists of, as the eye would group them."""

from math import dist

from PIL.Image import Dither, Image, Quantize

from processors.image.models import PaletteColour
from processors.image.srgb import RGB, oklab

BUCKETS = 64
ALIKE = 0.08  # in Oklab, where black and white are 1 apart; what is nearer counts as one colour
OPAQUE = [0] * 128 + [255] * 128

Bucket = tuple[int, RGB]  # a number of pixels, and their mean colour


def palette(image: Image, n: int) -> list[PaletteColour]:
    """At most `n` colours of a small RGB or RGBA picture, the dominant one first; none if all is transparent.

    An octree gathers the pixels into buckets. Then the bucket with the most pixels around it, itself included, takes
    them all and becomes one colour, and so on with what is left: peaks of density move less between two versions of
    a picture than the bounds of any clusters.
    """
    buckets = _buckets(image)
    total = sum(pixels for pixels, _ in buckets)
    groups = sorted(_groups(buckets), reverse=True)
    return [PaletteColour(hex=_hex(rgb), share=round(pixels / total, 4)) for pixels, rgb in groups[:n]]


def _buckets(image: Image) -> list[Bucket]:
    mask = image.getchannel("A").point(OPAQUE) if image.mode == "RGBA" else None
    indexed = image.convert("RGB").quantize(BUCKETS, Quantize.FASTOCTREE, dither=Dither.NONE)
    colours = indexed.getpalette() or []
    counts = indexed.histogram(mask)
    return [
        (pixels, (colours[3 * index], colours[3 * index + 1], colours[3 * index + 2]))
        for index, pixels in enumerate(counts)
        if pixels
    ]


def _groups(buckets: list[Bucket]) -> list[Bucket]:
    labs = [oklab(rgb) for _, rgb in buckets]
    neighbours = [[index for index, other in enumerate(labs) if dist(lab, other) < ALIKE] for lab in labs]
    left = {index: pixels for index, (pixels, _) in enumerate(buckets)}
    groups = []
    while left:
        peak = max(left, key=lambda index: sum(left.get(near, 0) for near in neighbours[index]))
        taken = {near: left.pop(near) for near in neighbours[peak] if near in left}
        groups.append(_mean([(pixels, buckets[index][1]) for index, pixels in taken.items()]))
    return groups


def _mean(buckets: list[Bucket]) -> Bucket:
    total = sum(pixels for pixels, _ in buckets)
    red, green, blue = (round(sum(pixels * rgb[band] for pixels, rgb in buckets) / total) for band in range(3))
    return total, (red, green, blue)


def _hex(rgb: RGB) -> str:
    red, green, blue = rgb
    return f"#{red:02x}{green:02x}{blue:02x}"
