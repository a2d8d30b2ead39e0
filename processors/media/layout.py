"""How a file is laid out: its format by its first bytes, and where an MP4 has its index (ISO/IEC 14496-12).

FFmpeg tells one demuxer for several formats, and nothing of where the boxes lie that it has read.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_BOXES = 2000  # that are looked at; a fragmented film of hours has more
MAX_DEPTH = 6
HEAD_BYTES = 4096
BRANDS = {b"qt": "mov", b"M4A": "m4a", b"M4B": "m4a", b"3gp": "3gp", b"3g2": "3g2"}
OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})  # it had no `ftyp`
EBML = b"\x1a\x45\xdf\xa3"
WEBM = re.compile(rb"\x42\x82.{1,8}?webm", re.DOTALL)  # the element DocType, and its length
# Of `moov` and its tracks: times and tables.
STRUCTURE = frozenset(
    {b"mvhd", b"tkhd", b"mdia", b"edts", b"mvex", b"iods", b"tref", b"tapt", b"load", b"free", b"skip", b"ctab"}
    | {b"", b"\0\0\0\0", b"prfl", b"clip", b"matt", b"imap"}
)
TABLE_HOLDERS = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
TABLES = frozenset({b"stts", b"ctts", b"stss", b"stsz", b"sdtp", b"sbgp", b"sgpd"})
HOLDERS = frozenset({b"trak", b"udta", b"meta", b"ilst"})
HARMLESS = frozenset({b"hdlr", b"\xa9nam", b"name", b"\xa9too", b"\xa9swr"})  # titles, and who wrote the file


@dataclass(frozen=True, slots=True)
class Layout:
    """`format` is None where FFmpeg's own name says it. `index_first` is None where there is no index to speak of."""

    format: str | None = None
    index_first: bool | None = None
    is_fragmented: bool = False
    has_tags: bool = False  # other than titles
    table_bytes: int = 0  # of what the index says of each sample, all tracks together


def read(file: BinaryIO) -> Layout:
    """From an open file; its position is changed."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head.startswith(EBML):
        return Layout("webm" if WEBM.search(head) else "matroska")
    if head[4:8] == b"ftyp":
        brand = head[8:12].rstrip()
        return _Boxes(file).layout(BRANDS.get(brand, BRANDS.get(brand[:3], "mp4")))
    return _Boxes(file).layout("mov") if head[4:8] in OLD_QUICKTIME else Layout()


class _Boxes:
    """A walk over boxes that ends, whatever they say."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = MAX_BOXES

    def layout(self, format_: str) -> Layout:
        index_first, is_fragmented, has_tags, table_bytes = None, False, False, 0
        for type_, start, end in self._inside(0, self._file.seek(0, os.SEEK_END)):
            match type_:
                case b"moov":
                    index_first = index_first is None
                    is_fragmented = any(kind == b"mvex" for kind, _, _ in self._inside(start, end))
                    has_tags |= not set(self._tags(start, end, 0)) <= HARMLESS
                    table_bytes = self._tables(start, end, 0)
                case b"mdat":
                    index_first = index_first or False
                case b"uuid" | b"meta":
                    has_tags = True
        return Layout(format_, index_first, is_fragmented, has_tags, table_bytes)

    def _inside(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Type, and where the content begins and ends. Stops at what can't be a box."""
        while self._left > 0 and start + 8 <= end:
            self._left -= 1
            self._file.seek(start)
            header = self._file.read(16)
            size, type_, content = int.from_bytes(header[:4]), header[4:8], start + 8
            if size == 1:
                size, content = int.from_bytes(header[8:]), start + 16
            elif size == 0:
                size = end - start
            start += size
            if start < content or start > end:
                return
            yield type_, content, start

    def _tags(self, start: int, end: int, depth: int) -> Iterator[bytes]:
        """What there is beside times and tables, in `moov` and its tracks."""
        for type_, inner, after in self._inside(start, end) if depth < MAX_DEPTH else ():
            if type_ in HOLDERS:
                yield from self._tags(inner + self._skipped(type_, inner), after, depth + 1)
            elif type_ not in STRUCTURE:
                yield type_

    def _tables(self, start: int, end: int, depth: int) -> int:
        """Bytes of the tables of samples, but for those of chunks, which whoever writes a file cuts anew."""
        size = 0
        for type_, inner, after in self._inside(start, end) if depth < MAX_DEPTH else ():
            if type_ in TABLE_HOLDERS:
                size += self._tables(inner, after, depth + 1)
            elif type_ in TABLES:
                size += after - inner
        return size

    def _skipped(self, type_: bytes, inner: int) -> int:
        """ISO's `meta` has a version and flags, QuickTime's has not."""
        self._file.seek(inner)
        return 4 if type_ == b"meta" and self._file.read(8)[4:] != b"hdlr" else 0
