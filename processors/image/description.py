"""What the result says of the picture itself: what it looks like in very small, in colours, and in bits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from processors.image.colour import read_profile, to_colorspace
from processors.image.geometry import Layout, Size, scaled
from processors.image.models import ImageParams, PaletteColour, Rendered
from processors.image.palette import palette
from processors.image.phash import dhash, phash
from processors.image.placeholder import blurhash, lqip, thumbhash

SIDE = 160  # pixels: more would change nothing

PLACEHOLDERS: Mapping[str, Callable[[Image.Image], str]] = {"blurhash": blurhash, "thumbhash": thumbhash, "lqip": lqip}
HASHES: Mapping[str, Callable[[Image.Image], str]] = {"dhash": dhash, "phash": phash}


@dataclass(frozen=True, slots=True)
class Description:
    placeholder: str | None
    palette: list[PaletteColour]
    phash: str | None


def small_layout(size: Size) -> Layout:
    small = scaled(size, min(1.0, SIDE / max(size)))
    return Layout((0, 0, *size), small, small)


def describe(small: Image.Image, icc: bytes | None, params: ImageParams) -> Description:
    """Of a small RGB, RGBA or YCbCr picture whose profile is `icc`, or sRGB without one."""
    if small.mode == "YCbCr":
        small = small.convert("RGB")
    if icc is not None:
        small, _ = to_colorspace(small, read_profile(icc, []), "srgb", [])
    return Description(
        placeholder=PLACEHOLDERS[params.placeholder](small) if params.placeholder != "none" else None,
        palette=palette(small, params.palette) if params.palette else [],
        phash=HASHES[params.phash](small) if params.phash != "none" else None,
    )


def srcset(renditions: Sequence[Rendered], whole: Sequence[str]) -> str:
    """For an <img>: the stills that show the `whole` image, narrowest first, one of each width."""
    by_width = {one.width: one for one in reversed(renditions) if one.name in whole}
    return ", ".join(f"{by_width[width].file} {width}w" for width in sorted(by_width))
