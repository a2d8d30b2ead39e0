"""AV1 (AV1 bitstream specification, 5.3 to 5.5): how large the frames of coded data may be.

libavif believes these sizes, and scales what it decoded to those of the container: a lie there hides a bomb here.
"""

from collections.abc import Callable, Iterator

from processors.image.scan.base import Count, damaged

Read = Callable[[int, int], bytes]  # of the coded data: offset, count -> as much of it as there is

SEQUENCE_HEADER = 1
HEADER_BYTES = 512  # of one: even with all 32 operating points and decoder models it is shorter
LEB128_BYTES = 8
MAX_OBUS = 10_000
HIGHEST_WITHOUT_TIER = 7


def frame_sizes(read: Read) -> Iterator[tuple[int, int]]:
    """Of every sequence header: no frame is larger than that before it says."""
    offset, count = 0, Count(MAX_OBUS)
    while head := read(offset, 2 + LEB128_BYTES):
        count.one()
        kind, has_extension, has_size = head[0] >> 3 & 15, head[0] >> 2 & 1, head[0] >> 1 & 1
        start = 1 + has_extension
        size, length = _leb128(head[start:]) if has_size else (None, 0)
        if kind == SEQUENCE_HEADER:
            yield _sequence_header(_Bits(read(offset + start + length, HEADER_BYTES)))
        if size is None:  # to the end of the data
            return
        offset += start + length + size


def _leb128(data: bytes) -> tuple[int, int]:
    """A number, and how many bytes it takes."""
    value = 0
    for length, byte in enumerate(data[:LEB128_BYTES], 1):
        value |= (byte & 0x7F) << 7 * (length - 1)
        if not byte & 0x80:
            return value, length
    raise damaged("a length in its coded data has no end")


def _sequence_header(bits: "_Bits") -> tuple[int, int]:
    bits.take(3 + 1)  # profile, still picture
    if bits.take(1):  # a reduced header
        bits.take(5)
    else:
        delay_bits = _timing(bits)
        has_display_delay = bits.take(1)
        for _ in range(bits.take(5) + 1):
            _operating_point(bits, delay_bits, has_display_delay)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _timing(bits: "_Bits") -> int:
    """How long a delay of the decoder's model is; 0 without one."""
    if not bits.take(1):
        return 0
    bits.take(32 + 32)
    if bits.take(1):  # equal intervals: a number of variable length, which as many zeros announce
        zeros = 0
        while zeros < 32 and not bits.take(1):
            zeros += 1
        bits.take(zeros % 32)
    if not bits.take(1):
        return 0
    delay_bits = bits.take(5) + 1
    bits.take(32 + 5 + 5)
    return delay_bits


def _operating_point(bits: "_Bits", delay_bits: int, has_display_delay: int) -> None:
    bits.take(12)
    if bits.take(5) > HIGHEST_WITHOUT_TIER:
        bits.take(1)
    if delay_bits and bits.take(1):
        bits.take(2 * delay_bits + 1)
    if has_display_delay and bits.take(1):
        bits.take(4)


class _Bits:
    """Numbers of any number of bits, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise damaged("its coded data ends too early")
        return self._value >> self._left & (1 << count) - 1
