"""HDR -> sRGB for stills: a table of colours (Pillow's Color3DLUT), built when the first HDR picture is shown.

The code value becomes display light (PQ: SMPTE ST 2084; HLG: ITU-R BT.2100 with its system gamma for 1,000 cd/m2),
the highlights are rolled off as in ITU-R BT.2390 (EETF), and BT.2020 becomes BT.709. What BT.709 can't hold is clipped.
"""

from collections.abc import Callable, Iterator
from functools import cache

from PIL.ImageFilter import Color3DLUT

PQ, HLG = 16, 18  # AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67
STEPS = 33  # of the table, in each colour

WHITE = 203.0  # cd/m2 of reference white (ITU-R BT.2408): it becomes the white of sRGB
PEAK = 1000.0  # cd/m2: what most HDR is graded for

BT2020_LUMA = (0.2627, 0.6780, 0.0593)
BT2020_TO_BT709 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))

Triple = tuple[float, float, float]


@cache
def table(transfer: int) -> Color3DLUT:
    """For RGB pictures whose values are still PQ or HLG, in BT.2020."""
    light = _hlg_light if transfer == HLG else _pq_light
    return Color3DLUT(STEPS, list(_entries(light)))


def _entries(light: Callable[[Triple], Triple]) -> Iterator[float]:
    levels = [step / (STEPS - 1) for step in range(STEPS)]
    for blue in levels:
        for green in levels:
            for red in levels:
                yield from _shown(light((red, green, blue)))


def _shown(light: Triple) -> Iterator[float]:
    """Display light in cd/m2 -> values of sRGB. All three are dimmed alike, so that the hue stays."""
    brightest = max(light)
    if brightest <= 0:
        return iter((0.0, 0.0, 0.0))
    scale = _rolled_off(brightest) / brightest / WHITE
    red, green, blue = (value * scale for value in light)
    return (_srgb(a * red + b * green + c * blue) for a, b, c in BT2020_TO_BT709)


def _rolled_off(light: float) -> float:
    """BT.2390: as it is up to a knee, then a Hermite spline in PQ from the knee to white."""
    top = _pq_value(PEAK)
    value, white = min(_pq_value(light) / top, 1.0), _pq_value(WHITE) / top
    knee = 1.5 * white - 0.5
    if value < knee:
        return light
    t = (value - knee) / (1 - knee)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * white
    return _pq_nits(spline * top)


def _pq_light(values: Triple) -> Triple:
    red, green, blue = values
    return _pq_nits(red), _pq_nits(green), _pq_nits(blue)


def _hlg_light(values: Triple) -> Triple:
    red, green, blue = (_hlg_scene(value) for value in values)
    luma = BT2020_LUMA[0] * red + BT2020_LUMA[1] * green + BT2020_LUMA[2] * blue
    gain = PEAK * luma**0.2 if luma > 0 else 0.0
    return red * gain, green * gain, blue * gain


@cache
def _pq_nits(value: float) -> float:
    power = value ** (1 / 78.84375)
    return float(10_000 * (max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125))


def _pq_value(nits: float) -> float:
    power = (nits / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


@cache
def _hlg_scene(value: float) -> float:
    if value <= 0.5:
        return value * value / 3
    return float((2.718281828459045 ** ((value - 0.55991073) / 0.17883277) + 0.28466892) / 12)


def _srgb(light: float) -> float:
    if light <= 0.0031308:
        return 12.92 * max(light, 0.0)
    return float(1.055 * min(light, 1.0) ** (1 / 2.4) - 0.055)
