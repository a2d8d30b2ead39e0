"""Is this text at all? Bytes that no text holds, and what a file that isn't text seems to be."""

from processors.base import Rejected

# The binary data bytes of the WHATWG MIME Sniffing Standard, less NUL, less white space, and less SO and SI, by which
# ISO 2022 shifts between its alphabets.
CONTROLS = bytes([*range(0x01, 0x09), *range(0x10, 0x1B)])
TOLERATED = 1 / 32  # Text has hardly a control character. Compressed data has 1 in 13, programs more.
TOLERATED_NULS = 1 / 2  # A log that was cut off by a power failure may end with a long run of zeros.

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF8", "a GIF image"),
    (8, b"WEBP", "a WebP image"),
    (0, b"%PDF-", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document"),
    (0, b"\x1f\x8b", "gzip data"),
    (0, b"BZh", "bzip2 data"),
    (0, b"\xfd7zXZ\x00", "xz data"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a Windows program"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM video"),
    (4, b"ftyp", "an MP4 or QuickTime file"),
    (0, b"OggS", "Ogg media"),
    (0, b"ID3", "an MP3 file"),
    (0, b"fLaC", "a FLAC file"),
    (8, b"WAVE", "a WAV file"),
    (8, b"AVI ", "an AVI video"),
)


def count_controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, CONTROLS))


def refuse_binary(head: bytes, length: int, controls: int, nuls: int) -> None:
    """Raise `Rejected` for what begins as no text does, or has too many controls or NULs in `length` characters."""
    magic, name = next(((magic, name) for at, magic, name in SIGNATURES if head.startswith(magic, at)), (b"", ""))
    is_printable = magic.isascii() and magic.decode("latin-1").isprintable()  # prose may begin with MZ or GIF8
    if not is_printable or controls > length * TOLERATED or nuls > length * TOLERATED_NULS:
        raise Rejected("unsupported_input", f"This is not text: it seems to be {name or 'binary data'}.")
