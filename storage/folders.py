"""Folders held open, so that nothing planted in them is ever followed."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Opening a FIFO must not wait for its other end; on regular files O_NONBLOCK means nothing.
_PLAIN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Folder:
    """A folder by its descriptor. Names are single names, looked up right in it; methods raise OSError.

    After `close` every method fails with EBADF: a number that may stand for something else by then is not kept.
    One that several threads hold is closed when the last of them lets go of it.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def number(self) -> int:
        if self._descriptor < 0:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._descriptor

    @classmethod
    def at(cls, path: Path) -> Self:
        """The folder that an operator named. Only here a symlink is followed."""
        return cls(os.open(path, _FOLDER))

    def enter(self, name: str) -> "Folder":
        return Folder(os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self.number))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def make(self, name: str) -> None:
        """Make a folder, unless it is there."""
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=self.number)

    def remove_if_empty(self, name: str) -> None:
        with suppress(OSError):
            os.rmdir(name, dir_fd=self.number)

    def create(self, name: str) -> int:
        """A descriptor of a new file, to write and to read."""
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _PLAIN, 0o600, dir_fd=self.number)

    def open(self, name: str, flags: int) -> int:
        """A descriptor of a regular file; anything else is ENOENT or the error that opening it gives."""
        descriptor = os.open(name, flags | _PLAIN, dir_fd=self.number)
        with ExitStack() as undo:
            undo.callback(os.close, descriptor)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            undo.pop_all()
        return descriptor

    def has(self, name: str) -> bool:
        """Whether there is a regular file of that name."""
        with suppress(FileNotFoundError):
            return stat.S_ISREG(os.stat(name, dir_fd=self.number, follow_symlinks=False).st_mode)
        return False

    def link(self, descriptor: int, name: str) -> None:
        """Give the open file a name here: the very file that was written and synced, whatever its old name says now."""
        os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=self.number, follow_symlinks=True)

    def move(self, name: str, to: "Folder", new: str) -> None:
        """Rename over whatever is there. Between two names of one file the kernel does nothing (rename(2))."""
        os.rename(name, new, src_dir_fd=self.number, dst_dir_fd=to.number)

    def unlink(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.number)

    def sync(self) -> None:
        os.fsync(self.number)

    def free_bytes(self) -> int:
        """What an unprivileged process may still write."""
        system = os.statvfs(self.number)
        return system.f_bavail * system.f_frsize

    def files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Every regular file, one at a time; those that vanish meanwhile are passed over."""
        with os.scandir(self.number) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):
                        yield entry.name, entry.stat(follow_symlinks=False)

    def folders(self) -> Iterator[str]:
        # A scan moves the descriptor's own offset, and this one is shared between threads.
        with self.enter(".") as again, os.scandir(again.number) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield entry.name


def make_durable(path: Path) -> None:
    """Make the folder and its parents, and sync each name into the folder above it."""
    if not path.is_dir():
        make_durable(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    # Also when it is there: whoever made it may have been killed before the sync. A parent we may not read isn't ours.
    with suppress(PermissionError), Folder.at(path.parent) as parent:
        parent.sync()
