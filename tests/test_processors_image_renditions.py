"""Renditions come out as asked: sizes, formats, colours, metadata, bytes, and what happens when one can't be made."""

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageStat

from processors.base import Cancelled, Rejected
from processors.image import ImageProcessor
from processors.image.display_p3 import display_p3
from processors.image.geometry import lay_out
from processors.image.models import MAX_SIDE, Rendition
from processors.image.resample import SMALL
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, oriented, pixel, quarters
from tests.rendering import close, distance, process, render

SAMPLE = REPOSITORY / "samples" / "photo.jpg"


def one(**asked: object) -> dict[str, Any]:
    """Params for one lossless rendition."""
    return {"renditions": [{"name": "one", "format": "png", **asked}]}


def bare(size: tuple[int, int]) -> Image.Image:
    """The sample's pixels without what it says of them."""
    with Image.open(SAMPLE) as image:
        pixels = image.convert("RGB").resize(size)
    pixels.info.clear()
    return pixels


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return bare((600, 800))


@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    box=st.tuples(st.integers(1, 200), st.integers(1, 200)),
    fit=st.sampled_from(["inside", "cover", "contain", "fill", "outside"]),
    gravity=st.sampled_from(["centre", "northwest", "south", "east"]),
    enlarge=st.booleans(),
    orientation=st.integers(1, 8),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_image_in_any_box_is_what_plain_cropping_and_scaling_gives(
    size: tuple[int, int],
    box: tuple[int, int],
    fit: str,
    gravity: str,
    enlarge: bool,
    orientation: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The whole way of the image, against Pillow's own resize of the upright original, pasted where it belongs."""
    scratch = tmp_path_factory.mktemp("any")
    picture = quarters(size)
    params = one(width=box[0], height=box[1], fit=fit, gravity=gravity, enlarge=enlarge)
    shown = render(scratch, oriented(picture, orientation, "PNG"), params)
    layout = lay_out(size, Rendition.model_validate(params["renditions"][0]), MAX_SIDE)
    expected = Image.new("RGBA", layout.canvas, (0, 0, 0, 0))
    expected.paste(picture.resize(layout.size, Image.Resampling.LANCZOS, box=layout.crop), layout.offset)
    assert shown.size == layout.canvas
    # Of 255, in the mean. A large one is scaled twice, and the smaller a side, the more weighs what is lost there.
    assert distance(shown, expected) < (1.5 if size[0] * size[1] <= SMALL else 4 if min(layout.size) >= 16 else 16)
    assert shown.convert("RGBA").getchannel("A").tobytes() == expected.getchannel("A").tobytes()


def test_each_rendition_looks_like_one_made_from_the_original(photo: Image.Image, tmp_path: Path) -> None:
    """Though it was made from the next larger one."""
    renditions: list[dict[str, Any]] = [
        {"name": "a", "width": 500},
        {"name": "b", "width": 240},
        {"name": "c", "width": 90},
        {"name": "d", "width": 100, "height": 100, "fit": "cover"},
        {"name": "e", "width": 300, "height": 60, "fit": "cover", "gravity": "north"},
    ]
    process(tmp_path, encoded(photo, "PNG"), {"renditions": [{**one, "format": "png"} for one in renditions]})
    for rendition in renditions:
        layout = lay_out(photo.size, Rendition.model_validate(rendition), MAX_SIDE)
        with Image.open(tmp_path / "out" / f"{rendition['name']}.png") as shown:
            expected = photo.resize(layout.size, Image.Resampling.LANCZOS, box=layout.crop)
            assert distance(shown, expected) < 1.5


def test_contain_pads_with_the_background_or_with_nothing(tmp_path: Path) -> None:
    data = encoded(quarters((80, 40)), "PNG")
    shown = render(tmp_path, data, one(width=80, height=80, fit="contain", background="#102030"))
    assert (shown.mode, pixel(shown, 0, 0), pixel(shown, 79, 79)) == ("RGB", (16, 32, 48), (16, 32, 48))
    (tmp_path / "out" / "one.png").unlink()
    shown = render(tmp_path, data, one(width=80, height=80, fit="contain", gravity="north"))
    assert [shown.getchannel("A").getpixel((40, y)) for y in (0, 39, 40, 79)] == [255, 255, 0, 0]


@pytest.mark.parametrize(
    ("format_", "file", "media_type"),
    [
        ("webp", "one.webp", "image/webp"),
        ("avif", "one.avif", "image/avif"),
        ("jpeg", "one.jpg", "image/jpeg"),
        ("png", "one.png", "image/png"),
        ("auto", "one.webp", "image/webp"),
    ],
)
def test_a_rendition_is_told_as_it_is(format_: str, file: str, media_type: str, tmp_path: Path) -> None:
    result, finished = process(tmp_path, encoded(quarters(), "PNG"), one(format=format_))
    (output,), (rendered,) = finished.outputs, result.renditions
    assert (output.name, output.media_type) == (file, media_type)
    assert output.attributes == {"format": rendered.format, "width": 96, "height": 64}
    path = tmp_path / "out" / file
    assert (rendered.file, rendered.bytes, rendered.frames) == (file, path.stat().st_size, 1)
    with Image.open(path) as image:
        assert image.format == rendered.format.upper()
        assert close(corners(image), [RED, GREEN, BLUE, WHITE], 16)


def test_quality_is_that_of_the_rendition_or_that_for_all_or_the_usual(tmp_path: Path) -> None:
    renditions = [{"name": "a", "quality": 30}, {"name": "b"}, {"name": "c", "format": "png"}]
    data = encoded(quarters(), "PNG")
    result, _ = process(tmp_path, data, {"renditions": renditions, "quality": 55})
    assert [rendered.quality for rendered in result.renditions] == [30, 55, None]
    (tmp_path / "other").mkdir()
    efforts = [{"name": "a", "effort": "balanced"}, {"name": "b"}, {"name": "c", "format": "avif"}]
    result, _ = process(tmp_path / "other", data, {"renditions": efforts})
    assert [rendered.quality for rendered in result.renditions] == [80, 81, 68]


@pytest.mark.parametrize("format_", ["webp", "avif", "jpeg", "png"])
def test_a_file_is_brought_below_its_bytes(format_: str, photo: Image.Image, tmp_path: Path) -> None:
    result, _ = process(tmp_path, encoded(photo, "PNG"), one(width=400, format=format_, max_bytes=9_000))
    (rendered,) = result.renditions
    (path,) = (tmp_path / "out").iterdir()
    assert rendered.bytes == path.stat().st_size <= 9_000
    assert result.warnings == []
    with Image.open(path) as image:
        assert image.size == (rendered.width, rendered.height)


def test_bytes_that_can_not_be_met_are_said(tmp_path: Path) -> None:
    noise = Image.effect_noise((300, 300), 120).convert("RGB")
    result, _ = process(tmp_path, encoded(noise, "PNG"), one(width=300, max_bytes=256))
    (rendered,) = result.renditions
    if rendered.bytes > 256:
        assert result.warnings == [f"one has {rendered.bytes:,} bytes: it could not be brought to 256."]


# -- what WebP can't hold


def test_a_webp_too_tall_is_scaled_and_that_is_said(tmp_path: Path) -> None:
    result, _ = process(tmp_path, encoded(Image.new("RGB", (300, 20_000), "teal"), "PNG"), one(format="webp"))
    assert [(one.format, one.width, one.height) for one in result.renditions] == [("webp", 246, 16_383)]
    assert result.warnings == ["one was scaled down: webp has no side above 16,383 pixels."]


@pytest.mark.parametrize(("mode", "format_"), [("RGB", "jpeg"), ("RGBA", "png")])
def test_auto_takes_another_format_for_what_webp_can_not_hold(mode: str, format_: str, tmp_path: Path) -> None:
    image = Image.new(mode, (300, 20_000), (0, 128, 128, 100)[: len(mode)])
    result, _ = process(tmp_path, encoded(image, "PNG"), one(format="auto"))
    assert [(one.format, one.width, one.height) for one in result.renditions] == [(format_, 300, 20_000)]
    assert result.warnings == [f"one is {format_}: webp has no side above 16,383 pixels."]


# -- colours


def test_wide_colours_can_be_kept_or_given(photo: Image.Image, tmp_path: Path) -> None:
    """The same picture, whichever profile it carries; and what has a profile says so."""
    data = encoded(photo, "PNG", icc_profile=display_p3("Wide"))
    upright, source = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))
    expected = ImageCms.profileToProfile(photo, source, upright, ImageCms.Intent.RELATIVE_COLORIMETRIC)
    assert expected is not None
    names = {}
    for colorspace in ("srgb", "keep", "p3"):
        scratch = tmp_path / colorspace
        scratch.mkdir()
        process(scratch, data, {**one(), "colorspace": colorspace})
        with Image.open(scratch / "out" / "one.png") as image:
            profile = image.info.get("icc_profile")
            names[colorspace] = profile and ImageCms.getProfileDescription(io.BytesIO(profile)).strip()
            shown = image.convert("RGB")
        if profile:
            seen = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(shown, seen, upright, ImageCms.Intent.RELATIVE_COLORIMETRIC)
            assert converted is not None
            shown = converted
        assert distance(shown, expected) < 1.0
    assert names == {"srgb": None, "keep": "Wide", "p3": "Display P3"}


