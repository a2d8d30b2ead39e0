"""Bad images, made: bombs, lies, loops, cut-off and mistaken files, each with the ends that it may have."""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ExifTags, Image

from tests.pictures import encoded, png_header, quarters

RESULT, CORRUPT, UNSUPPORTED, LIMIT = "result", "corrupt_input", "unsupported_input", "limit_exceeded"
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Bad:
    """`may_end` are the codes, or `RESULT` for the right picture."""

    name: str
    data: bytes
    may_end: tuple[str, ...]


def chunk(kind: bytes, data: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Put in right after the header."""
    return png[:33] + b"".join(chunks) + png[33:]


def segment(marker: int, data: bytes) -> bytes:
    """Of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP."""
    body = b"".join(kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1) for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def box(kind: bytes, *contents: bytes) -> bytes:
    """Of an AVIF."""
    data = b"".join(contents)
    return struct.pack(">I", len(data) + 8) + kind + data


def tiff(pages: list[list[tuple[int, int, int, int]]], *, loop: bool = False, data: bytes = b"") -> bytes:
    """Little-endian; entries are tag, type, count and value or offset. `data` starts at offset 8."""
    offset = 8 + len(data)
    head = b"II*\0" + struct.pack("<I", offset) + data
    parts = []
    for number, page in enumerate(pages):
        size = 2 + 12 * len(page) + 4
        last = number == len(pages) - 1
        after = (offset if loop else 0) if last else offset + size
        entries = b"".join(struct.pack("<HHII", *entry) for entry in sorted(page))
        parts.append(struct.pack("<H", len(page)) + entries + struct.pack("<I", after))
        offset += size
    return head + b"".join(parts)


def page(**changes: int) -> list[tuple[int, int, int, int]]:
    """One grey pixel, uncompressed, at offset 8."""
    tags = {"256": 1, "257": 1, "258": 8, "259": 1, "262": 1, "273": 8, "277": 1, "278": 1, "279": 1}
    tags |= {name.removeprefix("t"): value for name, value in changes.items()}
    return [(int(tag), 4, 1, value) for tag, value in tags.items()]


def jpeg_of(width: int, height: int) -> bytes:
    """A small JPEG that says that it is this large."""
    data = bytearray(encoded(quarters(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def many_scans(times: int, size: tuple[int, int] = (96, 64)) -> bytes:
    """A progressive JPEG that refines its last bits again and again."""
    data = encoded(quarters(size), "JPEG", progressive=True)
    last = [found.start() for found in re.finditer(rb"\xff\xda", data)][-1]
    return data[:-2] + data[last:-2] * times + data[-2:]


def gif_frames(count: int) -> bytes:
    one = encoded(Image.new("P", (8, 8)), "GIF")
    start = one.index(b"\x2c")
    return one[:start] + one[start:-1] * count + b";"


def webp_frames(count: int) -> bytes:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    start = data.index(b"ANMF")
    length = 8 + int.from_bytes(data[start + 4 : start + 8], "little")
    body = data[12:start] + data[start : start + length] * count
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def apng_frames(count: int) -> bytes:
    pixels = zlib.compress(b"\0" + bytes(3))
    control = struct.pack(">IIIIIHHBB", 0, 1, 1, 0, 0, 1, 10, 0, 0)
    frames = [chunk(b"fcTL", control) + chunk(b"fdAT", struct.pack(">I", number) + pixels) for number in range(count)]
    return (
        png_header(1, 1)[:33]
        + chunk(b"acTL", struct.pack(">II", count, 0))
        + chunk(b"IDAT", pixels)
        + b"".join(frames)
        + chunk(b"IEND", b"")
    )


def liar(told: tuple[int, int], real: tuple[int, int]) -> bytes:
    """An AVIF whose coded frames are larger than its container says."""
    data = encoded(Image.new("L", real), "AVIF", speed=10)
    return data.replace(b"ispe\0\0\0\0" + struct.pack(">II", *real), b"ispe\0\0\0\0" + struct.pack(">II", *told))


def bombs() -> Iterator[Bad]:
    """Small files that want much."""
    small = encoded(quarters(), "PNG")
    yield Bad("4 gigapixels", png_header(65_536, 65_536), (LIMIT,))
    yield Bad("268 megapixels", png_header(16_384, 16_384), (LIMIT,))
    yield Bad("169 megapixels", png_header(13_000, 13_000), (LIMIT,))
    yield Bad("no end of pixels", png_header(0xFFFFFFFF, 0xFFFFFFFF), (LIMIT,))
    yield Bad("large jpeg", jpeg_of(65_500, 4_275), (LIMIT,))
    yield Bad("large webp", riff((b"VP8X", bytes(4) + b"\xff\x3f\0\xff\x3f\0")), (LIMIT,))
    yield Bad("large gif", b"GIF89a\xff\xff\xff\xff\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\0;", (LIMIT,))
    yield Bad("gif frame far out", _far_out(), (LIMIT,))
    yield Bad("large bmp", b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 30_000, -30_000, 1, 24) + bytes(24), (LIMIT,))
    yield Bad("large avif", liar((30_000, 30_000), (64, 64)), (LIMIT,))
    yield Bad("large avif that says it is small", liar((64, 64), (8_192, 8_192)), (LIMIT,))
    yield Bad("large tiff", tiff([page(t256=60_000, t257=60_000)]), (LIMIT,))
    yield Bad("200 MB of text", with_chunks(small, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 * MB)))), (LIMIT,))
    profile = b"icc\0\0" + zlib.compress(bytes(100 * MB))
    yield Bad("100 MB of profile", with_chunks(small, chunk(b"iCCP", profile)), (LIMIT,))
    text = chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(900_000)))
    yield Bad("200 long texts", with_chunks(small, *[text] * 200), (LIMIT,))
    yield Bad("200,000 chunks", with_chunks(small, *[chunk(b"tEXt", b"a\0")] * 200_000), (LIMIT,))
    jpeg = encoded(quarters(), "JPEG")
    yield Bad("20 MB of exif", jpeg[:2] + segment(0xE1, bytes(65_000)) * 310 + jpeg[2:], (LIMIT,))
    yield Bad("20,000 segments", jpeg[:2] + segment(0xFE, b"") * 20_000 + jpeg[2:], (LIMIT,))
    yield Bad("300 scans", many_scans(300), (LIMIT,))
    yield Bad("300 scans of 40 megapixels", many_scans(300, (8_000, 5_000)), (LIMIT,))
    yield Bad("10,000 gif frames", gif_frames(10_000), (LIMIT,))
    yield Bad("3,000 webp frames", webp_frames(3_000), (LIMIT,))
    yield Bad("3,000 png frames", apng_frames(3_000), (LIMIT,))
    yield Bad("3,000 pages", tiff([page()] * 3_000, data=b"\x80"), (LIMIT,))
    yield Bad("20,000 pages", tiff([page()] * 20_000, data=b"\x80"), (LIMIT,))
    yield Bad("60,000 tags", tiff([[(tag, 4, 1, 0) for tag in range(60_000)]]), (LIMIT,))
    many_strips = [entry for entry in page() if entry[0] != 273]
    yield Bad("1 million strips", tiff([[*many_strips, (273, 4, 1_000_000, 8)]], data=bytes(4 * MB)), (LIMIT,))
    yield Bad("20 MB of profile", tiff([[*page(), (34675, 7, 20 * MB, 8)]], data=bytes(20 * MB)), (LIMIT,))
    tile = page(t256=64, t257=64, t259=8, t322=60_000, t323=60_000, t324=8, t325=9)
    yield Bad("a tile of 4 gigapixels", tiff([[entry for entry in tile if entry[0] not in (273, 278, 279)]]), (LIMIT,))
    runs = struct.pack("<IiiHHI", 40, 3_000, 3_000, 1, 8, 1) + bytes(20 + 1_024) + b"\1\7" * 1_000
    yield Bad("a long way in runs", b"BM" + bytes(12) + runs, (LIMIT,))
    webp = encoded(quarters(), "WEBP", exif=b"Exif\0\0" + bytes(20 * MB))
    yield Bad("20 MB of exif in webp", webp, (LIMIT,))


def _far_out() -> bytes:
    frame = b"," + struct.pack("<HHHHB", 60_000, 60_000, 100, 100, 0) + b"\2\0"
    return encoded(Image.new("P", (100, 100)), "GIF")[:-1] + frame + b";"


def geometry() -> Iterator[Bad]:
    """Odd shapes, right all the same."""
    yield Bad("1 x 65,535", encoded(Image.new("L", (1, 65_535), 99), "PNG"), (RESULT,))
    yield Bad("65,535 x 1", encoded(Image.new("RGBA", (65_535, 1), (9, 9, 9, 9)), "PNG"), (RESULT,))
    yield Bad("1 x 65,500", encoded(Image.new("RGB", (1, 65_500)), "JPEG"), (RESULT,))
    yield Bad("65,500 x 1", encoded(Image.new("L", (65_500, 1)), "JPEG", progressive=True), (RESULT,))
    yield Bad("790 x 36,861", encoded(Image.new("P", (790, 36_861)), "PNG"), (RESULT,))
    yield Bad("1 x 1", encoded(Image.new("1", (1, 1)), "TIFF"), (RESULT,))
    yield Bad("a page that is its own next", tiff([page()], loop=True, data=b"\x80"), (RESULT,))
    yield Bad("2,000 gif frames", gif_frames(2_000), (RESULT,))
    yield Bad("31 scans", many_scans(21), (RESULT,))


def wrong() -> Iterator[Bad]:
    """Files that are cut off, damaged, or something else."""
    yield Bad("nothing", b"", (UNSUPPORTED,))
    yield Bad("one byte", b"\xff", (UNSUPPORTED,))
    for format_ in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"):
        data = encoded(quarters((300, 200)), format_)
        yield Bad(f"{format_} header", data[:12], (CORRUPT, UNSUPPORTED))
        yield Bad(f"{format_} cut off", data[: min(300, len(data) // 2)], (CORRUPT,))
        yield Bad(f"{format_} half", data[: len(data) // 2], (CORRUPT,))
    yield Bad("script", b"GIF89a/*<script>alert(1)</script>*/", (CORRUPT, LIMIT))
    yield Bad("drawing", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', (UNSUPPORTED,))
    yield Bad("postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", (UNSUPPORTED,))
    yield Bad("photoshop", b"8BPS\0\1" + bytes(100), (UNSUPPORTED,))
    yield Bad("fits", b"SIMPLE  =                    T" + bytes(100), (UNSUPPORTED,))
    yield Bad("jpeg 2000", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100), (UNSUPPORTED,))
    yield Bad("icon", b"\0\0\1\0\1\0" + bytes(100), (UNSUPPORTED,))
    yield Bad("fax in jpeg 2000", tiff([page(t259=34712)], data=b"\x80"), (UNSUPPORTED,))
    yield Bad("old jpeg in tiff", tiff([page(t259=6)], data=b"\x80"), (UNSUPPORTED,))
    yield Bad("lossless jpeg", encoded(quarters(), "JPEG").replace(b"\xff\xc0", b"\xff\xc3"), (UNSUPPORTED,))
    yield Bad("no pixels", png_header(0, 100), (CORRUPT,))
    yield Bad("two headers", with_chunks(encoded(quarters(), "PNG"), png_header(9, 9)[8:33]), (CORRUPT,))
    yield Bad("rubbish for exif", _rubbish_exif(), (RESULT,))
    yield Bad("rubbish for a profile", encoded(quarters(), "JPEG", icc_profile=b"x" * 500), (RESULT,))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 99
    yield Bad("orientation 99", encoded(quarters(), "JPEG", exif=exif), (RESULT,))
    yield Bad("png with a zip behind it", polyglot("PNG"), (RESULT,))


def _rubbish_exif() -> bytes:
    jpeg = encoded(quarters(), "JPEG")
    return jpeg[:2] + segment(0xE1, b"Exif\0\0II*\0" + random.Random(7).randbytes(5_000)) + jpeg[2:]


def polyglot(format_: str) -> bytes:
    """A picture that is a ZIP archive as well."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("payload", "what must not come out again")
    return encoded(quarters(), format_) + archive.getvalue()
