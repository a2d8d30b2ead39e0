"""Right pixels from every sort of image: upright, in their colours, with all their depth and transparency."""

import io
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from processors.image.display_p3 import display_p3
from tests.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, files, oriented, pixel, quarters
from tests.profiles import grey_profile, ink_profile
from tests.rendering import ONE, close, distance, process, render

pytestmark = pytest.mark.usefixtures("each_backend")

# -- upright


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright_and_none_is_applied_twice(
    orientation: int, format_: str, tmp_path: Path
) -> None:
    data = oriented(quarters((96, 64)), orientation, format_)
    result, _ = process(tmp_path, data)
    assert (result.width, result.height) == (96, 64)
    image = Image.open(tmp_path / "out" / "one.webp")
    with image:
        assert close(corners(image), [RED, GREEN, BLUE, WHITE])
        assert image.getexif().get(0x0112) is None


def test_an_orientation_that_does_not_exist_is_none(tmp_path: Path) -> None:
    for orientation in (0, 9, 99, 60_000):
        assert close(corners(render(tmp_path, oriented(quarters(), orientation, "JPEG"))), [RED, GREEN, BLUE, WHITE])
        (tmp_path / "out" / "one.webp").unlink()


# -- colours


def test_a_wide_gamut_profile_is_converted_as_littlecms_does_it_directly(tmp_path: Path) -> None:
    stored = Image.merge("RGB", [Image.linear_gradient("L").rotate(turn) for turn in (0, 90, 180)])
    source = ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))
    expected = ImageCms.profileToProfile(
        stored, source, ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    assert expected is not None
    shown = render(tmp_path, encoded(stored, "PNG", icc_profile=display_p3()))
    assert distance(shown, expected) < 1.0
    assert distance(shown, stored) > 3.0


def test_a_profile_that_is_srgb_changes_nothing(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    result, _ = process(tmp_path, encoded(quarters(), "PNG", icc_profile=srgb))
    assert result.icc_profile is not None
    assert result.icc_profile.startswith("sRGB")
    assert result.warnings == []


def test_a_grey_profile_is_applied(tmp_path: Path) -> None:
    """Half of the light is 188 in sRGB: IEC 61966-2-1 gives 1.055 * 0.502 ** (1 / 2.4) - 0.055 = 0.737."""
    data = encoded(Image.new("L", (32, 32), 128), "PNG", icc_profile=grey_profile(1.0))
    assert close([corners(render(tmp_path, data))[0]], [(188, 188, 188)], 2)


def test_printing_colours_go_through_their_profile(tmp_path: Path) -> None:
    """Cyan ink has the Lab colour that the table says, not the (0, 255, 255) of a naive conversion."""
    profile = ink_profile({(0, 0, 0, 0): (100, 0, 0), (1, 0, 0, 0): (55, -37, -50)})
    data = encoded(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "TIFF", icc_profile=profile)
    result, _ = process(tmp_path, data)
    assert (result.mode, result.warnings) == ("CMYK", [])
    with Image.open(tmp_path / "out" / "one.webp") as image:
        assert close([corners(image)[0]], [(0, 151, 218)], 4)


def test_printing_colours_without_a_profile_are_said_to_be_approximate(tmp_path: Path) -> None:
    result, _ = process(tmp_path, encoded(quarters().convert("CMYK"), "JPEG"))
    assert result.mode == "CMYK"
    assert result.warnings == ["There is no profile for the printing colours: they are approximate."]


@pytest.mark.parametrize("icc", [b"x", b"garbage" * 80, display_p3()[:200], grey_profile(1.0)[:130]])
def test_a_damaged_profile_costs_the_colours_not_the_image(icc: bytes, tmp_path: Path) -> None:
    result, _ = process(tmp_path, encoded(quarters(), "JPEG", icc_profile=icc))
    assert result.icc_profile is None
    assert result.warnings == ["The embedded colour profile is damaged; sRGB is assumed."]
    with Image.open(tmp_path / "out" / "one.webp") as image:
        assert close(corners(image), [RED, GREEN, BLUE, WHITE])


def test_a_profile_for_other_channels_is_ignored_and_said_so(tmp_path: Path) -> None:
    profile = ink_profile({(0, 0, 0, 0): (100, 0, 0)})
    result, _ = process(tmp_path, encoded(quarters(), "PNG", icc_profile=profile))
    assert result.warnings == ["The colour profile is for CMYK and was ignored."]


def test_lab_pixels_come_out_in_their_colours(tmp_path: Path) -> None:
    assert close(corners(render(tmp_path, files()["lab.tif"])), [RED, GREEN, BLUE, WHITE], 16)


# -- depth and transparency


@pytest.mark.parametrize(("mode", "format_"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF")])
def test_sixteen_bits_are_scaled_and_not_clipped(mode: str, format_: str, tmp_path: Path) -> None:
    """A ramp from 0 to 65535 has the mean 127.5; clipping would make it 254."""
    order = ">H" if mode.endswith("B") else "<H"
    ramp = b"".join(struct.pack(order, row * 257) * 64 for row in range(256))
    result, _ = process(tmp_path, encoded(Image.frombytes(mode, (64, 256), ramp), format_))
    assert (result.bit_depth, result.warnings) == (16, [])
    with Image.open(tmp_path / "out" / "one.webp") as image:
        assert ImageStat.Stat(image.convert("L")).mean[0] == pytest.approx(127.5, abs=1.5)


def test_pixels_without_a_natural_range_are_stretched_and_said_so(tmp_path: Path) -> None:
    ramp = Image.linear_gradient("L").convert("F").point(lambda value: value * 0.001 + -0.1)
    result, _ = process(tmp_path, encoded(ramp, "TIFF"))
    assert result.bit_depth == 32
    assert result.warnings == ["Brightness was stretched from -0.1 to 0.155."]
    with Image.open(tmp_path / "out" / "one.webp") as image:
        assert close([pixel(image, 128, 0), pixel(image, 128, 255)], [(0, 0, 0), (255, 255, 255)], 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 7.0])
def test_pixels_without_any_range_are_black_and_no_crash(value: float, tmp_path: Path) -> None:
    image = render(tmp_path, encoded(Image.new("F", (16, 16), value), "TIFF"))
    assert image.convert("L").getextrema() == (0, 0)


@pytest.mark.parametrize("name", ["alpha.png", "shaped.webp"])
def test_transparency_is_kept(name: str, tmp_path: Path) -> None:
    image = render(tmp_path, files()[name])
    assert image.mode == "RGBA"
    expected = Image.linear_gradient("L").resize(image.size)
    difference = ImageStat.Stat(ImageChops.difference(image.getchannel("A"), expected)).mean[0]
    assert difference < 2


@pytest.mark.parametrize(("mode", "key"), [("P", 0), ("L", 0), ("RGB", (0, 0, 0)), ("1", 0)])
def test_a_transparent_colour_or_palette_entry_becomes_alpha(mode: str, key: object, tmp_path: Path) -> None:
    image = Image.new("RGB", (64, 64), "black")
    image.paste("white", (32, 0, 64, 64))
    stored = image.quantize(2) if mode == "P" else image.convert(mode)
    if mode == "P":
        key = stored.getpixel((0, 0))
    result, _ = process(tmp_path, encoded(stored, "PNG", transparency=key))
    assert result.has_alpha
    with Image.open(tmp_path / "out" / "one.webp") as shown:
        alpha = shown.getchannel("A")
        assert (alpha.getpixel((8, 32)), alpha.getpixel((56, 32))) == (0, 255)


def test_hidden_colours_do_not_bleed_into_the_edges_of_what_is_seen(tmp_path: Path) -> None:
    """Averaging without regard to alpha would give the green a red rim."""
    image = Image.new("RGBA", (400, 400), (255, 0, 0, 0))
    image.paste((0, 200, 0, 255), (101, 101, 303, 303))
    shown = render(tmp_path, encoded(image, "PNG"), {**ONE, "renditions": [{"name": "one", "width": 50}]})
    rims = [pixel for pixel in shown.get_flattened_data() if isinstance(pixel, tuple) and pixel[3] > 40]
    assert rims
    assert max(pixel[0] for pixel in rims) < 60


def test_transparency_is_flattened_onto_a_background_when_asked(tmp_path: Path) -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    shown = render(tmp_path, encoded(image, "PNG"), {**ONE, "background": "#3366CC"})
    assert shown.mode == "RGB"
    assert close([corners(shown)[0]], [(0x33, 0x66, 0xCC)], 3)


@pytest.mark.corpus
@pytest.mark.parametrize("extension", ["jpg", "webp"])
def test_the_eight_orientations_of_the_corpus_show_the_same_picture(
    extension: str, corpus: Path, tmp_path: Path
) -> None:
    folder = corpus / "images" / "variants"
    upright = render(tmp_path, (folder / f"hopper.{extension}").read_bytes())
    for orientation in range(2, 9):
        scratch = tmp_path / str(orientation)
        scratch.mkdir()
        shown = render(scratch, (folder / f"hopper_orientation_{orientation}.{extension}").read_bytes())
        assert distance(shown, upright) < 6, orientation
