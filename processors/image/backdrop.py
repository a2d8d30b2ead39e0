"""What shows through where an image is transparent."""

from PIL import Image


def flatten(image: Image.Image, colour: str) -> Image.Image:
    """As RGB, with the transparency of an RGBA image replaced by a colour."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    flat = Image.new("RGBA", image.size, colour)
    flat.alpha_composite(image)
    return flat.convert("RGB")
