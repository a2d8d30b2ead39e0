"""Small pictures for tests, in every format that counts."""

import io
import struct
import zlib
from collections.abc import Mapping

from PIL import ExifTags, Image, ImageCms, ImageDraw

from processors.image.display_p3 import display_p3

SIZE = (96, 64)
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 60), (40, 60, 210), (240, 240, 240)


def quarters(size: tuple[int, int] = SIZE) -> Image.Image:
    """Four colours, one in each corner: no two turns of it are alike."""
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    half, middle = size[0] // 2, size[1] // 2
    draw.rectangle((0, 0, half, middle), fill=RED)
    draw.rectangle((half, 0, size[0], middle), fill=GREEN)
    draw.rectangle((0, middle, half, size[1]), fill=BLUE)
    draw.rectangle((half, middle, size[0], size[1]), fill=WHITE)
    return image


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Red, green and blue."""
    value = image.convert("RGB").getpixel((x, y))
    assert isinstance(value, tuple)
    return value


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middles of the four quarters."""
    width, height = image.size
    return [pixel(image, width * x // 4, height * y // 4) for y in (1, 3) for x in (1, 3)]


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, format_, **options)
    return target.getvalue()


def oriented(image: Image.Image, orientation: int, format_: str, **options: object) -> bytes:
    """The picture stored so that `orientation` brings it upright again."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = image.transpose(undo[orientation]) if orientation in undo else image
    return encoded(stored, format_, exif=exif, **options)


def files() -> Mapping[str, bytes]:
    """One good file of each sort, small."""
    picture = quarters()
    shaped = picture.copy()
    shaped.putalpha(Image.linear_gradient("L").resize(SIZE))
    frames = [picture.convert("P"), picture.transpose(Image.Transpose.ROTATE_180).convert("P")]
    ramp = Image.linear_gradient("L").resize(SIZE).convert("I").point(lambda value: value * 257)
    return {
        "photo.jpg": oriented(picture, 6, "JPEG", icc_profile=display_p3()),
        "progressive.jpg": encoded(picture, "JPEG", progressive=True),
        "print.jpg": encoded(picture.convert("CMYK"), "JPEG"),
        "grey.jpg": encoded(picture.convert("L"), "JPEG"),
        "alpha.png": encoded(shaped, "PNG"),
        "sixteen.png": encoded(ramp.convert("I;16"), "PNG"),
        "palette.png": encoded(picture.quantize(4), "PNG", transparency=0),
        "one-bit.png": encoded(picture.convert("1"), "PNG"),
        "animated.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "shaped.webp": encoded(shaped, "WEBP", lossless=True),
        "photo.avif": encoded(picture, "AVIF"),
        "lzw.tif": encoded(picture, "TIFF", compression="tiff_lzw"),
        "lab.tif": encoded(lab(picture), "TIFF"),
        "float.tif": encoded(Image.linear_gradient("L").resize(SIZE).convert("F"), "TIFF"),
        "plain.bmp": encoded(picture, "BMP"),
    }


def lab(image: Image.Image) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert converted is not None
    return converted


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and has no pixels."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + bytes(4) + b"IDAT"
    )
