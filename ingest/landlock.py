"""Landlock: a process gives up the files, the network and the other processes, for good, but for what it names.

Linux 5.13 and newer, where it is enabled (landlock(7)); what an older kernel doesn't know is not asked of it. Needs
`no_new_privileges`, unless the user is root.
"""

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress

# The same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_CHAR, _MAKE_DIR, _MAKE_REG, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _MAKE_SYM = (1 << bit for bit in range(6, 13))
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15  # since versions 2, 3 and 5
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV  # what a rule on a plain file may name

READ = _READ_FILE | _READ_DIR | _EXECUTE
WRITE = (
    _READ_FILE | _READ_DIR | _WRITE_FILE | _TRUNCATE | _REFER
    | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _MAKE_FIFO | _MAKE_SYM
)  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Of the kernel's Landlock; 0 where there is none."""
    return max(0, _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_ASK_VERSION)))


class Walls:
    """What a process is about to confine itself to; made beforehand, since that takes longer than to go inside.

    Where there is no Landlock these are no walls.
    """

    def __init__(self) -> None:
        self._handled = handled = _handled(version())
        self._ruleset = -1
        if handled.files:
            size = ctypes.c_size_t(ctypes.sizeof(handled))
            self._ruleset = _call(_CREATE_RULESET, ctypes.byref(handled), size, ctypes.c_uint(0))

    def allow(self, access: int, paths: Iterable[str]) -> None:
        """`READ` or `WRITE` beneath each of `paths`. What isn't there is passed over."""
        if self._ruleset >= 0:
            for path in paths:
                _allow(self._ruleset, path, access & self._handled.files)

    def enter(self) -> bool:
        """For good: the calling process opens nothing but what was allowed; what is open already stays as it is.

        From version 4 on it neither binds nor connects TCP, from 6 on it signals nobody outside. False: no walls.
        """
        if self._ruleset < 0:
            return False
        try:
            return _call(_RESTRICT_SELF, ctypes.c_int(self._ruleset), ctypes.c_uint(0)) == 0
        finally:
            os.close(self._ruleset)
            self._ruleset = -1


def _handled(known: int) -> _Ruleset:
    """Everything that this version can forbid."""
    files = (1 << 13) - 1 if known else 0
    for since, access in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        files |= access if known >= since else 0
    return _Ruleset(files, 0b11 if known >= 4 else 0, 0b11 if known >= 6 else 0)


def _allow(ruleset: int, path: str, access: int) -> None:
    with suppress(FileNotFoundError, PermissionError):  # what can't be found can't be opened either
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(parent).st_mode):
                access &= _OF_FILES
            rule = _PathBeneath(access, parent)
            _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint(0))
        finally:
            os.close(parent)


def _call(number: int, *arguments: object) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *arguments))
