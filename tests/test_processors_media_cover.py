"""Covers: the picture of every container that carries one; a hostile one is left out, and the sound is not."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from processors.media import cover
from tests.pictures import BLUE, GREEN, RED, WHITE, corners, quarters
from tests.rendering import close
from tests.tones import Opened, sine, write


def encoded(image: Image.Image, form: str) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **({"quality": 95} if form == "JPEG" else {}))
    return target.getvalue()


def synchsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def in_mp3(path: Path, picture: bytes, kind: bytes = b"image/png") -> Path:
    """ID3v2.3, with a frame APIC."""
    content = b"\0" + kind + b"\0\3\0" + picture
    tag = b"APIC" + struct.pack(">I", len(content)) + b"\0\0" + content
    sound = write(path.with_name("sound.mp3"), sine(440, -10), codec="libmp3lame", options={"id3v2_version": "0"})
    path.write_bytes(b"ID3\3\0\0" + synchsafe(len(tag)) + tag + sound.read_bytes())
    return path


def in_flac(path: Path, picture: bytes, kind: bytes = b"image/png") -> Path:
    """A block PICTURE before all others but the first."""
    sound = write(path, sine(440, -10), codec="flac").read_bytes()
    block = struct.pack(">II", 3, len(kind)) + kind + bytes(20) + struct.pack(">I", len(picture)) + picture
    first = 4 + 4 + 34
    header = sound[4:first] if sound[4] & 0x80 == 0 else bytes([sound[4] & 0x7F]) + sound[5:first]
    path.write_bytes(b"fLaC" + header + b"\6" + len(block).to_bytes(3, "big") + block + sound[first:])
    return path


def in_m4a(path: Path, picture: bytes, kind: bytes = b"image/png") -> Path:
    """An atom `covr` in `ilst`; the sizes of all atoms around it grow with it."""
    options = {"movflags": "-faststart"}
    write(path, sine(440, -10), codec="aac", tags={"title": "x"}, options=options, form="ipod")
    sound = bytearray(path.read_bytes())
    number = 13 if kind == b"image/jpeg" else 14
    data = struct.pack(">I4sII", 16 + len(picture), b"data", number, 0) + picture
    atom = struct.pack(">I4s", 8 + len(data), b"covr") + data
    at = sound.index(b"ilst")
    for name in (b"moov", b"udta", b"meta", b"ilst"):
        place = sound.index(name) - 4
        (size,) = struct.unpack_from(">I", sound, place)
        struct.pack_into(">I", sound, place, size + len(atom))
    path.write_bytes(sound[: at + 4] + atom + sound[at + 4 :])
    return path


Carry = Callable[[Path, bytes, bytes], Path]


def make(path: Path, scratch: Path) -> tuple[str | None, list[str]]:
    with Opened(path, scratch, "cover") as source:
        return cover.make(source), source.notes


@pytest.mark.parametrize(("name", "carry"), [("a.mp3", in_mp3), ("a.flac", in_flac), ("a.m4a", in_m4a)])
@pytest.mark.parametrize(("form", "kind"), [("JPEG", b"image/jpeg"), ("PNG", b"image/png")])
def test_the_cover_is_found_and_made_anew(name: str, carry: Carry, form: str, kind: bytes, tmp_path: Path) -> None:
    path = carry(tmp_path / name, encoded(quarters((300, 200)), form), kind)
    assert make(path, tmp_path) == ("cover.webp", [])
    with Image.open(tmp_path / "out" / "cover.webp") as image:
        assert (image.format, image.size) == ("WEBP", (300, 200))
        assert close(corners(image.convert("RGB")), [RED, GREEN, BLUE, WHITE], 40)
        assert not image.getexif()


def test_a_large_one_is_made_smaller(tmp_path: Path) -> None:
    path = in_mp3(tmp_path / "a.mp3", encoded(quarters((3000, 3000)), "JPEG"), b"image/jpeg")
    make(path, tmp_path)
    with Image.open(tmp_path / "out" / "cover.webp") as image:
        assert image.size == (1280, 1280)


def test_transparency_is_kept(tmp_path: Path) -> None:
    path = in_mp3(tmp_path / "a.mp3", encoded(Image.new("RGBA", (64, 64), (255, 0, 0, 0)), "PNG"))
    make(path, tmp_path)
    with Image.open(tmp_path / "out" / "cover.webp") as image:
        assert image.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_a_sound_without_a_cover_has_none(tmp_path: Path) -> None:
    assert make(write(tmp_path / "a.wav", sine(440, -10)), tmp_path) == (None, [])
    assert not (tmp_path / "out").exists()


def bomb(side: int) -> bytes:
    """A PNG of zeros; it is small."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (bomb(30_000), "30,000 x 30,000 pixels"),
        (encoded(quarters((300, 200)), "PNG")[:200], "The cover is left out. "),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "The cover is left out. "),
        (b"\x89PNG\r\n\x1a\n" + bytes(17 << 20), "bytes; 16,777,216 are the most"),
    ],
    ids=["bomb", "cut", "zeros", "bytes"],
)
@pytest.mark.parametrize("carry", [in_mp3, in_m4a])
def test_a_hostile_one_is_left_out_with_a_word(picture: bytes, words: str, carry: Carry, tmp_path: Path) -> None:
    name, notes = make(carry(tmp_path / "a.mp3", picture, b"image/png"), tmp_path)
    assert name is None
    assert [words in note for note in notes] == [True]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("kind", "picture"), [
    (b"image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    (b"-->", b"http://127.0.0.1/cover.png"),
    (b"image/jpeg", b"not a picture"),
])  # fmt: skip
def test_what_is_no_picture_is_never_served(kind: bytes, picture: bytes, tmp_path: Path) -> None:
    name, _ = make(in_mp3(tmp_path / "a.mp3", picture, kind), tmp_path)
    assert name is None
    assert not (tmp_path / "out").exists()
