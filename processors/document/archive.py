"""An office document is a ZIP archive of a stranger: read member by member, in memory, within limits.

Rules that must stay true:
1. Nothing is unpacked to a path, and a member's name is only ever compared.
2. Nothing in it is opened as an archive again.
3. Every byte that comes out is counted before anybody keeps it.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from processors.base import Rejected
from processors.document.models import InputLimits

DIRECTORY_BYTES = 4 << 20  # of the list of members; zipfile reads it at once
BLOCK_BYTES = 64 << 10
SMALL_BYTES = 1 << 20  # a ratio says nothing about less
LOCAL_HEADER_BYTES = 30
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1  # of the general purpose flags

# What zipfile is known to raise for damaged archives.
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError, OverflowError)


class Archive:
    """The members by their names, which are compared without regard to case, as OPC does (ISO/IEC 29500-2 §6.2)."""

    def __init__(self, file: BinaryIO, limits: InputLimits) -> None:
        self._limits = limits
        self._unpacked = 0
        with _reading():
            self._zip = zipfile.ZipFile(cast(BinaryIO, _Bounded(file)))
        members = self._zip.infolist()
        if len(members) > limits.max_members:
            words = f"The archive has {len(members):,} members; the most is {limits.max_members:,}."
            raise Rejected("limit_exceeded", words)
        _refuse_overlaps(members)
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._doubled: set[str] = set()
        for member in members:
            name = member.filename.lower()
            if name in self._members:
                self._doubled.add(name)
            self._members[name] = member

    def names(self) -> Iterator[str]:
        """In lower case."""
        return iter(self._members)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._members

    def size(self, name: str) -> int:
        """Unpacked, as it is declared; never are more bytes read than that."""
        member = self._members.get(name.lower())
        return member.file_size if member else 0

    def blocks(self, name: str) -> Iterator[bytes]:
        """What the member holds. Raises `Rejected` for one that is missing, damaged or too much."""
        member = self._checked(name)
        with _reading(), self._zip.open(member) as file:
            while block := file.read(BLOCK_BYTES):
                yield block

    def read(self, name: str, most: int) -> bytes:
        """A small member as a whole."""
        if self.size(name) > most:
            raise Rejected("limit_exceeded", f"The member {shown(name)} is larger than {most:,} bytes.")
        return b"".join(self.blocks(name))

    def _checked(self, name: str) -> zipfile.ZipInfo:
        member = self._members.get(name.lower())
        if member is None:
            raise Rejected("corrupt_input", f"The archive has no member {shown(name)}.")
        if name.lower() in self._doubled:
            raise Rejected("corrupt_input", f"The archive has two members called {shown(name)}.")
        if member.flag_bits & ENCRYPTED:
            raise Rejected("unsupported_input", "The document is encrypted: it can't be read without its password.")
        if member.compress_type not in METHODS:
            raise Rejected("unsupported_input", "The archive is compressed in a way that no office program uses.")
        if member.file_size > max(SMALL_BYTES, member.compress_size * self._limits.max_ratio):
            words = f"The member {shown(name)} unpacks to more than {self._limits.max_ratio} times its size."
            raise Rejected("limit_exceeded", words)
        self._unpacked += member.file_size
        if self._unpacked > self._limits.max_unpacked_bytes:
            words = f"The parts to read unpack to more than {self._limits.max_unpacked_bytes:,} bytes."
            raise Rejected("limit_exceeded", words)
        return member


def _refuse_overlaps(members: list[zipfile.ZipInfo]) -> None:
    """Members that share bytes are how a small archive unpacks to a huge one."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise Rejected("corrupt_input", "The members of the archive overlap.")
        end = member.header_offset + LOCAL_HEADER_BYTES + member.compress_size


def shown(name: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in name[-80:])


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as wrong:
        if wrong.errno is not None:
            raise  # the disk's fault
        raise _corrupt(wrong) from wrong
    except DAMAGED as wrong:
        raise _corrupt(wrong) from wrong


def _corrupt(wrong: Exception) -> Rejected:
    return Rejected("corrupt_input", f"The archive is damaged: {shown(str(wrong))}.")


class _Bounded:
    """The file for zipfile, which reads an archive's whole list of members at once, however long that is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, DIRECTORY_BYTES + 1) if size >= 0 else DIRECTORY_BYTES + 1)
        if len(data) > DIRECTORY_BYTES:
            words = f"The archive's list of members is longer than {DIRECTORY_BYTES >> 20} MiB."
            raise Rejected("limit_exceeded", words)
        return data
