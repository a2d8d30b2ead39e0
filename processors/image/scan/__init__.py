"""What a file's own structure says of the image in it: one module per family of formats, chosen by the first bytes."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from processors.image.scan import bmp, gif, isobmff, jpeg, png, tiff, webp
from processors.image.scan.base import Scan, Source

__all__ = ["MAX_METADATA_BYTES", "MAX_SCANS", "Scan", "identify", "most_metadata", "scan"]

MAX_METADATA_BYTES = 16 << 20  # Exif, ICC, XMP and texts, unpacked
# Pillow takes all of it apart and together again to open these: 15 MB of Exif kept it busy for 15 s in an AVIF, and
# took 3 s and 400 MB in a JPEG, which has reasons for a large XMP: depth maps, second pictures.
LESS_METADATA_BYTES: Mapping[str, int] = {"AVIF": 1 << 20, "HEIF": 1 << 20, "JPEG": 8 << 20}
MAX_SCANS = 32  # of a progressive JPEG: libjpeg makes 10, and each may take as long as all the others
HEAD_BYTES = 512

SCANNERS: Mapping[str, Callable[[Source], Scan]] = {
    "JPEG": lambda source: jpeg.scan(source, MAX_SCANS),
    "PNG": lambda source: png.scan(source, MAX_METADATA_BYTES),
    "WEBP": webp.scan,
    "GIF": gif.scan,
    "AVIF": lambda source: isobmff.scan(source, "AVIF"),
    "HEIF": lambda source: isobmff.scan(source, "HEIF"),
    "TIFF": tiff.scan,
    "BMP": bmp.scan,
}
SIGNATURES: Mapping[bytes, str] = {
    jpeg.SIGNATURE: "JPEG",
    png.SIGNATURE: "PNG",
    **dict.fromkeys(gif.SIGNATURES, "GIF"),
    tiff.LITTLE: "TIFF",
    tiff.BIG: "TIFF",
    bmp.SIGNATURE: "BMP",
}


def identify(file: BinaryIO) -> str | None:
    """The format that the first bytes stand for: a key of `SCANNERS`, or None."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if webp.is_webp(head):
        return "WEBP"
    return next((format_ for start, format_ in SIGNATURES.items() if head.startswith(start)), isobmff.format_of(head))


def scan(file: BinaryIO, format_: str) -> Scan:
    """Raises `Rejected`. Leaves the file at its beginning."""
    found = SCANNERS[format_](Source(file))
    file.seek(0)
    return found


def most_metadata(format_: str) -> int:
    """How many bytes of metadata a file of that format may have."""
    return LESS_METADATA_BYTES.get(format_, MAX_METADATA_BYTES)
