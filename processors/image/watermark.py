"""A line of text over a rendition."""

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from processors.image.geometry import ANCHORS
from processors.image.models import Watermark

MARGIN = 0.02  # of the shorter side
LEAST_MARGIN = 2  # pixels
SAMPLE_SIZE = 100.0  # pixels: letters are measured at this size, and scaled to fit
SMALLEST = 1.0
EDGE = 0.04  # of the letters' size
TRIES = 3  # small letters are hinted to whole pixels, and come out wider than they would

# Loaded here and not when first needed: a cell may have no file system to load anything from.
FONT = ImageFont.load_default(SAMPLE_SIZE)


def apply_watermark(image: Image.Image, watermark: Watermark) -> Image.Image:
    """An RGB or RGBA image with the text as wide as `scale` of it, or as fits its height; the mode stays."""
    margin = max(LEAST_MARGIN, round(min(image.size) * MARGIN))
    room = max(1, image.width - 2 * margin), max(1, image.height - 2 * margin)
    font = _fitting(watermark.text, min(watermark.scale * image.width, room[0]), room[1])
    left, top, right, bottom = _box(font, watermark.text)
    x, y = ANCHORS[watermark.gravity]
    at = margin + (room[0] - (right - left)) * x - left, margin + (room[1] - (bottom - top)) * y - top
    opacity = round(watermark.opacity * 255)
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    ImageDraw.Draw(layer).text(
        at,
        watermark.text,
        (255, 255, 255, opacity),
        font,
        stroke_width=font.size * EDGE,
        stroke_fill=(0, 0, 0, opacity),
    )
    marked = image.convert("RGBA")
    marked.alpha_composite(layer)
    return marked.convert(image.mode)


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
