"""Pictures: checked, turned upright, brought to sRGB, and rendered in a few widths as WebP without metadata."""

from processors import webp
from processors.base import Work
from processors.image.models import LIMITS, MEDIA_TYPES, ImageParams, ImageResult


class ImageProcessor:
    kind = "image"
    version = "1.0"
    media_types = MEDIA_TYPES
    limits = LIMITS
    Params = ImageParams
    Result = ImageResult

    def warm(self) -> None:
        from processors.image import pipeline  # noqa: F401 - with it, Pillow and its plugins

        webp.warm()

    def process(self, work: Work[ImageParams]) -> ImageResult:
        from processors.image.pipeline import run

        return run(work)


processor = ImageProcessor()
