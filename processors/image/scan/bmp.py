"""BMP: one header, of a dozen or of forty and more bytes."""

import struct

from processors.image.scan.base import Scan, Source, damaged

SIGNATURE = b"BM"
CORE_HEADER_BYTES = 12
INFO_HEADER_BYTES = 40


def scan(source: Source) -> Scan:
    (header_bytes,) = struct.unpack("<I", source.exactly(14, 4))
    if header_bytes == CORE_HEADER_BYTES:
        width, height, _planes, bits = struct.unpack("<HHHH", source.exactly(18, 8))
    elif header_bytes >= INFO_HEADER_BYTES:
        width, height, _planes, bits = struct.unpack("<IiHH", source.exactly(18, 12))
    else:
        raise damaged("its header has an unknown length")
    # A negative height means that the top row comes first.
    return Scan("BMP", width, abs(height), pixel_bytes=1 if bits <= 8 else 4)
