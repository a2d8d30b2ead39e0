"""How files begin: one table of magic numbers, each with a second, structural look where text could begin the same way.

A row is (offset, magic, verdict). The verdict is a media type where the magic holds bytes that no text holds; else a
function of the file's first bytes that gives the media type, or None for "it only looks like one".
"""

import re
import zlib
from collections.abc import Callable, Iterator
from struct import unpack_from

from processors.media_signatures import (
    AMR,
    AMR_WIDE,
    adif,
    adts,
    aiff,
    amr,
    basic_audio,
    ebml,
    id3,
    is_binary,
    iso_media,
    mp3,
    ogg,
    quicktime,
    riff,
    transport_stream,
)

HEAD_BYTES = 4096  # are enough of a file

Verdict = str | Callable[[bytes], str | None]

BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}
OFFICE = "application/vnd.openxmlformats-officedocument"
OOXML = {
    b"word/": f"{OFFICE}.wordprocessingml.document",
    b"xl/": f"{OFFICE}.spreadsheetml.sheet",
    b"ppt/": f"{OFFICE}.presentationml.presentation",
}

OPC = (b"[Content_Types].xml", b"_rels/", b"docProps/")
DEFLATED = 8  # of ZIP's methods
PYTHON_FLAGS = (0, 1, 3)  # of PEP 552
CONTENT_TYPES_BYTES = 64 << 10  # of them, unpacked: a small member says nearly everything at its beginning

_ZIP_NAMES_ITSELF = re.compile(rb"mimetype(application/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z-]{1,40}))(?=PK)")
_PDF = re.compile(rb"%PDF-[12]\.\d?[ \t]*[\r\n]")


def _jpeg(head: bytes) -> str | None:
    """The first segment has a marker, and a length that leads to the next one (ITU T.81 §B.1.1.4)."""
    if len(head) < 6 or not is_binary(head[4:64]):
        return None
    marker, length = unpack_from(">BH", head, 3)
    following = head[4 + length : 5 + length]
    return "image/jpeg" if marker >= 0xC0 and length >= 2 and following in (b"\xff", b"") else None


def _gif(head: bytes) -> str | None:
    """A block of a known sort follows the screen descriptor and its colour table (GIF89a §18)."""
    if len(head) < 14:
        return None
    table = 3 << (head[10] & 7) + 1 if head[10] & 0x80 else 0
    block = head[13 + table : 15 + table]
    is_extension = block[:1] == b"!" and block[1:] in (b"\xf9", b"\xfe", b"\xff", b"\x01", b"")
    is_image = block[:1] in (b",", b";") and is_binary(head)
    return "image/gif" if is_extension or is_image or (block == b"" and table) else None


def _bmp(head: bytes) -> str | None:
    if len(head) < 18:
        return None
    offset, header_size = unpack_from("<II", head, 10)
    fits = header_size in BMP_HEADER_SIZES and 14 + header_size <= offset <= 1 << 16
    return "image/bmp" if fits else None


def _tiff(head: bytes) -> str | None:
    """The first directory lies behind the header (TIFF 6.0 §2), on no odd place far away."""
    order = "<" if head[:2] == b"II" else ">"
    if len(head) < 8:
        return None
    return "image/tiff" if unpack_from(f"{order}I", head, 4)[0] >= 8 else None


def _icon(head: bytes) -> str | None:
    """The first picture of the directory lies behind it."""
    if len(head) < 22:
        return None
    count, reserved, planes, size, offset = unpack_from("<H3xBH2xII", head, 4)
    return "image/x-icon" if count and not reserved and planes <= 1 and size and offset >= 6 + 16 * count else None


def _pdf(head: bytes) -> str | None:
    fits = _PDF.match(head) and (is_binary(head) or b" obj" in head or any(byte > 0x7F for byte in head))
    return "application/pdf" if fits else None


def _zip(head: bytes) -> str | None:
    """What the first members are called, and hold, tells an office document from an archive."""
    named = _ZIP_NAMES_ITSELF.match(head, 30)
    if named is not None:
        return named[1].decode()
    if head.startswith(OPC, 30):
        places = (_content_types(head), head)
        found = (media_type for place in places for folder, media_type in OOXML.items() if folder in place)
        return next(found, "application/zip")
    return "application/zip"


