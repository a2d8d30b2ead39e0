"""Every back end of the image kind brings Pillow's pixels, or leaves the file to Pillow; and each is what it claims."""

import io
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import cast

import pytest
import pyvips
from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from ingest.attend import Stop
from ingest.brood import ENVIRONMENT
from ingest.sandbox import Order, Sandbox
from ingest.verdict import Finished
from processors.base import AnyProcessor, Rejected, RejectionCode
from processors.image import ImageProcessor
from processors.image.backends import LOADERS, load, vips
from processors.image.backends.base import Size
from processors.image.extras import Extras
from processors.image.models import ImageResult
from processors.work import ignore, run_alone
from tests.architecture import REPOSITORY
from tests.contracts.processor import ProcessorContract
from tests.hostile import ends
from tests.pictures import encoded, files, oriented, quarters
from tests.rendering import distance

SAMPLE = REPOSITORY / "samples" / "photo.jpg"
ADDED = ("fast", "vips")


def photo(size: Size = (900, 600)) -> Image.Image:
    with Image.open(SAMPLE) as image:
        return image.convert("RGB").resize(size)


def shaped() -> Image.Image:
    image = photo()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


TAKEN: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "a colour JPEG": ("fast", lambda: encoded(photo(), "JPEG")),
    "a grey JPEG": ("fast", lambda: encoded(photo().convert("L"), "JPEG")),
    "a progressive JPEG": ("fast", lambda: encoded(photo(), "JPEG", progressive=True)),
    "a JPEG": ("vips", lambda: encoded(photo(), "JPEG")),
    "a grey progressive JPEG": ("vips", lambda: encoded(photo().convert("L"), "JPEG", progressive=True)),
    "a PNG": ("vips", lambda: encoded(photo(), "PNG")),
    "a grey PNG": ("vips", lambda: encoded(photo().convert("L"), "PNG")),
    "a PNG with transparency": ("vips", lambda: encoded(shaped(), "PNG")),
    "a grey PNG with transparency": ("vips", lambda: encoded(shaped().convert("LA"), "PNG")),
    "a PNG that is turned": ("vips", lambda: oriented(photo(), 6, "PNG")),
    "a TIFF": ("vips", lambda: encoded(photo(), "TIFF", compression="tiff_lzw")),
    "a TIFF with transparency": ("vips", lambda: encoded(shaped(), "TIFF")),
}


def moved_behind(png: bytes, kind: bytes) -> bytes:
    """The PNG with its chunks of that kind behind the pixels."""
    at = png.index(kind) - 4
    length = int.from_bytes(png[at : at + 4], "big") + 12
    end = len(png) - 12
    return png[:at] + png[at + length : end] + png[at : at + length] + png[end:]


LEFT: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "a JPEG for print": ("fast", lambda: encoded(photo().convert("CMYK"), "JPEG")),
    "a JPEG that Pillow may halve": ("fast", lambda: encoded(photo((1200, 800)), "JPEG")),
    "a small JPEG": ("fast", lambda: encoded(photo((600, 400)), "JPEG")),
    "a JPEG that ends early": ("fast", lambda: encoded(photo(), "JPEG")[:-9000]),
    "a PNG": ("fast", lambda: encoded(photo(), "PNG")),
    "a large JPEG": ("vips", lambda: encoded(photo((1200, 800)), "JPEG")),
    "half a JPEG": ("vips", lambda: encoded(photo(), "JPEG")[:-9000]),
    "a WebP": ("vips", lambda: encoded(photo(), "WEBP")),
    "a palette": ("vips", lambda: encoded(photo().quantize(16), "PNG")),
    "sixteen bits": ("vips", lambda: encoded(Image.new("I;16", (900, 600), 40_000), "PNG")),
    "one transparent colour": ("vips", lambda: encoded(photo(), "PNG", transparency=(1, 2, 3))),
    "a PNG without its end": ("vips", lambda: encoded(photo(), "PNG")[:-12]),
    "a PNG that ends early": ("vips", lambda: encoded(photo(), "PNG")[:-9000]),
    "a PNG whose Exif comes last": ("vips", lambda: moved_behind(oriented(photo(), 6, "PNG"), b"eXIf")),
    "a TIFF that Pillow turns": ("vips", lambda: oriented(photo(), 6, "TIFF")),
    "a TIFF that ends early": ("vips", lambda: encoded(photo(), "TIFF")[:-9000]),
}


def opened(data: bytes) -> tuple[ImageFile, io.BytesIO]:
    file = io.BytesIO(data)
    return Image.open(file), file


@pytest.mark.parametrize("case", TAKEN)
@pytest.mark.parametrize("wanted", [(560, 400), (899, 599), (900, 600)])
def test_what_is_taken_has_the_pixels_of_pillow_and_is_large_enough(case: str, wanted: Size) -> None:
    name, make = TAKEN[case]
    data = make()
    image, file = opened(data)
    wanted = (wanted[1], wanted[0]) if image.height > image.width else wanted
    assert load(name).takes(image, file)
    pixels = load(name).decode(image, file, wanted)
    assert pixels is not None
    assert pixels.mode == image.mode
    assert all(asked <= got <= stored for asked, got, stored in zip(wanted, pixels.size, image.size, strict=True))
    expected = image.resize(pixels.size, Image.Resampling.LANCZOS)
    assert distance(seen(pixels), seen(expected)) < 1