def test_the_description_is_of_the_colours_that_are_seen(tmp_path: Path) -> None:
    """Whatever profile the renditions have."""
    data = encoded(Image.new("RGB", (40, 40), (180, 90, 60)), "PNG", icc_profile=display_p3())
    told = []
    for colorspace in ("srgb", "p3", "keep"):
        scratch = tmp_path / colorspace
        scratch.mkdir()
        told.append(process(scratch, data, {**one(), "colorspace": colorspace})[0].dominant_colour)
    levels = [tuple(bytes.fromhex((colour or "")[1:])) for colour in told]
    assert all(math.dist(level, levels[0]) < 3 for level in levels)
    assert math.dist(levels[0], (180, 90, 60)) > 8


def test_an_image_without_a_profile_is_srgb(photo: Image.Image, tmp_path: Path) -> None:
    shown = render(tmp_path, encoded(photo, "PNG"), {**one(), "colorspace": "keep"})
    assert "icc_profile" not in shown.info
    assert distance(shown, photo) == 0


# -- upright


def test_an_image_stays_as_stored_where_that_is_asked(tmp_path: Path) -> None:
    data = oriented(quarters((96, 64)), 6, "JPEG")
    result, _ = process(tmp_path, data, {**one(), "auto_orient": False})
    assert (result.width, result.height, result.orientation) == (64, 96, 6)
    with Image.open(tmp_path / "out" / "one.png") as image:
        assert image.size == (64, 96)
        assert not close(corners(image), [RED, GREEN, BLUE, WHITE], 16)


