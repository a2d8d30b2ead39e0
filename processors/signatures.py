"""How files begin: one table of magic numbers, each with a second, structural look where text could begin the same way.

A row is (offset, magic, verdict). The verdict is a media type where the magic holds bytes that no text holds; else a
function of the file's first bytes that gives the media type, or None for "it only looks like one".
"""

import re
import zlib
from collections.abc import Callable, Iterator
from struct import unpack_from

HEAD_BYTES = 4096  # are enough of a file

Verdict = str | Callable[[bytes], str | None]

BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}
MP3_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG 1, layer III, kbit/s
MP3_BITRATES_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # MPEG 2 and 2.5, layer III
ADTS_SAMPLE_RATES = 13  # how many of the sixteen are in use
MP3_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
AMR, AMR_WIDE = b"#!AMR\n", b"#!AMR-WB\n"
AMR_MODES = {*range(10), 15}  # speech of nine sorts, comfort noise, nothing
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
OFFICE = "application/vnd.openxmlformats-officedocument"
OOXML = {
    b"word/": f"{OFFICE}.wordprocessingml.document",
    b"xl/": f"{OFFICE}.spreadsheetml.sheet",
    b"ppt/": f"{OFFICE}.presentationml.presentation",
}

_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")  # "binary data bytes" of the WHATWG MIME Sniffing Standard
_ZIP_NAMES_ITSELF = re.compile(rb"mimetype(application/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z-]{1,40}))(?=PK)")
_PDF = re.compile(rb"%PDF-[12]\.\d?[ \t]*[\r\n]")
OPC = (b"[Content_Types].xml", b"_rels/", b"docProps/")
DEFLATED = 8  # of ZIP's methods
PYTHON_FLAGS = (0, 1, 3)  # of PEP 552
CONTENT_TYPES_BYTES = 64 << 10  # of them, unpacked: a small member says nearly everything at its beginning


def _jpeg(head: bytes) -> str | None:
    """The first segment has a marker, and a length that leads to the next one (ITU T.81 §B.1.1.4)."""
    if len(head) < 6 or not _is_binary(head[4:64]):
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
    is_image = block[:1] in (b",", b";") and _is_binary(head)
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


def _riff(head: bytes) -> str | None:
    """The size of the whole holds that of its first chunk; in RF64 (EBU Tech 3306) a chunk tells it."""
    if len(head) < 12 or not _is_binary(head[4:20]):
        return None
    order = ">" if head[:4] == b"RIFX" else "<"
    whole, form = unpack_from(f"{order}I4s", head, 4)
    chunk, size = unpack_from(f"{order}4sI", head, 12) if len(head) >= 20 else (b"", 0)
    if whole < 12 or size > whole or not chunk.isascii():
        return None
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(form)


def _iso_media(head: bytes) -> str | None:
    """The `ftyp` box is small, and holds brands of four characters (ISO/IEC 14496-12 §4.3)."""
    (size,) = unpack_from(">I", head)
    brands = [head[8:12].replace(b"\0", b" "), *(head[at : at + 4] for at in range(16, min(size, len(head)) - 3, 4))]
    if not 16 <= size <= 1024 or size % 4 or not brands[0].isascii() or _is_binary(brands[0]):
        return None
    if {b"avif", b"avis"} & set(brands):
        return "image/avif"
    if HEIF_BRANDS & set(brands):
        return "image/heic"
    if brands[0] == b"qt  ":
        return "video/quicktime"
    if brands[0] in AUDIO_BRANDS:
        return "audio/mp4"
    return "video/3gpp" if brands[0][:2] == b"3g" else "video/mp4"


def _quicktime(head: bytes) -> str | None:
    """An older file begins with another box: its size is one, and not four letters."""
    (size,) = unpack_from(">I", head)
    return "video/quicktime" if (8 <= size < 1 << 29 or size == 1) and _is_binary(head[:4]) else None


def _ebml(head: bytes) -> str | None:
    """The document type is `webm`, or else Matroska (RFC 8794 §11.2.2)."""
    at = head.find(b"\x42\x82", 4, 64)
    return "video/webm" if at > 0 and head[at + 3 : at + 7] == b"webm" else "video/x-matroska"


def _transport_stream(head: bytes) -> str | None:
    """Each packet of 188 bytes begins with the same byte."""
    packets = head[::188]
    return "video/mp2t" if len(packets) > 3 and not packets.strip(b"G") and _is_binary(head) else None


def _ogg(head: bytes) -> str | None:
    if head[4:5] != b"\0":
        return None
    return "video/ogg" if b"\x80theora" in head[:128] else "audio/ogg"


def _id3(head: bytes) -> str | None:
    """A version that exists, and a size in four times seven bits (ID3v2 §3.1)."""
    fits = len(head) >= 10 and head[3] in (2, 3, 4) and all(byte < 0x80 for byte in head[6:10])
    return "audio/mpeg" if fits else None


