"""Scaling has Pillow's pixels, whatever the mode, the size, the box, and however it is cut into strips."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat
from PIL.Image import Resampling

from processors.image import resample
from processors.image.geometry import Box, Size
from processors.image.resample import resize, shrink
from tests.architecture import REPOSITORY
from tests.pictures import quarters

MODES = ("L", "LA", "RGB", "RGBA", "CMYK")
PHOTO_SIZE = (700, 500)


def same(image: Image.Image) -> Image.Image:
    return image


def nothing() -> None:
    """For `release`."""


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    with Image.open(REPOSITORY / "samples" / "photo.jpg") as image:
        return image.convert("RGB").resize(PHOTO_SIZE)


def in_mode(photo: Image.Image, mode: str) -> Image.Image:
    if mode not in ("LA", "RGBA"):
        return photo.convert(mode)
    image = photo.convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(photo.size))
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean of all bands, of 255; colours count as much as they can be seen."""
    assert (one.mode, one.size) == (other.mode, other.size)
    weighted = {"LA": "La", "RGBA": "RGBa"}
    one, other = (image.convert(weighted.get(image.mode, image.mode)) for image in (one, other))
    bands = zip(one.split(), other.split(), strict=True)
    means = [ImageStat.Stat(ImageChops.difference(a, b)).mean[0] for a, b in bands]
    return sum(means) / len(means)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(699, 499), (512, 300), (333, 500), (64, 48), (7, 300), (900, 700)])
def test_scaling_has_the_pixels_of_pillow(mode: str, size: Size, photo: Image.Image) -> None:
    image = in_mode(photo, mode)
    assert difference(resize(image, size), image.resize(size, Resampling.LANCZOS)) < 0.6


@pytest.mark.parametrize("size", [(700, 3), (1, 1), (2, 400)])
def test_scaling_to_almost_nothing_has_the_colours_of_pillow(size: Size, photo: Image.Image) -> None:
    """Plain means come before Lanczos there, and its overshooting is less."""
    assert difference(resize(photo, size), photo.resize(size, Resampling.LANCZOS)) < 5


@pytest.mark.parametrize("value", [0, 1, 127, 128, 254, 255])
def test_a_flat_colour_stays_exactly_that_colour(value: int) -> None:
    """Black stays black, and what is transparent stays quite transparent."""
    image = Image.new("RGBA", (600, 400), (value, value, value, 255))
    assert resize(image, (411, 213)).getextrema() == ((value, value),) * 3 + ((255, 255),)
    assert resize(Image.new("RGBA", (600, 400), (value, 0, 0, 0)), (411, 213)).getchannel("A").getextrema() == (0, 0)
    assert resize(Image.new("L", (600, 400), value), (411, 213)).getextrema() == (value, value)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 400), st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_every_size_can_become_every_other(width: int, height: int, wide: int, high: int) -> None:
    image = quarters((width, height))
    assert resize(image, (wide, high)).size == (wide, high)
    assert shrink(image, (wide, high), (0, 0, width, height), same, nothing).size == (wide, high)


@pytest.mark.parametrize("box", [(0, 0, 350, 250), (350.4, 249.6, 700, 500), (10.5, 20.5, 600.25, 480.75)])
def test_only_what_is_within_the_box_is_scaled(box: Box, photo: Image.Image) -> None:
    """To the nearest pixel in a large image."""
    assert difference(resize(photo, (120, 90), box), photo.resize((120, 90), Resampling.LANCZOS, box=box)) < 1.5


def test_a_box_in_a_small_image_is_exact_to_a_fraction_of_a_pixel() -> None:
    image = Image.linear_gradient("L").resize((16, 16))
    box = (0.0, 3.25, 16.0, 11.75)
    assert resize(image, (4, 4), box).tobytes() == image.resize((4, 4), Resampling.LANCZOS, box=box).tobytes()


def test_a_box_may_pass_the_edge_by_a_rounding(photo: Image.Image) -> None:
    assert resize(photo, (50, 50), (-1e-9, 0, 700 + 1e-9, 500)).size == (50, 50)
    small = photo.resize((20, 20))
    assert resize(small, (5, 5), (-1e-9, 0, 20 + 1e-9, 20)).size == (5, 5)


def test_a_size_that_is_there_already_costs_nothing(photo: Image.Image) -> None:
    assert resize(photo, photo.size) is photo


# -- large images, of which these are small ones


@pytest.fixture
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resample, "LARGE", 1000)
    monkeypatch.setattr(resample, "STRIP", 700 * 64)
    monkeypatch.setattr(resample, "NARROW", 16)


@pytest.mark.usefixtures("_everything_is_large")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(600, 400), (350, 250), (175, 125), (100, 500), (40, 30)])
def test_a_large_image_in_strips_has_the_pixels_of_one_in_one_piece(mode: str, size: Size, photo: Image.Image) -> None:
    image = in_mode(photo, mode)
    shrunk = shrink(image, size, (0, 0, *image.size), same, nothing)
    assert difference(shrunk, image.resize(size, Resampling.LANCZOS)) < 2.0


@pytest.mark.usefixtures("_everything_is_large")
def test_a_large_image_is_converted_strip_by_strip_and_then_let_go(photo: Image.Image) -> None:
    heights: list[int] = []
    released: list[int] = []

    def convert(strip: Image.Image) -> Image.Image:
        assert not released
        heights.append(strip.height if strip.width > 1 else 0)  # one pixel shows what it will be
        return strip.convert("RGBA")

    shrunk = shrink(photo.quantize(64), (300, 200), (0, 0, *photo.size), convert, lambda: released.append(1))
    assert (shrunk.mode, shrunk.size) == ("RGBA", (300, 200))
    assert sum(heights) == photo.height
    assert max(heights) <= 64
    assert released == [1]


def test_an_image_is_not_let_go_while_its_pixels_are_the_result(photo: Image.Image) -> None:
    released: list[int] = []
    image = photo.resize((50, 40))
    assert shrink(image, (50, 40), (0, 0, 50, 40), same, lambda: released.append(1)) is image
    assert released == []
    shrink(image, (25, 20), (0, 0, 50, 40), same, lambda: released.append(1))
    assert released == [1]


def test_what_can_not_be_seen_does_not_bleed_into_what_can() -> None:
    """Averaging without regard to alpha would give the green a red rim."""
    image = Image.new("RGBA", (600, 600), (255, 0, 0, 0))
    image.paste((0, 200, 0, 255), (151, 151, 453, 453))
    for shown in (resize(image, (75, 75)), shrink(image, (75, 75), (0, 0, 600, 600), same, nothing)):
        rims = [one for one in shown.get_flattened_data() if isinstance(one, tuple) and one[3] > 40]
        assert rims
        assert max(one[0] for one in rims) < 60


def test_scaling_starts_no_thread(photo: Image.Image) -> None:
    resize(photo, (300, 200))
    before = len(list(Path("/proc/self/task").iterdir()))
    resize(photo, (301, 201))
    assert len(list(Path("/proc/self/task").iterdir())) == before
