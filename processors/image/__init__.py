"""Pictures: checked, turned upright, brought to sRGB, described, and rendered as asked, without their metadata."""

import os

from processors import webp
from processors.base import Work
from processors.image.extras import HEIC, Extras
from processors.image.models import LIMITS, MEDIA_TYPES, ImageParams, ImageResult


class ImageProcessor:
    kind = "image"
    version = "2.0"
    limits = LIMITS
    Params = ImageParams
    Result = ImageResult

    def __init__(self, extras: Extras | None = None) -> None:
        """Without `extras`: what the environment says."""
        self._extras = extras or Extras.chosen(os.environ)
        self.media_types = MEDIA_TYPES | {HEIC} if self._extras.heif else MEDIA_TYPES

    def warm(self) -> None:
        from processors.image import pipeline  # with it, Pillow, its plugins and PyAV

        pipeline.equip(self._extras)
        webp.warm()

    def process(self, work: Work[ImageParams]) -> ImageResult:
        from processors.image import pipeline

        return pipeline.run(work, pipeline.equip(self._extras))


processor = ImageProcessor()
