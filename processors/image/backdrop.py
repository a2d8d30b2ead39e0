"""What shows through where an image is transparent."""

from PIL import Image


def flatten(image: Image.Image, colour: str) -> Image.Image:
    """Without transparency: an RGBA image as RGB, on a colour; others as they are."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGBA", image.size, colour)
    flat.alpha_composite(image)
    return flat.convert("RGB")
