"""The image kind: right pixels from every sort of file, nothing private in the output, limits before decoding."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from processors.base import AnyProcessor, Rejected, RejectionCode, Report
from processors.image import ImageProcessor
from processors.image.display_p3 import display_p3
from processors.image.models import MAX_PIXELS, ImageParams
from processors.registry import load
from processors.webp import fit
from processors.work import FileWork, run_alone
from tests.architecture import REPOSITORY
from tests.contracts.processor import ProcessorContract
from tests.hostile import ends
from tests.pictures import encoded, files, png_header, quarters
from tests.rendering import ONE, distance, process, render

SAMPLES = REPOSITORY / "samples"
PHOTO = {
    "format": "JPEG",
    "width": 2160,
    "height": 2880,
    "mode": "RGB",
    "bit_depth": 8,
    "has_alpha": False,
    "is_animated": False,
    "frames": 1,
    "orientation": 6,
    "icc_profile": "Display P3 (sample)",
    "camera": {"make": "Dropoff", "model": "Sample One", "lens": None},
    "taken_at": "2026-06-21T21:14:05+02:00",
    "exif": None,
    "srcset": "thumb.webp 160w, small.webp 480w, medium.webp 1024w, large.webp 1920w",
    "errors": [],
    "warnings": [],
}


@pytest.fixture(scope="module")
def processor() -> AnyProcessor:
    return load(["image"])["image"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    for name, data in files().items():
        (folder / name).write_bytes(data)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def bad() -> Sequence[tuple[bytes, RejectionCode]]:
    picture = encoded(quarters(), "JPEG")
    return [
        (b"", "unsupported_input"),
        (b"This is no picture at all.", "unsupported_input"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "unsupported_input"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unsupported_input"),
        (b"\xff\xd8\xff", "corrupt_input"),
        (picture[: len(picture) // 2], "corrupt_input"),
        ((SAMPLES / "broken-photo.jpg").read_bytes(), "corrupt_input"),
        (png_header(30_000, 30_000), "limit_exceeded"),
        (png_header(8_000, 8_000), "limit_exceeded"),
        (png_header(70_000, 1), "limit_exceeded"),
    ]


class TestImageContract(ProcessorContract):
    module = "processors.image"


# -- sizes


def test_the_default_renditions_are_made_and_never_enlarged(tmp_path: Path) -> None:
    _, finished = process(tmp_path, encoded(quarters((1200, 800)), "PNG"), {})
    sizes = {output.name: (output.attributes["width"], output.attributes["height"]) for output in finished.outputs}
    assert sizes == {
        "thumb.webp": (160, 107),
        "small.webp": (480, 320),
        "medium.webp": (1024, 683),
        "large.webp": (1200, 800),
    }
    for name, size in sizes.items():
        with Image.open(tmp_path / "out" / name) as image:
            assert (image.format, image.size) == ("WEBP", size)


@pytest.mark.parametrize(
    ("size", "width", "expected"),
    [
        ((4032, 3024), 1920, (1920, 1440)),
        ((790, 36_861), 1920, (351, 16_383)),
        ((1, 60_000), 160, (1, 16_383)),
        ((60_000, 1), 160, (160, 1)),
        ((3, 5), 160, (3, 5)),
    ],
)
def test_a_size_is_fitted_into_the_width_and_into_what_webp_holds(
    size: tuple[int, int], width: int, expected: tuple[int, int]
) -> None:
    assert fit(size, width) == expected


def test_a_screenshot_too_tall_for_webp_is_scaled_instead_of_failing(tmp_path: Path) -> None:
    data = encoded(Image.new("RGB", (300, 20_000), "teal"), "PNG")
    result, finished = process(tmp_path, data, {})
    assert (result.width, result.height) == (300, 20_000)
    assert {output.attributes["height"] for output in finished.outputs} == {10_667, 16_383}


def test_a_jpeg_decoded_small_looks_like_one_decoded_whole(tmp_path: Path) -> None:
    """The shortcut by the DCT against a plain reduction of all pixels."""
    with Image.open(SAMPLES / "photo.jpg") as source:
        photo = source.convert("RGB").resize((1601, 1203))
    data = encoded(photo, "JPEG", quality=95, subsampling=0)
    shown = render(tmp_path, data, {**ONE, "renditions": [{"name": "one", "width": 390}]})
    with Image.open(io.BytesIO(data)) as whole:
        expected = whole.resize(shown.size, Image.Resampling.LANCZOS)
    assert distance(shown, expected) < 2.0


# -- privacy


def chunks(data: bytes) -> list[bytes]:
    """The chunk names of a RIFF file."""
    names, at = [], 12
    while at < len(data):
        names.append(data[at : at + 4])
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return names


def test_no_rendition_carries_anything_but_pixels(tmp_path: Path) -> None:
    """The sample has a place and a camera, and the PNG has everything that Pillow can write."""
    text = encoded(quarters(), "PNG", exif=b"Exif\0\0secret", icc_profile=display_p3(), xmp=b"<x:xmpmeta>secret")
    for data in ((SAMPLES / "photo.jpg").read_bytes(), text, files()["alpha.png"]):
        _, finished = process(tmp_path, data, {})
        for output in finished.outputs:
            written = (tmp_path / "out" / output.name).read_bytes()
            assert set(chunks(written)) <= {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}
            assert b"secret" not in written
            (tmp_path / "out" / output.name).unlink()


def test_the_result_tells_camera_and_time_and_keeps_the_place_to_itself(tmp_path: Path) -> None:
    result, _ = process(tmp_path, (SAMPLES / "photo.jpg").read_bytes(), {})
    told = json.loads(result.model_dump_json())
    assert told["gps"] is None
    assert {name: told[name] for name in PHOTO} == PHOTO


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("animated.gif", {"format": "GIF", "mode": "P", "frames": 2}),
        ("sixteen.png", {"format": "PNG", "bit_depth": 16}),
        ("one-bit.png", {"mode": "1", "bit_depth": 1}),
        ("photo.avif", {"format": "AVIF", "bit_depth": None}),
        ("palette.png", {"mode": "P", "has_alpha": True}),
        ("print.jpg", {"format": "JPEG", "mode": "CMYK"}),
    ],
)
def test_each_sort_of_file_is_described(name: str, facts: Mapping[str, object], tmp_path: Path) -> None:
    result, _ = process(tmp_path, files()[name])
    assert {fact: getattr(result, fact) for fact in facts} == facts


# -- params, progress, limits


@pytest.mark.parametrize(
    "params",
    [
        {"renditions": []},
        {"renditions": [{"name": "a", "width": 1}, {"name": "a", "width": 2}]},
        {"renditions": [{"name": "../a", "width": 1}]},
        {"renditions": [{"name": "a", "width": 0}]},
        {"renditions": [{"name": "a", "width": 65_536}]},
        {"renditions": [{"name": "a", "width": "160"}]},
        {"renditions": [{"name": "a", "fit": "crop"}]},
        {"renditions": [{"name": "a", "enlarge": 1}]},
        {"renditions": [{"name": "a", "max_bytes": 0}]},
        {"filters": {"blur": 0}},
        {"watermark": {}},
        {"watermark": {"text": "two\nlines"}},
        {"limits": {"max_pixels": MAX_PIXELS + 1}},
        {"max_frames": 0},
        {"renditions": [{"name": str(n), "width": 1} for n in range(17)]},
        {"quality": 0},
        {"quality": 101},
        {"background": "red"},
    ],
)
def test_params_out_of_range_are_refused(params: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageParams.model_validate(params)


def test_progress_counts_the_steps_and_names_the_renditions(tmp_path: Path) -> None:
    path = tmp_path / "in.png"
    path.write_bytes(encoded(quarters((1200, 800)), "PNG"))
    reports: list[Report] = []
    seconds = count()
    with path.open("rb") as source:
        work = FileWork(
            params=ImageParams(),
            name="in.png",
            media_type="image/png",
            size=path.stat().st_size,
            scratch=tmp_path,
            descriptor=source.fileno(),
            on_report=reports.append,
            clock=lambda: float(next(seconds)),
        )
        ImageProcessor().process(work)
    told = [(report.stage, report.done, report.total, report.message) for report in reports]
    assert list(dict.fromkeys(told)) == [
        ("decoding", 0, 6, ""),
        ("rendering", 1, 6, "large"),
        ("rendering", 2, 6, "medium"),
        ("rendering", 3, 6, "small"),
        ("rendering", 4, 6, "thumb"),
        ("describing", 5, 6, ""),
        ("done", 6, 6, ""),
    ]


def test_a_bomb_is_refused_before_a_pixel_is_decoded(tmp_path: Path) -> None:
    """A flat PNG of 169 million pixels, below the size at which Pillow itself refuses; it would take 2 GB."""
    bomb = tmp_path / "bomb.png"
    Image.new("1", (13_000, 13_000)).save(bomb)
    started = time.process_time()
    with pytest.raises(Rejected) as rejected:
        run_alone(ImageProcessor(), bomb, scratch=tmp_path)
    assert time.process_time() - started < 0.5
    assert rejected.value.code == "limit_exceeded"
    assert f"{MAX_PIXELS:,}" in rejected.value.detail
    assert not (tmp_path / "out").exists()


# By the kernel's high-water mark: getrusage would tell of the process that this one was forked from.
MEASURE = """
import re, sys
from pathlib import Path
from processors.registry import load
from processors.work import run_alone
run_alone(load(["image"])["image"], Path(sys.argv[1]), scratch=Path(sys.argv[2]))
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def test_the_largest_image_let_in_stays_within_the_memory_of_its_kind(tmp_path: Path) -> None:
    """Fifty megapixels with transparency, as PNG: 200 MB, of which nothing is there twice."""
    path = tmp_path / "large.png"
    Image.new("RGBA", (8_000, 6_250), (10, 20, 30, 40)).save(path, compress_level=1)
    told = subprocess.check_output([sys.executable, "-c", MEASURE, path, tmp_path], text=True)
    assert int(told) * 1024 < 310_000_000


