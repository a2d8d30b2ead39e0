"""Bad images, made: bombs, lies, loops, cut-off and mistaken files."""

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping

from PIL import Image

from tests.pictures import encoded, png_header, quarters

CORRUPT, UNSUPPORTED = "corrupt_input", "unsupported_input"
MB = 1_000_000
Make = Callable[[], bytes]


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


def polyglot(format_: str) -> bytes:
    """A picture that is a ZIP archive as well."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("payload", "what must not come out again")
    return encoded(quarters(), format_) + archive.getvalue()


def far_out() -> bytes:
    """A GIF whose second frame reaches far past the screen."""
    frame = b"," + struct.pack("<HHHHB", 60_000, 60_000, 100, 100, 0) + b"\2\0"
    return encoded(Image.new("P", (100, 100)), "GIF")[:-1] + frame + b";"


def vast_gif() -> bytes:
    return b"GIF89a\xff\xff\xff\xff\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\0;"


def bmp(width: int, height: int, bits: int, packing: int, pixels: bytes = b"") -> bytes:
    header = struct.pack("<IiiHHI", 40, width, height, 1, bits, packing) + bytes(20)
    return b"BM" + bytes(8) + struct.pack("<I", 14 + 40 + 1_024) + header + bytes(1_024) + pixels


def of_metadata(format_: str, length: int) -> bytes:
    """So many bytes of Exif, ICC or text, packed where the format packs them."""
    if format_ == "JPEG":
        jpeg = encoded(quarters(), "JPEG")
        return jpeg[:2] + segment(0xE1, bytes(65_000)) * (length // 65_000) + jpeg[2:]
    if format_ == "TIFF":
        return tiff([[*page(), (34_675, 7, length, 8)]], data=bytes(length))
    if format_ in ("WEBP", "AVIF"):
        return encoded(
            quarters(), format_, exif=b"Exif\0\0" + tiff([[(0x9214, 5, length // 8, 26)]], data=bytes(length))
        )
    starts = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}
    kind = format_.encode()
    return with_chunks(encoded(quarters(), "PNG"), chunk(kind, starts[kind] + zlib.compress(bytes(length))))


def of_texts(count: int) -> bytes:
    text = chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(900_000)))
    return with_chunks(encoded(quarters(), "PNG"), *[text] * count)


def of_chunks(count: int) -> bytes:
    return with_chunks(encoded(quarters(), "PNG"), *[chunk(b"tEXt", b"a\0")] * count)


def of_segments(count: int) -> bytes:
    jpeg = encoded(quarters(), "JPEG")
    return jpeg[:2] + segment(0xFE, b"") * count + jpeg[2:]


def of_strips(count: int) -> bytes:
    entries = [entry for entry in page() if entry[0] != 273]
    return tiff([[*entries, (273, 4, count, 8)]], data=bytes(4 * count))


def of_one_tile(side: int) -> bytes:
    entries = page(t256=64, t257=64, t259=8, t322=side, t323=side, t324=8, t325=9)
    return tiff([[entry for entry in entries if entry[0] not in (273, 278, 279)]])


def with_exif(exif: bytes) -> bytes:
    jpeg = encoded(quarters(), "JPEG")
    return jpeg[:2] + segment(0xE1, b"Exif\0\0" + exif) + jpeg[2:]


# Small files that want much. They are made when they are needed.
BOMBS: Mapping[str, Make] = {
    "4 gigapixels": lambda: png_header(65_536, 65_536),
    "268 megapixels": lambda: png_header(16_384, 16_384),
    "169 megapixels": lambda: png_header(13_000, 13_000),
    "pixels without end": lambda: png_header(0xFFFFFFFF, 0xFFFFFFFF),
    "280 megapixels of jpeg": lambda: jpeg_of(65_500, 4_275),
    "268 megapixels of webp": lambda: riff((b"VP8X", bytes(4) + b"\xff\x3f\0\xff\x3f\0")),
    "4 gigapixels of gif": vast_gif,
    "a gif frame far out": far_out,
    "900 megapixels of bmp": lambda: bmp(30_000, -30_000, 24, 0),
    "a long way in runs": lambda: bmp(3_000, 3_000, 8, 1, b"\1\7" * 1_000),
    "900 megapixels of avif": lambda: liar((30_000, 30_000), (64, 64)),
    "3.6 gigapixels of tiff": lambda: tiff([page(t256=60_000, t257=60_000)]),
    "a tile of 3.6 gigapixels": lambda: of_one_tile(60_000),
    "1 million strips": lambda: of_strips(1_000_000),
    "60,000 tags": lambda: tiff([[(tag, 4, 1, 0) for tag in range(60_000)]]),
    "200 MB of text": lambda: of_metadata("zTXt", 200 * MB),
    "50 MB of profile": lambda: of_metadata("iCCP", 50 * MB),
    "200 long texts": lambda: of_texts(200),
    "20 MB of exif in jpeg": lambda: of_metadata("JPEG", 20 * MB),
    "9 MB of exif in jpeg": lambda: of_metadata("JPEG", 9 * MB),
    "2 MB of exif in avif": lambda: of_metadata("AVIF", 2 * MB),
    "20 MB of exif in webp": lambda: of_metadata("WEBP", 20 * MB),
    "20 MB of profile in tiff": lambda: of_metadata("TIFF", 20 * MB),
    "200,000 chunks": lambda: of_chunks(200_000),
    "20,000 segments": lambda: of_segments(20_000),
    "300 scans": lambda: many_scans(300),
    "300 scans of 40 megapixels": lambda: many_scans(300, (8_000, 5_000)),
    "10,000 frames of gif": lambda: gif_frames(10_000),
    "3,000 frames of webp": lambda: webp_frames(3_000),
    "3,000 frames of png": lambda: apng_frames(3_000),
    "3,000 pages": lambda: tiff([page()] * 3_000, data=b"\x80"),
    "20,000 pages": lambda: tiff([page()] * 20_000, data=b"\x80"),
}

# Odd, but right: they become pictures.
ODDITIES: Mapping[str, Make] = {
    "1 x 65,535": lambda: encoded(Image.new("L", (1, 65_535), 99), "PNG"),
    "65,535 x 1": lambda: encoded(Image.new("RGBA", (65_535, 1), (9, 9, 9, 9)), "PNG"),
    "1 x 65,500": lambda: encoded(Image.new("RGB", (1, 65_500)), "JPEG"),
    "65,500 x 1": lambda: encoded(Image.new("L", (65_500, 1)), "JPEG", progressive=True),
    "790 x 36,861": lambda: encoded(Image.new("P", (790, 36_861)), "PNG"),
    "1 x 1": lambda: encoded(Image.new("1", (1, 1)), "TIFF"),
    "a page that is its own next": lambda: tiff([page()], loop=True, data=b"\x80"),
    "2,000 frames": lambda: gif_frames(2_000),
    "32 scans": lambda: many_scans(22),
    "rubbish for exif": lambda: with_exif(b"II*\0" + random.Random(7).randbytes(5_000)),
    "rubbish for a profile": lambda: encoded(quarters(), "JPEG", icc_profile=b"x" * 500),
    "orientation 99": lambda: with_exif(b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\x63" + bytes(7)),
    "a zip behind it": lambda: polyglot("PNG"),
}

# Files that are something else than they seem, or broken, and the code that each ends with.
WRONG: Mapping[str, tuple[str, Make]] = {
    "nothing": (UNSUPPORTED, lambda: b""),
    "one byte": (UNSUPPORTED, lambda: b"\xff"),
    "a drawing": (UNSUPPORTED, lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
    "postscript": (UNSUPPORTED, lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
    "photoshop": (UNSUPPORTED, lambda: b"8BPS\0\1" + bytes(100)),
    "fits": (UNSUPPORTED, lambda: b"SIMPLE  =                    T" + bytes(100)),
    "jpeg 2000": (UNSUPPORTED, lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100)),
    "an icon": (UNSUPPORTED, lambda: b"\0\0\1\0\1\0" + bytes(100)),
    "jpeg 2000 in tiff": (UNSUPPORTED, lambda: tiff([page(t259=34_712)], data=b"\x80")),
    "old jpeg in tiff": (UNSUPPORTED, lambda: tiff([page(t259=6)], data=b"\x80")),
    "lossless jpeg": (UNSUPPORTED, lambda: encoded(quarters(), "JPEG").replace(b"\xff\xc0", b"\xff\xc3")),
    "a script": (CORRUPT, lambda: b"GIF89a/*<script>alert(1)</script>*/"),
    "no pixels": (CORRUPT, lambda: png_header(0, 100)),
    "two headers": (CORRUPT, lambda: with_chunks(encoded(quarters(), "PNG"), png_header(9, 9)[8:33])),
}


def cut_off() -> Iterator[bytes]:
    """The beginning, a bit more, and half of a file of each format."""
    for format_ in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP"):
        data = encoded(quarters((300, 200)), format_)
        yield from (data[:length] for length in (20, min(300, len(data) // 2), len(data) // 2))