def _mp3(head: bytes) -> str | None:
    """One frame says where the next one begins, and that one is of the same sort (ISO/IEC 11172-3 §2.4.1.3)."""
    length = _mp3_frame_length(head)
    if length == len(head) and _is_binary(head):  # it is all that there is
        return "audio/mpeg"
    if length is None or head[length : length + 1] != head[:1]:
        return None
    same = len(head) > length + 2 and head[length + 1] == head[1] and _mp3_frame_length(head[length:]) is not None
    return "audio/mpeg" if same else None


def _mp3_frame_length(frame: bytes) -> int | None:
    if len(frame) < 4:
        return None
    version, layer = frame[1] >> 3 & 3, frame[1] >> 1 & 3
    bitrate, rate, padding = frame[2] >> 4, frame[2] >> 2 & 3, frame[2] >> 1 & 1
    if version == 1 or layer != 1 or not 0 < bitrate < 15 or rate == 3:
        return None
    first = version == 3
    bits = (MP3_BITRATES if first else MP3_BITRATES_LOW)[bitrate] * 1000
    return (144 if first else 72) * bits // MP3_SAMPLE_RATES[version][rate] + padding


def _adts(head: bytes) -> str | None:
    """AAC in ADTS: as with MP3, one frame says where the next one begins (ISO/IEC 13818-7 §6.2)."""
    length = _adts_frame_length(head)
    if length is None or len(head) < length + 7:
        return None
    following = head[length:]
    same = following[:2] == head[:2] and (following[2] ^ head[2]) & 0xFD == 0  # profile and rate; not the private bit
    return "audio/aac" if same and _adts_frame_length(following) is not None else None


def _adts_frame_length(frame: bytes) -> int | None:
    if len(frame) < 7:
        return None
    rate = frame[2] >> 2 & 15
    length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
    has_checksum = not frame[1] & 1
    return length if rate < ADTS_SAMPLE_RATES and length > (9 if has_checksum else 7) else None


def _adif(head: bytes) -> str | None:
    """AAC with one header for all: copyright, home and sort of bit rate are single bits (ISO/IEC 13818-7 §6.2)."""
    return "audio/aac" if len(head) > 16 and _is_binary(head[4:16]) else None


def _basic_audio(head: bytes) -> str | None:
    """Sun's: the samples lie behind the header, in an encoding of those that there are."""
    if len(head) < 24:
        return None
    offset, _size, encoding, rate, channels = unpack_from(">5I", head, 4)
    fits = 24 <= offset <= 1 << 16 and 1 <= encoding <= 27 and 1000 <= rate <= 400_000 and 1 <= channels <= 256
    return "audio/basic" if fits else None


def _aiff(head: bytes) -> str | None:
    """The size of the whole holds that of its first chunk (AIFF 1.3)."""
    if len(head) < 20 or not _is_binary(head[4:8]) or not _is_binary(head[16:20]):
        return None
    whole, form, chunk, size = unpack_from(">I4s4sI", head, 4)
    fits = form in (b"AIFF", b"AIFC") and whole >= 12 and size <= whole and chunk.isascii()
    return "audio/aiff" if fits else None


def _amr(head: bytes) -> str | None:
    """The first frame's mode exists, and its padding is zeros (RFC 4867 §5.3)."""
    start = len(AMR_WIDE) if head.startswith(AMR_WIDE) else len(AMR)
    first = head[start : start + 1]
    if not first or first[0] & 0x83 or not _is_binary(head):
        return None
    mode = first[0] >> 3 & 15
    return "audio/amr" if mode in AMR_MODES else None


def _pdf(head: bytes) -> str | None:
    fits = _PDF.match(head) and (_is_binary(head) or b" obj" in head or any(byte > 0x7F for byte in head))
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
    return "application/x-bzip2" if head[4:10] == b"1AY&SY" and _is_binary(head) else None


def _program(head: bytes) -> str | None:
    return "application/vnd.microsoft.portable-executable" if len(head) >= 64 and _is_binary(head[2:64]) else None


def _is_binary(data: bytes) -> bool:
    return _BINARY.search(data) is not None


SIGNATURES: tuple[tuple[int, bytes, Verdict], ...] = (
    (0, b"\xff\xd8\xff", _jpeg),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", _gif),
    (0, b"GIF89a", _gif),
    (0, b"RIFF", _riff),
    (0, b"RIFX", _riff),
    (0, b"RF64", _riff),
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
    (4, b"ftyp", _iso_media),
    *((4, box, _quicktime) for box in (b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")),
    (0, b"\x1a\x45\xdf\xa3", _ebml),
    (0, b"\0\0\1\xba", "video/mpeg"),
    (0, b"FLV\1", "video/x-flv"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (0, b"G", _transport_stream),
    (0, b"OggS", _ogg),
    (0, b"fLaC\0", "audio/flac"),
    (0, b"ID3", _id3),
    *((0, bytes([0xFF, byte]), _mp3) for byte in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)),
    *((0, bytes([0xFF, byte]), _adts) for byte in (0xF1, 0xF0, 0xF9, 0xF8)),
    (0, b"ADIF", _adif),
    (0, b".snd", _basic_audio),
    (0, b"FORM", _aiff),
    (0, AMR, _amr),
    (0, AMR_WIDE, _amr),
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
