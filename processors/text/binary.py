"""Is this text at all? Bytes that no text holds, and what a file that isn't text seems to be."""

from collections.abc import Mapping

from processors.base import Rejected
from processors.signatures import by_signature

# The binary data bytes of the WHATWG MIME Sniffing Standard, less NUL, less white space, and less SO and SI, by which
# ISO 2022 shifts between its alphabets.
CONTROLS = bytes([*range(0x01, 0x09), *range(0x10, 0x1B)])
TOLERATED = 1 / 32  # Text has hardly a control character. Compressed data has 1 in 13, programs more.
TOLERATED_NULS = 1 / 2  # A log that was cut off by a power failure may end with a long run of zeros.

NAMES: Mapping[str, str] = {
    "image/png": "a PNG image",
    "image/jpeg": "a JPEG image",
    "image/gif": "a GIF image",
    "image/webp": "a WebP image",
    "application/pdf": "a PDF document",
    "application/zip": "a ZIP archive",
    "application/gzip": "gzip data",
    "application/x-executable": "a program",
    "application/vnd.microsoft.portable-executable": "a Windows program",
    "application/vnd.sqlite3": "an SQLite database",
    "video/mp4": "an MP4 or QuickTime file",
    "video/x-matroska": "a Matroska video",
    "audio/mpeg": "an MP3 file",
}


def count_controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, CONTROLS))


def refuse_binary(head: bytes, length: int, controls: int, nuls: int) -> None:
    """Raise `Rejected` for what begins as no text does, or has too many controls or NULs in `length` characters."""
    found = by_signature(head)
    if found or controls > length * TOLERATED or nuls > length * TOLERATED_NULS:
        name = NAMES.get(found, found) if found else "binary data"
        raise Rejected("unsupported_input", f"This is not text: it seems to be {name}.")
