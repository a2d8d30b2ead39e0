"""PNG and TIFF through libvips (the extra `vips`): decoded and scaled strip by strip, in half of Pillow's time.

JPEG goes the `fast` way, which is quicker. WebP and AVIF stay with Pillow: libvips decodes them no sooner, and its
quick way to a smaller WebP blurs.
"""

import io
from typing import BinaryIO

import pyvips
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from processors.image.backends.base import Size, whole
from processors.image.backends.fast import Fast

LOADERS = {"PNG": "pngload_buffer", "TIFF": "tiffload_buffer"}
MODES = ("L", "LA", "RGB", "RGBA")
MOST_BYTES = 32 << 20  # the file is in memory meanwhile: with 64, 50 megapixels with transparency took 305 MB
TAIL_BYTES = 64 << 10

pyvips.block_untrusted_set(True)  # the loaders that are not hardened against hostile files
pyvips.concurrency_set(1)
pyvips.cache_set_max(0)


class Vips(Fast):
    def takes(self, image: ImageFile, file: BinaryIO) -> bool:
        if image.format not in LOADERS:
            return super().takes(image, file)
        if image.mode not in MODES or file.seek(0, io.SEEK_END) > MOST_BYTES:
            return False
        if image.format == "PNG":
            return _is_done_with_the_pixels(image, file)
        return bool(image.getexif().get(ExifTags.Base.Orientation, 1) == 1)  # Pillow turns a TIFF while it loads it

    def decode(self, image: ImageFile, file: BinaryIO, wanted: Size, *, ycc: bool = False) -> Image.Image | None:
        if image.format not in LOADERS:
            return super().decode(image, file, wanted, ycc=ycc)
        if not self.takes(image, file) or (data := whole(file, MOST_BYTES)) is None:
            return None
        try:
            stored = pyvips.Operation.call(LOADERS[image.format], data, access="sequential", fail_on="error")
            if (stored.format, stored.bands, _size(stored)) != ("uchar", len(image.getbands()), image.size):
                return None
            scaled = _scaled(stored, wanted, has_alpha=image.mode.endswith("A"))
            pixels = scaled.write_to_memory()
        except pyvips.Error:
            return None
        return Image.frombuffer(image.mode, _size(scaled), pixels, "raw", image.mode, 0, 1)


def _is_done_with_the_pixels(image: ImageFile, file: BinaryIO) -> bool:
    """Whether nothing but its end follows the pixels of a PNG: for Exif there, Pillow would have to load them all."""
    file.seek(-min(TAIL_BYTES, file.seek(0, io.SEEK_END)), io.SEEK_END)
    tail = file.read().rpartition(b"IDAT")[2]
    if b"IEND" not in tail or b"eXIf" in tail or b"Raw profile" in tail or "Raw profile type exif" in image.info:
        return False
    image.info.setdefault("exif", b"")  # Pillow looks no further
    return True


def _size(image: pyvips.Image) -> Size:
    return image.width, image.height


def _scaled(image: pyvips.Image, wanted: Size, *, has_alpha: bool) -> pyvips.Image:
    across, down = min(1.0, wanted[0] / image.width), min(1.0, wanted[1] / image.height)
    if across == down == 1:
        return image
    if not has_alpha:
        return image.resize(across, vscale=down, kernel="lanczos3")
    return image.premultiply().resize(across, vscale=down, kernel="lanczos3").unpremultiply().cast("uchar")