# -- the corpus


@pytest.mark.corpus
def test_every_hostile_image_ends_in_a_rejection_or_a_result_in_bounded_time(corpus: Path, tmp_path: Path) -> None:
    paths = sorted((corpus / "images" / "hostile").iterdir())
    told = ends("image", paths, tmp_path)
    assert max(end.cpu_seconds for end in told.values()) < 5
    assert told["decompression_bomb.gif"].code == "limit_exceeded"
    assert told["truncated_jpeg.jpg"].code == "corrupt_input"
    assert {told[path.name].code for path in paths if path.suffix in (".sgi", ".j2k", ".fli", ".tga", ".jp2")} == {
        "unsupported_input"
    }


@pytest.mark.corpus
def test_every_variant_and_photo_of_the_corpus_is_rendered(corpus: Path, tmp_path: Path) -> None:
    paths = [*(corpus / "images" / "variants").iterdir(), *(corpus / "images" / "photos").iterdir()]
    told = ends("image", sorted(paths), tmp_path)
    assert {name for name, end in told.items() if end.code != "result"} == {"h1_12mp.heic"}
    assert told["h1_12mp.heic"].code == "unsupported_input"
    assert told["j4_12mp_p3_o6.jpg"].result is not None
    assert (told["j4_12mp_p3_o6.jpg"].result["width"], told["j4_12mp_p3_o6.jpg"].result["height"]) == (3024, 4032)
