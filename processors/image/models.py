"""What the image kind accepts, allows and answers."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from processors import webp
from processors.base import Limits, Params

MEDIA_TYPES = frozenset(
    {"image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/tiff", "image/webp"},
)

MAX_PIXELS = 50_000_000
MAX_SIDE = 65_535  # what a JPEG can hold

# The greediest image that MAX_PIXELS lets in, a WebP with transparency, was seen to take 860 MB; a JPEG of 24
# megapixels takes 120 MB, since it is decoded no larger than needed.
LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=120, total_seconds=300, output_bytes=256 << 20, output_files=16)


class Rendition(Params):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", description="The output is called `{name}.webp`.")
    width: int = Field(ge=1, le=webp.MAX_SIDE, description="Pixels. A narrower image is not enlarged.")


class ImageParams(Params):
    renditions: tuple[Rendition, ...] = Field(
        (
            Rendition(name="thumb", width=160),
            Rendition(name="medium", width=1024),
            Rendition(name="large", width=1920),
        ),
        min_length=1,
        max_length=16,
    )
    quality: int = Field(81, ge=1, le=100, description="Of the WebP encoder.")
    background: str | None = Field(
        None, pattern=r"^#[0-9a-fA-F]{6}$", description="Flatten transparency onto this colour. Default: keep it."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({rendition.name for rendition in self.renditions}) < len(self.renditions):
            raise ValueError("two renditions have the same name")
        return self


class Camera(BaseModel):
    make: str | None
    model: str | None


class ImageResult(BaseModel):
    """Positions are never told, and no rendition carries metadata."""

    format: str
    width: int = Field(description="Pixels, after the orientation was applied.")
    height: int
    mode: str = Field(description="Pillow's name of the pixels' sort, such as RGB, L or CMYK.")
    bit_depth: int | None = Field(description="Of one channel; null where the format's decoder doesn't tell.")
    has_alpha: bool
    frames: int = Field(description="Frames or pages; the first one is rendered.")
    icc_profile: str | None = Field(description="The embedded colour profile's name.")
    camera: Camera | None
    taken_at: str | None = Field(description="ISO 8601, in the camera's local time unless it gives an offset.")
    warnings: list[str]