def test_metadata_that_is_kept_says_upright_where_it_was_made_so(tmp_path: Path) -> None:
    """And otherwise what is still to be done."""
    data = oriented(quarters((96, 64)), 6, "JPEG")
    for auto_orient, orientation in ((True, 1), (False, 6)):
        scratch = tmp_path / str(auto_orient)
        scratch.mkdir()
        shown = {**one(format="jpeg"), "auto_orient": auto_orient, "strip_metadata": "none"}
        process(scratch, data, shown)
        with Image.open(scratch / "out" / "one.jpg") as image:
            assert image.getexif().get(0x0112, 1) == orientation


# -- jpeg has no transparency


def test_transparency_becomes_white_in_a_jpeg_unless_a_colour_is_given(tmp_path: Path) -> None:
    data = encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG")
    assert close([pixel(render(tmp_path, data, one(format="jpeg")), 20, 20)], [(255, 255, 255)], 2)
    (tmp_path / "out" / "one.jpg").unlink()
    assert close([pixel(render(tmp_path, data, one(format="jpeg", background="#ff8000")), 20, 20)], [(255, 128, 0)], 3)


def test_an_alpha_channel_without_transparency_is_dropped(tmp_path: Path) -> None:
    result, _ = process(tmp_path, encoded(quarters().convert("RGBA"), "PNG"), one())
    assert result.has_alpha
    with Image.open(tmp_path / "out" / "one.png") as image:
        assert image.mode == "RGB"


# -- what can't be made


