"""The perceptual hashes are those of ImageHash, and stay the same for what looks the same."""

import io
from collections.abc import Callable
from functools import cache
from itertools import combinations
from math import cos, pi
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from processors.image.phash import dhash, phash
from tests.architecture import REPOSITORY
from tests.pictures import encoded, quarters
from tests.plasma import plasma

ALIKE = 10  # of 64 bits
HASHES = (dhash, phash)


@cache
def photo() -> Image.Image:
    with Image.open(REPOSITORY / "samples" / "photo.jpg") as image:
        image.draft(None, (640, 640))
        return image.convert("RGB").resize((480, 640), Image.Resampling.LANCZOS)


def differing(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((32, 32), ("f6f4ecd932e49b66", "8404153df9eb06fd")),
        ((160, 107), ("ab50b81493ca6815", "a9672623aa3e2b8b")),
        ((90, 160), ("996726b392d22942", "ad127712135a55f6")),
        ((8, 8), ("ffffffffffffffff", "ab5b861f8a718479")),
    ],
)
def test_the_hashes_are_those_of_the_package_imagehash(size: tuple[int, int], expected: tuple[str, str]) -> None:
    """Made by ImageHash 4.3.2 on SciPy."""
    assert (dhash(plasma(*size)), phash(plasma(*size))) == expected


def test_the_fast_transform_is_the_plain_double_sum() -> None:
    picture = plasma(32, 32).convert("L")
    data = picture.tobytes()
    sums = [
        sum(
            data[32 * y + x] * cos(pi * u * (2 * x + 1) / 64) * cos(pi * v * (2 * y + 1) / 64)
            for y in range(32)
            for x in range(32)
        )
        for v in range(8)
        for u in range(8)
    ]
    bits = "".join(str(int(value > median(sums))) for value in sums)
    assert phash(picture.convert("RGB")) == f"{int(bits, 2):016x}"


@settings(max_examples=40, deadline=None)
@given(st.integers(24, 900), st.floats(0.8, 1.25))
def test_a_picture_of_another_size_or_shape_keeps_its_hashes(width: int, stretch: float) -> None:
    other = photo().resize((width, max(1, round(width * 4 / 3 * stretch))), Image.Resampling.BICUBIC)
    for hashed in HASHES:
        assert differing(hashed(other), hashed(photo())) <= ALIKE


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["JPEG", "WEBP"]), st.integers(5, 95))
def test_a_picture_encoded_again_keeps_its_hashes(format_: str, quality: int) -> None:
    small = photo().resize((120, 160))
    with Image.open(io.BytesIO(encoded(small, format_, quality=quality))) as again:
        for hashed in HASHES:
            assert differing(hashed(again.convert("RGB")), hashed(photo())) <= ALIKE


@pytest.mark.parametrize("factor", [0.6, 0.8, 1.2])
def test_a_darker_or_lighter_picture_keeps_its_hashes(factor: float) -> None:
    other = ImageEnhance.Brightness(photo()).enhance(factor)
    for hashed in HASHES:
        assert differing(hashed(other), hashed(photo())) <= ALIKE


@pytest.mark.parametrize("hashed", HASHES)
def test_different_pictures_have_different_hashes(hashed: Callable[[Image.Image], str]) -> None:
    pictures = (photo(), plasma(160, 107), plasma(90, 160), plasma(32, 32))
    hashes = [hashed(picture) for picture in pictures]
    assert all(differing(one, other) > ALIKE for one, other in combinations(hashes, 2))


@pytest.mark.parametrize("ink", ["black", "white"])
def test_a_drawing_on_nothing_hashes_like_the_same_drawing_on_a_page(ink: str) -> None:
    mask = quarters((160, 160)).convert("L").point(lambda value: 255 if value > 120 else 0)
    drawing = Image.new("RGBA", (160, 160))
    drawing.paste(ink, mask=mask)
    page = Image.new("RGB", (160, 160), "white" if ink == "black" else "black")
    page.paste(ink, mask=mask)
    for hashed in HASHES:
        assert differing(hashed(drawing), hashed(page)) <= ALIKE
        assert hashed(drawing) != hashed(Image.new("RGB", (160, 160), ink))


@given(st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)), st.integers(1, 40), st.integers(1, 40))
def test_flat_pictures_of_any_size_hash_to_nothing_but_their_mean(
    colour: tuple[int, int, int], width: int, height: int
) -> None:
    flat = Image.new("RGB", (width, height), colour)
    assert dhash(flat) == "0" * 16
    assert phash(flat) in ("8" + "0" * 15, "0" * 16)


@pytest.mark.corpus
def test_real_photos_differ_from_each_other_and_not_from_their_thumbnails(corpus: Path) -> None:
    hashes = []
    for path in sorted((corpus / "images" / "photos").glob("*.jpg")):
        with Image.open(path) as image:
            image.draft(None, (480, 480))
            whole = image.convert("RGB")
        small = encoded(whole.resize((160, 160)), "WEBP", quality=30)
        with Image.open(io.BytesIO(small)) as again:
            hashes.append(tuple(hashed(whole) for hashed in HASHES))
            thumbnail = tuple(hashed(again.convert("RGB")) for hashed in HASHES)
        assert all(differing(*pair) <= ALIKE for pair in zip(hashes[-1], thumbnail, strict=True)), path.name
    pairs = combinations(hashes, 2)
    assert all(differing(a, b) > ALIKE for one, other in pairs for a, b in zip(one, other, strict=True))
