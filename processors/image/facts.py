"""What an image says about itself, without its pixels. Its position stays its secret."""

import re
from dataclasses import dataclass

from PIL import ExifTags
from PIL.ImageFile import ImageFile

from processors.image.models import Camera
from processors.image.opening import DECODING_ERRORS

TEXT_LENGTH = 100
EXIF_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d:\d\d:\d\d)")
EXIF_OFFSET = re.compile(r"[+-]\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Header:
    """What must be asked before the pixels are decoded."""

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
    """Pillow decodes 16 bits of colour to 8; only the raw mode still says what there was."""
    if image.format == "AVIF":
        return None
    raw_mode = str(image.tile[0].args) if image.tile else ""
    if ";16" in raw_mode or image.mode.startswith("I;16"):
        return 16
    return {"1": 1, "I": 32, "F": 32}.get(image.mode, 8)


@dataclass(frozen=True, slots=True)
class Exif:
    """`orientation` (1-8) is what remains to be done: Pillow turns a TIFF while loading it."""

    camera: Camera | None = None
    taken_at: str | None = None
    orientation: int = 1


def read_exif(image: ImageFile) -> Exif:
    """An unreadable EXIF is an empty one."""
    try:
        exif = image.getexif()
        details = exif.get_ifd(ExifTags.IFD.Exif)
    except DECODING_ERRORS:
        return Exif()
    make, model = _text(exif.get(ExifTags.Base.Make)), _text(exif.get(ExifTags.Base.Model))
    time = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    orientation = exif.get(ExifTags.Base.Orientation)
    return Exif(
        camera=Camera(make=make, model=model) if make or model else None,
        taken_at=_iso_time(_text(time), _text(details.get(ExifTags.Base.OffsetTimeOriginal))),
        orientation=orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
    )


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    return "".join(character for character in value if character.isprintable()).strip()[:TEXT_LENGTH] or None


def _iso_time(time: str | None, offset: str | None) -> str | None:
    found = EXIF_TIME.fullmatch(time or "")
    if found is None or found[1] == "0000":
        return None
    zone = offset if offset and EXIF_OFFSET.fullmatch(offset) else ""
    return f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{zone}"
