"""Pictures as bytes: without metadata, and the same bytes for the same pixels."""

import io

from PIL import Image

from processors import webp

MEDIA_TYPES = {"webp": "image/webp", "jpeg": "image/jpeg", "png": "image/png"}
EXTENSIONS = {"webp": "webp", "jpeg": "jpg", "png": "png"}


def encode(image: Image.Image, format_: str, quality: int) -> bytes:
    """PNG has no quality."""
    target = io.BytesIO()
    if format_ == "webp":
        webp.save(image, target, quality)
    elif format_ == "jpeg":
        image.save(target, "JPEG", quality=quality)
    else:
        image.save(target, "PNG")
    return target.getvalue()
