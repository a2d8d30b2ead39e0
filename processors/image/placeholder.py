"""What a page shows until the picture is there: BlurHash, ThumbHash, or a WebP of some twenty pixels.

All of them take a small upright picture in sRGB, as RGB or RGBA. They shrink it themselves to what they can make use
of: 32 pixels a side carry every wave that a hash can hold.
"""

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from math import copysign, floor, sqrt

from PIL.Image import Image, Resampling

from processors.image.backdrop import flatten
from processors.image.cosines import project, waves
from processors.image.srgb import LINEAR, to_byte

SIDE = 32
PAGE = "#ffffff"  # BlurHash knows no transparency: what most pages lie on
BASE83 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

LQIP_BYTES = 280  # 400 characters of data URL
LQIP_SIDES = (28, 20, 12)  # noise needs the smaller ones
LQIP_OPTIONS = {"quality": 30, "alpha_quality": 20, "method": 4}

Plane = Sequence[float]


def shrunk(image: Image, side: int) -> Image:
    """No side longer than `side`; never enlarged."""
    scale = side / max(image.size)
    if scale >= 1:
        return image
    width, height = image.size
    return image.resize((max(1, round(width * scale)), max(1, round(height * scale))), Resampling.HAMMING)


# -- BlurHash


def blurhash(image: Image, x: int = 4, y: int = 3) -> str:
    """The BlurHash with `x` times `y` components, 1..9 each.

    Source: https://github.com/woltapp/blurhash/blob/master/Algorithm.md, with the rounding of its C encoder.
    """
    if not (1 <= x <= 9 and 1 <= y <= 9):
        raise ValueError(f"a BlurHash has 1..9 components a side, not {x} x {y}")
    small = flatten(shrunk(image, SIDE), PAGE)
    factors = _blurhash_factors(small, x, y)
    mean, details = factors[0], factors[1:]
    largest = max((abs(value) for factor in details for value in factor), default=0.0)
    scale = max(0, min(82, floor(largest * 166 - 0.5)))
    red, green, blue = (to_byte(value) for value in mean)
    parts = [_base83(x - 1 + (y - 1) * 9, 1), _base83(scale, 1), _base83(red << 16 | green << 8 | blue, 4)]
    parts += [_base83(_blurhash_detail(factor, (scale + 1) / 166), 2) for factor in details]
    return "".join(parts)


def _blurhash_factors(image: Image, x: int, y: int) -> list[tuple[float, ...]]:
    """Red, green and blue of each component in linear light, row by row; the first is the mean."""
    width, height = image.size
    across, down = waves(x, width, 0), waves(y, height, 0)
    data = image.tobytes()
    bands = [project([LINEAR[byte] for byte in data[band::3]], across, down) for band in range(3)]
    flat = [[value for row in band for value in row] for band in bands]
    pixels = width * height
    return [
        tuple(value * (2 if index else 1) / pixels for value in factor)
        for index, factor in enumerate(zip(*flat, strict=True))
    ]


def _blurhash_detail(factor: Sequence[float], scale: float) -> int:
    """Three numbers of 19 steps each; 9 is nothing, and the steps are finer near it."""
    number = 0
    for value in factor:
        root = copysign(sqrt(abs(value / scale)), value)
        number = number * 19 + max(0, min(18, floor(root * 9 + 9.5)))
    return number


def _base83(value: int, digits: int) -> str:
    return "".join(BASE83[value // 83**place % 83] for place in reversed(range(digits)))


# -- ThumbHash


@dataclass(frozen=True, slots=True)
class _Channel:
    """One plane's mean, the largest of its waves, and every wave as 0..15 of that."""

    mean: float
    scale: float
    details: list[int]


def thumbhash(image: Image) -> str:
    """The ThumbHash, some 20 to 25 bytes, in base64: it also knows transparency and the shape of the picture.

    Source: Evan Wallace, https://github.com/evanw/thumbhash.
    """
    small = shrunk(image, SIDE)
    size = small.size
    lightness, yellow_blue, red_green, opacity = _lpqa(small.convert("RGBA"))
    has_alpha = min(opacity) < 1
    x, y = (max(1, _rounded((5 if has_alpha else 7) * side / max(size))) for side in size)
    light = _channel(lightness, size, max(3, x), max(3, y))
    p, q = _channel(yellow_blue, size, 3, 3), _channel(red_green, size, 3, 3)
    a = _channel(opacity, size, 5, 5) if has_alpha else None
    is_landscape = size[0] > size[1]
    packed = _packed(
        (6, _rounded(63 * light.mean)),
        (6, _rounded(31.5 + 31.5 * p.mean)),
        (6, _rounded(31.5 + 31.5 * q.mean)),
        (5, _rounded(31 * light.scale)),
        (1, has_alpha),
        (3, y if is_landscape else x),
        (6, _rounded(63 * p.scale)),
        (6, _rounded(63 * q.scale)),
        (1, is_landscape),
        *([(4, _rounded(15 * a.mean)), (4, _rounded(15 * a.scale))] if a else []),
        *((4, detail) for channel in (light, p, q, a) if channel for detail in channel.details),
    )
    return b64encode(packed).decode()


def _lpqa(image: Image) -> tuple[Plane, Plane, Plane, Plane]:
    """Lightness, yellow - blue, red - green, opacity; what is transparent lies on the mean of what isn't."""
    data = image.tobytes()
    alpha = [byte / 255 for byte in data[3::4]]
    opaque = sum(alpha)
    bands = []
    for band in range(3):
        seen = [byte / 255 * share for byte, share in zip(data[band::4], alpha, strict=True)]
        mean = sum(seen) / opaque if opaque else 0.0
        bands.append([value + mean * (1 - share) for value, share in zip(seen, alpha, strict=True)])
    pixels = list(zip(*bands, strict=True))
    return (
        [(red + green + blue) / 3 for red, green, blue in pixels],
        [(red + green) / 2 - blue for red, green, blue in pixels],
        [red - green for red, green, _ in pixels],
        alpha,
    )


def _channel(plane: Plane, size: tuple[int, int], x: int, y: int) -> _Channel:
    """Only waves below the diagonal count: u / x + v / y < 1."""
    width, height = size
    sums = project(plane, waves(x, width, 0.5), waves(y, height, 0.5))
    kept = [sums[v][u] / (width * height) for v in range(y) for u in range(x) if u * y < x * (y - v)]
    mean, details = kept[0], kept[1:]
    scale = max(map(abs, details))
    return _Channel(mean, scale, [_rounded(15 * (0.5 + 0.5 / scale * value)) if scale else 0 for value in details])


def _rounded(value: float) -> int:
    """Halves upward, as the reference does in JavaScript."""
    return floor(value + 0.5)


def _packed(*fields: tuple[int, int]) -> bytes:
    """Numbers of so many bits each, the first one lowest."""
    number = length = 0
    for bits, value in fields:
        number |= value << length
        length += bits
    return number.to_bytes((length + 7) // 8, "little")


# -- LQIP


def lqip(image: Image) -> str:
    """The picture itself in very small, as the data URL of a WebP of at most `LQIP_BYTES` bytes."""
    for side in LQIP_SIDES:
        encoded = _webp(shrunk(image, side))
        if len(encoded) <= LQIP_BYTES:
            break
    return "data:image/webp;base64," + b64encode(encoded).decode()


def _webp(image: Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "WEBP", icc_profile=None, exif=b"", xmp=b"", **LQIP_OPTIONS)
    return target.getvalue()
