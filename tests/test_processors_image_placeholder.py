"""BlurHash and ThumbHash as the reference encoders make them, and an LQIP that fits into a page."""

import io
import random
from base64 import b64decode
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from processors.image.placeholder import BASE83, LQIP_BYTES, blurhash, lqip, shrunk, thumbhash
from processors.image.srgb import LINEAR, oklab, to_byte
from tests.pictures import quarters
from tests.plasma import plasma

sides = st.integers(1, 40)
modes = st.sampled_from(["RGB", "RGBA"])


def noise(data: bytes, mode: str = "RGB", side: int = 160) -> Image.Image:
    """Something that no encoder can make small."""
    wild = random.Random(data)
    return Image.frombytes(mode, (side, side), wild.randbytes(side * side * len(mode)))


# -- BlurHash


@pytest.mark.parametrize(
    ("size", "components", "expected"),
    [
        ((32, 32), (1, 1), "00GI+T"),
        ((32, 32), (4, 3), "LAGI+TAJ9G{h5;5SDk*~0#9uMK:*"),
        ((32, 20), (4, 3), "LFF?IfAH9Z:;120#DQ@urs#l=FpB"),
        ((32, 20), (3, 9), "@FF?IfAH9Z120#DQrs#l=F-:OrOXM}WCn4%NbHoxRRNbV@%Mj[kBSdNIaf"),
        ((11, 32), (4, 3), "LNEWI5wGjE%M0jMwjrR*4rVpX8Ro"),
        (
            (11, 32),
            (9, 9),
            "|NEWI5wGjE%Madx]i_%NaK0jMwjrR*V@WEadS3ad4rVpX8RoobWYbDWFWA#8xpoin#bIe=objKob-No~a*obfko2kCn%kCuKNPVrbpjdotWZ"
            "obS50miHo;WHaKR*i~ScnQ{}ySXWr_o[j^oun-ofK~I^ieX2V[n$WVbFX5",
        ),
        ((32, 7), (3, 9), "@RD11-0#D6%NNbiwnmW=ob%gNbV[jZa_nj%gR+V[e:bHjsyER+RQe:bHjs"),
    ],
)
def test_a_blurhash_is_that_of_the_reference_encoder(
    size: tuple[int, int], components: tuple[int, int], expected: str
) -> None:
    """Made by woltapp's encoder in C."""
    assert blurhash(plasma(*size), *components) == expected


def test_a_blurhash_of_one_colour_is_that_of_the_reference_encoder() -> None:
    assert blurhash(Image.new("RGB", (9, 9), (12, 200, 255)), 4, 3) == "La1cq2lVfQlVlVf,fQf,fQfQfQfQ"


@given(sides, sides, st.integers(1, 9), st.integers(1, 9), modes)
def test_a_blurhash_of_any_size_tells_its_components_and_its_mean(
    width: int, height: int, x: int, y: int, mode: str
) -> None:
    picture = plasma(width, height, mode)
    found = blurhash(picture, x, y)
    assert len(found) == 4 + 2 * x * y
    assert set(found) <= set(BASE83)
    assert BASE83.index(found[0]) == x - 1 + (y - 1) * 9
    number = 0
    for digit in found[2:6]:
        number = number * 83 + BASE83.index(digit)
    assert number < 1 << 24
    if mode == "RGB" and max(width, height) <= 32:
        means = [sum(LINEAR[byte] for byte in picture.tobytes()[band::3]) / (width * height) for band in range(3)]
        assert [number >> 16, number >> 8 & 255, number & 255] == [to_byte(mean) for mean in means]


@pytest.mark.parametrize("components", [(0, 3), (10, 1), (4, 0), (1, 10)])
def test_a_blurhash_of_impossible_components_is_refused(components: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"1\.\.9"):
        blurhash(quarters(), *components)


def test_transparency_lies_on_white_in_a_blurhash() -> None:
    assert blurhash(Image.new("RGBA", (20, 20), (0, 0, 0, 0))) == blurhash(Image.new("RGB", (20, 20), "white"))


# -- ThumbHash


@pytest.mark.parametrize(
    ("size", "mode", "expected"),
    [
        ((32, 32), "RGB", "3vcFDwQBNnggcXQggkN2mamsAhMCUSAC"),
        ((32, 32), "RGBA", "3veBFQIHQ6pBgTBBlwVmBgcTVwdhVTFRlA=="),
        ((32, 20), "RGB", "nucFFIYjV3ggcYR2mYlSECcGkg=="),
        ((32, 20), "RGBA", "3eeFE4QHRZkggJYFVTcHk3c2QFE2l0g="),
        ((11, 32), "RGB", "XNcJIgZzQAiEhJk7mpCwCEo="),
        ((11, 32), "RGBA", "HOeFEgQXuFEIZannoGAMOwdpdZNVcnU="),
        ((32, 7), "RGB", "WscJIogBN2l3h4eIUHcIioc="),
        ((32, 7), "RGBA", "WseFEYQXAmqGh3gDdwebdzQFZYiXl3Y="),
    ],
)
def test_a_thumbhash_is_that_of_the_reference_encoder(size: tuple[int, int], mode: str, expected: str) -> None:
    """Made by Evan Wallace's encoder in JavaScript."""
    assert thumbhash(plasma(*size, mode)) == expected


