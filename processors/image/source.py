"""The opened image: its pixels, frame by frame, no larger than needed, upright and in the wanted colours."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from PIL import Image
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile

from processors.image.backends.base import Backend
from processors.image.colour import Profile, eight_bits, to_colorspace
from processors.image.facts import Header
from processors.image.geometry import Box, Size
from processors.image.models import Colorspace
from processors.image.opening import decoding, load
from processors.image.resample import Release, keep, shrink
from processors.image.scan import Scan

# EXIF's orientation -> what turns the stored pixels upright.
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
ANIMATED = frozenset({"GIF", "PNG", "WEBP", "AVIF"})  # pages of a TIFF are no animation
OPAQUE = (255, 255)
QUICKEST = 10  # milliseconds: browsers show a GIF's frames that say so or less for `SLOW`
SLOW = 100
ONCE, FOREVER = 1, 0


@dataclass(slots=True)
class Source:
    """`turn` (1-8) is the EXIF's orientation as far as it remains to be applied; `stored` is the size before it.

    With `ycc`, a picture may be in YCbCr: nobody needs its colours in RGB. `icc` is the profile that belongs into the
    renditions, once something was developed.
    """

    image: ImageFile
    file: BinaryIO
    found: Scan
    header: Header
    stored: Size
    backend: Backend
    profile: Profile | None
    turn: int
    colorspace: Colorspace
    ycc: bool
    notes: list[str]
    icc: bytes | None = field(default=None, init=False)

    @property
    def size(self) -> Size:
        return _turned(self.stored, self.turn)

    @property
    def is_animated(self) -> bool:
        return self.header.frames > 1 and self.header.format in ANIMATED

    def first(self, wanted: Size) -> Image.Image:
        """The image, or its first frame, as `wanted`. A JPEG is decoded at 1/2, 1/4 or 1/8 where that is enough."""
        stored = _turned(wanted, self.turn)
        pixels = self.backend.decode(self.image, self.file, stored, ycc=self.ycc)
        if pixels is not None:
            return self._develop(pixels, stored, (0, 0, *pixels.size), pixels.close)
        with decoding():
            drafted = self.image.draft(None, stored)
        load(self.image, self.found)
        box = drafted[1] if drafted else (0, 0, *self.image.size)
        return self._develop(self.image, stored, box, keep if self.is_animated else self.image.close)

    def frames(self, most: int, wanted: Size) -> Iterator[tuple[Image.Image, float]]:
        """At most so many frames of an animation, each composed with those before it, and its milliseconds."""
        for number in self.shown(most):
            with decoding():
                self.image.seek(number)
            load(self.image, self.found)
            duration = float(self.image.info.get("duration") or 0)
            if self.header.format == "GIF" and duration <= QUICKEST:
                duration = SLOW
            yield self._develop(self.image, _turned(wanted, self.turn), (0, 0, *self.image.size), keep), duration

    def shown(self, most: int) -> range:
        """The frames that are part of the animation. An APNG may begin with one that isn't."""
        start = 1 if self.image.info.get("default_image") or getattr(self.image, "default_image", False) else 0
        return range(start, min(self.header.frames, start + most))

    def loops(self) -> int:
        """How often the animation is shown; 0 is for ever."""
        loop = self.image.info.get("loop")
        if self.header.format == "GIF":  # it says how often to *repeat*, and nothing if it isn't to
            return ONCE if loop is None else FOREVER if loop == 0 else loop + 1
        return loop if isinstance(loop, int) else FOREVER

    def _develop(self, pixels: Image.Image, stored: Size, box: Box, release: Release) -> Image.Image:
        """RGB or RGBA, or YCbCr where that may stay.

        Turning and colours cost least where there are fewest pixels, so they come after shrinking.
        """
        with decoding():
            convert = eight_bits(pixels, self.header.bit_depth, self.notes)
            picture = shrink(pixels, stored, box, convert, release)
        if self.turn in UPRIGHT:
            picture = picture.transpose(UPRIGHT[self.turn])
        if self.ycc and picture.mode == "YCbCr":
            return picture
        picture, self.icc = to_colorspace(picture, self.profile, self.colorspace, self.notes)
        if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == OPAQUE:
            return picture.convert("RGB")
        return picture


def _turned(size: Size, turn: int) -> Size:
    """Orientations from 5 on exchange width and height."""
    return (size[1], size[0]) if turn >= 5 else size
