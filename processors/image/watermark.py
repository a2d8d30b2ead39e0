"""A picture or a line of text over a rendition."""

import io

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from processors.base import Rejected
from processors.image.colour import eight_bits, read_profile, to_colorspace
from processors.image.data_url import unpacked
from processors.image.facts import read_header
from processors.image.geometry import ANCHORS, Size, scaled
from processors.image.models import MAX_WATERMARK_BYTES, Colorspace, Compass, InputLimits, Watermark
from processors.image.opening import inspect, load, open_image
from processors.image.resample import resize

FORMATS = ("PNG", "WEBP")
LIMITS = InputLimits(max_pixels=4_000_000, max_file_bytes=MAX_WATERMARK_BYTES)

MARGIN = 0.02  # of the shorter side
LEAST_MARGIN = 2  # pixels
SAMPLE_SIZE = 100.0  # pixels: letters are measured at this size, and scaled to fit
SMALLEST = 1.0
EDGE = 0.04  # of the letters' size
TRIES = 3  # small letters are hinted to whole pixels, and come out wider than they would

# Loaded here and not when first needed: a cell may have no file system to load anything from.
FONT = ImageFont.load_default(SAMPLE_SIZE)


def open_picture(watermark: Watermark, colorspace: Colorspace, notes: list[str]) -> Image.Image | None:
    """The watermark's picture as RGBA, if it is one: opened with the same care as the file. Raises `Rejected`."""
    if watermark.image is None:
        return None
    file = io.BytesIO(unpacked(watermark.image))
    try:
        found = inspect(file, LIMITS, formats=FORMATS)
        image = open_image(file, found)
        depth = read_header(image).bit_depth
        load(image, found)
        profile = read_profile(image.info.get("icc_profile"), notes)
        pixels = eight_bits(image, depth, notes)(image)
    except Rejected as rejected:
        raise Rejected(rejected.code, f"The watermark can't be used. {rejected.detail}") from rejected
    return to_colorspace(pixels, profile, colorspace, notes)[0].convert("RGBA")


def apply_watermark(image: Image.Image, watermark: Watermark, picture: Image.Image | None = None) -> Image.Image:
    """An RGB or RGBA image with the mark as wide as `scale` of it, or as fits its height; the mode stays.

    `picture` is the watermark's own, if it has one.
    """
    margin = max(LEAST_MARGIN, round(min(image.size) * MARGIN))
    room = max(1, image.width - 2 * margin), max(1, image.height - 2 * margin)
    width = min(watermark.scale * image.width, room[0])
    marked = image.convert("RGBA")
    if picture is None:
        marked.alpha_composite(_lettering(image.size, watermark, width, room, margin))
    else:
        shown = _faded(picture, min(width / picture.width, room[1] / picture.height), watermark.opacity)
        x, y = _place(watermark.gravity, room, shown.size)
        marked.alpha_composite(shown, (round(margin + x), round(margin + y)))
    return marked.convert(image.mode)


def _place(gravity: Compass, room: Size, size: tuple[float, float]) -> tuple[float, float]:
    x, y = ANCHORS[gravity]
    return (room[0] - size[0]) * x, (room[1] - size[1]) * y


def _faded(picture: Image.Image, scale: float, opacity: float) -> Image.Image:
    shown = resize(picture, scaled(picture.size, scale))
    shown = shown.copy() if shown is picture else shown
    shown.putalpha(shown.getchannel("A").point(lambda alpha: alpha * opacity))
    return shown


def _lettering(size: Size, watermark: Watermark, width: float, room: Size, margin: int) -> Image.Image:
    """A layer with the text where it belongs."""
    text = watermark.text or ""
    font = _fitting(text, width, room[1])
    left, top, right, bottom = _box(font, text)
    x, y = _place(watermark.gravity, room, (right - left, bottom - top))
    opacity = round(watermark.opacity * 255)
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(layer).text(
        (margin + x - left, margin + y - top),
        text,
        (255, 255, 255, opacity),
        font,
        stroke_width=font.size * EDGE,
        stroke_fill=(0, 0, 0, opacity),
    )
    return layer


def _fitting(text: str, width: float, height: float) -> FreeTypeFont:
    """The font in which the text is so wide, unless it would be too high."""
    if not isinstance(FONT, FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType")
    font = FONT
    for _ in range(TRIES):
        left, top, right, bottom = _box(font, text)
        share = min(width / max(1, right - left), height / max(1, bottom - top))
        if share >= 1 and font is not FONT:
            break
        font = FONT.font_variant(size=max(SMALLEST, font.size * share))
    return font


def _box(font: FreeTypeFont, text: str) -> tuple[float, float, float, float]:
    return font.getbbox(text, stroke_width=font.size * EDGE)
