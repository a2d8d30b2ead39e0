"""Sizes, crops and places of renditions, against the plainest reading of what each fit promises."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.image.geometry import ANCHORS, Layout, Size, lay_out, scaled
from processors.image.models import MAX_SIDE, Fit, Gravity, Rendition

SIDES = st.integers(1, 5000)
SIZES = st.tuples(SIDES, SIDES)
COMPASS = st.sampled_from(sorted(ANCHORS))


def laid_out(image: Size, most: int = MAX_SIDE, **asked: object) -> Layout:
    return lay_out(image, Rendition.model_validate({"name": "one", **asked}), most)


def shape(layout: Layout) -> tuple[Size, Size]:
    return layout.size, layout.canvas


@pytest.mark.parametrize(
    ("fit", "enlarge", "size", "canvas"),
    [
        ("inside", False, (200, 150), (200, 150)),
        ("outside", False, (267, 200), (267, 200)),
        ("cover", False, (200, 200), (200, 200)),
        ("contain", False, (200, 150), (200, 200)),
        ("fill", False, (200, 200), (200, 200)),
    ],
)
def test_each_fit_has_the_size_that_its_name_says(fit: Fit, enlarge: bool, size: Size, canvas: Size) -> None:
    """An image of 400 x 300 in a box of 200 x 200."""
    assert shape(laid_out((400, 300), width=200, height=200, fit=fit, enlarge=enlarge)) == (size, canvas)


@pytest.mark.parametrize(
    ("fit", "enlarge", "size", "canvas"),
    [
        ("inside", False, (40, 30), (40, 30)),
        ("outside", False, (40, 30), (40, 30)),
        ("cover", False, (30, 30), (30, 30)),
        ("contain", False, (40, 30), (200, 200)),
        ("fill", False, (40, 30), (40, 30)),
        ("inside", True, (200, 150), (200, 150)),
        ("outside", True, (267, 200), (267, 200)),
        ("cover", True, (200, 200), (200, 200)),
        ("contain", True, (200, 150), (200, 200)),
        ("fill", True, (200, 200), (200, 200)),
    ],
)
def test_a_small_image_is_enlarged_only_when_asked(fit: Fit, enlarge: bool, size: Size, canvas: Size) -> None:
    """An image of 40 x 30 in a box of 200 x 200; `cover` keeps the box's shape."""
    assert shape(laid_out((40, 30), width=200, height=200, fit=fit, enlarge=enlarge)) == (size, canvas)


@pytest.mark.parametrize("fit", ["inside", "outside", "cover", "contain", "fill"])
def test_with_one_side_the_other_follows_whatever_the_fit(fit: Fit) -> None:
    assert shape(laid_out((400, 300), width=200, fit=fit)) == ((200, 150), (200, 150))
    assert shape(laid_out((400, 300), height=200, fit=fit)) == ((267, 200), (267, 200))
    assert shape(laid_out((400, 300), fit=fit)) == ((400, 300), (400, 300))


@given(SIZES, SIZES, st.booleans())
def test_inside_is_the_largest_size_of_the_images_shape_that_fits(image: Size, box: Size, enlarge: bool) -> None:
    layout = laid_out(image, width=box[0], height=box[1], enlarge=enlarge)
    scale = min(Fraction(box[0], image[0]), Fraction(box[1], image[1]))
    if not enlarge:
        scale = min(scale, Fraction(1))
    for got, side, most in zip(layout.size, image, box, strict=True):
        exact = side * scale
        assert got <= most
        assert abs(got - exact) <= max(Fraction(1, 2), 1 - exact)
    assert layout.is_whole(image)


@given(SIZES, SIZES, st.booleans())
def test_outside_is_the_smallest_size_of_the_images_shape_that_covers(image: Size, box: Size, enlarge: bool) -> None:
    layout = laid_out(image, width=box[0], height=box[1], fit="outside", enlarge=enlarge, most=MAX_SIDE)
    if max(layout.size) < MAX_SIDE and (
        enlarge or all(side >= wanted for side, wanted in zip(image, box, strict=True))
    ):
        assert all(got >= wanted for got, wanted in zip(layout.size, box, strict=True))
        assert any(got == wanted for got, wanted in zip(layout.size, box, strict=True))
    assert layout.crop == (0, 0, *image)