def _content_types(head: bytes) -> bytes:
    """The beginning of the first member, where it lists the parts of an office document (ISO/IEC 29500-2 §10.1.2)."""
    method, name_length, extra_length = unpack_from("<H16xHH", head, 8) if len(head) >= 30 else (0, 0, 0)
    start = 30 + name_length + extra_length
    if method != DEFLATED or not head.startswith(OPC[0], 30):
        return b""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(head[start:], CONTENT_TYPES_BYTES)
    except zlib.error:
        return b""


def _archive(head: bytes) -> str | None:
    """Of ar(5): the header of the first member ends where it must, or there is none."""
    if len(head) > 8 and head[66:68] != b"`\n":
        return None
    return "application/vnd.debian.binary-package" if head.startswith(b"debian-binary", 8) else "application/x-archive"


def _python_code(head: bytes) -> str | None:
    """Compiled: a version with a line end in it, then four bytes of flags (PEP 552)."""
    flags = unpack_from("<I", head, 4)[0] if len(head) >= 16 else None
    return "application/x-python-code" if flags in PYTHON_FLAGS else None


def _bzip2(head: bytes) -> str | None:
    return "application/x-bzip2" if head[4:10] == b"1AY&SY" and is_binary(head) else None


def _program(head: bytes) -> str | None:
    return "application/vnd.microsoft.portable-executable" if len(head) >= 64 and is_binary(head[2:64]) else None


SIGNATURES: tuple[tuple[int, bytes, Verdict], ...] = (
    (0, b"\xff\xd8\xff", _jpeg),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", _gif),
    (0, b"GIF89a", _gif),
    (0, b"RIFF", riff),
    (0, b"RIFX", riff),
    (0, b"RF64", riff),
    (0, b"BM", _bmp),
    (0, b"II*\0", _tiff),
    (0, b"MM\0*", _tiff),
    (0, b"II+\0", "image/tiff"),
    (0, b"MM\0+", "image/tiff"),
    (0, b"\0\0\1\0", _icon),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51\0", "image/j2c"),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    *((0, bytes([1, 0xDA, packed, width]), "image/x-sgi") for packed in (0, 1) for width in (1, 2)),
    (0, b"8BPS\0\1", "image/vnd.adobe.photoshop"),
    (4, b"ftyp", iso_media),
    *((4, box, quicktime) for box in (b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")),
    (0, b"\x1a\x45\xdf\xa3", ebml),
    (0, b"\0\0\1\xba", "video/mpeg"),
    (0, b"FLV\1", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (0, b"G", transport_stream),
    (0, b"OggS", ogg),
    (0, b"fLaC\0", "audio/flac"),
    (0, b"ID3", id3),
    *((0, bytes([0xFF, byte]), mp3) for byte in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)),
    *((0, bytes([0xFF, byte]), adts) for byte in (0xF1, 0xF0, 0xF9, 0xF8)),
    (0, b"ADIF", adif),
    (0, b".snd", basic_audio),
    (0, b"FORM", aiff),
    (0, AMR, amr),
    (0, AMR_WIDE, amr),
    (0, b"%PDF-", _pdf),
    (0, b"PK\3\4", _zip),
    (0, b"PK\5\6", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", _bzip2),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"!<arch>\n", _archive),
    (2, b"\r\n", _python_code),
    (257, b"ustar\0", "application/x-tar"),
    (257, b"ustar  \0", "application/x-tar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", _program),
    (0, b"\0asm", "application/wasm"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
)


def by_signature(head: bytes) -> str | None:
    """The media type that the first bytes of a file show, if they show one."""
    return next(_matches(head), None)


def _matches(head: bytes) -> Iterator[str]:
    for offset, magic, verdict in SIGNATURES:
        if head.startswith(magic, offset):
            found = verdict if isinstance(verdict, str) else verdict(head)
            if found is not None:
                yield found
