"""A line of text over a rendition."""

from PIL import Image, ImageDraw, ImageFont

from processors.image.geometry import ANCHORS
from processors.image.models import Watermark

MARGIN = 0.02  # of the shorter side
SAMPLE_SIZE = 100.0  # pixels: letters are measured at this size, and scaled to fit
EDGE = 0.04  # of the letters' size
SMALLEST = 6.0

# Loaded here and not when first needed: a cell may have no file system to load anything from.
FONT = ImageFont.load_default(SAMPLE_SIZE)


def apply_watermark(image: Image.Image, watermark: Watermark) -> Image.Image:
    """An RGB or RGBA image with the text as wide as `scale` of it, or as fits its height; the mode stays."""
    if not isinstance(FONT, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType")
    left, top, right, bottom = FONT.getbbox(watermark.text, stroke_width=SAMPLE_SIZE * EDGE)
    margin = round(min(image.size) * MARGIN)
    room = max(1, image.width - 2 * margin), max(1, image.height - 2 * margin)
    share = min(watermark.scale * image.width, room[0]) / max(1, right - left), room[1] / max(1, bottom - top)
    font = FONT.font_variant(size=max(SMALLEST, SAMPLE_SIZE * min(share)))
    edge = font.size * EDGE
    left, top, right, bottom = font.getbbox(watermark.text, stroke_width=edge)
    x, y = ANCHORS[watermark.gravity]
    at = (
        margin + (room[0] - (right - left)) * x - left,
        margin + (room[1] - (bottom - top)) * y - top,
    )
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    opacity = round(watermark.opacity * 255)
    ImageDraw.Draw(layer).text(
        at, watermark.text, (255, 255, 255, opacity), font, stroke_width=edge, stroke_fill=(0, 0, 0, opacity)
    )
    marked = image.convert("RGBA")
    marked.alpha_composite(layer)
    return marked.convert(image.mode)
