"""ICC profiles made for tests, small enough to know what each must do."""

import struct
from collections.abc import Mapping


def icc(device: bytes, space: bytes, tags: Mapping[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """An ICC profile of version 2 with the given tags besides the obligatory ones."""
    name = b"test\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(78)
    white = struct.pack(">4s4x3i", b"XYZ ", *(round(value * 65536) for value in (0.9642, 1.0, 0.8249)))
    every = {b"desc": description, b"wtpt": white, b"cprt": b"text" + bytes(4) + b"none\0", **tags}
    table, data = struct.pack(">I", len(every)), b""
    start = 128 + 4 + 12 * len(every)
    for tag, content in every.items():
        table += struct.pack(">4sII", tag, start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    header = struct.pack(">I4xI4s4s4s", start + len(data), 0x02400000, device, space, pcs)
    header += struct.pack(">6H4s28x3i", 2026, 1, 1, 0, 0, 0, b"acsp", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    return header.ljust(128, b"\0") + table + data


def grey_profile(gamma: float) -> bytes:
    return icc(b"mntr", b"GRAY", {b"kTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)})


def ink_profile(lab_of_ink: Mapping[tuple[int, int, int, int], tuple[float, float, float]]) -> bytes:
    """A CMYK profile by a table with two steps a channel: the Lab colour of each of the 16 mixtures."""
    identity = bytes(range(256))
    table = b""
    for index in range(16):
        ink = (index >> 3 & 1, index >> 2 & 1, index >> 1 & 1, index & 1)
        lightness, a, b = lab_of_ink.get(ink, (0.0, 0.0, 0.0))
        table += bytes((round(lightness * 2.55), round(a) + 128, round(b) + 128))
    matrix = struct.pack(">9i", *(round(v * 65536) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + identity * 4 + table + identity * 3
    return icc(b"prtr", b"CMYK", {b"A2B0": lut, b"A2B1": lut, b"B2A0": b"mft1"}, pcs=b"Lab ")
