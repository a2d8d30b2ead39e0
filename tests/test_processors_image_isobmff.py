"""AVIF's boxes, the places of its items, and the sizes within its coded data, which no box can talk away."""

import io
import struct
from collections.abc import Callable, Sequence

import pytest
from PIL import Image

from processors.base import Rejected
from processors.image.scan import Scan, av1, identify, isobmff, scan
from processors.image.scan.base import Source
from processors.image.scan.iloc import IN_DATA_BOX, Item, read_locations
from tests.hostile_images import box, liar
from tests.pictures import encoded, quarters

FTYP = box(b"ftyp", b"avif", bytes(4), b"avif")
Bits = Sequence[tuple[int, int]]


def scanned(data: bytes) -> Scan:
    file = io.BytesIO(data)
    format_ = identify(file)
    assert format_ is not None
    return scan(file, format_)


def packed(fields: Bits) -> bytes:
    """Values of so many bits, one after another, and zeros to the byte's end."""
    text = "".join(f"{value:0{bits}b}" for value, bits in fields)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8))


def unit(kind: int, data: bytes) -> bytes:
    """An AV1 unit with its length."""
    return bytes([kind << 3 | 2, len(data)]) + data


SIZE: Bits = [(11, 4), (10, 4), (3_999, 12), (1_079, 11)]
REDUCED: Bits = [(0, 3), (1, 1), (1, 1), (8, 5)]
PLAIN: Bits = [(0, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (9, 5), (1, 1)]
TIMED: Bits = [
    *[(0, 3), (0, 1), (0, 1)],
    *[(1, 1), (1, 32), (25, 32), (1, 1), (0, 3), (1, 1), (5, 3)],  # timing; a number of three zeros and more
    *[(1, 1), (9, 5), (1, 32), (3, 5), (3, 5)],  # the decoder's model: delays of ten bits
    *[(1, 1), (1, 5)],  # display delays; two operating points
    *[(0, 12), (4, 5), (1, 1), (1, 10), (1, 10), (0, 1), (1, 1), (3, 4)],
    *[(0, 12), (8, 5), (0, 1), (0, 1), (0, 1)],
]


def reader(data: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, count: data[offset : offset + count]


# -- coded data


@pytest.mark.parametrize("header", [REDUCED, PLAIN, TIMED])
def test_a_sequence_header_tells_the_largest_frame(header: Bits) -> None:
    data = unit(2, b"") + unit(1, packed([*header, *SIZE])) + unit(6, bytes(100))
    assert list(av1.frame_sizes(reader(data))) == [(4_000, 1_080)]


def test_every_sequence_header_counts_and_not_only_the_first() -> None:
    header = unit(1, packed([*REDUCED, *SIZE]))
    small = unit(1, packed([*REDUCED, (0, 4), (0, 4), (1, 1), (0, 1)]))
    long_frame = bytes([6 << 3 | 2, 0xAC, 0x02]) + bytes(300)
    assert list(av1.frame_sizes(reader(small + long_frame + header))) == [(2, 1), (4_000, 1_080)]


def test_a_unit_without_a_length_is_the_last_one() -> None:
    header = bytes([1 << 3 | 4, 0]) + packed([*REDUCED, *SIZE])
    assert list(av1.frame_sizes(reader(header + unit(1, b"")))) == [(4_000, 1_080)]


@pytest.mark.parametrize("data", [unit(1, b""), unit(1, packed(TIMED)[:9]), bytes([6 << 3 | 2]) + b"\xff" * 9])
def test_coded_data_that_end_within_a_header_are_damaged(data: bytes) -> None:
    with pytest.raises(Rejected, match="corrupt_input"):
        list(av1.frame_sizes(reader(data)))


def test_the_encoder_s_own_header_is_read() -> None:
    data = encoded(quarters((300, 200)), "AVIF")
    assert list(av1.frame_sizes(reader(data[data.index(b"mdat") + 4 :]))) == [(300, 200)]


# -- where the items are


@pytest.mark.parametrize("version", [0, 1, 2])
def test_items_are_found_in_every_version_of_the_table(version: int) -> None:
    wide = ">I" if version == 2 else ">H"
    entry = struct.pack(wide, 7) + (struct.pack(">H", IN_DATA_BOX) if version else b"") + bytes(2)
    entry += struct.pack(">IH", 1_000, 2) + struct.pack(">IIII", 5, 10, 50, 20)
    table = bytes([version, 0, 0, 0, 0x44, 0x40]) + struct.pack(wide, 1) + entry
    (item,) = read_locations(Source(io.BytesIO(table)), 0, len(table))
    assert item == Item(7, IN_DATA_BOX if version else 0, [(1_005, 10), (1_050, 20)])


def test_an_item_in_pieces_is_read_as_one() -> None:
    source = Source(io.BytesIO(bytes(range(100))))
    read = Item(1, 0, [(10, 3), (50, 2), (0, 4)]).reader(source, 0)
    assert [read(0, 20), read(1, 3), read(4, 2), read(9, 5)] == [
        bytes([10, 11, 12, 50, 51, 0, 1, 2, 3]),
        bytes([11, 12, 50]),
        bytes([51, 0]),
        b"",
    ]
    assert Item(1, IN_DATA_BOX, [(1, 2)]).reader(source, 40)(0, 9) == bytes([41, 42])


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (b"\0\0\0\0\x44\x40\0\2\0\1", "corrupt_input"),
        (b"\2\0\0\0\x44\x40\0\0\xff\xff", "limit_exceeded"),
        (b"\0\0\0\0\x44\x40\0\1\0\1\0\0\0\0\0\0\xff\xff", "limit_exceeded"),
    ],
)
def test_a_table_that_lies_is_rejected(table: bytes, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        list(read_locations(Source(io.BytesIO(table)), 0, len(table)))


def test_a_table_of_a_million_bytes_is_too_much() -> None:
    with pytest.raises(Rejected, match="limit_exceeded"):
        list(read_locations(Source(io.BytesIO()), 0, (1 << 20) + 1))


# -- boxes


@pytest.mark.parametrize(
    ("head", "format_"),
    [
        (box(b"ftyp", b"avif", bytes(4)), "AVIF"),
        (box(b"ftyp", b"mif1", bytes(4), b"mif1", b"avif"), "AVIF"),
        (box(b"ftyp", b"heic", bytes(4), b"mif1"), "HEIF"),
        (box(b"ftyp", b"mif1", bytes(4), b"heic"), "HEIF"),
        (box(b"ftyp", b"mif1", bytes(4)) + b"avif", None),
        (box(b"ftyp", b"isom", bytes(4), b"avif"), None),
        (b"\0\0\0\x14moov", None),
    ],
)
def test_the_brands_tell_the_format(head: bytes, format_: str | None) -> None:
    assert isobmff.format_of(head) == format_


def test_the_largest_size_is_that_of_the_image() -> None:
    sizes = [box(b"ispe", bytes(4), struct.pack(">II", *size)) for size in ((64, 64), (512, 300), (100, 9))]
    found = scanned(FTYP + box(b"meta", bytes(4), box(b"iprp", box(b"ipco", *sizes))))
    assert (found.width, found.height) == (512, 300)


def test_a_long_length_and_one_to_the_end_of_the_file_are_understood() -> None:
    ispe = box(b"ispe", bytes(4), struct.pack(">II", 64, 32))
    inner = bytes(4) + b"\0\0\0\0iprp" + box(b"ipco", ispe)
    found = scanned(FTYP + struct.pack(">I4sQ", 1, b"meta", 16 + len(inner)) + inner)
    assert (found.width, found.height) == (64, 32)


def test_coded_frames_that_are_larger_than_the_boxes_say_are_seen() -> None:
    found = scanned(liar((32, 32), (800, 600)))
    assert (found.width, found.height) == (800, 600)


def test_an_animation_s_frames_are_counted_and_its_coded_data_read() -> None:
    frames = [Image.new("RGB", (64, 48), color) for color in ("red", "green", "blue")]
    data = encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10)
    found = scanned(data)
    assert (found.width, found.height, found.frames) == (64, 48, 3)


