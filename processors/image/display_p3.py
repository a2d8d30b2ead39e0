"""The ICC profile of Display P3, which no library makes: ICC.1:2010, version 4."""

import struct


def display_p3(name: str = "Display P3") -> bytes:
    """Its primaries adapted to D50, and the curve that it shares with sRGB."""
    curve = struct.pack(">4s4xHxx5i", b"para", 3, *map(_fixed, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
    tags = {
        b"desc": _text(name),
        b"cprt": _text("Public domain"),
        b"wtpt": _xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": _xyz(0.51512, 0.2412, -0.00105),
        b"gXYZ": _xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": _xyz(0.1571, 0.06657, 0.78407),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += struct.pack(">4sII", tag, start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    size = start + len(data)
    header = struct.pack(">I4xI4s4s4s", size, 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s28x3i", 2026, 1, 1, 0, 0, 0, b"acsp", *map(_fixed, (0.9642, 1.0, 0.8249)))
    return header.ljust(128, b"\0") + table + data


def _fixed(value: float) -> int:
    """s15Fixed16Number."""
    return round(value * 65536)


def _xyz(*values: float) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *map(_fixed, values))


def _text(text: str) -> bytes:
    """multiLocalizedUnicodeType with one record."""
    encoded = text.encode("utf-16-be")
    return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(encoded), 28) + encoded
