"""A spool on a local disk: one file in its owner's folder, hashed while it is written."""

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from threading import Lock

from storage.base import StorageError
from storage.failing import failing, storage_error
from storage.folders import Folder

WRITE_BACK_BYTES = 8 << 20
BESIDE_BYTES = 256 << 10  # below it, another thread costs more than it saves

_MOST_PARTS = os.sysconf("SC_IOV_MAX")
_READ_BYTES = 1 << 20


def _second_name(name: str) -> str:
    """What a spool is also called for a moment while it is put."""
    return f"{name}.put"


class Spools:
    """The folder of the owners' folders, and what could not be removed from it yet."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.hashers = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="hashing")
        self._homes: dict[str, Folder] = {}
        self._moving = Lock()
        self._left: set[tuple[str, str]] = set()

    def home(self, owner: str) -> Folder:
        """The owner's folder, made if need be. Held open: to enter it for each spool costs as much as writing one."""
        with self._moving:
            home = self._homes.get(owner)
            if home is None:
                self.folder.make(owner)
                home = self._homes[owner] = self.folder.enter(owner)
            return home

    def leave(self, owner: str) -> None:
        """Its folder is gone, or may be. Who works in it holds it open, and it is closed after the last of them."""
        with self._moving:
            self._homes.pop(owner, None)

    def close(self) -> None:
        self.hashers.shutdown()
        self._homes.clear()
        self.folder.close()

    def forget(self, owner: str, name: str) -> None:
        """Take a spool's names away, if it has any. A blob that was put from it keeps its own."""
        try:
            with suppress(FileNotFoundError):
                home = self._homes.get(owner) or self.folder.enter(owner)
                home.unlink(name)
                home.unlink(_second_name(name))
        except OSError:
            self._left.add((owner, name))
            raise

    def forget_one_left(self) -> None:
        """Try once more what failed before: its owner may live for months, so no sweep would come for it."""
        with suppress(KeyError, OSError):
            self.forget(*self._left.pop())


class LocalSpool:
    """A session with the file, by its descriptor."""

    def __init__(self, spools: Spools, owner: str, name: str, descriptor: int) -> None:
        self.owner = owner
        self.name = name
        self.size = 0
        self.in_use = Lock()  # while a put works with the descriptor, which is another file's once it is closed
        self._spools = spools
        self._descriptor = descriptor
        self._hash = sha256()
        self._written_back = 0
        self._refusal = ""  # why it takes nothing any more but `close` and `discard`
        self._shared = False  # a blob may be the same file: bytes must not be added

    def append(self, *parts: bytes | bytearray | memoryview) -> None:
        self._check()
        if self._shared:
            raise StorageError("storage_unavailable", "the spool was put: it can't grow any more")
        views = [memoryview(part).cast("B") for part in parts]
        try:
            with self._hashed(views):
                self.size += _write(self._descriptor, views)
            self._start_write_back()
        except OSError as error:
            self._refusal = "an append failed"
            raise storage_error("writing a spool", error) from error

    @contextmanager
    def _hashed(self, views: list[memoryview]) -> Iterator[None]:
        """Beside the writing, when there is enough of it: both let go of the interpreter, and take about as long."""
        if sum(map(len, views)) < BESIDE_BYTES:
            self._update(views)
            yield
            return
        try:
            hashing = self._spools.hashers.submit(self._update, views)
        except RuntimeError as error:  # no thread to be had
            raise OSError(errno.EAGAIN, str(error)) from error
        try:
            yield
        finally:
            hashing.result()

    def _update(self, views: list[memoryview]) -> None:
        for view in views:
            self._hash.update(view)

    def _start_write_back(self) -> None:
        """Let the disk work while bytes still arrive, so that little is left to wait for in `put`.

        On Linux this advice starts writing out dirty pages and drops none of them. One GiB, hashed and synced, took
        0.7 to 0.8 of the time.
        """
        length = self.size - self._written_back
        if length >= WRITE_BACK_BYTES:
            with suppress(OSError):
                os.posix_fadvise(self._descriptor, self._written_back, length, os.POSIX_FADV_DONTNEED)
            self._written_back = self.size

    def resume(self) -> None:
        """Read what is there, to count and to hash on from its end."""
        buffer = memoryview(bytearray(_READ_BYTES))
        while length := os.readv(self._descriptor, [buffer]):
            self._hash.update(buffer[:length])
            self.size += length
        self._written_back = self.size
        self._shared = os.fstat(self._descriptor).st_nlink != 1

    def sha256(self) -> str:
        return self._hash.hexdigest()

    def sync(self) -> None:
        self._check()
        with self.last_chance("syncing a spool"):
            os.fsync(self._descriptor)

    @contextmanager
    def last_chance(self, doing: str) -> Iterator[None]:
        """A sync. If it fails the bytes are not trusted again, not even by who resumes the spool by its name."""
        try:
            yield
        except OSError as error:
            self._refusal = f"{doing} failed"
            with suppress(OSError):
                self._spools.forget(self.owner, self.name)
            raise storage_error(doing, error) from error

    def take_address(self, key: str, shard: Folder) -> None:
        """Make the file a blob, and keep it as a spool: it gets the address as its second name.

        If the address is taken, this file takes it over: nobody can tell how safe the other one is.
        """
        self._shared = True
        try:
            shard.link(self._descriptor, key)
        except FileExistsError:
            self._take_over(key, shard)

    def _take_over(self, key: str, shard: Folder) -> None:
        home, second = self._spools.home(self.owner), _second_name(self.name)
        try:
            home.unlink(second)  # there still if a put was killed
            home.link(self._descriptor, second)
            home.move(second, shard, key)
        finally:
            home.unlink(second)  # there still if the move failed, or if this very file had the address before

    def close(self) -> None:
        with self.in_use:
            self._refusal = self._refusal or "the spool is closed"
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor >= 0:
                with failing("closing a spool"):
                    os.close(descriptor)

    def discard(self) -> None:
        try:
            self.close()  # first: a process out of descriptors has one for the rest then
        finally:
            with failing("discarding a spool"):
                self._spools.forget(self.owner, self.name)

    def _check(self) -> None:
        if self._refusal:
            raise StorageError("storage_unavailable", self._refusal)


def _write(descriptor: int, views: list[memoryview]) -> int:
    """Write all of it, and say how much that was: a full disk, a limit or the kernel's 2 GiB may cut a write short."""
    total = 0
    while views:
        written = os.writev(descriptor, views[:_MOST_PARTS])
        total += written
        views = _after(views, written)
    return total


def _after(views: list[memoryview], written: int) -> list[memoryview]:
    for index, view in enumerate(views):
        if written < len(view):
            return [view[written:], *views[index + 1 :]]
        written -= len(view)
    return []
