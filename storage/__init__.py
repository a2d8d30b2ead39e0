"""Stores of files by URL."""

from collections.abc import Callable, Mapping
from pathlib import Path

from storage.base import FileStore
from storage.local import LocalFiles
from storage.memory import MemoryFiles

__all__ = ["open_files"]


def _local(rest: str) -> FileStore:
    if not rest:
        raise ValueError("DROPOFF_FILES=file: needs a folder, as in file:data/files")
    return LocalFiles(Path(rest))


def _memory(rest: str) -> FileStore:
    if rest:
        raise ValueError("DROPOFF_FILES=memory: takes nothing after the colon")
    return MemoryFiles()


OPENERS: Mapping[str, Callable[[str], FileStore]] = {"file": _local, "memory": _memory}


def open_files(url: str) -> FileStore:
    """The store that `url` (`scheme:rest`) names. Raises ValueError for a URL that names none, or `StorageError`."""
    scheme, _, rest = url.partition(":")
    if scheme not in OPENERS:
        # Only the scheme is repeated: what follows may hold a credential.
        raise ValueError(f"DROPOFF_FILES={scheme!r}...: the scheme must be one of {', '.join(OPENERS)}")
    return OPENERS[scheme](rest)
