"""What the image kind accepts, allows and answers."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from processors.base import Limits, Params
from processors.image.data_url import unpacked
from processors.partial import NotMade, OnError

MEDIA_TYPES = frozenset(
    {"image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/tiff", "image/webp"},
)

MAX_PIXELS = 50_000_000  # of all frames that are rendered
MAX_SIDE = 65_535  # what a JPEG can hold
MAX_FRAMES = 2_000
MAX_FILE_BYTES = 256 << 20
MAX_RENDITIONS = 16
MAX_WATERMARK_BYTES = 256 << 10

# What is let in stays below 300 MB with the default renditions (see `opening`). A wide rendition takes more: AVIF 29
# bytes for each of its pixels, WebP 11, or 24 with transparency. The address space is some 110 MB more than is used.
LIMITS = Limits(
    memory_bytes=768 << 20,
    address_space_bytes=1 << 30,
    cpu_seconds=120,
    total_seconds=300,
    output_bytes=256 << 20,
    output_files=16,
)

Fit = Literal["inside", "cover", "contain", "fill", "outside"]
Compass = Literal[
    "centre", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"
]  # fmt: skip
Gravity = Literal[Compass, "attention"]
Format = Literal["webp", "avif", "jpeg", "png"]
Effort = Literal["fast", "balanced", "small"]
Colorspace = Literal["srgb", "p3", "keep"]
Placeholder = Literal["blurhash", "thumbhash", "lqip", "none"]
PerceptualHash = Literal["dhash", "phash", "none"]
Strip = Literal["all", "keep_copyright", "none"]

Quality = Annotated[int, Field(ge=1, le=100)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", examples=["#ffffff"])]


class Strict(Params):
    """Numbers are numbers here: no "160", no 1 for true."""

    model_config = ConfigDict(strict=True)


class Rendition(Strict):
    """One output. With neither width nor height it keeps the image's size; with one, the other follows."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$",
        description="The output is called `{name}.{extension}`: webp, avif, jpg or png.",
        examples=["card"],
    )
    width: int | None = Field(None, ge=1, le=MAX_SIDE, description="Pixels.", examples=[640])
    height: int | None = Field(None, ge=1, le=MAX_SIDE, description="Pixels.", examples=[360])
    fit: Fit = Field(
        "inside",
        description="How the image meets a box of width and height. `inside`: as large as fits. `outside`: as small as "
        "covers. `cover`: fill the box and crop. `contain`: fit and pad with the background. `fill`: distort.",
    )
    gravity: Gravity = Field(
        "centre",
        description="What `cover` keeps and where `contain` puts the image. `attention` finds edges, strong colours "
        "and skin.",
        examples=["attention"],
    )
    enlarge: bool = Field(
        False, description="Otherwise a small image stays small; `cover` then keeps the box's shape at a smaller size."
    )
    format: Literal[Format, "auto"] = Field(
        "webp",
        description="`auto` is WebP, except where a side is longer than the 16,383 pixels that WebP holds: then JPEG, "
        "or PNG with transparency. `webp` is scaled down to fit there.",
        examples=["avif"],
    )
    quality: Quality | None = Field(
        None, description="Of the encoder. PNG has none. Default: the one for all, or by format and effort."
    )
    effort: Effort = Field("fast", description="The encoder's: `small` takes up to ten times as long as `fast`.")
    max_bytes: int | None = Field(
        None,
        ge=256,
        description="Lower the quality, then the size, until the file is no larger. A warning says where even that "
        "didn't do.",
        examples=[50_000],
    )
    background: Colour | None = Field(
        None, description="Behind transparency and around `contain`. Default: the one for all, or transparent."
    )


class Filters(Strict):
    """Applied to every rendition after scaling, in this order; lengths are pixels of the rendition."""

    grayscale: bool = Field(False, description="By luma.")
    blur: float | None = Field(None, gt=0, le=100, strict=False, description="Sigma of a Gaussian.", examples=[4])
    pixelate: int | None = Field(None, ge=2, le=1000, description="Side of a block.", examples=[12])
    sharpen: float | None = Field(
        None, gt=0, le=10, strict=False, description="Sigma of an unsharp mask.", examples=[1]
    )


