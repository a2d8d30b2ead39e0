"""Where people look: at edges, most of all in skin and in strong colours.

The measure is that of Jonas Wagner's smartcrop.js (2014), https://github.com/jwagner/smartcrop.js, on some 5,000
pixels; of a crop, only one side is shorter than the image, so that the search goes along one line.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import sqrt

from PIL import Image
from PIL.Image import Resampling

from processors.image.geometry import Point

SIDE = 80  # pixels: enough to tell a face from a wall
SKIN = (0.78, 0.57, 0.44)
SKIN_FROM = 0.8  # of 1, which is that colour exactly
SKIN_LIGHT = (0.2, 1.0)
SATURATED_FROM = 0.4
SATURATED_LIGHT = (0.05, 0.9)
EDGES_WEIGHT, SKIN_WEIGHT, SATURATION_WEIGHT = 0.2, 1.8, 0.1
SKIN_BIAS, SATURATION_BIAS = 0.01, 0.2

Pixel = tuple[float, float, float]  # 0 to 1


def attention(image: Image.Image, share: Point) -> Point:
    """Where a crop of this share of the width and the height lies best: the share of what is left over before it."""
    if max(share) <= 0 or min(share) >= 1:
        return 0.5, 0.5
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Resampling.BOX, reducing_gap=None)
    rows = _scores(small)
    columns = [sum(column) for column in zip(*rows, strict=True)]
    return _best(columns, share[0]), _best([sum(row) for row in rows], share[1])


def _best(line: Sequence[float], share: float) -> float:
    """The window of this share with the highest sum; the most central one of equals."""
    length = max(1, round(len(line) * share))
    places = len(line) - length
    if places == 0:
        return 0.5
    sums = [0.0, *accumulate(line)]
    best = max(range(places + 1), key=lambda at: (round(sums[at + length] - sums[at], 6), -abs(at - places / 2)))
    return best / places


def _scores(image: Image.Image) -> list[list[float]]:
    """How much each pixel draws the eye, row by row."""
    width, height = image.size
    data = image.tobytes()
    pixels = [(data[at] / 255, data[at + 1] / 255, data[at + 2] / 255) for at in range(0, len(data), 3)]
    light = [0.5126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in pixels]
    return [
        [_score(pixels[y * width + x], light[y * width + x], _edge(light, x, y, width, height)) for x in range(width)]
        for y in range(height)
    ]


def _score(pixel: Pixel, light: float, edge: float) -> float:
    skin, saturation = _skin(pixel, light), _saturation(pixel)
    return (
        edge * EDGES_WEIGHT
        + skin * (edge + SKIN_BIAS) * SKIN_WEIGHT
        + saturation * (edge + SATURATION_BIAS) * SATURATION_WEIGHT
    )


def _edge(light: Sequence[float], x: int, y: int, width: int, height: int) -> float:
    """The Laplacian; there are no edges where the image ends."""
    if not (0 < x < width - 1 and 0 < y < height - 1):
        return 0.0
    at = y * width + x
    return abs(4 * light[at] - light[at - 1] - light[at + 1] - light[at - width] - light[at + width])


def _skin(pixel: Pixel, light: float) -> float:
    """0 to 1, by the direction of the colour whatever its light."""
    length = sqrt(sum(value * value for value in pixel))
    if length == 0 or not SKIN_LIGHT[0] <= light <= SKIN_LIGHT[1]:
        return 0.0
    distance = sqrt(sum((value / length - skin) ** 2 for value, skin in zip(pixel, SKIN, strict=True)))
    return max(0.0, 1 - distance - SKIN_FROM) / (1 - SKIN_FROM)


def _saturation(pixel: Pixel) -> float:
    """0 to 1, above what is common; by HSL."""
    high, low = max(pixel), min(pixel)
    light = (high + low) / 2
    if high == low or not SATURATED_LIGHT[0] <= light <= SATURATED_LIGHT[1]:
        return 0.0
    saturation = (high - low) / (2 - high - low if light > 0.5 else high + low)
    return max(0.0, saturation - SATURATED_FROM) / (1 - SATURATED_FROM)
