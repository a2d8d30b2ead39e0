"""Filters and watermarks change what they promise, where they promise it, and leave the rest alone."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from processors.image.filters import apply_filters
from processors.image.models import Compass, Filters, Watermark
from processors.image.watermark import apply_watermark
from tests.architecture import REPOSITORY
from tests.pictures import encoded, pixel, quarters
from tests.rendering import process

SIZE = (240, 160)


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    with Image.open(REPOSITORY / "samples" / "photo.jpg") as image:
        return image.convert("RGB").resize(SIZE)


def detail(image: Image.Image) -> float:
    """How much neighbours differ."""
    moved = ImageChops.offset(image, 1, 0)
    return ImageStat.Stat(ImageChops.difference(image, moved).convert("L")).mean[0]


def shaped(image: Image.Image) -> Image.Image:
    """An ellipse of it, with something else where it can't be seen."""
    shaped = image.convert("RGBA")
    shaped.putalpha(Image.radial_gradient("L").resize(image.size).point(lambda value: 255 if value < 120 else 0))
    return shaped


def test_no_filter_changes_nothing(photo: Image.Image) -> None:
    assert apply_filters(photo, Filters()) is photo


@pytest.mark.parametrize(
    "filters", [Filters(grayscale=True), Filters(blur=3.0), Filters(sharpen=2.0), Filters(pixelate=7)]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_filter_keeps_size_and_mode(filters: Filters, mode: str, photo: Image.Image) -> None:
    filtered = apply_filters(photo.convert(mode), filters)
    assert (filtered.mode, filtered.size) == (mode, SIZE)


def test_grayscale_has_the_luma_of_the_colours(photo: Image.Image) -> None:
    grey = apply_filters(photo, Filters(grayscale=True))
    assert grey.getchannel("R").tobytes() == grey.getchannel("B").tobytes() == photo.convert("L").tobytes()


def test_more_blur_leaves_less_detail_and_the_same_light(photo: Image.Image) -> None:
    details = [detail(apply_filters(photo, Filters(blur=sigma))) for sigma in (1.0, 3.0, 9.0)]
    assert detail(photo) > details[0] > details[1] > details[2]
    blurred = apply_filters(photo, Filters(blur=5.0))
    assert ImageStat.Stat(blurred).mean == pytest.approx(ImageStat.Stat(photo).mean, abs=1.5)


def test_sharpening_adds_detail(photo: Image.Image) -> None:
    assert detail(apply_filters(photo, Filters(sharpen=2.0))) > detail(photo) * 1.1


def test_pixelating_makes_blocks_of_the_mean_colour(photo: Image.Image) -> None:
    blocks = apply_filters(photo, Filters(pixelate=16))
    for x, y in ((0, 0), (32, 48), (224, 144)):
        block = blocks.crop((x, y, x + 16, y + 16))
        assert len(block.getcolors() or ()) == 1
        expected = ImageStat.Stat(photo.crop((x, y, x + 16, y + 16))).mean
        assert pixel(block, 0, 0) == pytest.approx(expected, abs=1)


def test_pixelating_takes_blocks_that_do_not_fit() -> None:
    assert apply_filters(quarters((50, 33)), Filters(pixelate=16)).size == (50, 33)
    assert apply_filters(quarters((5, 3)), Filters(pixelate=1000)).size == (5, 3)


def test_blur_does_not_draw_on_colours_that_can_not_be_seen() -> None:
    image = Image.new("RGBA", (60, 60), (255, 0, 0, 0))
    image.paste((0, 200, 0, 255), (20, 20, 40, 40))
    blurred = apply_filters(image, Filters(blur=4.0))
    seen = [one for one in blurred.get_flattened_data() if isinstance(one, tuple) and one[3] > 30]
    assert len(seen) > 400
    assert max(one[0] for one in seen) < 20


def test_sharpening_leaves_the_shape_alone(photo: Image.Image) -> None:
    image = shaped(photo)
    assert apply_filters(image, Filters(sharpen=3.0)).getchannel("A").tobytes() == image.getchannel("A").tobytes()


def test_filters_are_applied_to_every_rendition_in_its_own_pixels(photo: Image.Image, tmp_path: Path) -> None:
    renditions = [{"name": "a", "width": 240, "format": "png"}, {"name": "b", "width": 120, "format": "png"}]
    process(tmp_path, encoded(photo, "PNG"), {"renditions": renditions, "filters": {"pixelate": 12}})
    for name in ("a", "b"):
        with Image.open(tmp_path / "out" / f"{name}.png") as image:
            assert image.crop((12, 12, 24, 24)).getcolors() == [(144, image.getpixel((12, 12)))]


# -- watermarks


def marked_box(image: Image.Image, watermark: Watermark) -> tuple[int, int, int, int]:
    """Where the watermark is."""
    box = ImageChops.difference(apply_watermark(image, watermark), image).convert("RGB").getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize(
    ("gravity", "x", "y"),
    [
        ("northwest", 0, 0), ("north", 1, 0), ("northeast", 2, 0),
        ("west", 0, 1), ("centre", 1, 1), ("east", 2, 1),
        ("southwest", 0, 2), ("south", 1, 2), ("southeast", 2, 2),
    ],
)  # fmt: skip
def test_a_watermark_stands_where_its_gravity_says(gravity: Compass, x: int, y: int) -> None:
    """And keeps a margin."""
    image = Image.new("RGB", (600, 400), "grey")
    left, top, right, bottom = marked_box(image, Watermark(text="Dropoff", gravity=gravity, scale=0.3))
    assert ((left + right) * 3 // 2 // 600, (top + bottom) * 3 // 2 // 400) == (x, y)
    assert min(left, top, 600 - right, 400 - bottom) >= 6


@pytest.mark.parametrize("scale", [0.1, 0.25, 0.5, 0.9])
def test_a_watermark_is_as_wide_as_its_scale(scale: float) -> None:
    left, _, right, _ = marked_box(Image.new("RGB", (1200, 900), "grey"), Watermark(text="© Ada Lovelace", scale=scale))
    assert (right - left) / 1200 == pytest.approx(scale, abs=0.02)


@pytest.mark.parametrize("size", [(1200, 30), (60, 900), (400, 400), (3, 3), (1, 1), (2000, 1)])
def test_a_watermark_stays_within_any_image(size: tuple[int, int]) -> None:
    """At full scale; in one that is too small for letters, whatever can be seen of them."""
    image = Image.new("RGB", size, "grey")
    marked = apply_watermark(image, Watermark(text="A long line of text", scale=1.0))
    assert marked.size == size
    if min(size) >= 30:
        left, top, right, bottom = marked_box(image, Watermark(text="A long line of text", scale=1.0))
        assert min(left, top) > 0
        assert right < size[0]
        assert bottom < size[1]


def test_a_watermark_shows_on_dark_and_on_light_by_its_opacity() -> None:
    for colour in ("black", "white"):
        image = Image.new("RGB", (400, 200), colour)
        changes = [
            ImageStat.Stat(ImageChops.difference(apply_watermark(image, Watermark(text="X", opacity=one)), image)).mean[
                0
            ]
            for one in (0.2, 0.6, 1.0)
        ]
        assert 0 < changes[0] < changes[1] < changes[2]


def test_a_watermark_is_seen_where_the_image_is_transparent() -> None:
    marked = apply_watermark(Image.new("RGBA", (300, 200), (0, 0, 0, 0)), Watermark(text="Dropoff", opacity=1.0))
    assert marked.getchannel("A").getextrema() == (0, 255)


def test_letters_that_the_font_has_not_are_drawn_as_boxes_and_no_failure() -> None:
    image = Image.new("RGB", (300, 200), "grey")
    assert marked_box(image, Watermark(text="日本語 עברית 👩‍🚀"))


def test_a_watermark_is_on_every_rendition(photo: Image.Image, tmp_path: Path) -> None:
    sizes = [{"name": "a", "width": 200}, {"name": "b", "width": 100}]
    params = {"renditions": sizes, "quality": 95, "watermark": {"text": "Dropoff", "opacity": 1}}
    plain, marked = tmp_path / "plain", tmp_path / "marked"
    for folder, asked in ((plain, {**params, "watermark": None}), (marked, params)):
        folder.mkdir()
        process(folder, encoded(photo, "PNG"), asked)
    for name in ("a.webp", "b.webp"):
        with Image.open(plain / "out" / name) as one, Image.open(marked / "out" / name) as other:
            difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).convert("L")
            corner = difference.crop((one.width // 2, one.height * 3 // 4, *one.size))
            assert ImageStat.Stat(corner).mean[0] > 5 * ImageStat.Stat(difference.crop((0, 0, 60, 60))).mean[0]