class Watermark(Strict):
    """A picture, or a line of text in white with a dark edge: one of the two, on every rendition."""

    image: str | None = Field(
        None,
        max_length=350_000,
        description="A PNG or WebP in base64, as it is or as a `data:` URL: 256 KiB and 4 megapixels at most.",
        examples=["data:image/png;base64,…"],
    )
    text: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="In the letters of a built-in Latin font.",
        examples=["© Ada Lovelace"],
    )
    gravity: Compass = Field("southeast", description="Where it stands.")
    opacity: float = Field(
        0.6, gt=0, le=1, strict=False, description="1 hides what is behind the letters, and leaves a picture as it is."
    )
    scale: float = Field(0.25, gt=0, le=1, strict=False, description="Its width, of that of the rendition.")

    @field_validator("image")
    @classmethod
    def _image_is_there(cls, image: str | None) -> str | None:
        if image is not None and not 0 < len(unpacked(image)) <= MAX_WATERMARK_BYTES:
            raise ValueError(f"the picture has no bytes, or more than {MAX_WATERMARK_BYTES:,}")
        return image

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.image is None) == (self.text is None):
            raise ValueError("a watermark is an image or a text")
        return self


class InputLimits(Strict):
    """What the file may be and take. Those of the server are the defaults, and a request may only lower them."""

    max_pixels: int = Field(MAX_PIXELS, ge=1, le=MAX_PIXELS, description="Width x height x frames that are rendered.")
    max_side: int = Field(MAX_SIDE, ge=1, le=MAX_SIDE, description="Pixels.")
    max_frames: int = Field(MAX_FRAMES, ge=1, le=MAX_FRAMES, description="Frames or pages in the file.")
    max_file_bytes: int = Field(MAX_FILE_BYTES, ge=1, le=MAX_FILE_BYTES, description="Of the file.")
    timeout_s: float = Field(
        LIMITS.total_seconds,
        gt=0,
        le=LIMITS.total_seconds,
        strict=False,
        description="Seconds. Looked at between steps; the server's own clock also ends a step that takes too long.",
    )


