"""Size, frames and metadata of an image, read from its structure: as the decoder sees them, from any wreck of it."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from processors.base import Rejected
from processors.image.scan import MAX_METADATA_BYTES, Scan, identify, scan
from processors.image.scan.base import WINDOW_BYTES, Count, Source
from processors.image.scan.gif import WINDOW_BYTES as GIF_WINDOW_BYTES
from processors.image.scan.jpeg import MARKER
from tests.hostile_images import apng_frames, chunk, gif_frames, many_scans, page, riff, segment, tiff, with_chunks
from tests.pictures import encoded, files, quarters

FILES = files()


def scanned(data: bytes) -> Scan:
    file = io.BytesIO(data)
    format_ = identify(file)
    assert format_ is not None
    return scan(file, format_)


def agrees(data: bytes) -> bool:
    found = scanned(data)
    with Image.open(io.BytesIO(data)) as image:
        return (found.width, found.height, found.frames) == (*image.size, getattr(image, "n_frames", 1))


@pytest.mark.parametrize("name", FILES)
def test_it_finds_what_pillow_finds(name: str) -> None:
    assert agrees(FILES[name])


@pytest.mark.corpus
def test_it_finds_what_pillow_finds_in_the_corpus(corpus: Path) -> None:
    """But where a later frame reaches past the screen, which Pillow notices only when it comes to it."""
    paths = [path for path in (corpus / "images" / "variants").iterdir() if "extents" not in path.name]
    assert len(paths) > 50
    assert [path.name for path in paths if not agrees(path.read_bytes())] == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_anywhere_still_has_its_size_or_is_rejected(name: str) -> None:
    data = FILES[name]
    whole = scanned(data)
    ends = {_end(data[:length]) for length in (*range(12, min(len(data), 900)), *range(900, len(data), 97))}
    assert ends <= {"corrupt_input", (whole.width, whole.height)}


def _end(data: bytes) -> object:
    try:
        found = scanned(data)
    except Rejected as rejected:
        return rejected.code
    return found.width, found.height


@pytest.mark.parametrize("name", FILES)
def test_what_follows_the_image_changes_nothing_but_its_bytes(name: str) -> None:
    found = scanned(FILES[name] + FILES["photo.jpg"] + bytes(100))
    whole = scanned(FILES[name])
    assert (found.width, found.height, found.frames) == (whole.width, whole.height, whole.frames)
    assert (found.metadata_bytes, found.scans) == (whole.metadata_bytes, whole.scans)


def test_a_file_of_no_known_format_is_not_identified() -> None:
    heads = [b"", b"RIFF\0\0\0\0WAVE", b"GIF88a", b"II+\0", b"\0\0\0\x14ftypmp42\0\0\0\0isom", b"8BPS", b"%!PS"]
    assert [head for head in heads if identify(io.BytesIO(head))] == []


# -- the file


def test_a_match_across_two_windows_is_found() -> None:
    for at in range(WINDOW_BYTES - 3, WINDOW_BYTES + 3):
        source = Source(io.BytesIO(bytes(at) + b"\xff\xda" + bytes(WINDOW_BYTES * 2)))
        assert source.find(MARKER, 0, 2) == (at, b"\xff\xda")


def test_nothing_is_found_where_nothing_is() -> None:
    assert Source(io.BytesIO(b"\xff\0" * WINDOW_BYTES)).find(MARKER, 0, 2) is None


def test_counting_ends_at_its_limit() -> None:
    count = Count(2)
    count.one()
    count.one()
    with pytest.raises(Rejected, match="limit_exceeded"):
        count.one()


# -- JPEG


def test_scans_are_counted_and_stuffed_or_restarting_bytes_are_none() -> None:
    assert scanned(encoded(quarters(), "JPEG", progressive=True)).scans == 10
    assert scanned(encoded(quarters((640, 480)), "JPEG", restart_marker_blocks=1)).scans == 1
    assert scanned(many_scans(22)).scans == 32
    with pytest.raises(Rejected, match="more than 32 times"):
        scanned(many_scans(23))


@pytest.mark.parametrize(("subsampling", "samples"), [(0, 3), (1, 2), (2, 1.5)])
def test_a_progressive_jpeg_keeps_its_coefficients_in_memory(subsampling: int, samples: float) -> None:
    image = Image.new("RGB", (320, 160))
    found = scanned(encoded(image, "JPEG", progressive=True, subsampling=subsampling))
    assert found.workspace_bytes == 320 * 160 * 2 * samples
    assert scanned(encoded(image, "JPEG", subsampling=subsampling)).workspace_bytes == 0


def test_a_jpeg_whose_colours_come_one_after_another_keeps_its_coefficients_too() -> None:
    data = encoded(quarters(), "JPEG", subsampling=0)
    start = data.index(b"\xff\xda")
    one_by_one = data[:start] + segment(0xDA, b"\1\1\0\0\x3f\0") + data[start + 14 :]
    assert scanned(one_by_one).workspace_bytes == 96 * 64 * 2 * 3


def test_the_metadata_of_a_jpeg_are_its_application_segments_and_comments() -> None:
    data = encoded(quarters(), "JPEG")
    more = data[:2] + segment(0xE1, bytes(1_000)) + segment(0xFE, bytes(500)) + segment(0xED, bytes(3)) + data[2:]
    assert scanned(more).metadata_bytes - scanned(data).metadata_bytes == 1_503


def test_a_thumbnail_within_a_segment_is_not_taken_for_the_image() -> None:
    data = encoded(quarters(), "JPEG")
    thumbnail = encoded(quarters((16, 16)), "JPEG", progressive=True)
    found = scanned(data[:2] + segment(0xE1, thumbnail) + data[2:])
    assert (found.width, found.height, found.scans) == (96, 64, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\0\1",
        b"\xff\xd8" + segment(0xC0, b"\x08\0\1\0\1"),
        b"\xff\xd8" + segment(0xC0, b"\x08\0\1\0\1\0"),
        b"\xff\xd8" + segment(0xC0, b"\x08\0\1\0\1\1\1\0\0"),
        b"\xff\xd8" + segment(0xC0, b"\x08\0\1\0\1\1\1\x51\0"),
    ],
)
def test_a_jpeg_without_a_possible_header_is_damaged(data: bytes) -> None:
    with pytest.raises(Rejected, match="corrupt_input"):
        scanned(data)


# -- PNG


def test_packed_metadata_counts_by_what_it_unpacks_to_and_is_not_unpacked_further_than_the_limit() -> None:
    data = encoded(quarters(), "PNG")
    packed = zlib.compress(bytes(5_000))
    texts = [b"key\0\0" + packed, b"key\0\1\0en\0schluessel\0" + packed]
    found = scanned(with_chunks(data, chunk(b"zTXt", texts[0]), chunk(b"iTXt", texts[1])))
    assert found.metadata_bytes == 2 * (3 + 5_000)
    bomb = chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(50_000_000)))
    assert MAX_METADATA_BYTES < scanned(with_chunks(data, bomb, bomb)).metadata_bytes < MAX_METADATA_BYTES + 100


def test_stored_metadata_and_rubbish_count_by_their_length() -> None:
    data = encoded(quarters(), "PNG")
    more = [
        chunk(b"tEXt", b"a\0bc"),
        chunk(b"eXIf", bytes(9)),
        chunk(b"zTXt", b"a\0\0rub"),
        chunk(b"iTXt", b"a\0\0" * 3),
    ]
    assert scanned(with_chunks(data, *more)).metadata_bytes == 4 + 9 + 6 + 9


def test_the_frames_of_a_png_are_those_that_are_there_and_not_those_that_it_announces() -> None:
    assert scanned(apng_frames(7)).frames == 7
    assert scanned(apng_frames(7).replace(b"acTL\0\0\0\7", b"acTL\0\0\0\1")).frames == 7
    assert scanned(apng_frames(7).replace(b"acTL", b"acTX")).frames == 1


@pytest.mark.parametrize(("mode", "bytes_"), [("1", 1), ("L", 1), ("P", 1), ("I;16", 2), ("LA", 4), ("RGB", 4)])
def test_the_bytes_of_a_pixel_are_those_that_pillow_keeps(mode: str, bytes_: int) -> None:
    assert scanned(encoded(Image.new(mode, (9, 9)), "PNG")).pixel_bytes == bytes_
    if mode != "LA":
        assert scanned(encoded(Image.new(mode, (9, 9)), "TIFF")).pixel_bytes == bytes_


# -- GIF, WebP, BMP


def test_a_gif_is_as_large_as_its_frames_reach() -> None:
    frame = b"," + struct.pack("<HHHHB", 90, 10, 20, 200, 0) + b"\2\0"
    found = scanned(encoded(Image.new("P", (100, 100)), "GIF")[:-1] + frame + b";")
    assert (found.width, found.height, found.frames) == (110, 210, 2)


def test_a_long_gif_is_walked_to_its_end() -> None:
    """Blocks and colour tables lie across the windows that it is read by."""
    count = 2 * GIF_WINDOW_BYTES // 28
    assert scanned(gif_frames(count)).frames == count
    noise = Image.effect_noise((600, 600), 90).convert("P")
    assert scanned(encoded(noise, "GIF", comment=b"x" * 700)).metadata_bytes == 700


@pytest.mark.parametrize(("options", "metadata"), [({}, 0), ({"lossless": True}, 0), ({"exif": bytes(50)}, 50)])
def test_each_sort_of_webp_tells_its_size(options: dict[str, object], metadata: int) -> None:
    found = scanned(encoded(quarters((301, 203)), "WEBP", **options))
    assert (found.width, found.height, found.frames) == (301, 203, 1)
    assert found.metadata_bytes == metadata


@pytest.mark.parametrize(
    "chunks",
    [[], [(b"EXIF", b"")], [(b"VP8 ", bytes(10))], [(b"VP8L", bytes(10))], [(b"VP8X", bytes(3))]],
)
def test_a_webp_without_a_header_is_damaged(chunks: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Rejected, match="corrupt_input"):
        scanned(riff(*chunks))


def test_a_bmp_may_have_the_oldest_header_and_its_top_row_first() -> None:
    old = b"BM" + bytes(12) + struct.pack("<IHHHH", 12, 7, 9, 1, 24)
    top_down = b"BM" + bytes(12) + struct.pack("<IIiHHI", 40, 7, -9, 1, 24, 0)
    assert [(found.width, found.height) for found in map(scanned, (old, top_down))] == [(7, 9), (7, 9)]
    with pytest.raises(Rejected, match="unknown length"):
        scanned(b"BM" + bytes(12) + struct.pack("<I", 13) + bytes(40))


# -- TIFF


def test_a_tiff_is_read_in_both_byte_orders() -> None:
    little, big = scanned(tiff([page(t256=7, t257=9)])), scanned(_big_endian())
    assert (little.width, little.height) == (big.width, big.height) == (7, 9)


def _big_endian() -> bytes:
    """With numbers of two bytes, which stand at the beginning of their field."""
    entries = [(256, 3, 1, 7 << 16), (257, 4, 1, 9), (258, 3, 1, 8 << 16)]
    return b"MM\0*" + struct.pack(">IH", 8, 3) + b"".join(struct.pack(">HHII", *entry) for entry in entries) + bytes(4)


def test_pages_are_counted_once_even_if_they_lead_in_a_circle() -> None:
    assert scanned(tiff([page()] * 5)).frames == 5
    assert scanned(tiff([page()] * 5, loop=True)).frames == 5


def test_of_a_tag_that_is_there_twice_the_first_counts() -> None:
    assert scanned(tiff([[(256, 4, 1, 7), *page()[1:], (256, 4, 1, 9)]])).width == 7


def test_a_strip_and_the_file_are_in_memory_while_a_tiff_is_unpacked() -> None:
    whole = {"t256": 100, "t257": 50, "t259": 5}
    one_strip, many = tiff([page(**whole, t278=0xFFFFFFFF)]), tiff([page(**whole, t278=2)])
    assert scanned(one_strip).workspace_bytes == 100 * 50 + len(one_strip)
    assert scanned(many).workspace_bytes == 100 * 2 + len(many)
    assert scanned(tiff([page(t256=100, t257=50)])).workspace_bytes == 0


def test_a_tiff_on_its_side_is_there_twice() -> None:
    assert scanned(tiff([page(t256=100, t257=50, t274=6)])).workspace_bytes == 100 * 50


@pytest.mark.parametrize(
    "entries",
    [
        [],
        page()[1:],
        [(256, 4, 0, 0), *page()[1:]],
        [(256, 2, 1, 7), *page()[1:]],
        [(256, 4, 2, 1 << 30), *page()[1:]],
    ],
)
def test_a_tiff_without_a_width_is_damaged(entries: list[tuple[int, int, int, int]]) -> None:
    with pytest.raises(Rejected, match="corrupt_input"):
        scanned(tiff([entries]))


def test_a_tag_with_a_million_numbers_is_too_much_and_a_text_of_that_length_is_not() -> None:
    with pytest.raises(Rejected, match="limit_exceeded"):
        scanned(tiff([[*page(), (40_000, 3, 2_000_000, 8)]]))
    assert scanned(tiff([[*page(), (40_000, 7, 2_000_000, 8)]])).metadata_bytes > 2_000_000
