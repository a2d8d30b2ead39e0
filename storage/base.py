"""Where bytes live.

Rules that must stay true:
1. When `put` returns, the bytes survive kill -9 and a power cut: data synced, then named, then the name synced.
2. A blob never changes. Its key is opaque: only the store that gave it may take it apart.
3. A spool is somebody's: it is swept when its owner is dead, never because of its age.
4. Every method blocks, may be called from any thread, and fails only with `StorageError`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

StorageCode = Literal["insufficient_storage", "storage_unavailable", "blob_missing"]


class StorageError(Exception):
    """Storing or reading failed; `code` says which way."""

    def __init__(self, code: StorageCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes at their durable address. `sha256` is hex, `size` is in bytes."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """What `walk` sees of a blob: enough to tell an orphan. `modified_at` is in Unix seconds."""

    key: str
    size: int
    modified_at: float


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    owner: str
    name: str
    size: int


class Spool(Protocol):
    """Bytes that are still arriving, on the store's own filesystem. One thread at a time.

    But `close` and `discard` may come while a `put` is under way on another thread, and wait for it.
    """

    @property
    def owner(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int:
        """Bytes appended so far, over all sessions of a resumed spool."""
        ...

    def append(self, *parts: bytes | bytearray | memoryview) -> None:
        """Write the parts in order and hash them on the way. After a failed append the spool may only be discarded.

        A spool that was put doesn't grow any more, resumed or not: a blob never changes.
        """
        ...

    def sha256(self) -> str:
        """The hex digest of all bytes so far."""
        ...

    def close(self) -> None:
        """Let go of the spool without discarding it: it can be resumed. Idempotent."""
        ...

    def discard(self) -> None:
        """Remove the spool. Idempotent, and harmless to a blob that was put from it."""
        ...


class FileStore(Protocol):
    """The contract of `storage/`: spool, put, open, delete, walk."""

    def spool(self, owner: str, name: str | None = None) -> Spool:
        """A new spool, or the one called `name` reopened at its end. `blob_missing` when there is none of that name."""
        ...

    def put(self, spool: Spool) -> Blob:
        """Make the spool's bytes a durable blob. May be repeated; the spool stays until it is discarded.

        Always syncs the file and the address, even when a blob of the same bytes seems to be there: whoever wrote
        that one may not have synced it yet. After a failed sync the bytes are not trusted: discard the spool.
        """
        ...

    def exists(self, key: str) -> bool: ...

    def open(self, key: str, start: int = 0) -> BinaryIO:
        """A read-only handle positioned at `start`; read from it no more than you need. `blob_missing` if gone."""
        ...

    def fetch(self, key: str) -> BinaryIO:
        """The whole blob as a real, seekable, read-only file with a descriptor of its own (for a cell)."""
        ...

    def delete(self, key: str) -> None:
        """Remove a blob; one that is gone already is fine. Only the janitor calls this, inside its transaction."""
        ...

    def walk(self) -> Iterator[StoredBlob]: ...
    def spools(self) -> Iterator[SpoolEntry]: ...
    def discard_spool(self, owner: str, name: str) -> None: ...

    def free_bytes(self) -> int:
        """How many bytes may still be written."""
        ...

    def probe(self) -> None:
        """Raise `StorageError` when the store can't take a file now. Leaves nothing behind."""
        ...

    def close(self) -> None: ...
