"""An `OSError` of the system as the `StorageError` that the contract promises."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from storage.base import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# What opening something says when it is gone, or is a symlink, a folder or a socket that somebody planted.
_NOT_A_FILE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO})


@contextmanager
def failing(doing: str) -> Iterator[None]:
    """Whatever the system refuses in here is a `StorageError` that names `doing`."""
    try:
        yield
    except OSError as error:
        raise storage_error(doing, error) from error


@contextmanager
def finding(what: str) -> Iterator[None]:
    """Like `failing`, for opening `what`: that it isn't there is `blob_missing`."""
    try:
        yield
    except OSError as error:
        if error.errno in _NOT_A_FILE:
            raise StorageError("blob_missing", f"{what} is not there") from error
        raise storage_error(f"opening {what}", error) from error


def storage_error(doing: str, error: OSError) -> StorageError:
    """The detail is public: it carries the system's words, never a path."""
    detail = f"{doing}: {os.strerror(error.errno) if error.errno else 'failed'}"
    return StorageError("insufficient_storage" if error.errno in _FULL else "storage_unavailable", detail)
