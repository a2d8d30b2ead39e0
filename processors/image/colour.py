"""Any sort of pixels -> 8 bits of sRGB, through the embedded profile."""

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageCms

INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
CMS_ERRORS = (ImageCms.PyCMSError, OSError, ValueError, TypeError)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
COLORANT_TOLERANCE = 0.001

SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}  # as an ICC profile's header calls them
SIXTEEN_BIT = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
TO_EIGHT_BITS = [(value * 255 + 32_767) // 65_535 for value in range(65_536)]


@dataclass(frozen=True, slots=True)
class Profile:
    """An embedded ICC profile. `space` is that of its device side: GRAY, RGB, CMYK, ..."""

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
        return Profile(profile, name, profile.profile.xcolor_space.strip())
    except CMS_ERRORS:
        notes.append("The embedded colour profile is damaged; sRGB is assumed.")
        return None


def resamplable(image: Image.Image) -> Image.Image:
    """The image in a mode whose pixels can be averaged. A palette's indices can't, nor can single bits."""
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode in SIXTEEN_BIT and image.mode != "I;16":
        return image.convert("I")
    return image


def to_srgb(image: Image.Image, profile: Profile | None, depth: int | None, notes: list[str]) -> Image.Image:
    """As RGB or RGBA. `depth` is the bit depth that the pixels had in the file."""
    image = _eight_bits(image, depth, notes)
    if image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    if image.mode not in ("LA", "RGBA"):
        return _colours(image, profile, notes)
    coloured = _colours(image.convert(image.mode[:-1]), profile, notes)
    coloured.putalpha(image.getchannel("A"))
    return coloured


def _eight_bits(image: Image.Image, depth: int | None, notes: list[str]) -> Image.Image:
    """Scaled: Pillow's own conversion clips everything above 255 to white."""
    if image.mode == "I;16":
        image = image.convert("I")
    if image.mode not in ("I", "F"):
        return image
    low, high = image.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    if depth == 16 and low >= 0:
        return image.point(TO_EIGHT_BITS, "L")
    notes.append(f"Brightness was stretched from {low:g} to {high:g}.")
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return Image.new("L", image.size)
    scaled = image.convert("F").point(lambda value: value * (255 / span) + (-low * 255 / span))
    return scaled.convert("L")


def _colours(image: Image.Image, profile: Profile | None, notes: list[str]) -> Image.Image:
    if image.mode == "LAB":
        return _transform(image, LAB, notes)
    if profile is not None and profile.space == "RGB" and image.mode in ("L", "YCbCr"):
        image = image.convert("RGB")
    if profile is None or profile.space != SPACES.get(image.mode):
        if profile is not None:
            notes.append(f"The colour profile is for {profile.space} and was ignored.")
        elif image.mode == "CMYK":
            notes.append("There is no profile for the printing colours: they are approximate.")
        return image.convert("RGB")
    return image if profile.is_srgb() else _transform(image, profile.icc, notes)


def _transform(image: Image.Image, source: ImageCms.ImageCmsProfile, notes: list[str]) -> Image.Image:
    try:
        transform = ImageCms.buildTransform(source, SRGB, image.mode, "RGB", INTENT, FLAGS)
        transformed = ImageCms.applyTransform(image, transform)
    except CMS_ERRORS:
        notes.append("The embedded colour profile can't be applied; sRGB is assumed.")
        return image.convert("RGB")
    assert transformed is not None  # it is None only when applied in place
    return transformed
