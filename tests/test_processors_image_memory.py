"""The greediest images that are let in stay below 300 MB in a real cell, and the next larger ones are refused."""

import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

import pytest
from PIL import Image

from processors.base import Rejected
from processors.image.models import LIMITS
from processors.image.opening import MAX_DECODING_BYTES, OneFrame, check_memory, inspect, load, open_image
from processors.image.scan import Scan
from tests.cells import Cells, real_cells
from tests.hostile_images import MB, bmp, chunk, page, tiff
from tests.pictures import encoded, png_header, quarters

RSS_BYTES = 300 * MB
CPU_SECONDS = 5.0
Size = tuple[int, int]


def packed(size: int) -> bytes:
    """So many zeros."""
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(bytes(min(MB, size - at))) for at in range(0, size, MB)) + packer.flush()


def rgba_png(size: Size) -> bytes:
    header = png_header(*size)[8:33].replace(b"\x08\x02\0\0\0", b"\x08\x06\0\0\0")[4:21]
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(header[:4], header[4:])
        + chunk(b"IDAT", packed((4 * size[0] + 1) * size[1]))
        + chunk(b"IEND", b"")
    )


def one_strip_tiff(size: Size) -> bytes:
    """RGB, all of it packed into one strip."""
    strip = packed(3 * size[0] * size[1])
    tags = page(t256=size[0], t257=size[1], t259=8, t262=2, t277=3, t278=size[1], t279=len(strip))
    return tiff([tags], data=strip)


def drawn(format_: str, mode: str, **options: object) -> Callable[[Size], bytes]:
    return lambda size: encoded(Image.new(mode, size), format_, **options)


# What makes the file, a size that is just let in, and one that isn't.
GREEDY: Mapping[str, tuple[Callable[[Size], bytes], Size, Size]] = {
    "png with alpha": (rgba_png, (8_000, 6_250), (8_000, 6_251)),
    "bmp": (lambda size: bmp(*size, 24, 0, bytes(3 * size[0] * size[1])), (8_000, 6_250), (8_000, 6_251)),
    "webp": (drawn("WEBP", "RGB", method=0), (5_100, 4_000), (5_300, 4_000)),
    "webp with alpha": (drawn("WEBP", "RGBA", lossless=True, method=0, quality=0), (4_700, 4_000), (4_900, 4_000)),
    "avif": (drawn("AVIF", "RGB", speed=10), (6_000, 4_800), (6_200, 4_800)),
    "progressive jpeg": (
        drawn("JPEG", "RGB", progressive=True, subsampling=0),
        (5_950, 5_950),
        (6_500, 6_000),
    ),
    "tiff of one strip": (one_strip_tiff, (7_000, 5_000), (7_200, 5_000)),
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with real_cells(tmp_path_factory.mktemp("cells"), "image") as cells:
        yield cells


@pytest.mark.parametrize("name", GREEDY)
def test_the_greediest_image_of_a_format_stays_within_the_memory_that_there_is(name: str, cells: Cells) -> None:
    make, size, _ = GREEDY[name]
    ended = cells.run(make(size))
    assert ended.code == "result", ended.detail
    assert ended.rss_bytes < RSS_BYTES
    assert ended.cpu_seconds < CPU_SECONDS


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_of_24_megapixels_takes_less_than_135_mib(progressive: bool, cells: Cells) -> None:
    photo = Image.effect_noise((1_500, 1_000), 60).resize((6_000, 4_000)).convert("RGB")
    ended = cells.run(encoded(photo, "JPEG", progressive=progressive, quality=85))
    assert ended.code == "result", ended.detail
    assert ended.rss_bytes < 135 << 20


@pytest.mark.parametrize("name", [name for name in GREEDY if "alpha" not in name])
def test_a_larger_one_is_refused_before_it_takes_anything(name: str, cells: Cells) -> None:
    make, _, size = GREEDY[name]
    ended = cells.run(make(size))
    assert ended.code == "limit_exceeded"
    assert ended.rss_bytes < 100 * MB


def test_an_animation_that_needs_too_many_canvases_is_refused_and_its_first_frame_is_not(cells: Cells) -> None:
    frames = [Image.new("P", (3_200, 3_000), color) for color in (1, 2)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    refused, taken = cells.run(data, {"frames": "all"}), cells.run(data)
    assert (refused.code, taken.code) == ("limit_exceeded", "result")
    assert "takes 272 MB" in refused.detail


def test_the_largest_animation_that_is_let_in_stays_within_the_memory_that_there_is(cells: Cells) -> None:
    frames = [Image.linear_gradient("L").resize((2_900, 2_900)).rotate(turn).convert("P") for turn in (0, 90)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2)
    ended = cells.run(data, {"frames": "all"})
    assert ended.code == "result", ended.detail
    assert ended.rss_bytes < RSS_BYTES


def test_the_pages_of_a_tiff_are_no_frames() -> None:
    pages = [Image.new("L", (100, 100))] * 3
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert inspect(io.BytesIO(data), frames=100).frames == 3


def test_memory_is_what_is_kept_and_what_the_decoder_needs_beside_it() -> None:
    fits = Scan("WEBP", 1_000, 1_000, workspace_bytes=MAX_DECODING_BYTES - 4 * MB)
    check_memory(fits, (1_000, 1_000))
    with pytest.raises(Rejected, match="limit_exceeded"):
        check_memory(fits, (1_001, 1_000))


def test_a_jpeg_is_judged_by_the_size_that_it_is_drafted_to() -> None:
    found = Scan("JPEG", 8_000, 6_000, workspace_bytes=150 * MB)
    check_memory(found, (4_000, 3_000))
    with pytest.raises(Rejected, match="takes 342 MB to decode; 250 MB are the most"):
        check_memory(found, (8_000, 6_000))


@pytest.mark.parametrize("format_", ["WEBP", "AVIF"])
def test_a_decoder_is_let_go_with_its_only_frame_and_the_picture_is_the_same(format_: str) -> None:
    data = encoded(quarters(), format_)
    file = io.BytesIO(data)
    found = inspect(file)
    image = open_image(file, found)
    load(image, found)
    assert isinstance(decoder := image._decoder, OneFrame)  # type: ignore[attr-defined] # of these two plugins alone
    assert decoder._decoder is None
    with Image.open(io.BytesIO(data)) as usual:
        assert image.tobytes() == usual.tobytes()


def test_the_cell_s_own_limits_leave_room_for_what_is_let_in() -> None:
    """They are for wide renditions; the address space is what fails first, inside."""
    assert RSS_BYTES < LIMITS.memory_bytes < LIMITS.address_space_bytes


def test_reading_the_structure_of_a_long_file_takes_no_memory() -> None:
    """Every parser goes through windows: no read is long."""

    class Watched(io.BytesIO):
        longest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size >= 0
            self.longest = max(self.longest, size)
            return super().read(size)

    noise = Image.effect_noise((2_000, 2_000), 90)
    for format_ in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"):
        file: BinaryIO = Watched(encoded(noise.convert("P") if format_ == "GIF" else noise, format_))
        inspect(file)
        assert isinstance(file, Watched)
        assert file.longest <= 256 << 10, format_