@given(SIZES, SIZES, st.booleans(), COMPASS)
def test_cover_fills_its_box_with_an_undistorted_part_of_the_image(
    image: Size, box: Size, enlarge: bool, gravity: Gravity
) -> None:
    layout = laid_out(image, width=box[0], height=box[1], fit="cover", enlarge=enlarge, gravity=gravity)
    left, top, right, bottom = layout.crop
    assert 0 <= left < right <= image[0] + 1e-6
    assert 0 <= top < bottom <= image[1] + 1e-6
    across, down = layout.size[0] / (right - left), layout.size[1] / (bottom - top)
    assert across == pytest.approx(down)
    assert right - left == pytest.approx(image[0]) or bottom - top == pytest.approx(image[1])
    if enlarge:
        assert layout.size == box
    else:
        assert across <= 1 + 1e-9 or min(layout.size) == 1
        assert all(got <= wanted for got, wanted in zip(layout.size, box, strict=True))


@given(SIZES, SIZES, COMPASS)
def test_gravity_keeps_the_side_that_it_names(image: Size, box: Size, gravity: Gravity) -> None:
    """Nothing is cut off there by `cover`, and there is no padding there with `contain`."""
    crop = laid_out(image, width=box[0], height=box[1], fit="cover", gravity=gravity, enlarge=True).crop
    layout = laid_out(image, width=box[0], height=box[1], fit="contain", gravity=gravity, enlarge=True)
    (x, y), (width, height), (across, down) = layout.offset, layout.size, layout.canvas
    for name, cut, padding in (
        ("west", crop[0], x),
        ("north", crop[1], y),
        ("east", image[0] - crop[2], across - width - x),
        ("south", image[1] - crop[3], down - height - y),
    ):
        assert padding >= 0
        if name in gravity:
            assert cut == pytest.approx(0, abs=1e-6)
            assert padding == 0


@given(SIZES, SIZES)
def test_contain_has_exactly_its_box_and_the_image_in_its_middle(image: Size, box: Size) -> None:
    layout = laid_out(image, width=box[0], height=box[1], fit="contain")
    assert layout.canvas == box
    for offset, side, room in zip(layout.offset, layout.size, box, strict=True):
        assert abs(offset - (room - side) / 2) <= 0.5


@given(SIZES, SIZES, st.sampled_from(["inside", "cover", "contain", "fill", "outside"]), st.integers(1, 800))
def test_no_side_is_ever_longer_than_the_format_holds(image: Size, box: Size, fit: Fit, most: int) -> None:
    layout = laid_out(image, most, width=box[0], height=box[1], fit=fit, enlarge=True)
    assert max(*layout.canvas, *layout.size) <= most
    assert min(*layout.canvas, *layout.size) >= 1


@given(SIZES, st.floats(0, 1, exclude_min=True))
def test_scaling_never_ends_in_nothing(size: Size, scale: float) -> None:
    assert min(scaled(size, scale)) >= 1


def test_attention_is_asked_with_the_share_that_the_crop_has() -> None:
    asked = []

    def find(share: tuple[float, float]) -> tuple[float, float]:
        asked.append(share)
        return 1.0, 0.0

    rendition = Rendition(name="one", width=100, height=100, fit="cover", gravity="attention")
    layout = lay_out((400, 300), rendition, MAX_SIDE, find)
    assert asked == [(0.75, 1.0)]
    assert layout.crop == (100, 0, 400, 300)


def test_a_layout_tells_how_large_the_whole_image_would_be() -> None:
    layout = laid_out((400, 300), width=100, height=100, fit="cover")
    assert layout.whole_size((400, 300)) == pytest.approx((133.333, 100), abs=0.01)
    assert not layout.is_whole((400, 300))
