"""BMP: one header, of a dozen or of forty and more bytes."""

import struct

from processors.base import Rejected
from processors.image.scan.base import Scan, Source, damaged

SIGNATURE = b"BM"
CORE_HEADER_BYTES = 12
INFO_HEADER_BYTES = 40
RUN_LENGTHS = (1, 2)
MAX_RUN_LENGTHS = 8_000_000  # pixels, and bytes: Pillow unpacks them in Python, 4 million a second


def scan(source: Source) -> Scan:
    (header_bytes,) = struct.unpack("<I", source.exactly(14, 4))
    packing = 0
    if header_bytes == CORE_HEADER_BYTES:
        width, height, _planes, bits = struct.unpack("<HHHH", source.exactly(18, 8))
    elif header_bytes >= INFO_HEADER_BYTES:
        width, height, _planes, bits, packing = struct.unpack("<IiHHI", source.exactly(18, 16))
    else:
        raise damaged("its header has an unknown length")
    if packing in RUN_LENGTHS and max(width * abs(height), source.size) > MAX_RUN_LENGTHS:
        raise Rejected("limit_exceeded", f"A run-length coded BMP may have {MAX_RUN_LENGTHS:,} pixels and bytes.")
    # A negative height means that the top row comes first.
    return Scan("BMP", width, abs(height), pixel_bytes=1 if bits <= 8 else 4)
