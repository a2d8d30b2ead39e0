"""The palette: what a person would say the colours are, and how much there is of each."""

import io
from functools import cache
from itertools import combinations
from math import dist

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageColor

from processors.image.models import PaletteColour
from processors.image.palette import ALIKE, palette
from processors.image.srgb import RGB, oklab
from tests.architecture import REPOSITORY
from tests.pictures import BLUE, GREEN, RED, WHITE, encoded, quarters
from tests.plasma import plasma

colours = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))


def rgb(swatch: PaletteColour) -> RGB:
    red, green, blue = ImageColor.getrgb(swatch.hex)[:3]
    return red, green, blue


def stripes(*parts: tuple[RGB, int]) -> Image.Image:
    """Each colour so many pixels high, 40 wide."""
    image = Image.new("RGB", (40, sum(height for _, height in parts)))
    top = 0
    for colour, height in parts:
        image.paste(colour, (0, top, 40, top + height))
        top += height
    return image


@cache
def photo() -> Image.Image:
    with Image.open(REPOSITORY / "samples" / "photo.jpg") as image:
        image.draft(None, (160, 160))
        return image.convert("RGB").resize((120, 160))


@given(colours, st.integers(1, 16))
def test_a_flat_picture_has_exactly_its_colour(colour: RGB, n: int) -> None:
    expected = "#{:02x}{:02x}{:02x}".format(*colour)
    assert palette(Image.new("RGB", (30, 20), colour), n) == [PaletteColour(hex=expected, share=1.0)]


def test_clear_colours_are_found_with_their_shares_and_the_largest_comes_first() -> None:
    found = palette(stripes((RED, 10), (BLUE, 60), (GREEN, 30)), 5)
    assert [(rgb(swatch), swatch.share) for swatch in found] == [(BLUE, 0.6), (GREEN, 0.3), (RED, 0.1)]


def test_colours_that_look_alike_are_one() -> None:
    sky = [(80 + step, 140 + step, 220) for step in range(0, 24, 3)]
    found = palette(stripes(*((colour, 5) for colour in sky), ((200, 180, 90), 20)), 5)
    assert len(found) == 2
    assert found[0].share == pytest.approx(40 / 60, abs=1e-4)


@given(st.lists(st.tuples(colours, st.integers(1, 20)), min_size=1, max_size=8), st.integers(0, 16))
def test_a_palette_is_sorted_distinct_and_never_more_than_the_whole(parts: list[tuple[RGB, int]], n: int) -> None:
    picture = stripes(*parts)
    found = palette(picture, n)
    assert len(found) <= n
    shares = [swatch.share for swatch in found]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1.001
    assert palette(picture, 16)[:n] == found


def test_the_colours_of_a_photo_differ_visibly() -> None:
    found = palette(photo(), 16)
    assert len(found) >= 3
    assert sum(swatch.share for swatch in found) == pytest.approx(1.0, abs=0.002)
    labs = [oklab(rgb(swatch)) for swatch in found]
    assert all(dist(one, other) > ALIKE / 2 for one, other in combinations(labs, 2))


@pytest.mark.parametrize("version", ["half the size", "half the quality"])
def test_another_version_of_a_photo_has_its_dominant_colour_too(version: str) -> None:
    if version == "half the size":
        other = photo().resize((60, 80))
    else:
        with Image.open(io.BytesIO(encoded(photo(), "JPEG", quality=40))) as again:
            other = again.convert("RGB")
    dominant = palette(photo(), 1)[0]
    likest = min(palette(other, 2), key=lambda swatch: dist(oklab(rgb(swatch)), oklab(rgb(dominant))))
    assert dist(oklab(rgb(likest)), oklab(rgb(dominant))) < ALIKE / 2
    assert likest.share == pytest.approx(dominant.share, abs=0.05)


def test_what_is_transparent_does_not_count() -> None:
    picture = quarters((40, 40))
    alpha = Image.new("L", (40, 40), 255)
    alpha.paste(0, (0, 0, 40, 21))  # red and green, with the seam
    picture.putalpha(alpha)
    found = palette(picture, 5)
    assert {rgb(swatch) for swatch in found} == {BLUE, WHITE}
    assert sum(swatch.share for swatch in found) == pytest.approx(1.0)


def test_a_picture_of_nothing_has_no_colours() -> None:
    assert palette(Image.new("RGBA", (20, 20), (255, 0, 0, 0)), 5) == []


def test_a_wild_picture_gives_as_many_colours_as_were_asked_for() -> None:
    assert len(palette(plasma(120, 90), 8)) == 8
