"""How many programmes a transport stream announces, counted before FFmpeg does: it takes the square of their number."""

from collections.abc import Iterator
from typing import Protocol

from processors.base import Rejected

MOST = 2000  # a satellite's whole transponder has a hundred
LOOKED_AT = 5_000_000  # bytes: as far as FFmpeg reads before it says a word
SYNC = 0x47
PACKETS = ((188, 0), (192, 4), (204, 0))  # bytes, and where in them the sync byte stands
HEADER_BYTES, ENTRY_BYTES = 4, 4
IN_A_ROW = 5  # sync bytes, and it is one


class File(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...


def check(file: File) -> None:
    """The file is left at its beginning. Raises `Rejected`."""
    file.seek(0)
    data = file.read(IN_A_ROW * PACKETS[-1][0])
    forms = [(size, at) for size, at in PACKETS if data[at::size][:IN_A_ROW] == bytes([SYNC] * IN_A_ROW)]
    if forms:
        data += file.read(LOOKED_AT)
    file.seek(0)
    for size, at in forms:
        # Tables are said again and again: each counts once, without what fills up its packets.
        tables = {data[start + HEADER_BYTES : start + 188].rstrip(b"\xff") for start in _table_packets(data, size, at)}
        if sum(map(len, tables)) > MOST * ENTRY_BYTES:
            raise Rejected("limit_exceeded", f"It has more than {MOST:,} programmes.")


def _table_packets(data: bytes, size: int, at: int) -> Iterator[int]:
    """Where the packets begin that bear the program association table, whose PID is 0 (ISO/IEC 13818-1 §2.4.4)."""
    for number, (high, low) in enumerate(zip(data[at + 1 :: size], data[at + 2 :: size], strict=False)):
        if not low and not high & 0x1F:
            yield at + number * size
