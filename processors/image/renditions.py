"""From one picture to all renditions: each is drawn from the smallest larger one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from processors.base import Rejected
from processors.image.attention import attention
from processors.image.backdrop import flatten
from processors.image.encode import choose_format, most_side
from processors.image.filters import apply_filters
from processors.image.geometry import Find, Layout, Point, Size, lay_out, scaled
from processors.image.models import MAX_PIXELS, MAX_SIDE, Format, ImageParams, Rendition
from processors.image.resample import SMALL, resize
from processors.image.watermark import apply_watermark

# What an encoder takes for each pixel, with the picture itself, without and with transparency: measured.
ENCODING_BYTES: Mapping[tuple[Format, bool], int] = {
    ("avif", False): 29,
    ("avif", True): 36,
    ("webp", False): 11,
    ("webp", True): 36,
    ("jpeg", False): 10,
    ("jpeg", True): 14,
    ("png", False): 9,
    ("png", True): 14,
}
MAX_ENCODING_BYTES = 600_000_000

PAGE = "#ffffff"  # what transparency becomes where the format has none and no background is given


@dataclass(frozen=True, slots=True)
class Plan:
    """One rendition, thought through."""

    rendition: Rendition
    layout: Layout
    animated: bool
    too_long: bool  # for its format, so that it was scaled down

    def needs(self, image: Size) -> float:
        """How large the whole image must be for it, as a share of its size."""
        width, height = self.layout.whole_size(image)
        return max(width / image[0], height / image[1])


def plan(image: Size, params: ImageParams, *, animated: bool, find: Find | None = None) -> list[Plan]:
    """The largest rendition first."""
    plans = []
    for rendition in params.renditions:
        moves = animated and params.frames == "all" and rendition.format in ("webp", "auto")
        layout = lay_out(image, rendition, most_side(rendition, animated=moves), find)
        too_long = layout.canvas != lay_out(image, rendition, MAX_SIDE).canvas
        plans.append(Plan(rendition, layout, moves, too_long))
    return sorted(plans, key=lambda one: one.needs(image), reverse=True)


def needed(image: Size, plans: Sequence[Plan]) -> Size:
    """How large the image must be decoded for all of them; never larger than it is.

    A small one as it is: scaled twice, its few pixels would show it.
    """
    if image[0] * image[1] <= SMALL:
        return image
    return scaled(image, min(1.0, max(one.needs(image) for one in plans)))


def check(one: Plan, frames: int, *, has_alpha: bool) -> None:
    """Raises `Rejected` where the rendition itself would be too much, as enlarging may make it."""
    width, height = one.layout.canvas
    format_ = format_of(one, has_alpha=has_alpha)
    most = min(MAX_PIXELS, MAX_ENCODING_BYTES // ENCODING_BYTES[format_, has_alpha])
    if width * height * (frames if one.animated else 1) > MAX_PIXELS or width * height > most:
        raise Rejected(
            "limit_exceeded",
            f"The rendition {one.rendition.name} would have {width:,} x {height:,} pixels; "
            f"{most:,} in all are the most as {format_}.",
        )


class Pyramid:
    """The picture in ever smaller sizes. Those that show the whole of it serve the ones to come."""

    def __init__(self, picture: Image.Image, size: Size) -> None:
        self._size = size
        self._levels = [picture]

    def draw(self, layout: Layout) -> Image.Image:
        """The layout's crop of the picture, in its size."""
        width, height = layout.whole_size(self._size)
        large_enough = [one for one in self._levels if one.width > width - 1 and one.height > height - 1]
        level = large_enough[-1] if large_enough else self._levels[0]
        across, down = level.width / self._size[0], level.height / self._size[1]
        left, top, right, bottom = layout.crop
        drawn = resize(level, layout.size, (left * across, top * down, right * across, bottom * down))
        if layout.is_whole(self._size) and drawn is not level and self._size[0] * self._size[1] > SMALL:
            self._levels.append(drawn)
        return drawn

    def look(self, share: Point) -> Point:
        """Where a crop of this share of the picture should lie."""
        return attention(self._levels[-1], share)


def can_stay_ycc(params: ImageParams) -> bool:
    """Whether every rendition is a JPEG, and nothing that works on RGB is asked for."""
    plain = params.filters is None and params.watermark is None and params.colorspace != "p3"
    return plain and all(one.format == "jpeg" for one in params.renditions)


def finish(
    drawn: Image.Image, one: Plan, params: ImageParams, format_: Format, logo: Image.Image | None
) -> Image.Image:
    """On its canvas, its background, filtered and marked: as it will be encoded. `logo` is the watermark's picture."""
    background = one.rendition.background or params.background
    picture = _on_canvas(drawn, one.layout)
    if background is not None or format_ == "jpeg":
        picture = flatten(picture, background or PAGE)
    if params.filters is not None:
        picture = apply_filters(picture, params.filters)
    if params.watermark is not None:
        picture = apply_watermark(picture, params.watermark, logo)
    return picture


def _on_canvas(image: Image.Image, layout: Layout) -> Image.Image:
    if layout.canvas == layout.size:
        return image
    canvas = Image.new("RGBA", layout.canvas, (0, 0, 0, 0))
    canvas.paste(image, layout.offset)
    return canvas


def format_of(one: Plan, *, has_alpha: bool) -> Format:
    return choose_format(one.rendition, one.layout.canvas, has_alpha=has_alpha, animated=one.animated)
