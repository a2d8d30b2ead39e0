"""Where each pixel goes: how a rendition's box, fit, gravity and enlarge meet the size of an image. Pure numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from processors.image.models import Gravity, Rendition

Size = tuple[int, int]
Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels
Point = tuple[float, float]  # 0 to 1: from left to right and from top to bottom
Find = Callable[[Point], Point]  # share of width and height that a crop has -> the share of what is left before it

# What share of what is left over lies left of the image, or of the crop, and above it.
ANCHORS: dict[Gravity, Point] = {
    "northwest": (0.0, 0.0),
    "north": (0.5, 0.0),
    "northeast": (1.0, 0.0),
    "west": (0.0, 0.5),
    "centre": (0.5, 0.5),
    "east": (1.0, 0.5),
    "southwest": (0.0, 1.0),
    "south": (0.5, 1.0),
    "southeast": (1.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The part `crop` of the image becomes `size`, and lies at `offset` on a canvas of size `canvas`."""

    crop: Box
    size: Size
    canvas: Size
    offset: tuple[int, int] = (0, 0)

    def whole_size(self, image: Size) -> tuple[float, float]:
        """How large the whole image would be where its crop has `size`."""
        left, top, right, bottom = self.crop
        return image[0] * self.size[0] / (right - left), image[1] * self.size[1] / (bottom - top)

    def is_whole(self, image: Size) -> bool:
        """Whether nothing is cut off and nothing distorted, beyond rounding."""
        exact = scaled(image, self.size[0] / image[0]), scaled(image, self.size[1] / image[1])
        return self.crop == (0, 0, *image) and self.canvas == self.size and self.size in exact


def lay_out(image: Size, rendition: Rendition, most: int, find: Find | None = None) -> Layout:
    """How an image of this size becomes the rendition, with no side longer than `most`.

    `find` is for gravity `attention`.
    """
    box = _box(image, rendition, most)
    match rendition.fit:
        case "fill":
            size = box if rendition.enlarge else (min(box[0], image[0]), min(box[1], image[1]))
            return Layout((0, 0, *image), size, size)
        case "cover":
            return _cover(image, box, rendition, find)
        case "contain":
            size = _inside(image, box, rendition.enlarge)
            x, y = ANCHORS.get(rendition.gravity, ANCHORS["centre"])
            return Layout((0, 0, *image), size, box, (round((box[0] - size[0]) * x), round((box[1] - size[1]) * y)))
        case "outside":
            scale = _limited(max(box[0] / image[0], box[1] / image[1]), rendition.enlarge)
            size = scaled(image, min(scale, most / max(image)))
        case _:
            size = _inside(image, box, rendition.enlarge)
    return Layout((0, 0, *image), size, size)


def scaled(size: Size, scale: float) -> Size:
    """Never to nothing."""
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _box(image: Size, rendition: Rendition, most: int) -> Size:
    """The box that was asked for; a side that wasn't follows from the other one and the image's shape."""
    width, height = rendition.width, rendition.height
    if width is None and height is None:
        width, height = image
    elif height is None:
        assert width is not None
        width = width if rendition.enlarge else min(width, image[0])
        height = max(1, round(image[1] * width / image[0]))
    elif width is None:
        height = height if rendition.enlarge else min(height, image[1])
        width = max(1, round(image[0] * height / image[1]))
    return scaled((width, height), min(1.0, most / max(width, height)))


def _limited(scale: float, enlarge: bool) -> float:
    return scale if enlarge else min(1.0, scale)


def _inside(image: Size, box: Size, enlarge: bool) -> Size:
    size = scaled(image, _limited(min(box[0] / image[0], box[1] / image[1]), enlarge))
    return min(size[0], box[0]), min(size[1], box[1])


def _cover(image: Size, box: Size, rendition: Rendition, find: Find | None) -> Layout:
    if not rendition.enlarge:
        box = scaled(box, min(1.0, image[0] / box[0], image[1] / box[1]))
    scale = min(image[0] / box[0], image[1] / box[1])
    width, height = min(image[0], box[0] * scale), min(image[1], box[1] * scale)
    if rendition.gravity == "attention" and find is not None:
        x, y = find((width / image[0], height / image[1]))
    else:
        x, y = ANCHORS.get(rendition.gravity, ANCHORS["centre"])
    left, top = (image[0] - width) * x, (image[1] - height) * y
    return Layout((left, top, left + width, top + height), box, box)
