"""Opens an image so that a hostile one does no harm: few formats, and every limit checked before a pixel is decoded."""

import io
import struct
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

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
from processors.image.models import MAX_PIXELS, InputLimits
from processors.image.scan import Scan, identify, most_metadata, scan

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

SERVER_LIMITS = InputLimits()
MB = 1_000_000

# A cell has some 50 MB anyway, and stays below 300 MB with these. The pixels are there until they were scaled down,
# which takes another 50 MB where no rendition is wider than 1,920.
MAX_DECODING_BYTES = 250 * MB
SCALING_BYTES = 50 * MB
# Frames are put together on canvases: what is shown, what was before, what is encoded and what was encoded last.
ANIMATION_BYTES = 80 * MB
ANIMATION_BYTES_OF_A_PIXEL = 20
PAGED = frozenset({"TIFF"})  # pages are no frames: only the first one is decoded
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


def inspect(
    file: BinaryIO, limits: InputLimits = SERVER_LIMITS, frames: int = 1, formats: Collection[str] = tuple(FORMATS)
) -> Scan:
    """The image's structure, within `limits`, before any decoder saw it. `frames` is how many are to be decoded."""
    size = file.seek(0, io.SEEK_END)
    if size > limits.max_file_bytes:
        raise Rejected("limit_exceeded", f"The file has {size:,} bytes; {limits.max_file_bytes:,} are the most.")
    format_ = identify(file)
    if format_ is None or format_ not in formats:
        raise Rejected("unsupported_input", f"This is no image in one of {', '.join(formats)}.")
    found = scan(file, format_)
    _check_size(found, limits, frames)
    most = most_metadata(found.format)
    if found.metadata_bytes > most:
        raise Rejected("limit_exceeded", f"The image has more than {most:,} bytes of metadata.")
    return found


def _check_size(found: Scan, limits: InputLimits, frames: int) -> None:
    width, height = found.width, found.height
    if not (width and height):
        raise Rejected("corrupt_input", "The image has no pixels.")
    if found.frames > limits.max_frames:
        raise Rejected("limit_exceeded", f"The image has {found.frames:,} frames; {limits.max_frames:,} are the most.")
    decoded = 1 if found.format in PAGED else min(found.frames, frames)
    if decoded * width * height > limits.max_pixels or max(width, height) > limits.max_side:
        times = f" x {decoded:,} frames" if decoded > 1 else ""
        raise Rejected(
            "limit_exceeded",
            f"The image has {width:,} x {height:,} pixels{times}; {limits.max_pixels:,} in all and "
            f"{limits.max_side:,} a side are the most.",
        )
    if decoded > 1:
        _check_bytes(found, ANIMATION_BYTES_OF_A_PIXEL * width * height + ANIMATION_BYTES)


def open_image(file: BinaryIO, found: Scan | None = None) -> ImageFile:
    """The image with its header read by Pillow. `found` is what `inspect` said. Raises `Rejected`."""
    found = found or inspect(file)
    try:
        with decoding():
            image = Image.open(file, formats=(found.format,))
    except Rejected as rejected:
        if not isinstance(rejected.__cause__, UnidentifiedImageError):
            raise
        raise Rejected("corrupt_input", "The image's header is damaged.") from rejected.__cause__
    if image.width * image.height > found.width * found.height or max(image.size) > max(found.width, found.height):
        raise Rejected("corrupt_input", "The image is larger than it says.")
    return image


def check_memory(found: Scan, size: tuple[int, int]) -> None:
    """Whether the first frame may be decoded to `size`. A JPEG that was drafted to a smaller one needs less."""
    _check_bytes(found, found.pixel_bytes * size[0] * size[1] + max(found.workspace_bytes, SCALING_BYTES))


def _check_bytes(found: Scan, needed: int) -> None:
    if needed > MAX_DECODING_BYTES:
        raise Rejected(
            "limit_exceeded",
            f"{found.format} of {found.width:,} x {found.height:,} pixels takes {needed // MB:,} MB to decode; "
            f"{MAX_DECODING_BYTES // MB:,} MB are the most.",
        )


def load(image: ImageFile, found: Scan) -> None:
    """Decode the first frame, within the limit on memory. Raises `Rejected`."""
    check_memory(found, image.size)
    if isinstance(image, WebPImagePlugin.WebPImageFile | AvifImagePlugin.AvifImageFile) and image.n_frames == 1:
        image._decoder = OneFrame(image._decoder)
    with decoding():
        image.load()


class OneFrame:
    """A decoder of Pillow's that is gone, with all its buffers, once it gave its only frame: that is copied again."""

    def __init__(self, decoder: Any) -> None:
        self._decoder = decoder

    def get_next(self) -> object:
        return self._release().get_next()

    def get_frame(self, number: int) -> object:
        return self._release().get_frame(number)

    def _release(self) -> Any:
        decoder, self._decoder = self._decoder, None
        return decoder
