"""A picture that another file carries, such as a cover: a stranger's file of its own, opened with the same care."""

import io

from PIL import Image

from processors import webp
from processors.image.models import InputLimits
from processors.image.opening import collecting, decoding, inspect, load, open_image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
LIMITS = InputLimits(max_pixels=16_000_000, max_file_bytes=16 << 20)


def read(data: bytes, width: int) -> Image.Image:
    """In RGB or RGBA, no wider than `width`. Raises `Rejected`."""
    file = io.BytesIO(data)
    with collecting([]):
        found = inspect(file, LIMITS, formats=FORMATS)
        with open_image(file, found) as image, decoding():
            image.draft("RGB", webp.fit(image.size, width))
            load(image, found)
            shown = image.convert("RGBA" if image.has_transparency_data else "RGB")
            return shown.resize(webp.fit(shown.size, width), Image.Resampling.LANCZOS)
