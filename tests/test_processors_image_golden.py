"""The pixels of a second library, libvips, which shares no code of ours: by CIEDE2000, where 1 is just noticeable."""

from pathlib import Path

import pytest
import pyvips
from PIL import Image

from tests.architecture import REPOSITORY
from tests.pictures import encoded, oriented
from tests.rendering import render

SAMPLE = REPOSITORY / "samples" / "photo.jpg"
SIZE = (360, 480)
ONE = {"renditions": [{"name": "one", "format": "png"}]}
SMALL = {"renditions": [{"name": "one", "width": 150, "format": "png"}]}

SAME = 0.05  # the mean; what rounding leaves
SCALED = 0.6
CONVERTED = 0.6
PRINTED = 1.5  # from printing colours
WORST = 6.0  # of a hundred pixels, 99 are nearer than this

pytestmark = pytest.mark.usefixtures("each_backend")


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Without its profile."""
    with Image.open(SAMPLE) as image:
        pixels = image.convert("RGB").resize(SIZE)
    pixels.info.clear()
    return pixels


def vips(image: Image.Image) -> pyvips.Image:
    """In memory; sRGB with or without transparency."""
    bands = len(image.getbands())
    loaded = pyvips.Image.new_from_memory(image.tobytes(), image.width, image.height, bands, "uchar")
    return loaded.copy(interpretation="srgb")


def from_bytes(data: bytes) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(data, "")


def apart(shown: Image.Image, expected: pyvips.Image) -> tuple[float, float]:
    """CIEDE2000 on white: the mean, and what 99 of 100 pixels stay below."""
    assert shown.size == (expected.width, expected.height)
    ours, theirs = (seen(image) for image in (vips(shown), expected.copy_memory()))
    difference = ours.dE00(theirs)
    return difference.avg(), percentile(difference, 0.99)


def seen(image: pyvips.Image) -> pyvips.Image:
    flat = image.flatten(background=255) if image.hasalpha() else image
    return flat.colourspace("lab")


def percentile(image: pyvips.Image, share: float) -> float:
    values = sorted(memoryview(image.cast("float").write_to_memory()).cast("f"))
    return values[min(len(values) - 1, round(len(values) * share))]


@pytest.mark.parametrize("format_", ["JPEG", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_libvips_turns_it(
    orientation: int, format_: str, photo: Image.Image, tmp_path: Path
) -> None:
    data = oriented(photo, orientation, format_, **({"lossless": True} if format_ == "WEBP" else {}))
    expected = from_bytes(data).autorot().colourspace("srgb")
    mean, worst = apart(render(tmp_path, data, ONE), expected)
    assert (mean, worst) < (SAME if format_ != "JPEG" else SCALED, WORST)


def test_a_wide_gamut_is_brought_to_srgb_as_by_libvips(tmp_path: Path) -> None:
    """The sample is in Display P3, turned, and scaled while it is decoded."""
    data = SAMPLE.read_bytes()
    expected = pyvips.Image.thumbnail_buffer(data, 540, height=10_000, output_profile="srgb", intent="relative")
    shown = render(tmp_path, data, {"renditions": [{"name": "one", "width": 540, "format": "png"}]})
    assert apart(shown, expected) < (CONVERTED, WORST)
    untouched = pyvips.Image.thumbnail_buffer(data, 540, height=10_000)
    assert apart(shown, untouched)[0] > 2 * CONVERTED


@pytest.mark.parametrize("suffix", [".tif", ".jpg[Q=98,subsample_mode=off]"])
def test_printing_colours_are_brought_back_through_their_profile(
    suffix: str, photo: Image.Image, tmp_path: Path
) -> None:
    """Printed by libvips, with the profile that it brings along."""
    printed = vips(photo).icc_export(output_profile="cmyk", pcs="lab", intent="relative")
    data = printed.write_to_buffer(suffix)
    expected = from_bytes(data).icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
    shown = render(tmp_path, data, ONE)
    assert apart(shown, expected) < (PRINTED, WORST)
    assert apart(shown, vips(photo))[0] < 6  # ink can't show every colour


def test_transparency_is_scaled_as_by_libvips(photo: Image.Image, tmp_path: Path) -> None:
    shaped = photo.copy()
    shaped.putalpha(Image.radial_gradient("L").resize(SIZE).point(lambda value: 255 - value))
    shown = render(tmp_path, encoded(shaped, "PNG"), SMALL)
    expected = vips(shaped).thumbnail_image(150, height=10_000)
    assert shown.mode == "RGBA"
    assert apart(shown, expected) < (SCALED, WORST)
    alpha = vips(shown)[3] - expected[3]
    assert alpha.abs().max() <= 3


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_become_eight_as_by_libvips(bands: int, suffix: str, photo: Image.Image, tmp_path: Path) -> None:
    """Not clipped; the lowest eight bits of each colour are noise here, which must not matter."""
    colours = vips(photo) if bands == 3 else vips(photo).colourspace("b-w")
    noise = pyvips.Image.gaussnoise(*SIZE, mean=128, sigma=40)
    deep = (colours.cast("ushort") * 256 + noise).cast("ushort")
    deep = deep.copy(interpretation="rgb16" if bands == 3 else "grey16")
    shown = render(tmp_path, deep.write_to_buffer(suffix), ONE)
    expected = (deep / 257).rint().cast("uchar").copy(interpretation=colours.interpretation).colourspace("srgb")
    mean, worst = apart(shown, expected)
    assert (mean, worst) < (CONVERTED, WORST)


@pytest.mark.parametrize("name", ["palette", "grey", "grey with transparency", "one bit"])
def test_every_sort_of_pixels_has_the_colours_that_libvips_sees(name: str, photo: Image.Image, tmp_path: Path) -> None:
    image = {
        "palette": lambda: photo.quantize(200),
        "grey": lambda: photo.convert("L"),
        "grey with transparency": lambda: photo.convert("LA"),
        "one bit": lambda: photo.convert("1"),
    }[name]()
    data = encoded(image, "PNG")
    assert apart(render(tmp_path, data, ONE), from_bytes(data).colourspace("srgb")) < (SAME, WORST)


@pytest.mark.parametrize("width", [1, 7, 90, 180, 359])
def test_a_jpeg_that_is_decoded_small_looks_as_by_libvips(width: int, photo: Image.Image, tmp_path: Path) -> None:
    data = encoded(photo, "JPEG", quality=95, subsampling=0)
    shown = render(tmp_path, data, {"renditions": [{"name": "one", "width": width, "format": "png"}]})
    expected = vips(photo).thumbnail_image(width, height=shown.height, size="force")
    mean, _ = apart(shown, expected)
    assert mean < (1.5 if width > 10 else 6)


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["j4_12mp_p3_o6.jpg", "j3_12mp_prog.jpg", "w1_12mp.webp"])
def test_photos_of_the_corpus_look_as_by_libvips(name: str, corpus: Path, tmp_path: Path) -> None:
    data = (corpus / "images" / "photos" / name).read_bytes()
    shown = render(tmp_path, data, {"renditions": [{"name": "one", "width": 640, "format": "png"}]})
    expected = pyvips.Image.thumbnail_buffer(data, 640, height=10_000, output_profile="srgb", intent="relative")
    mean, _ = apart(shown, expected)
    assert mean < 1.0