def test_metadata_are_the_profile_and_the_items_of_exif_and_xmp() -> None:
    plain = scanned(encoded(quarters(), "AVIF")).metadata_bytes
    told = scanned(encoded(quarters(), "AVIF", exif=b"Exif\0\0MM\0*\0\0\0\x08" + bytes(5_000), xmp=bytes(3_000)))
    assert 8_000 <= told.metadata_bytes - plain <= 8_020


@pytest.mark.parametrize(("subsampling", "planes"), [("4:2:0", 1.5), ("4:4:4", 3)])
def test_the_planes_of_an_avif_are_in_memory(subsampling: str, planes: float) -> None:
    data = encoded(Image.new("RGB", (400, 200)), "AVIF", subsampling=subsampling)
    assert scanned(data).workspace_bytes - len(data) == 400 * 200 * (planes + 3)


def test_a_flood_or_a_tower_of_boxes_ends() -> None:
    tower = b""
    for _ in range(50):
        tower = box(b"moov", tower)
    with pytest.raises(Rejected, match="doesn't say how large"):
        scanned(FTYP + tower)
    with pytest.raises(Rejected, match="limit_exceeded"):
        scanned(FTYP + box(b"free") * 30_000)
    with pytest.raises(Rejected, match="corrupt_input"):
        scanned(FTYP + b"\0\0\0\4meta")
