"""The EXIF block: read without trust, written so that others read the same."""

import io
import struct
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from processors.image.exif import MAX_ENTRIES, MAX_NUMBERS, MAX_VALUE_BYTES, PREFIX, Block, Entry, read, short, write
from processors.image.scan.base import Source
from tests.pictures import encoded, quarters

FULL: Mapping[int, object] = {
    Base.Make: "Dropoff",
    Base.Model: "Sample One",
    Base.Orientation: 6,
    IFD.Exif: {Base.ExposureTime: 1 / 125, Base.ISOSpeedRatings: 200, Base.LensModel: "Lens"},
    IFD.GPSInfo: {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (46.0, 58.0, 33.6)},
}


def block_bytes(tags: Mapping[int, object] = FULL, order: str = "<") -> bytes:
    """Written by Pillow, without the prefix."""
    exif = Image.Exif()
    exif.endian = order
    for tag, value in tags.items():
        exif[tag] = value
    return exif.tobytes().removeprefix(PREFIX)


def parsed(data: bytes) -> Block:
    return read(Source(io.BytesIO(data)))


def made(*entries: tuple[int, int, int, bytes], order: str = "<", count: int | None = None, tail: bytes = b"") -> bytes:
    """A block of one directory at byte 8; each entry as (tag, type, count, four bytes)."""
    magic = b"II*\0" if order == "<" else b"MM\0*"
    packed = b"".join(struct.pack(order + "HHI4s", *entry) for entry in entries)
    length = len(entries) if count is None else count
    return magic + struct.pack(order + "IH", 8, length) + packed + bytes(4) + tail


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_three_directories_are_read_in_either_byte_order(order: str) -> None:
    block = parsed(block_bytes(order=order))
    assert not block.damaged
    assert block.order == order
    assert block.image[Base.Make].text() == "Dropoff"
    assert block.image[Base.Orientation].numbers() == [6]
    assert block.photo[Base.ExposureTime].numbers() == [1 / 125]
    assert block.photo[Base.LensModel].text() == "Lens"
    assert block.gps[GPS.GPSLatitude].numbers() == [46.0, 58.0, 33.6]


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_is_written_is_read_as_the_same_by_us_and_by_pillow(order: str) -> None:
    block = parsed(block_bytes(order=order))
    written = write(block)
    assert written.startswith(PREFIX)
    again = parsed(written.removeprefix(PREFIX))
    for mine, theirs in ((again.photo, block.photo), (again.gps, block.gps)):
        assert mine == theirs
    assert {tag: again.image[tag] for tag in (Base.Make, Base.Model, Base.Orientation)} == {
        tag: block.image[tag] for tag in (Base.Make, Base.Model, Base.Orientation)
    }
    with Image.open(io.BytesIO(encoded(quarters(), "JPEG", exif=written))) as image:
        exif = image.getexif()
    assert (exif[Base.Make], exif[Base.Orientation]) == ("Dropoff", 6)
    assert exif.get_ifd(IFD.Exif)[Base.ISOSpeedRatings] == 200
    assert exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] == "N"


@given(
    st.dictionaries(st.integers(1, 0x8000), st.binary(min_size=1, max_size=40), max_size=8),
    st.dictionaries(st.integers(1, 0xFFFF), st.binary(min_size=1, max_size=40), max_size=8),
    st.sampled_from("<>"),
)
def test_any_values_survive_being_written(image: dict[int, bytes], photo: dict[int, bytes], order: str) -> None:
    first, second = ({tag: Entry(7, data, order) for tag, data in tags.items()} for tags in (image, photo))
    block = Block(first, second, order=order)
    again = parsed(write(block).removeprefix(PREFIX))
    assert {tag: again.image[tag] for tag in image} == block.image
    assert again.photo == block.photo
    assert not again.damaged or not (image or photo)


def test_nothing_is_written_where_there_is_nothing_and_one_number_where_there_is_one() -> None:
    assert write(Block()) == b""
    written = write(Block({Base.Orientation: short(8, ">")}, order=">"))
    assert parsed(written.removeprefix(PREFIX)).image[Base.Orientation].numbers() == [8]


# -- values


@pytest.mark.parametrize(
    ("type_", "data", "numbers"),
    [
        (1, b"\1\2", [1, 2]),
        (3, b"\1\0\2\0", [1, 2]),
        (6, b"\xff", [-1]),
        (9, b"\xff\xff\xff\xff", [-1]),
        (5, struct.pack("<4I", 1, 4, 7, 0), [0.25]),
        (10, struct.pack("<2i", -3, 2), [-1.5]),
        (12, struct.pack("<2d", float("inf"), 0.5), [0.5]),
        (11, struct.pack("<f", float("nan")), []),
        (2, b"5", []),
    ],
)
def test_numbers_are_read_by_their_type_and_those_that_are_none_left_out(
    type_: int, data: bytes, numbers: list[float]
) -> None:
    assert Entry(type_, data, "<").numbers() == numbers


