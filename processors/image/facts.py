"""What must be known of an image before its pixels are decoded."""

import re
from dataclasses import dataclass

from PIL.ImageFile import ImageFile

# As in "L;4", "P;1", "RGB;16B" or "I;16L": what one channel had in the file.
RAW_DEPTH = re.compile(r"\b(?:L|LA|P|I|RGB|RGBA|RGBX|CMYK);(1|2|4|16)(?!\d)")


@dataclass(frozen=True, slots=True)
class Header:
    """`bit_depth` is that of one channel; `frames` counts pages too."""

    format: str
    mode: str
    bit_depth: int | None
    has_alpha: bool
    frames: int


def read_header(image: ImageFile) -> Header:
    # An MPO is a JPEG that is followed by a gain map, a depth map or the like.
    is_jpeg = image.format == "MPO"
    return Header(
        format="JPEG" if is_jpeg else str(image.format),
        mode=image.mode,
        bit_depth=_bit_depth(image),
        has_alpha=image.has_transparency_data,
        frames=1 if is_jpeg else getattr(image, "n_frames", 1),
    )


def _bit_depth(image: ImageFile) -> int | None:
    """Pillow decodes to 8 bits what it can; only the raw mode still says what there was."""
    if image.format == "AVIF":
        return None
    raw_mode = str(image.tile[0].args) if image.tile else ""
    if found := RAW_DEPTH.search(raw_mode):
        return int(found[1])
    return 16 if image.mode.startswith("I;16") else {"1": 1, "I": 32, "F": 32}.get(image.mode, 8)
