"""What a byte of sRGB means: linear light (IEC 61966-2-1), and Oklab, where distance is what the eye sees.

Oklab: Björn Ottosson, "A perceptual color space for image processing", 2020, https://bottosson.github.io/posts/oklab/.
"""

RGB = tuple[int, int, int]
Lab = tuple[float, float, float]


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


LINEAR = tuple(_linear(byte / 255) for byte in range(256))


def to_byte(light: float) -> int:
    """Linear light 0..1 as a byte of sRGB; what lies outside is clipped."""
    light = min(1.0, max(0.0, light))
    value = light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return int(value * 255 + 0.5)


def oklab(colour: RGB) -> Lab:
    """Lightness 0..1, and the two opponent axes, green to red and blue to yellow, about -0.4..0.4."""
    red, green, blue = LINEAR[colour[0]], LINEAR[colour[1]], LINEAR[colour[2]]
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )
