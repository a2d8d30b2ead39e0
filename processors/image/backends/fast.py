"""JPEG through FFmpeg, which PyAV brings: as planes, with chroma no larger than the file has it, and scaled as such.

That is less than half the bytes of pixels in RGB. They become pixels once they are few, or never, for another JPEG.
"""

from typing import BinaryIO

import av
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from PIL import Image
from PIL.ImageFile import ImageFile

from processors.image.backends.base import Size, can_halve, whole
from processors.image.resample import GAP, LANCZOS

FORMATS = ("JPEG", "MPO")
PLANES = {"L": ("gray",), "RGB": ("yuvj420p", "yuvj422p", "yuvj444p")}
LEAST_PIXELS = 1 << 18  # it saves nothing, and the last half pixel of chroma shows
MOST_PIXELS = 25_000_000  # as many planes and coefficients as a cell has memory for
MOST_BYTES = 32 << 20  # the file is in memory twice
TAIL_BYTES = 64 << 10
END = b"\xff\xd9"


class Fast:
    def takes(self, image: ImageFile, file: BinaryIO) -> bool:
        if image.format not in FORMATS or image.mode not in PLANES:
            return False
        return LEAST_PIXELS <= image.width * image.height <= MOST_PIXELS

    def decode(self, image: ImageFile, file: BinaryIO, wanted: Size, *, ycc: bool = False) -> Image.Image | None:
        if not self.takes(image, file) or can_halve(image.size, wanted):
            return None
        data = whole(file, MOST_BYTES)
        if data is None or END not in data[-TAIL_BYTES:]:  # FFmpeg would make up what is missing
            return None
        frame = _decoded(data)
        if frame is None or frame.format.name not in PLANES[image.mode] or (frame.width, frame.height) != image.size:
            return None
        return _scaled(frame, image.mode, wanted, ycc=ycc)


def _decoded(data: bytes) -> av.VideoFrame | None:
    """Nothing where the least thing seems wrong."""
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.thread_count = 1
    decoder.options = {"err_detect": "explode"}
    try:
        frames = decoder.decode(av.Packet(data))
    except FFmpegError:
        return None
    frame = frames[0] if frames else None
    return frame if isinstance(frame, av.VideoFrame) and not frame.is_corrupt else None


def _scaled(frame: av.VideoFrame, mode: str, wanted: Size, *, ycc: bool) -> Image.Image:
    """To `wanted`, as far as that is one step. Chroma lies in the middle of its pixels, as JFIF has it."""
    size = _side(frame.width, wanted[0]), _side(frame.height, wanted[1])
    scaler = VideoReformatter()
    if mode == "L":
        return _plane(_reformatted(scaler, frame, size, "gray"), 0)
    planes = _reformatted(scaler, frame, size, "yuv444p")
    if ycc:
        return Image.merge("YCbCr", [_plane(planes, number) for number in range(3)])
    (pixels,) = _reformatted(scaler, planes, size, "rgb24").planes
    return Image.frombuffer("RGB", size, pixels, "raw", "RGB", pixels.line_size, 1)  # type: ignore[arg-type]


def _side(length: int, wanted: int) -> int:
    return min(length, max(wanted, round(length / GAP)))


def _reformatted(scaler: VideoReformatter, frame: av.VideoFrame, size: Size, format_: str) -> av.VideoFrame:
    """BT.601 with all the values that a byte has, from and to: what JFIF and every viewer take it for."""
    return scaler.reformat(
        frame,
        *size,
        format_,
        src_colorspace=Colorspace.ITU601,
        dst_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=LANCZOS,
        threads=1,
    )


def _plane(frame: av.VideoFrame, number: int) -> Image.Image:
    plane = frame.planes[number]
    return Image.frombuffer("L", (plane.width, plane.height), plane, "raw", "L", plane.line_size, 1)  # type: ignore[arg-type]
