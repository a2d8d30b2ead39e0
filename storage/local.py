"""Files on a local disk, each blob at the address that its sha256 gives: `blobs/<2 hex>/<64 hex>`.

Rules that must stay true:
1. A name below `blobs/` only ever stands for bytes that were synced before: sync, name, sync the folder.
2. A folder is opened for every sync of its own, before it changes. The kernel tells a failed write-back once to each
   descriptor that was open by then: on one that threads share, a thread would swallow the error of another.
3. A sync that failed is never repeated (the kernel has forgotten the lost pages): its spool loses its name at once.
4. Nothing planted is followed: whatever lies below the store's folder is looked up through `Folder`.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from storage.base import Blob, Spool, SpoolEntry, StorageError, StoredBlob
from storage.failing import failing, finding
from storage.folders import Folder, make_durable
from storage.local_spool import LocalSpool, Spools

SHARDS = tuple(f"{number:02x}" for number in range(256))

_KEY = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_PROBE_OWNER = ".probe"  # no owner's name starts with a dot, so no listing shows it
_RACES = 8


class LocalFiles:
    """A `FileStore` below one folder. Several processes may use the same folder at once."""

    def __init__(self, folder: Path) -> None:
        with failing("opening the store"), ExitStack() as opened:
            make_durable(folder)
            with Folder.at(folder) as root:
                root.make("blobs")
                root.make("spool")
                root.sync()
                self._blobs = opened.enter_context(root.enter("blobs"))
                self._spools = Spools(opened.enter_context(root.enter("spool")))
            for shard in SHARDS:
                self._blobs.make(shard)
            self._blobs.sync()
            self._forget_empty_owners()
            opened.pop_all()

    def _forget_empty_owners(self) -> None:
        """Owners that were killed leave their folder, and nothing in it that a sweep would find."""
        with suppress(FileNotFoundError), self._spools.folder.enter(_PROBE_OWNER) as folder:
            for name, _ in folder.files():
                folder.unlink(name)
        for owner in self._spools.folder.folders():
            self._spools.folder.remove_if_empty(owner)

    def spool(self, owner: str, name: str | None = None) -> LocalSpool:
        if not _NAME.fullmatch(owner):
            raise StorageError("storage_unavailable", "the owner's name can't be a folder's")
        return self._new_spool(owner) if name is None else self._reopened_spool(owner, name)

    def _new_spool(self, owner: str) -> LocalSpool:
        name = secrets.token_hex(16)
        self._spools.forget_one_left()
        with failing("creating a spool"):
            for _ in range(_RACES):
                with suppress(FileNotFoundError):
                    return LocalSpool(self._spools, owner, name, self._spools.home(owner).create(name))
                self._spools.leave(owner)  # another process found it empty, and removed it
        raise StorageError("storage_unavailable", "creating a spool: its folder vanishes again and again")

    def _reopened_spool(self, owner: str, name: str) -> LocalSpool:
        if not _NAME.fullmatch(name):
            raise StorageError("blob_missing", "the spool is not there")
        with finding("the spool"), self._spools.folder.enter(owner) as home:
            spool = LocalSpool(self._spools, owner, name, home.open(name, os.O_RDWR))
        try:
            with failing("reading a spool"):
                spool.resume()
        except StorageError:
            spool.close()
            raise
        return spool

    def put(self, spool: Spool) -> Blob:
        if not isinstance(spool, LocalSpool):
            raise TypeError("a spool of another store")
        with spool.in_use:
            spool.sync()
            key = spool.sha256()
            with failing("naming a blob"), self._blobs.enter(key[:2]) as shard:
                spool.take_address(key, shard)
                with spool.last_chance("syncing a blob's name"):
                    shard.sync()
            return Blob(key=key, sha256=key, size=spool.size)

    def exists(self, key: str) -> bool:
        if not _KEY.fullmatch(key):
            return False
        gone = suppress(FileNotFoundError, NotADirectoryError)
        with failing("looking for a blob"), gone, self._blobs.enter(key[:2]) as shard:
            return shard.has(key)
        return False

    def open(self, key: str, start: int = 0) -> BinaryIO:
        with finding("the blob"), self._shard_of(key) as shard:
            descriptor = shard.open(key, os.O_RDONLY)
        handle = os.fdopen(descriptor, "rb")
        handle.seek(start)
        return handle

    def fetch(self, key: str) -> BinaryIO:
        return self.open(key)

    def delete(self, key: str) -> None:
        with failing("deleting a blob"), self._shard_of(key) as shard:
            shard.unlink(key)

    def _shard_of(self, key: str) -> Folder:
        if not _KEY.fullmatch(key):
            raise StorageError("blob_missing", "this is no key of this store")
        return self._blobs.enter(key[:2])

    def walk(self) -> Iterator[StoredBlob]:
        for shard in SHARDS:
            for name, status in _files(self._blobs, shard):
                if _KEY.fullmatch(name) and name.startswith(shard):
                    # The change time, because a put touches it: a spool may have been written long before.
                    yield StoredBlob(name, status.st_size, status.st_ctime)

    def spools(self) -> Iterator[SpoolEntry]:
        with failing("listing"):
            owners = [owner for owner in self._spools.folder.folders() if _NAME.fullmatch(owner)]
        for owner in owners:
            for name, status in _files(self._spools.folder, owner):
                if _NAME.fullmatch(name):
                    yield SpoolEntry(owner, name, status.st_size)

    def discard_spool(self, owner: str, name: str) -> None:
        if not _NAME.fullmatch(owner) or not _NAME.fullmatch(name):
            raise StorageError("blob_missing", "the spool is not there")
        with failing("discarding a spool"):
            self._spools.forget(owner, name)
            self._remove_if_empty(owner)

    def free_bytes(self) -> int:
        with failing("asking for the free space"):
            return self._spools.folder.free_bytes()

    def probe(self) -> None:
        spool = self._new_spool(_PROBE_OWNER)
        try:
            spool.append(bytes(4096))
            with failing("naming a file"), self._spools.folder.enter(_PROBE_OWNER) as folder:
                spool.take_address(spool.name, folder)
                folder.unlink(spool.name)  # before the slow step: who is killed in it leaves nothing
            spool.sync()
        finally:
            spool.discard()
            self._remove_if_empty(_PROBE_OWNER)

    def _remove_if_empty(self, owner: str) -> None:
        self._spools.leave(owner)
        self._spools.folder.remove_if_empty(owner)

    def close(self) -> None:
        self._blobs.close()
        self._spools.close()


def _files(parent: Folder, name: str) -> Iterator[tuple[str, os.stat_result]]:
    """The regular files of a folder; none if it is no folder, or gone."""
    with failing("listing"), suppress(FileNotFoundError, NotADirectoryError), parent.enter(name) as folder:
        yield from folder.files()