def test_of_many_numbers_only_the_first_are_made_into_objects() -> None:
    assert len(Entry(5, struct.pack("<2I", 1, 1) * 500, "<").numbers()) == MAX_NUMBERS


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"abc\0def\0", "abc"), ("Zürich".encode(), "Zürich"), ("Zürich".encode("latin-1"), "Zürich"), (b"\0", "")],
)
def test_texts_end_at_zero_and_may_be_utf_8_or_latin_1(data: bytes, text: str) -> None:
    assert Entry(2, data, "<").text() == text
    assert Entry(3, data * 2, "<").text() == ""


# -- hostile blocks


def test_no_block_at_all_is_no_damage_and_rubbish_is() -> None:
    assert parsed(b"") == Block()
    assert parsed(b"rubbish") == replace(Block(), damaged=True)


@pytest.mark.parametrize("length", range(0, 200, 3))
def test_a_block_that_ends_too_early_gives_what_is_left_of_it(length: int) -> None:
    data = block_bytes()
    block = parsed(data[:length])
    whole = parsed(data)
    assert block.damaged or block in (Block(), whole)
    assert set(block.image) <= set(whole.image)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    for start in (b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        read_whole(start + data)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=12), st.sampled_from("<>"))
def test_a_block_with_any_bytes_changed_is_read_and_written_without_an_error(
    changes: list[tuple[int, int]], order: str
) -> None:
    data = bytearray(block_bytes(order=order))
    for position, byte in changes:
        data[position % len(data)] = byte
    write(read_whole(bytes(data)))


def read_whole(data: bytes) -> Block:
    """With every value looked at."""
    block = parsed(data)
    for directory in (block.image, block.photo, block.gps):
        assert len(directory) <= MAX_ENTRIES
        for entry in directory.values():
            assert len(entry.data) <= MAX_VALUE_BYTES
            entry.numbers()
            entry.text()
    return block


def test_directories_that_point_to_themselves_are_read_once() -> None:
    at_8 = struct.pack("<I", 8)
    block = parsed(made((IFD.Exif, 4, 1, at_8), (IFD.GPSInfo, 4, 1, at_8), (Base.Orientation, 3, 1, b"\3\0\0\0")))
    assert block.image[Base.Orientation] == block.photo[Base.Orientation] == block.gps[Base.Orientation]


@pytest.mark.parametrize("pointer", [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f"])
def test_a_directory_outside_of_the_block_is_damage(pointer: bytes) -> None:
    block = parsed(made((IFD.Exif, 4, 1, pointer), (Base.Orientation, 3, 1, b"\3\0\0\0")))
    assert block.damaged
    assert block.photo == {}
    assert block.image[Base.Orientation].numbers() == [3]


def test_a_pointer_that_is_no_number_is_damage() -> None:
    assert parsed(made((IFD.Exif, 2, 1, b"x\0\0\0"))).damaged


def test_a_directory_of_more_entries_than_anybody_has_is_cut_off() -> None:
    entries = [(tag, 3, 1, b"\1\0\0\0") for tag in range(1, MAX_ENTRIES + 100)]
    block = parsed(made(*entries))
    assert block.damaged
    assert len(block.image) == MAX_ENTRIES


def test_of_a_tag_that_is_there_twice_the_first_counts() -> None:
    block = parsed(made((Base.Orientation, 3, 1, b"\6\0\0\0"), (Base.Orientation, 3, 1, b"\1\0\0\0")))
    assert block.image[Base.Orientation].numbers() == [6]


@pytest.mark.parametrize("type_", [3, 5, 12, 200])
def test_sixteen_megabytes_of_numbers_cost_nothing(type_: int) -> None:
    """Pillow would make an object of each, a gigabyte in all."""
    tail = bytes(16 << 20)
    entries = [(tag, type_, 2_000_000, struct.pack("<I", 100)) for tag in (Base.Orientation, Base.Make, 0xC000)]
    source = Source(io.BytesIO(made(*entries, (Base.ISOSpeed, 3, 1, b"\7\0\0\0"), tail=tail)))
    tracemalloc.start()
    block = read(source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
    assert set(block.image) == {Base.ISOSpeed}
