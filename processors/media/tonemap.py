"""HDR -> sRGB for stills.

A curve for each colour makes code values into display light (PQ: SMPTE ST 2084; HLG: ITU-R BT.2100, its system gamma
for 1,000 cd/m2), rolls off the highlights as in ITU-R BT.2390 (EETF), and gives them the transfer function of sRGB. A
table of colours then makes BT.2020 into BT.709; what that can't hold is clipped. In one table, greys would come out
uneven: it is interpolated between points of which some are clipped.
"""

import math
from collections.abc import Iterator
from functools import cache

from PIL import Image
from PIL.ImageFilter import Color3DLUT

PQ, HLG = 16, 18  # AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67
STEPS = 25  # of the table, in each colour

WHITE = 203.0  # cd/m2 of reference white (ITU-R BT.2408): the highlights end at the white of sRGB
PEAK = 1000.0  # cd/m2: what most HDR is graded for
SYSTEM_GAMMA = 1.2

BT2020_TO_BT709 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))


def to_srgb(image: Image.Image, transfer: int) -> Image.Image:
    """Of an RGB picture whose values are still PQ or HLG, in BT.2020."""
    return image.point(list(curve(transfer)) * 3).filter(_gamut())


@cache
def curve(transfer: int) -> bytes:
    """What becomes of each of 256 values, still in BT.2020."""
    light = _hlg_nits if transfer == HLG else _pq_nits
    return bytes(round(255 * _srgb(_rolled_off(light(value / 255)) / WHITE)) for value in range(256))


@cache
def _gamut() -> Color3DLUT:
    return Color3DLUT(STEPS, list(_entries()))


def _entries() -> Iterator[float]:
    """The first colour varies fastest."""
    levels = [_linear(step / (STEPS - 1)) for step in range(STEPS)]
    for blue in levels:
        for green in levels:
            for red in levels:
                yield from (_srgb(a * red + b * green + c * blue) for a, b, c in BT2020_TO_BT709)


def _rolled_off(nits: float) -> float:
    """BT.2390: as it is up to a knee, then a Hermite spline in PQ from the knee to white."""
    top = _pq_value(PEAK)
    value, white = min(_pq_value(nits) / top, 1.0), _pq_value(WHITE) / top
    knee = 1.5 * white - 0.5
    if value < knee:
        return nits
    t = (value - knee) / (1 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * white
    return _pq_nits(spline * top)


def _pq_nits(value: float) -> float:
    power = value ** (1 / 78.84375)
    return float(10_000 * (max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125))


def _pq_value(nits: float) -> float:
    power = (nits / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def _hlg_nits(value: float) -> float:
    """For greys exact; colours are each given the gamma that their luminance should have."""
    scene = value * value / 3 if value <= 0.5 else (math.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return float(PEAK * scene**SYSTEM_GAMMA)


def _srgb(light: float) -> float:
    if light <= 0.0031308:
        return 12.92 * max(light, 0.0)
    return float(1.055 * min(light, 1.0) ** (1 / 2.4) - 0.055)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