def test_a_rendition_that_would_be_too_large_fails_the_job_before_anything_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as rejected:
        process(tmp_path, encoded(quarters(), "PNG"), one(width=12_000, enlarge=True))
    assert (rejected.value.code, rejected.value.detail) == (
        "limit_exceeded",
        "The rendition one would have 12,000 x 8,000 pixels; 50,000,000 in all are the most as png.",
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("format_", "mode", "most"),
    [("avif", "RGB", 20_689_655), ("webp", "RGBA", 16_666_666), ("webp", "RGB", 50_000_000)],
)
def test_a_rendition_whose_encoder_would_take_too_much_memory_is_refused(
    format_: str, mode: str, most: int, tmp_path: Path
) -> None:
    data = encoded(Image.new(mode, (60, 50), "teal"), "PNG")
    with pytest.raises(Rejected, match=rf"{most:,} in all are the most as {format_}"):
        process(tmp_path, data, one(width=9_000, enlarge=True, format=format_))


def test_the_others_are_made_where_partial_results_will_do(tmp_path: Path) -> None:
    renditions = [{"name": "huge", "width": 12_000, "enlarge": True}, {"name": "small", "width": 20}]
    result, finished = process(tmp_path, encoded(quarters(), "PNG"), {"renditions": renditions, "on_error": "partial"})
    assert [output.name for output in finished.outputs] == ["small.webp"]
    assert [(error.name, error.code) for error in result.errors] == [("huge", "limit_exceeded")]
    assert [rendered.name for rendered in result.renditions] == ["small"]


def test_nothing_at_all_is_no_partial_result(tmp_path: Path) -> None:
    params = {**one(width=12_000, enlarge=True), "on_error": "partial"}
    with pytest.raises(Rejected) as rejected:
        process(tmp_path, encoded(quarters(), "PNG"), params)
    assert rejected.value.code == "limit_exceeded"


def test_a_job_stops_at_any_of_its_reports(photo: Image.Image, tmp_path: Path) -> None:
    """Before decoding, before each rendition, before each try at its bytes, and before describing."""
    path = tmp_path / "in.png"
    path.write_bytes(encoded(photo, "PNG"))
    params = one(width=300, format="webp", max_bytes=6_000)
    reached = 0
    for allowed in range(30):
        scratch = tmp_path / str(allowed)
        scratch.mkdir()
        cancelled = iter([*[False] * allowed, True, *[False] * 30]).__next__
        try:
            run_alone(ImageProcessor(), path, params, scratch=scratch, cancelled=cancelled)
        except Cancelled:
            reached = allowed
            continue
        break
    assert 5 <= reached < 29


# -- the list for an <img>


def test_srcset_lists_what_shows_the_whole_image_from_narrow_to_wide(tmp_path: Path) -> None:
    renditions = [
        {"name": "large", "width": 90},
        {"name": "thumb", "width": 30},
        {"name": "square", "width": 40, "height": 40, "fit": "cover"},
        {"name": "padded", "width": 50, "height": 50, "fit": "contain"},
        {"name": "again", "width": 30, "format": "avif"},
    ]
    result, _ = process(tmp_path, encoded(quarters(), "PNG"), {"renditions": renditions})
    assert result.srcset == "thumb.webp 30w, large.webp 90w"


def test_what_the_description_may_be_without(tmp_path: Path) -> None:
    params: Mapping[str, Any] = {**one(), "placeholder": "none", "palette": 0, "phash": "none", "metadata": "none"}
    result, _ = process(tmp_path, SAMPLE.read_bytes(), params)
    assert (result.placeholder, result.palette, result.dominant_colour, result.phash) == (None, [], None, None)
    assert (result.camera, result.taken_at, result.exif) == (None, None, None)


def test_mean_light_is_kept_through_the_whole_pyramid(tmp_path: Path) -> None:
    """Ten renditions, each from the one before: no drift."""
    renditions = [{"name": f"w{width}", "width": width, "format": "png"} for width in range(40, 540, 50)]
    photo = bare((540, 720))
    process(tmp_path, encoded(photo, "PNG"), {"renditions": renditions})
    expected = ImageStat.Stat(photo).mean
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as image:
            assert ImageStat.Stat(image).mean == pytest.approx(expected, abs=0.6)
