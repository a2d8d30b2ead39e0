"""JPEG through libjpeg-turbo's own interface (the extra `fast`), which scales by eighths: Pillow knows halves alone."""

from typing import BinaryIO

import simplejpeg
from PIL import Image
from PIL.ImageFile import ImageFile

from processors.image.backends.base import Size, can_halve

FORMATS = ("JPEG", "MPO")
COLOURS = {"L": "GRAY", "RGB": "RGB"}


class Fast:
    def takes(self, image: ImageFile, file: BinaryIO) -> bool:
        return image.format in FORMATS and image.mode in COLOURS

    def decode(self, image: ImageFile, file: BinaryIO, wanted: Size) -> Image.Image | None:
        if not self.takes(image, file) or can_halve(image.size, wanted):
            return None
        width, height = wanted
        file.seek(0)
        try:
            pixels = simplejpeg.decode_jpeg(file.read(), COLOURS[image.mode], min_width=width, min_height=height)
        except ValueError:  # at the first irregularity; Pillow forgives some
            return None
        return Image.frombuffer(image.mode, (pixels.shape[1], pixels.shape[0]), pixels, "raw", image.mode, 0, 1)
