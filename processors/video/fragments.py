"""Where the fragments of a fragmented MP4 file lie (ISO/IEC 14496-12)."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEADER_BYTES = 8
WIDE = 1  # as a size: the real one follows, in 64 bits


@dataclass(frozen=True, slots=True)
class Part:
    """`offset` and `size` in bytes."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """`head` is what a player needs before any fragment; `avc` names the picture's codec as RFC 6381 does."""

    head: Part
    avc: str
    fragments: tuple[Part, ...]


def read(path: Path) -> Layout:
    """Of a file that this process wrote: nothing is distrusted here."""
    avc = ""
    fragments: list[Part] = []
    with path.open("rb") as file:
        for kind, offset, size in _boxes(file):
            if kind == b"moov":
                file.seek(offset)
                avc = _avc(file.read(size))
            elif kind == b"moof":
                fragments.append(Part(offset, size))
            elif kind == b"mdat" and fragments:
                begun = fragments[-1]
                fragments[-1] = Part(begun.offset, offset + size - begun.offset)
    return Layout(Part(0, fragments[0].offset if fragments else 0), avc, tuple(fragments))


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Type, offset and size of those at the top."""
    offset, end = 0, os.fstat(file.fileno()).st_size
    while offset < end:
        file.seek(offset)
        header = file.read(2 * HEADER_BYTES)
        size = int.from_bytes(header[:4], "big")
        if size == WIDE:
            size = int.from_bytes(header[8:16], "big")
        yield header[4:8], offset, size
        offset += size


def _avc(moov: bytes) -> str:
    """Profile, constraints and level of H.264."""
    at = moov.index(b"avcC") + 5
    return f"avc1.{moov[at : at + 3].hex()}"
