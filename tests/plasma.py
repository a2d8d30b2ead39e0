"""Pictures that are the same everywhere, since each byte of them is a formula: what reference hashes were made from."""

from PIL import Image


def plasma(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Every band different, with smooth and wild parts."""
    bands = range(len(mode))
    data = bytes(
        (x * x * 3 + y * y * 5 + band * 61 * (x + 1)) // 8 % 256
        for y in range(height)
        for x in range(width)
        for band in bands
    )
    return Image.frombytes(mode, (width, height), data)
