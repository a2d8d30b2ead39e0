"""Who is alive on this host: every web and worker process holds a lock on a file of its own.

The kernel drops the lock with the process, however it dies, so a stale owner is known at once and no clock matters.
No child inherits the descriptor (it is close-on-exec, and the zygote is executed, not forked).
"""

import fcntl
import os
import re
import secrets
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

Role = Literal["web", "worker"]


class Owner:
    """This process, as the owner of spools or of running jobs. Use as a context manager, or `release` it."""

    def __init__(self, folder: Path, role: Role) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.id = f"{role}-{host()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.path = folder / self.id
        # Locked before it bears its name: nobody ever sees an owner that lives and isn't locked.
        unnamed = folder / f".{self.id}"
        self._descriptor = _create_locked(unnamed)
        while not _renamed(unnamed, self.path):  # somebody took it for one of the dead before it was locked
            os.close(self._descriptor)
            self._descriptor = _create_locked(unnamed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


def _create_locked(path: Path) -> int:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _renamed(path: Path, target: Path) -> bool:
    try:
        path.rename(target)
    except FileNotFoundError:
        return False
    return True


def host() -> str:
    """This host's name, as far as it can stand in a file's name and between dashes."""
    return re.sub(r"[^A-Za-z0-9._]", "_", socket.gethostname())


def is_local(owner: str) -> bool:
    """Whether the owner lives, or lived, on this host."""
    return owner.split("-")[1:2] == [host()]


def is_alive(folder: Path, owner: str) -> bool:
    """Whether a local owner still holds its lock."""
    try:
        descriptor = os.open(folder / owner, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def dead(folder: Path) -> list[str]:
    """The owners that are gone and have left their file; some died before they had a name."""
    return [path.name for path in folder.iterdir() if not is_alive(folder, path.name)]


def forget(folder: Path, names: Iterable[str]) -> None:
    """Remove the files of these owners."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