def seen(image: Image.Image) -> Image.Image:
    """On black: what is quite transparent may have any colour."""
    alpha = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "black"), alpha)


@pytest.mark.parametrize("case", LEFT)
def test_what_is_not_taken_or_damaged_is_left_to_pillow(case: str) -> None:
    name, make = LEFT[case]
    image, file = opened(make())
    assert load(name).decode(image, file, (560, 373)) is None


def test_a_file_too_large_to_be_held_in_memory_is_left_to_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(photo(), "PNG")
    monkeypatch.setattr(vips, "MOST_BYTES", len(data))
    assert load("vips").takes(*opened(data))
    assert not load("vips").takes(*opened(data + b" "))


def test_pillow_leaves_everything_to_itself() -> None:
    image, file = opened(encoded(photo(), "JPEG"))
    assert not load("pillow").takes(image, file)
    assert load("pillow").decode(image, file, (1, 1)) is None


def test_exif_of_a_png_that_is_taken_is_known_without_loading_it() -> None:
    """And it is whole: there is none behind the pixels."""
    image, file = opened(oriented(photo(), 6, "PNG"))
    assert load("vips").takes(image, file)
    assert image.getexif()[ExifTags.Base.Orientation] == 6
    assert image.tile


@pytest.mark.parametrize("name", LOADERS)
def test_loading_a_back_end_starts_no_thread(name: str) -> None:
    program = f"""
import os
from processors.image.backends import load
load({name!r})
print(len(os.listdir("/proc/self/task")))
"""
    assert subprocess.check_output([sys.executable, "-c", program], env=ENVIRONMENT, text=True) == "1\n"


def test_no_loader_that_libvips_does_not_trust_can_be_reached() -> None:
    """Nor any through ImageMagick, or one that isn't asked for by name."""
    load("vips")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    with pytest.raises(pyvips.Error, match="blocked"):
        pyvips.Image.svgload_buffer(svg).write_to_memory()


# -- the whole kind with each back end


