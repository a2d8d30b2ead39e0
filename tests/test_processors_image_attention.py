"""A crop by attention keeps what people look at: faces before leaves, colours before grey, edges before walls."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from processors.image.attention import attention
from tests.pictures import encoded
from tests.rendering import render

WALL = (120, 124, 128)
SKIN = (224, 172, 140)
SIZE = (600, 300)


def wall() -> Image.Image:
    return Image.new("RGB", SIZE, WALL)


def with_face(image: Image.Image, x: int) -> Image.Image:
    draw = ImageDraw.Draw(image)
    draw.ellipse((x - 50, 90, x + 50, 220), fill=SKIN)
    for eye in (x - 20, x + 20):
        draw.ellipse((eye - 8, 130, eye + 8, 142), fill=(40, 30, 30))
    draw.arc((x - 25, 160, x + 25, 195), 20, 160, fill=(150, 60, 60), width=5)
    return image


def with_leaves(image: Image.Image, x: int) -> Image.Image:
    """Lively and dull green."""
    rng = random.Random(1)
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        left, top = x - 60 + rng.randrange(110), 80 + rng.randrange(140)
        shade = rng.randrange(60, 120)
        draw.ellipse((left, top, left + 14, top + 9), fill=(shade - 20, shade, shade - 30))
    return image


def kept(image: Image.Image, share: tuple[float, float] = (0.5, 1.0)) -> tuple[float, float]:
    """From where to where the crop goes, in pixels of the width."""
    x, _ = attention(image, share)
    left = image.width * (1 - share[0]) * x
    return left, left + image.width * share[0]


@pytest.mark.parametrize("x", [60, 200, 400, 540])
def test_a_face_is_kept_wherever_it_is(x: int) -> None:
    left, right = kept(with_face(wall(), x))
    assert left <= x - 45 or left == 0
    assert right >= x + 45 or right == SIZE[0]


@pytest.mark.parametrize(("face", "leaves"), [(100, 500), (500, 100)])
def test_a_face_is_kept_before_leaves(face: int, leaves: int) -> None:
    left, right = kept(with_face(with_leaves(wall(), leaves), face), (0.4, 1.0))
    assert left < face < right


@pytest.mark.parametrize("x", [80, 520])
def test_a_strong_colour_is_kept_before_grey(x: int) -> None:
    image = wall()
    ImageDraw.Draw(image).rectangle((x - 30, 120, x + 30, 180), fill=(220, 20, 40))
    ImageDraw.Draw(image).rectangle((570 - x, 120, 630 - x, 180), fill=(90, 90, 90))
    left, right = kept(image, (0.4, 1.0))
    assert left < x < right


def test_it_goes_up_and_down_too() -> None:
    image = Image.new("RGB", (200, 600), WALL)
    ImageDraw.Draw(image).ellipse((60, 440, 140, 540), fill=SKIN)
    assert attention(image, (1.0, 0.4))[0] == 0.5
    assert attention(image, (1.0, 0.4))[1] > 0.8


def test_where_nothing_stands_out_the_middle_is_kept() -> None:
    assert attention(wall(), (0.5, 1.0)) == pytest.approx((0.5, 0.5), abs=0.02)


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0, 1), st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_image_and_any_share_have_an_answer(width: int, height: int, share: float, is_wide: bool) -> None:
    x, y = attention(Image.new("RGB", (width, height), "teal"), (share, 1.0) if is_wide else (1.0, share))
    assert 0 <= x <= 1
    assert 0 <= y <= 1


def test_what_is_transparent_is_no_hindrance() -> None:
    image = with_face(wall(), 480).convert("RGBA")
    image.putalpha(200)
    left, right = kept(image)
    assert left < 480 < right


def test_the_rendition_shows_what_was_found(tmp_path: Path) -> None:
    """Skin fills a good part of a narrow crop, which has none in the middle of the image."""
    rendition = {"name": "one", "width": 100, "height": 200, "fit": "cover", "gravity": "attention", "format": "png"}
    shown = render(tmp_path, encoded(with_face(wall(), 500), "PNG"), {"renditions": [rendition]})
    assert shown.size == (100, 200)
    skin = sum(
        count for count, colour in shown.getcolors(1 << 16) or () if isinstance(colour, tuple) and colour[0] > 200
    )
    assert skin > 2_000