@given(sides, sides, modes)
def test_a_thumbhash_of_any_size_tells_its_shape(width: int, height: int, mode: str) -> None:
    packed = b64decode(thumbhash(plasma(width, height, mode)), validate=True)
    small = shrunk(plasma(width, height, mode), 32)
    assert bool(packed[4] & 0x80) == (small.width > small.height)
    assert len(packed) <= 25
    has_alpha = bool(packed[2] & 0x80)
    longer, shorter = 5 if has_alpha else 7, packed[3] & 7
    assert abs(shorter / longer - min(small.size) / max(small.size)) <= 1 / longer


def test_an_opaque_thumbhash_is_the_same_with_and_without_an_alpha_channel() -> None:
    assert thumbhash(quarters().convert("RGBA")) == thumbhash(quarters())


def test_the_colour_under_full_transparency_does_not_matter() -> None:
    mask = Image.new("L", (32, 32), 0)
    mask.paste(255, (8, 8, 24, 24))
    hashes = []
    for hidden in ("red", "blue"):
        picture = Image.new("RGB", (32, 32), hidden)
        picture.paste(quarters((32, 32)), mask=mask)
        picture.putalpha(mask)
        hashes.append((thumbhash(picture), blurhash(picture)))
    assert hashes[0] == hashes[1]


def test_a_picture_of_nothing_has_a_thumbhash() -> None:
    packed = b64decode(thumbhash(Image.new("RGBA", (40, 30))))
    assert packed[2] & 0x80
    assert packed[5] & 15 == 0


@pytest.mark.parametrize("size", [(160, 107), (1, 160), (160, 1)])
def test_a_large_picture_hashes_like_its_small_self(size: tuple[int, int]) -> None:
    picture = quarters(size)
    small = shrunk(picture, 32)
    assert max(small.size) == 32
    assert (blurhash(picture), thumbhash(picture)) == (blurhash(small), thumbhash(small))


# -- LQIP


def decoded(url: str) -> Image.Image:
    start, _, data = url.partition(",")
    assert start == "data:image/webp;base64"
    packed = b64decode(data, validate=True)
    assert len(packed) <= LQIP_BYTES
    with Image.open(io.BytesIO(packed)) as image:
        image.load()
        return image.copy()


@pytest.mark.parametrize("size", [(160, 107), (90, 160), (1, 160), (160, 1), (5, 3)])
def test_an_lqip_shows_the_picture_in_its_shape(size: tuple[int, int]) -> None:
    picture = quarters(size)
    shown = decoded(lqip(picture))
    assert abs(shown.width / shown.height - size[0] / size[1]) <= 0.1 * size[0] / size[1] or 1 in shown.size
    assert max(shown.size) == min(28, max(size))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("seed", [b"one", b"two"])
def test_even_noise_becomes_an_lqip_of_less_than_400_characters(mode: str, seed: bytes) -> None:
    url = lqip(noise(seed, mode))
    assert len(url) < 400
    assert decoded(url).size >= (12, 12)


def test_an_lqip_keeps_transparency_and_nothing_else_that_the_picture_carries() -> None:
    picture = quarters()
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    plain = lqip(picture)
    picture.info.update(exif=b"Exif\0\0secret", icc_profile=b"secret", xmp=b"secret")
    assert lqip(picture) == plain
    shown = decoded(plain)
    assert shown.mode == "RGBA"
    opacity = shown.getchannel("A").tobytes()
    assert opacity[0] < 40
    assert opacity[-1] > 215


# -- sRGB


def test_bytes_survive_linear_light_and_oklab_knows_its_published_colours() -> None:
    assert [to_byte(light) for light in LINEAR] == list(range(256))
    assert (to_byte(-1), to_byte(2)) == (0, 255)
    published = {(255, 255, 255): (1, 0, 0), (255, 0, 0): (0.628, 0.225, 0.126), (0, 0, 255): (0.452, -0.032, -0.312)}
    for colour, expected in published.items():
        error = sqrt(sum((a - b) ** 2 for a, b in zip(oklab(colour), expected, strict=True)))
        assert error < 0.001, colour
