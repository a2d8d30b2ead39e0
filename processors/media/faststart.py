"""Brings the index of an MP4 to its beginning, so that it plays while it is still being loaded.

FFmpeg's own way (`+faststart`) moves the whole file without a word, and nobody can cancel that. Here the copy is made
in steps that the caller hears of, by the kernel, which shares the blocks where the file system can. The boxes are those
of ISO/IEC 14496-12: `moov` holds the tables `stco` and `co64`, of offsets into the file, which grow by what is put
before them.
"""

import os
import struct
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

STEP = 16 << 20
_HOLDERS = frozenset({b"trak", b"mdia", b"minf", b"stbl"})  # what leads from `moov` to the tables
_MOST_32 = 2**32 - 1


class NotMovable(Exception):
    """It has no index at its end, or offsets that would not fit any more. Nothing was changed."""


def bring_index_first(path: Path, report: Callable[[float], None]) -> None:
    """`report` gets the part that is done, and may raise: then the file is as it was. Raises `NotMovable`."""
    part = path.with_name(f"{path.name}.part")
    try:
        with path.open("rb") as source, part.open("wb") as target:
            _rewrite(source, target, report)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _rewrite(source: BinaryIO, target: BinaryIO, report: Callable[[float], None]) -> None:
    size = os.fstat(source.fileno()).st_size
    boxes = {kind: (start, end) for kind, start, end in _boxes(source, size)}
    if list(boxes)[:1] != [b"ftyp"] or list(boxes)[-1:] != [b"moov"] or b"moof" in boxes:
        raise NotMovable
    start, end = boxes[b"moov"]
    source.seek(start)
    index = bytearray(source.read(end - start))
    _shift(index, 8, len(index), len(index))
    head = boxes[b"ftyp"][1]
    source.seek(0)
    target.write(source.read(head))
    target.write(index)
    target.flush()
    copied = head
    while copied < start:
        report(copied / start)
        step = os.copy_file_range(source.fileno(), target.fileno(), min(STEP, start - copied), copied)
        if not step:
            raise NotMovable
        copied += step


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Those at the top: kind, first byte, and the byte behind the last."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        if length < 8 or at + length > size:
            raise NotMovable
        yield kind, at, at + length
        at += length


def _shift(index: bytearray, at: int, end: int, distance: int) -> None:
    """Adds `distance` to every offset in the tables between `at` and `end`."""
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", index, at)
        if length < 8 or at + length > end:
            raise NotMovable
        if kind in _HOLDERS:
            _shift(index, at + 8, at + length, distance)
        elif kind == b"stco":
            _shift_table(index, at + 16, at + length, distance, "I", _MOST_32)
        elif kind == b"co64":
            _shift_table(index, at + 16, at + length, distance, "Q", 2**63)
        at += length


def _shift_table(index: bytearray, at: int, end: int, distance: int, code: str, most: int) -> None:
    """Big-endian numbers, in an array of machine ones."""
    offsets = array(code, bytes(index[at:end]))
    offsets.byteswap()
    if offsets and max(offsets) + distance > most:
        raise NotMovable
    moved = array(code, [offset + distance for offset in offsets])
    moved.byteswap()
    index[at:end] = moved.tobytes()