class ImageParams(Strict):
    renditions: tuple[Rendition, ...] = Field(
        (
            Rendition(name="thumb", width=160),
            Rendition(name="small", width=480),
            Rendition(name="medium", width=1024),
            Rendition(name="large", width=1920),
        ),
        min_length=1,
        max_length=MAX_RENDITIONS,
        strict=False,
        description="The outputs. Names differ.",
    )
    quality: Quality | None = Field(None, description="For renditions that give none.", examples=[75])
    background: Colour | None = Field(None, description="For renditions that give none.")
    auto_orient: bool = Field(True, description="Turn the image upright as its EXIF says.")
    colorspace: Colorspace = Field(
        "srgb", description="Of the renditions. `p3` and `keep` embed a profile; `keep` is for RGB images."
    )
    filters: Filters | None = Field(
        None, description="Applied to every rendition after scaling.", examples=[{"grayscale": True}]
    )
    watermark: Watermark | None = Field(None, description="A picture or a line of text on every rendition.")
    frames: Literal["first", "all"] = Field("first", description="`all` makes animated WebP of an animation.")
    max_frames: int = Field(100, ge=1, le=MAX_FRAMES, description="The animation ends here, with a warning.")
    strip_metadata: Strip = Field(
        "all",
        description="From the renditions. `keep_copyright` leaves author and copyright, `none` also camera, exposure "
        "and time. Serial numbers and XMP never stay, and the place only with `gps`.",
    )
    metadata: Literal["basic", "exif", "none"] = Field(
        "basic", description="In the result: camera and time, all of the known EXIF fields, or nothing."
    )
    gps: Literal["drop", "keep"] = Field(
        "drop", description="`keep` tells the place in the result, and leaves it in renditions that keep metadata."
    )
    placeholder: Placeholder = Field("blurhash", description="To show while a rendition loads.")
    palette: int = Field(5, ge=0, le=16, description="Colours to find, the dominant one first.")
    phash: PerceptualHash = Field("dhash", description="To find images that look alike.")
    on_error: OnError = Field(
        "fail", description="When a rendition can't be made: end the job, or leave it out and say so."
    )
    limits: InputLimits = Field(
        InputLimits(), description="What the file may be and take; lower than the server's own."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({rendition.name for rendition in self.renditions}) < len(self.renditions):
            raise ValueError("two renditions have the same name")
        return self

    @property
    def frames_wanted(self) -> int:
        """How many frames may be decoded, at most."""
        return self.max_frames if self.frames == "all" else 1


class Camera(BaseModel):
    make: str | None = Field(description="Its maker.")
    model: str | None = Field(description="As the maker calls it.")
    lens: str | None = Field(None, description="Likewise.")


class Exposure(BaseModel):
    """How the photo was taken, where the camera says it."""

    seconds: float | None = Field(None, description="How long.")
    f_number: float | None = Field(None, description="Focal length by aperture.")
    iso: int | None = Field(None, description="Sensitivity, ISO 12232.")
    focal_length: float | None = Field(None, description="Millimetres.")
    focal_length_35mm: int | None = Field(None, description="Millimetres that give the same view on 35 mm film.")


class Gps(BaseModel):
    """Where the photo was taken, WGS 84."""

    latitude: float = Field(description="Degrees north.")
    longitude: float = Field(description="Degrees east.")
    altitude: float | None = Field(None, description="Metres above the sea.")


class PaletteColour(BaseModel):
    hex: str = Field(description="`#rrggbb`, sRGB.")
    share: float = Field(description="Of the image's area, 0 to 1.")


class Rendered(BaseModel):
    """A rendition that was made."""

    name: str = Field(description="As in the request.")
    file: str = Field(description="The output's name.")
    format: Format = Field(description="That it was written in.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    bytes: int = Field(description="Of the file.")
    quality: int | None = Field(description="That the encoder was given; null for PNG.")
    frames: int = Field(description="1, or those of the animation.")


class ImageResult(BaseModel):
    """The image as it came in, and what was made of it."""

    format: str = Field(description="JPEG, PNG, WEBP, GIF, AVIF, TIFF, BMP, MPO or HEIF.")
    width: int = Field(description="Pixels, after the orientation was applied.")
    height: int = Field(description="Likewise.")
    mode: str = Field(description="Pillow's name of the pixels' sort, such as RGB, L or CMYK.")
    bit_depth: int | None = Field(description="Of one channel; null where the format's decoder doesn't tell.")
    has_alpha: bool = Field(description="Whether it may be transparent somewhere.")
    is_animated: bool = Field(description="Pages of a TIFF are no animation.")
    frames: int = Field(description="Frames or pages.")
    orientation: int = Field(description="That of the EXIF, 1 to 8; applied unless the request said otherwise.")
    icc_profile: str | None = Field(description="The embedded colour profile's name.")
    camera: Camera | None = Field(description="What took it, where the EXIF says so.")
    exposure: Exposure | None = Field(None, description="How it was taken, likewise.")
    taken_at: str | None = Field(description="ISO 8601, in the camera's local time unless it gives an offset.")
    exif: dict[str, JsonValue] | None = Field(description="The known fields, if they were asked for.")
    gps: Gps | None = Field(description="Only if it was asked for.")
    placeholder: str | None = Field(description="A BlurHash, a ThumbHash in base64, or a data URL, as asked for.")
    dominant_colour: str | None = Field(description="`#rrggbb`.")
    palette: list[PaletteColour] = Field(description="The dominant colour first.")
    phash: str | None = Field(description="64 bits in hexadecimal; alike images differ in few bits.")
    srcset: str = Field(
        description="For an `<img>`: the renditions that show the whole image, relative to the job's `files/`."
    )
    renditions: list[Rendered] = Field(description="Those that were made.")
    errors: list[NotMade] = Field(description="Those that were not; empty unless `on_error` is `partial`.")
    warnings: list[str] = Field(description="What a person should know: damage, and what was not done as asked.")
