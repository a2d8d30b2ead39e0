"""A picture as a watermark: where it stands, how large, how strong, and what is said where it can't be used."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from pydantic import ValidationError

from processors.base import Rejected
from processors.image.data_url import unpacked
from processors.image.display_p3 import display_p3
from processors.image.models import MAX_WATERMARK_BYTES, Compass, ImageParams, Watermark
from processors.image.watermark import apply_watermark, open_picture
from tests.hostile_images import BOMBS
from tests.pictures import encoded, pixel, quarters
from tests.rendering import close, process

RED = (255, 0, 0)
BACK = (100, 100, 100)


def packed(image: Image.Image, format_: str = "PNG", **options: object) -> str:
    return base64.b64encode(encoded(image, format_, **options)).decode()


def logo(alpha: int = 255, size: tuple[int, int] = (40, 20)) -> str:
    return packed(Image.new("RGBA", size, (*RED, alpha)))


def marked(image: Image.Image, watermark: Watermark) -> Image.Image:
    return apply_watermark(image, watermark, open_picture(watermark, "srgb", []))


def box(image: Image.Image, watermark: Watermark) -> tuple[int, int, int, int]:
    """Where something changed."""
    found = ImageChops.difference(marked(image, watermark).convert("RGB"), image.convert("RGB")).getbbox()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [
        ("northwest", 8, 8), ("north", 250, 8), ("northeast", 492, 8),
        ("west", 8, 175), ("centre", 250, 175), ("east", 492, 175),
        ("southwest", 8, 342), ("south", 250, 342), ("southeast", 492, 342),
    ],
)  # fmt: skip
def test_it_stands_where_its_gravity_says_with_a_margin(gravity: Compass, left: int, top: int) -> None:
    """Of a fiftieth of the shorter side; 100 x 50 of 600 x 400."""
    watermark = Watermark(image=logo(), gravity=gravity, scale=1 / 6)
    assert box(Image.new("RGB", (600, 400), BACK), watermark) == (left, top, left + 100, top + 50)


@pytest.mark.parametrize("scale", [0.1, 0.25, 0.9])
def test_it_is_as_wide_as_its_scale_and_keeps_its_shape(scale: float) -> None:
    left, top, right, bottom = box(Image.new("RGB", (1000, 800), BACK), Watermark(image=logo(), scale=scale))
    assert (right - left, bottom - top) == (round(1000 * scale), round(500 * scale))


@pytest.mark.parametrize("size", [(1200, 30), (60, 900), (3, 3), (1, 1), (2000, 1)])
def test_it_stays_within_any_image(size: tuple[int, int]) -> None:
    assert marked(Image.new("RGB", size), Watermark(image=logo(), scale=1.0)).size == size


@pytest.mark.parametrize(("opacity", "alpha"), [(1.0, 255), (0.5, 255), (1.0, 128), (0.25, 128)])
def test_opacity_and_its_own_transparency_are_multiplied(opacity: float, alpha: int) -> None:
    watermark = Watermark(image=logo(alpha), gravity="centre", opacity=opacity, scale=0.5)
    share = opacity * alpha / 255
    expected = tuple(round(mark * share + back * (1 - share)) for mark, back in zip(RED, BACK, strict=True))
    assert close([pixel(marked(Image.new("RGB", (200, 100), BACK), watermark), 100, 50)], [expected], 2)


def test_what_is_transparent_in_it_changes_nothing() -> None:
    shape = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    shape.paste((*RED, 255), (0, 0, 20, 40))
    image = Image.new("RGB", (200, 200), BACK)
    shown = marked(image, Watermark(image=packed(shape), gravity="centre", opacity=1.0, scale=0.4))
    assert close([pixel(shown, 70, 100), pixel(shown, 130, 100)], [RED, BACK], 1)


def test_a_transparent_rendition_stays_transparent_beside_it() -> None:
    shown = marked(Image.new("RGBA", (200, 100), (0, 0, 0, 0)), Watermark(image=logo(), gravity="west", opacity=1.0))
    assert (shown.mode, shown.getpixel((20, 50)), shown.getpixel((150, 50))) == ("RGBA", (*RED, 255), (0, 0, 0, 0))


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "data:;base64,"])
def test_base64_and_data_urls_are_read(prefix: str) -> None:
    watermark = Watermark(image=prefix + logo())
    picture = open_picture(watermark, "srgb", [])
    assert picture is not None
    assert (picture.size, picture.mode) == ((40, 20), "RGBA")


def test_a_webp_and_a_palette_and_grey_of_sixteen_bits_are_read() -> None:
    for text in (
        packed(quarters(), "WEBP", lossless=True),
        packed(quarters().quantize(8), transparency=0),
        packed(Image.new("I;16", (9, 9), 30_000)),
    ):
        assert open_picture(Watermark(image=text), "srgb", []) is not None


def test_its_colours_are_brought_to_those_of_the_rendition() -> None:
    """What is (200, 30, 30) in Display P3 is a stronger red in sRGB; in P3 it stays."""
    watermark = Watermark(image=packed(Image.new("RGB", (8, 8), (200, 30, 30)), icc_profile=display_p3()))
    in_srgb, in_p3 = open_picture(watermark, "srgb", []), open_picture(watermark, "p3", [])
    assert in_srgb is not None
    assert in_p3 is not None
    assert pixel(in_srgb, 4, 4)[0] > 210
    assert close([pixel(in_p3, 4, 4)], [(200, 30, 30)], 1)


def test_it_is_on_every_rendition_and_on_every_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (200, 100), colour) for colour in ("black", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    renditions = [{"name": "a", "width": 200}, {"name": "b", "width": 100, "format": "png"}]
    watermark = {"image": logo(), "gravity": "northwest", "opacity": 1, "scale": 0.5}
    process(tmp_path, data, {"renditions": renditions, "frames": "all", "quality": 95, "watermark": watermark})
    with Image.open(tmp_path / "out" / "a.webp") as moving, Image.open(tmp_path / "out" / "b.png") as still:
        for number in (0, 1):
            moving.seek(number)
            assert close([pixel(moving, 50, 25)], [RED], 25)
        assert close([pixel(still, 25, 12)], [RED], 2)


# -- what can't be one

BAD: Mapping[str, tuple[str, str]] = {
    "no image": (base64.b64encode(b"hello").decode(), "unsupported_input"),
    "a jpeg": (packed(quarters(), "JPEG"), "unsupported_input"),
    "half a png": (base64.b64encode(encoded(quarters((300, 300)), "PNG")[:300]).decode(), "corrupt_input"),
    "too many pixels": (packed(Image.new("1", (4_000, 1_001))), "limit_exceeded"),
    "a bomb": (base64.b64encode(BOMBS["4 gigapixels"]()).decode(), "limit_exceeded"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_picture_that_can_not_be_opened_is_refused_by_its_name(name: str, tmp_path: Path) -> None:
    text, code = BAD[name]
    with pytest.raises(Rejected) as rejected:
        process(tmp_path, encoded(quarters(), "PNG"), {"watermark": {"image": text}})
    assert rejected.value.code == code
    assert rejected.value.detail.startswith("The watermark can't be used. ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "watermark",
    [
        {},
        {"image": logo(), "text": "both"},
        {"image": ""},
        {"image": "no base64!"},
        {"image": "data:image/png," + logo()},
        {"image": "https://example.org/logo.png"},
        {"image": base64.b64encode(bytes(MAX_WATERMARK_BYTES + 1)).decode()},
        {"image": "A" * 350_001},
    ],
)
def test_what_is_no_watermark_is_refused_before_the_upload_is_accepted(watermark: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageParams.model_validate({"watermark": watermark})


def test_the_largest_picture_can_be_sent() -> None:
    text = "data:image/webp;base64," + base64.b64encode(bytes(MAX_WATERMARK_BYTES)).decode()
    assert len(unpacked(Watermark(image=text).image or "")) == MAX_WATERMARK_BYTES
