"""What is known of an image before it is decoded."""

import io

import pytest
from PIL import Image
from PIL.ImageFile import ImageFile

from processors.image.facts import Header, read_header
from tests.pictures import encoded, files, quarters
from tests.plasma import plasma


def header(data: bytes) -> Header:
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, ImageFile)
        return read_header(image)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("photo.jpg", Header("JPEG", "RGB", 8, False, 1)),
        ("print.jpg", Header("JPEG", "CMYK", 8, False, 1)),
        ("grey.jpg", Header("JPEG", "L", 8, False, 1)),
        ("alpha.png", Header("PNG", "RGBA", 8, True, 1)),
        ("sixteen.png", Header("PNG", "I;16", 16, False, 1)),
        ("palette.png", Header("PNG", "P", 2, True, 1)),
        ("one-bit.png", Header("PNG", "1", 1, False, 1)),
        ("animated.gif", Header("GIF", "P", 8, False, 2)),
        ("shaped.webp", Header("WEBP", "RGBA", 8, True, 1)),
        ("photo.avif", Header("AVIF", "RGB", None, False, 1)),
        ("lzw.tif", Header("TIFF", "RGB", 8, False, 1)),
        ("float.tif", Header("TIFF", "F", 32, False, 1)),
        ("plain.bmp", Header("BMP", "RGB", 8, False, 1)),
    ],
)
def test_the_header_of_each_sort_of_file_is_read(name: str, expected: Header) -> None:
    assert header(files()[name]) == expected


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_few_bits_are_told_as_they_are_in_the_file(bits: int) -> None:
    data = encoded(plasma(64, 64).quantize(1 << bits), "PNG")
    assert data[24] == bits
    assert header(data).bit_depth == bits


@pytest.mark.parametrize("fields", [None, (0xF800, 0x07E0, 0x001F)])
def test_sixteen_bits_for_a_whole_pixel_are_not_sixteen_for_a_channel(fields: tuple[int, ...] | None) -> None:
    """A bitmap of 5 bits a channel, or of 5, 6 and 5."""
    masks = b"".join(mask.to_bytes(4, "little") for mask in fields or ())
    info = b"".join(number.to_bytes(4, "little") for number in (40, 2, 2, 1 | 16 << 16, 3 if fields else 0, 8, 0, 0, 0))
    start = 14 + len(info) + 4 + len(masks)
    head = b"BM" + (start + 8).to_bytes(4, "little") + bytes(4) + start.to_bytes(4, "little")
    assert header(head + info + bytes(4) + masks + bytes(8)).bit_depth == 8


def test_pictures_behind_a_jpegs_first_one_are_no_frames() -> None:
    data = encoded(quarters(), "MPO", save_all=True, append_images=[quarters()])
    assert header(data) == Header("JPEG", "RGB", 8, False, 1)
