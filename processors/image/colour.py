"""Any sort of pixels -> 8 bits a channel -> the colour space that was asked for, through the embedded profile."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageCms

from processors.image.display_p3 import display_p3
from processors.image.models import Colorspace

INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
CMS_ERRORS = (ImageCms.PyCMSError, OSError, ValueError, TypeError)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
P3_BYTES = display_p3()
P3 = ImageCms.ImageCmsProfile(io.BytesIO(P3_BYTES))
COLORANT_TOLERANCE = 0.001

SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}  # as an ICC profile's header calls them
RESAMPLABLE = frozenset({"L", "LA", "RGB", "RGBA", "La", "RGBa", "CMYK", "YCbCr"})
SIXTEEN_BIT = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
TO_EIGHT_BITS = [(value * 255 + 32_767) // 65_535 for value in range(65_536)]


@dataclass(frozen=True, slots=True)
class Profile:
    """An embedded ICC profile. `space` is that of its device side: GRAY, RGB, CMYK, ..."""

    data: bytes
    icc: ImageCms.ImageCmsProfile
    name: str
    space: str

    def is_srgb(self) -> bool:
        """Most profiles in the wild are this one, and then converting only costs time."""
        mine, srgb = self.icc.profile, SRGB.profile
        pairs = zip(
            (mine.red_colorant, mine.green_colorant, mine.blue_colorant),
            (srgb.red_colorant, srgb.green_colorant, srgb.blue_colorant),
            strict=True,
        )
        return self.name.startswith("sRGB") and all(
            a is not None and b is not None and math.dist(a[0], b[0]) < COLORANT_TOLERANCE for a, b in pairs
        )


def read_profile(icc: bytes | None, notes: list[str]) -> Profile | None:
    if not icc:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        name = " ".join(ImageCms.getProfileDescription(profile).split())[:100]
        return Profile(icc, profile, name, profile.profile.xcolor_space.strip())
    except CMS_ERRORS:
        notes.append("The embedded colour profile is damaged; sRGB is assumed.")
        return None


# -- bytes that can be averaged


def eight_bits(image: Image.Image, depth: int | None, notes: list[str]) -> Callable[[Image.Image], Image.Image]:
    """What makes any part of the image L, LA, RGB, RGBA, CMYK or YCbCr. `depth` is that of the file's channels.

    Deep pixels are scaled: Pillow's own conversion clips everything above 255 to white.
    """
    if image.mode in SIXTEEN_BIT:
        return _from_sixteen
    if image.mode not in ("I", "F"):
        return lambda part: _resamplable(part, notes)
    low, high = image.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if depth == 16 and low >= 0:
        return _from_sixteen
    notes.append(f"Brightness was stretched from {low:g} to {high:g}.")
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return lambda part: Image.new("L", part.size)
    return lambda part: part.convert("F").point(lambda value: value * (255 / span) + (-low * 255 / span)).convert("L")


def _from_sixteen(image: Image.Image) -> Image.Image:
    return image.convert("I").point(TO_EIGHT_BITS, "L")


def _resamplable(image: Image.Image, notes: list[str]) -> Image.Image:
    """A palette's indices can't be averaged, nor can single bits, nor Lab's signed bytes."""
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "LAB":
        return _transform(image, LAB, SRGB, notes)
    return image if image.mode in RESAMPLABLE else image.convert("RGB")


# -- colours


def to_colorspace(
    image: Image.Image, profile: Profile | None, wanted: Colorspace, notes: list[str]
) -> tuple[Image.Image, bytes | None]:
    """An image of bytes as RGB or RGBA, and the profile to embed: None for sRGB, which all the world assumes."""
    if image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    if image.mode not in ("LA", "RGBA"):
        return _coloured(image, profile, wanted, notes)
    coloured, icc = _coloured(image.convert(image.mode[:-1]), profile, wanted, notes)
    coloured.putalpha(image.getchannel("A"))
    return coloured, icc


def _coloured(
    image: Image.Image, profile: Profile | None, wanted: Colorspace, notes: list[str]
) -> tuple[Image.Image, bytes | None]:
    if profile is not None and profile.space == "RGB" and image.mode in ("L", "YCbCr"):
        image = image.convert("RGB")
    source = _source(image, profile, notes)
    if wanted == "keep" and source is not None and image.mode == "RGB":
        return image, source.data
    if wanted == "p3":
        pixels, icc = (image, source.icc) if source else (_rgb(image), SRGB)
        return _transform(pixels, icc, P3, notes), P3_BYTES
    return _transform(image, source.icc, SRGB, notes) if source else _rgb(image), None


def _rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def _source(image: Image.Image, profile: Profile | None, notes: list[str]) -> Profile | None:
    """The profile, if it fits the pixels and makes a difference."""
    if profile is None:
        if image.mode == "CMYK":
            notes.append("There is no profile for the printing colours: they are approximate.")
        return None
    if profile.space != SPACES.get(image.mode):
        notes.append(f"The colour profile is for {profile.space} and was ignored.")
        return None
    return None if profile.is_srgb() else profile


def _transform(
    image: Image.Image, source: ImageCms.ImageCmsProfile, target: ImageCms.ImageCmsProfile, notes: list[str]
) -> Image.Image:
    try:
        transform = ImageCms.buildTransform(source, target, image.mode, "RGB", INTENT, FLAGS)
        transformed = ImageCms.applyTransform(image, transform)
    except CMS_ERRORS:
        notes.append("The embedded colour profile can't be applied; sRGB is assumed.")
        return image.convert("RGB")
    assert transformed is not None  # it is None only when applied in place
    return transformed
