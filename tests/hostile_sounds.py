"""Sounds that mean harm, or are merely broken: how each is made, and how it must end."""

import struct
from collections.abc import Callable, Mapping
from random import Random

from processors.media.opening import MAX_TAG_BYTES

MB = 1_000_000
PCM, FLOAT, UNHEARD_OF = 1, 3, 0xDEAD

# Two seconds at 8 kHz: a triangle.
TONE = b"".join(struct.pack("<h", 200 * abs(n % 100 - 50) - 5_000) for n in range(16_000))


def wav(
    data: bytes = TONE,
    channels: int = 1,
    rate: int = 8_000,
    bits: int = 16,
    sort: int = PCM,
    size: int | None = None,
) -> bytes:
    """`size` is what the header says of the data, if not the truth."""
    block = channels * bits // 8 & 0xFFFF
    form = struct.pack("<HHIIHH", sort, channels, rate, rate * block & 0xFFFFFFFF, block, bits)
    said = len(data) if size is None else size
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", said) + data
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def synchsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def tag(size: int) -> bytes:
    """ID3v2.3 with nothing in it."""
    return b"ID3\3\0\0" + synchsafe(size) + bytes(size)


def picture_tag(size: int) -> bytes:
    content = b"\0image/png\0\3\0\x89PNG\r\n\x1a\n" + bytes(size)
    return b"ID3\3\0\0" + synchsafe(len(content) + 10) + b"APIC" + struct.pack(">I", len(content)) + b"\0\0" + content


def floats(value: float) -> bytes:
    return wav(struct.pack("<f", value) * 8_000, bits=32, sort=FLOAT)


REJECTED: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "nothing": ("corrupt_input", lambda: b""),
    "noise": ("corrupt_input", lambda: Random(1).randbytes(10_000)),
    "65,535 channels": ("corrupt_input", lambda: wav(TONE * 8, channels=65_535)),
    "no channels": ("corrupt_input", lambda: wav(channels=0)),
    "64 channels": ("limit_exceeded", lambda: wav(TONE * 8, channels=64)),
    "9 channels": ("limit_exceeded", lambda: wav(TONE * 8, channels=9)),
    "0 Hz": ("corrupt_input", lambda: wav(rate=0)),
    "1 Hz": ("unsupported_input", lambda: wav(rate=1)),
    "2 GHz": ("unsupported_input", lambda: wav(rate=2_000_000_000)),
    "4 GHz": ("corrupt_input", lambda: wav(rate=4_000_000_000)),
    "no samples": ("corrupt_input", lambda: wav(b"")),
    "a codec that nobody knows": ("unsupported_input", lambda: wav(sort=UNHEARD_OF)),
    "64 bits": ("unsupported_input", lambda: wav(bits=64, sort=FLOAT)),
    "a tag of 40 MB": ("limit_exceeded", lambda: tag(40 * MB) + wav()),
    "a picture of 40 MB": ("limit_exceeded", lambda: picture_tag(40 * MB) + wav()),
    "a tag that says 200 MB": ("limit_exceeded", lambda: b"ID3\3\0\0" + synchsafe(200 * MB) + wav()),
    "tags one after another": ("limit_exceeded", lambda: tag(MAX_TAG_BYTES // 2) * 3 + wav()),
    "a thousand tags": ("limit_exceeded", lambda: tag(0) * 1_000 + wav()),
    "a tag and nothing": ("corrupt_input", lambda: tag(100)),
    "an empty Ogg page": ("corrupt_input", lambda: b"OggS\0\2" + bytes(21)),
    "a FLAC header and nothing": ("corrupt_input", lambda: b"fLaC\x80\0\0\x22" + bytes(34)),
    "an AMR header and nothing": ("corrupt_input", lambda: b"#!AMR\n"),
}

# With the seconds that are to be heard.
HEARD: Mapping[str, tuple[float, Callable[[], bytes]]] = {
    "a size of 0xFFFFFFFF": (2.0, lambda: wav(size=0xFFFFFFFF)),
    "a size of 0": (2.0, lambda: wav(size=0)),
    "a size of 2 GB": (2.0, lambda: wav(size=0x7FFFFFF0)),
    "8 channels": (2.0, lambda: wav(TONE * 8, channels=8)),
    "7 channels": (2.0, lambda: wav(TONE * 7, channels=7)),
    "768 kHz": (2 / 96, lambda: wav(rate=768_000)),
    "4 kHz": (4.0, lambda: wav(rate=4_000)),
    "half a sample too much": (2.0, lambda: wav(TONE + b"x")),
    "a single sample": (1 / 8_000, lambda: wav(TONE[:2])),
    "not a number": (1.0, lambda: floats(float("nan"))),
    "infinity": (1.0, lambda: floats(float("inf"))),
    "1e30": (1.0, lambda: floats(1e30)),
    "digital silence": (1.0, lambda: wav(bytes(16_000))),
}
