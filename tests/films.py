"""Makes short films for tests, frame by frame."""

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

from tests.pictures import quarters

RATE = 25

Paint = Callable[[int], Image.Image]


def film(
    path: Path,
    paint: Paint,
    frames: int = 30,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    *,
    rotation: int = 0,
    aspect: Fraction | None = None,
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
) -> Path:
    """Writes a film, one picture a frame; the container is the one of the file's extension."""
    with av.open(str(path), "w", options=dict(container_options or {})) as container:
        stream = container.add_stream(codec, rate=RATE, options=dict(options or {}))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = paint(0).size
        stream.pix_fmt = pix_fmt
        stream.thread_count = 1
        if rotation:
            stream.set_display_rotation(rotation)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for number in range(frames):
            frame = av.VideoFrame.from_image(paint(number))  # type: ignore[no-untyped-call] # PyAV leaves it untyped
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def sound(path: Path) -> Path:
    """A second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        for start in range(0, 48_000, 1024):
            frame = av.AudioFrame("fltp", "stereo", 1024)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.pts = 48_000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def still(size: tuple[int, int] = (192, 128)) -> Paint:
    picture = quarters(size)
    return lambda _number: picture


def black(_number: int) -> Image.Image:
    return Image.new("RGB", (192, 128))


def noise(number: int) -> Image.Image:
    """A lively picture, another one for each frame."""
    return Image.frombytes("RGB", (48, 32), random.Random(number).randbytes(48 * 32 * 3)).resize((192, 128))


def shades(number: int) -> Image.Image:
    """Each frame has its own grey."""
    return Image.new("RGB", (192, 128), (number * 2,) * 3)


BITS, BIT_WIDTH = 8, 24


def counted(number: int) -> Image.Image:
    """Each frame tells its number, in white bars for its bits; `number_of` reads it from a picture of any size."""
    image = Image.new("RGB", (BITS * BIT_WIDTH, 128))
    for bit in range(BITS):
        if number >> bit & 1:
            image.paste((235, 235, 235), (bit * BIT_WIDTH, 0, (bit + 1) * BIT_WIDTH, 128))
    return image


def number_of(image: Image.Image) -> int:
    bars = image.convert("L").resize((BITS * 3, 1), Image.Resampling.BOX)
    return sum(1 << bit for bit in range(BITS) if bytes(bars.tobytes())[bit * 3 + 1] > 128)
