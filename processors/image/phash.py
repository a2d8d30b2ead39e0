"""Perceptual hashes: pictures that look alike differ in few of the 64 bits, whatever their size and format.

Both agree, bit for bit and in the order of their bits, with what the package ImageHash computes from the same grey
picture, so that hashes of existing collections stay comparable. Up to 10 differing bits usually mean the same picture.
"""

from collections.abc import Iterable
from itertools import pairwise
from statistics import median

from PIL.Image import Image, Resampling

from processors.image.backdrop import flatten
from processors.image.cosines import project, waves

# Transparency lies on grey, where dark and light drawings both stand out, as they would on a page of either sort.
GREY = "#808080"
SIDE = 8
DCT_SIDE = 32
ROUNDING = 1e-6  # what is left of waves that a flat picture doesn't have


def dhash(image: Image) -> str:
    """16 hex digits: for each of 8 x 8 pixels, whether its right neighbour is lighter.

    Source: Neal Krawetz, "Kind of Like That", 2013, https://www.hackerfactor.com/blog/index.php?/archives/529.
    """
    data = _grey(image, SIDE + 1, SIDE)
    rows = (data[at : at + SIDE + 1] for at in range(0, len(data), SIDE + 1))
    return _hex(right > left for row in rows for left, right in pairwise(row))


def phash(image: Image) -> str:
    """16 hex digits: which of the 8 x 8 lowest waves of a DCT-II are above their median.

    Source: Neal Krawetz, "Looks Like It", 2011, https://www.hackerfactor.com/blog/index.php?/archives/432.
    """
    cosines = waves(SIDE, DCT_SIDE, 0.5)
    lowest = project(_grey(image, DCT_SIDE, DCT_SIDE), cosines, cosines)
    middle = median(value for row in lowest for value in row)
    return _hex(value > middle + ROUNDING for row in lowest for value in row)


def _grey(image: Image, width: int, height: int) -> bytes:
    return flatten(image, GREY).convert("L").resize((width, height), Resampling.LANCZOS).tobytes()


def _hex(bits: Iterable[bool]) -> str:
    number = 0
    for bit in bits:
        number = number << 1 | bit
    return f"{number:016x}"