class WithExtras(ProcessorContract):
    module = "processors.image"
    extras: Extras

    @pytest.fixture
    def processor(self) -> AnyProcessor:
        return cast(AnyProcessor, ImageProcessor(self.extras))

    @pytest.fixture
    def good(self, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
        folder = tmp_path_factory.mktemp("pictures")
        for name, data in good_files(self.extras.backend).items():
            (folder / name).write_bytes(data)
        return sorted(folder.iterdir())

    @pytest.fixture
    def bad(self) -> Sequence[tuple[bytes, RejectionCode]]:
        return [(make(), "corrupt_input") for case, (_, make) in LEFT.items() if "ends early" in case]


@cache
def good_files(backend: str) -> Mapping[str, bytes]:
    """Some that it scales, and one of each sort that Pillow decodes."""
    small = files()
    scaled = {case.replace(" ", "-"): make() for case, (name, make) in TAKEN.items() if name == backend}
    return {**scaled, **{name: small[name] for name in ("print.jpg", "palette.png", "shaped.webp", "lab.tif")}}


class TestFastContract(WithExtras):
    extras = Extras("fast")
    environment = MappingProxyType({"DROPOFF_IMAGE_BACKEND": "fast"})


class TestVipsContract(WithExtras):
    extras = Extras("vips")
    environment = MappingProxyType({"DROPOFF_IMAGE_BACKEND": "vips"})


@pytest.mark.parametrize("backend", ADDED)
@pytest.mark.parametrize("name", sorted(files()))
def test_every_sort_of_picture_looks_and_is_told_as_with_pillow(backend: str, name: str, tmp_path: Path) -> None:
    """A tall rendition and a wide one; the sample pictures are small, so that no back end scales them for us."""
    params = {"renditions": [{"name": "one", "width": 90}, {"name": "two", "width": 41, "fit": "cover", "height": 60}]}
    ends = []
    for chosen in ("pillow", backend):
        scratch = tmp_path / chosen
        scratch.mkdir()
        (scratch / "in").write_bytes(files()[name])
        finished = run_alone(ImageProcessor(Extras(chosen)), scratch / "in", params, scratch=scratch)
        assert isinstance(finished.result, ImageResult)
        with Image.open(scratch / "out" / "one.webp") as one, Image.open(scratch / "out" / "two.webp") as two:
            ends.append((finished.result, seen(one), seen(two)))
    (told, *looks), (told_too, *looks_too) = ends
    differ = {"renditions", "placeholder", "palette", "dominant_colour", "phash"}  # by a hair, where pixels do
    assert told.model_dump(exclude=differ) == told_too.model_dump(exclude=differ)
    for look, look_too in zip(looks, looks_too, strict=True):
        assert distance(look, look_too) < 2


@pytest.mark.parametrize("backend", ADDED)
def test_a_cell_decodes_with_the_back_end_of_its_settings(backend: str, tmp_path: Path) -> None:
    """Threads, memory and time within what a cell may have."""
    settings = {"DROPOFF_IMAGE_BACKEND": backend}
    source = tmp_path / "in"
    source.write_bytes(encoded(photo(), "PNG" if backend == "vips" else "JPEG"))
    with closing(Sandbox(["image"], settings=settings)) as sandbox, source.open("rb") as file:
        order = Order(
            job_id="a", attempt=1, kind="image", params={"renditions": [{"name": "one", "width": 600}]}, name="in",
            media_type="image/png", size=source.stat().st_size, input=file, scratch=tmp_path,
            limits=ImageProcessor.limits,
        )  # fmt: skip
        end = sandbox.run(order, ignore, Stop())
    assert isinstance(end.verdict, Finished)
    with Image.open(tmp_path / "out" / "one.webp") as image:
        assert image.size == (600, 400)


# -- HEIC


def heic(image: Image.Image, **options: object) -> bytes:
    """Written in another process: once registered, the opener would stay in this one."""
    program = """
import sys
from PIL import Image
from pillow_heif import register_heif_opener
register_heif_opener()
Image.open(sys.stdin.buffer).save(sys.stdout.buffer, "HEIF", quality=90)
"""
    png = oriented(image, int(str(options.get("orientation", 1))), "PNG")
    return subprocess.run([sys.executable, "-c", program], input=png, capture_output=True, check=True).stdout


class TestHeifContract(WithExtras):
    extras = Extras(heif=True)
    environment = MappingProxyType({"DROPOFF_IMAGE_HEIF": "on"})

    @pytest.fixture
    def good(self, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
        path = tmp_path_factory.mktemp("pictures") / "photo.heic"
        path.write_bytes(heic(quarters(), orientation=6))
        return [path]

    @pytest.fixture
    def bad(self) -> Sequence[tuple[bytes, RejectionCode]]:
        whole = heic(quarters())
        return [(whole[: len(whole) // 2], "corrupt_input"), (b"\0\0\0\x18ftypheic" + bytes(100), "corrupt_input")]


def test_a_heic_is_upright_once_and_not_twice(tmp_path: Path) -> None:
    """libheif turns the pixels, so what the Exif says is done already."""
    (tmp_path / "in").write_bytes(heic(quarters(), orientation=6))
    finished = run_alone(ImageProcessor(Extras(heif=True)), tmp_path / "in", scratch=tmp_path)
    assert isinstance(finished.result, ImageResult)
    assert (finished.result.format, finished.result.width, finished.result.height) == ("HEIF", *quarters().size)
    with Image.open(tmp_path / "out" / "large.webp") as image:
        assert distance(image, quarters()) < 6


def test_without_the_setting_no_heic_reaches_a_decoder(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(heic(quarters()))
    with pytest.raises(Rejected) as rejected:
        run_alone(ImageProcessor(), tmp_path / "in", scratch=tmp_path)
    assert rejected.value.code == "unsupported_input"


def test_the_media_types_tell_whether_heic_is_taken() -> None:
    assert "image/heic" not in ImageProcessor().media_types
    assert "image/heic" in ImageProcessor(Extras(heif=True)).media_types


@pytest.mark.parametrize(
    ("environment", "extras"),
    [
        ({}, Extras()),
        ({"DROPOFF_IMAGE_BACKEND": "", "DROPOFF_IMAGE_HEIF": ""}, Extras()),
        ({"DROPOFF_IMAGE_BACKEND": "vips", "DROPOFF_IMAGE_HEIF": "on"}, Extras("vips", heif=True)),
        ({"DROPOFF_IMAGE_HEIF": "off"}, Extras()),
    ],
)
def test_the_choice_is_read_from_the_environment(environment: Mapping[str, str], extras: Extras) -> None:
    assert Extras.chosen(environment) == extras


# -- the corpus


@pytest.mark.corpus
@pytest.mark.parametrize("backend", ADDED)
def test_every_file_of_the_corpus_ends_as_with_pillow(
    backend: str, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variants and the hostile ones; those that Pillow rejects are rejected in the same words."""
    paths = [*(corpus / "images" / "variants").iterdir(), *(corpus / "images" / "hostile").iterdir()]
    ended = []
    for chosen in ("pillow", backend):
        monkeypatch.setenv("DROPOFF_IMAGE_BACKEND", chosen)
        (tmp_path / chosen).mkdir()
        told = ends("image", sorted(paths), tmp_path / chosen)
        assert max(end.cpu_seconds for end in told.values()) < 5
        ended.append({name: (end.code, end.detail) for name, end in told.items()})
    assert ended[0] == ended[1]


@pytest.mark.corpus
def test_the_photo_of_a_phone_is_rendered_from_heic(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DROPOFF_IMAGE_HEIF", "on")
    (end,) = ends("image", [corpus / "images" / "photos" / "h1_12mp.heic"], tmp_path).values()
    assert end.result is not None
    assert (end.result["width"], end.result["height"], end.result["icc_profile"]) == (3024, 4032, "Display P3")
