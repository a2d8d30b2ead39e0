"""A file's layout: its format, where its index is, and whether more than titles are in it."""

import io
import struct
from pathlib import Path

import pytest

from processors.media.layout import MAX_BOXES, Layout, read
from tests.ffprobes import ffmpeg
from tests.films import film, sound, still


def layout(path: Path) -> Layout:
    with path.open("rb") as file:
        return read(file)


def box(type_: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), type_) + content


FTYP = box(b"ftyp", b"isom" + bytes(4))


@pytest.mark.parametrize(
    ("name", "codec", "format_"),
    [
        ("a.mp4", "mpeg4", "mp4"),
        ("a.mov", "mpeg4", "mov"),
        ("a.3gp", "mpeg4", "3gp"),
        ("a.mkv", "mpeg4", "matroska"),
        ("a.webm", "libvpx", "webm"),
        ("a.avi", "mpeg4", None),
        ("a.ts", "mpeg4", None),
    ],
)
def test_the_first_bytes_tell_the_format(name: str, codec: str, format_: str | None, tmp_path: Path) -> None:
    assert layout(film(tmp_path / name, still(), 3, codec)).format == format_


def test_sound_in_mp4_is_m4a_and_old_quicktime_needs_no_ftyp(tmp_path: Path) -> None:
    path = tmp_path / "b.m4a"
    ffmpeg("-i", sound(tmp_path / "a.mp4"), "-c", "copy", "-f", "ipod", path)
    assert layout(path).format == "m4a"
    assert read(io.BytesIO(box(b"wide") + box(b"mdat") + box(b"moov"))) == Layout("mov", index_first=False)


@pytest.mark.parametrize(
    ("flags", "index_first", "is_fragmented"),
    [("0", False, False), ("+faststart", True, False), ("+frag_keyframe+empty_moov", True, True)],
)
def test_it_tells_where_the_index_is(flags: str, index_first: bool, is_fragmented: bool, tmp_path: Path) -> None:
    told = layout(film(tmp_path / "a.mp4", still(), 5, container_options={"movflags": flags}))
    assert (told.index_first, told.is_fragmented, told.has_tags) == (index_first, is_fragmented, False)


@pytest.mark.parametrize(
    ("arguments", "has_tags"),
    [
        (["-metadata", "title=Mine"], False),
        (["-metadata", "artist=Me"], True),
        (["-metadata", "location=+47.3+008.5/"], True),
        (["-movflags", "use_metadata_tags", "-metadata", "com.apple.quicktime.model=Phone"], True),
    ],
)
@pytest.mark.parametrize("name", ["b.mp4", "b.mov"])
def test_tags_other_than_titles_are_seen(name: str, arguments: list[str], has_tags: bool, tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", still(), 3)
    ffmpeg("-i", source, "-map_metadata", "-1", "-c", "copy", *arguments, tmp_path / name)
    assert layout(tmp_path / name).has_tags is has_tags


@pytest.mark.parametrize(
    "inner",
    [box(b"udta", box(b"\xa9xyz", b"+47")), box(b"uuid", bytes(16)), box(b"trak", box(b"udta", box(b"CNFV")))],
)
def test_private_boxes_of_phones_and_cameras_count(inner: bytes) -> None:
    assert read(io.BytesIO(FTYP + box(b"moov", box(b"mvhd") + inner) + box(b"mdat"))).has_tags
    assert read(io.BytesIO(FTYP + box(b"moov", box(b"mvhd")) + box(b"mdat") + box(b"uuid"))).has_tags


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = box(b"udta", data)
    return data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x08ftyp",
        FTYP + b"\0\0\0\1moov" + b"\xff" * 8,
        FTYP + b"\0\0\0\2moov" + bytes(20),
        FTYP + box(b"moov", nested(3000)),
        FTYP + box(b"free") * (MAX_BOXES * 2),
        FTYP + box(b"moov", box(b"trak", box(b"udta", box(b"free") * 100) * 100) * 3),
    ],
)
def test_whatever_boxes_say_the_walk_ends(data: bytes) -> None:
    assert read(io.BytesIO(data)).format in ("mp4", None)


def test_large_boxes_have_a_size_of_64_bits_and_the_last_one_may_have_none() -> None:
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 5) + bytes(5)
    assert read(io.BytesIO(FTYP + large + box(b"moov"))).index_first is False
    assert read(io.BytesIO(FTYP + box(b"moov") + b"\0\0\0\0mdat" + bytes(50))).index_first is True
