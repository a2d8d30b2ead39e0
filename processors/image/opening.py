"""Opens an image so that a hostile one does no harm: few formats, and every limit checked before a pixel is decoded."""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

# Every plugin that a file of ours may call for, loaded now and not when the first such file comes (see `webp.warm`).
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL.ImageFile import ImageFile

from processors.base import Rejected
from processors.image.models import MAX_PIXELS, MAX_SIDE

FORMATS = {
    "JPEG": (JpegImagePlugin, MpoImagePlugin),
    "PNG": (PngImagePlugin,),
    "WEBP": (WebPImagePlugin,),
    "GIF": (GifImagePlugin,),
    "AVIF": (AvifImagePlugin,),
    "TIFF": (TiffImagePlugin,),
    "BMP": (BmpImagePlugin,),
}
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # more would only take memory from the cell's neighbours

BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*", b"BM")
MAX_WARNINGS = 10

# What Pillow's decoders are known to raise for damaged files. MemoryError is not the file's word but the cell's.
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    struct.error,
)


@contextmanager
def decoding() -> Iterator[None]:
    """Around everything that decodes: what a damaged file makes Pillow raise becomes `Rejected`."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise Rejected("limit_exceeded", f"The image has too many pixels; {MAX_PIXELS:,} is the most.") from bomb
    except OSError as wrong:
        if wrong.errno is not None:
            raise  # the disk's fault
        raise _corrupt(wrong) from wrong
    except DECODING_ERRORS as wrong:
        raise _corrupt(wrong) from wrong


def _corrupt(wrong: Exception) -> Rejected:
    return Rejected("corrupt_input", f"The image can't be decoded: {str(wrong)[:200] or type(wrong).__name__}.")


@contextmanager
def collecting(notes: list[str]) -> Iterator[None]:
    """What Pillow only warns about belongs into the result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield
    found = dict.fromkeys(" ".join(str(one.message).split())[:200] for one in caught)
    notes.extend(list(found)[:MAX_WARNINGS])


def open_image(file: BinaryIO) -> ImageFile:
    """The image with its header read and its size within the limits. Raises `Rejected`."""
    head = file.read(12)
    file.seek(0)
    try:
        with decoding():
            image = Image.open(file, formats=tuple(FORMATS))
    except Rejected as rejected:
        if not isinstance(rejected.__cause__, UnidentifiedImageError):
            raise
        raise _unknown(head) from rejected.__cause__
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise Rejected(
            "limit_exceeded",
            f"The image has {width:,} x {height:,} pixels; {MAX_PIXELS:,} in all and {MAX_SIDE:,} a side are the most.",
        )
    return image


def _unknown(head: bytes) -> Rejected:
    is_ours = head.startswith(BEGINNINGS) or head[8:12] == b"WEBP" or head[4:12] in (b"ftypavif", b"ftypavis")
    if is_ours:
        return Rejected("corrupt_input", "The image's header is damaged.")
    return Rejected("unsupported_input", "This is no JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP image.")
