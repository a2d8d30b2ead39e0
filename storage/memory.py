"""Files in memory: for tests, and for embedding where nothing has to outlive the process."""

import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from storage.base import Blob, Spool, SpoolEntry, StorageError, StoredBlob
from storage.failing import failing

_KEY = re.compile(r"memory-[0-9a-f]{64}")


@dataclass(slots=True)
class _Arriving:
    data: bytearray = field(default_factory=bytearray)
    was_put: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    data: bytes
    put_at: float


class MemorySpool:
    """A session with bytes that the store holds until they are discarded."""

    def __init__(self, store: "MemoryFiles", owner: str, name: str, arriving: _Arriving) -> None:
        self.owner = owner
        self.name = name
        self._store = store
        self._arriving = arriving
        self._refusal = ""  # why it takes nothing any more but `close` and `discard`

    @property
    def size(self) -> int:
        return len(self._arriving.data)

    def append(self, *parts: bytes | bytearray | memoryview) -> None:
        self._check()
        if self._arriving.was_put:
            raise StorageError("storage_unavailable", "the spool was put: it can't grow any more")
        try:
            self._store.grow(self._arriving.data, b"".join(parts))
        except StorageError:
            self._refusal = "an append failed"
            raise

    def sha256(self) -> str:
        return sha256(self._arriving.data).hexdigest()

    def whole(self) -> bytes:
        """All the bytes, to be put: from now on there are no more."""
        self._check()
        self._arriving.was_put = True
        return bytes(self._arriving.data)

    def close(self) -> None:
        self._refusal = self._refusal or "the spool is closed"

    def discard(self) -> None:
        self.close()
        self._store.discard_spool(self.owner, self.name)

    def _check(self) -> None:
        if self._refusal:
            raise StorageError("storage_unavailable", self._refusal)


class MemoryFiles:
    """A `FileStore` of up to `capacity` bytes, spools included. Its handles are real files (memfd_create(2))."""

    def __init__(self, capacity: int = 1 << 30) -> None:
        self._capacity = capacity
        self._lock = Lock()
        self._spools: dict[tuple[str, str], _Arriving] = {}
        self._blobs: dict[str, _Kept] = {}

    def spool(self, owner: str, name: str | None = None) -> MemorySpool:
        with self._lock:
            if name is None:
                name = secrets.token_hex(16)
                self._spools[owner, name] = _Arriving()
            arriving = self._spools.get((owner, name))
        if arriving is None:
            raise StorageError("blob_missing", "the spool is not there")
        return MemorySpool(self, owner, name, arriving)

    def grow(self, data: bytearray, more: bytes) -> None:
        with self._lock:
            if len(more) > self._free_bytes():
                raise StorageError("insufficient_storage", f"writing a spool: {os.strerror(errno.ENOSPC)}")
            data += more

    def put(self, spool: Spool) -> Blob:
        if not isinstance(spool, MemorySpool):
            raise TypeError("a spool of another store")
        data = spool.whole()
        digest = sha256(data).hexdigest()
        key = f"memory-{digest}"
        with self._lock:
            self._blobs[key] = _Kept(data, time.time())
        return Blob(key=key, sha256=digest, size=len(data))

    def exists(self, key: str) -> bool:
        with self._lock:
            return key in self._blobs

    def open(self, key: str, start: int = 0) -> BinaryIO:
        handle = self.fetch(key)
        handle.seek(start)
        return handle

    def fetch(self, key: str) -> BinaryIO:
        with self._lock:
            kept = self._blobs.get(key)
        if kept is None:
            raise StorageError("blob_missing", "the blob is not there")
        with failing("opening a blob"), os.fdopen(os.memfd_create("blob"), "wb") as writable:
            writable.write(kept.data)
            writable.flush()
            # A second opening, because only that one is read-only for whoever inherits the descriptor.
            return Path(f"/proc/self/fd/{writable.fileno()}").open("rb")

    def delete(self, key: str) -> None:
        if not _KEY.fullmatch(key):
            raise StorageError("blob_missing", "this is no key of this store")
        with self._lock:
            self._blobs.pop(key, None)

    def walk(self) -> Iterator[StoredBlob]:
        with self._lock:
            blobs = list(self._blobs.items())
        for key, kept in blobs:
            yield StoredBlob(key, len(kept.data), kept.put_at)

    def spools(self) -> Iterator[SpoolEntry]:
        with self._lock:
            spools = list(self._spools.items())
        for (owner, name), arriving in spools:
            yield SpoolEntry(owner, name, len(arriving.data))

    def discard_spool(self, owner: str, name: str) -> None:
        with self._lock:
            self._spools.pop((owner, name), None)

    def free_bytes(self) -> int:
        with self._lock:
            return self._free_bytes()

    def _free_bytes(self) -> int:
        kept = sum(len(blob.data) for blob in self._blobs.values())
        arriving = sum(len(spool.data) for spool in self._spools.values())
        return max(0, self._capacity - kept - arriving)

    def probe(self) -> None:
        if not self.free_bytes():
            raise StorageError("insufficient_storage", f"probing: {os.strerror(errno.ENOSPC)}")

    def close(self) -> None:
        with self._lock:
            self._spools.clear()
            self._blobs.clear()
