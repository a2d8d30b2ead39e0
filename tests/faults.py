"""Make the n-th call of a system function fail: in this process, or in processes that are started with `environment`.

    for fault in faults.walk({"fsync"}, errno.EIO):      # n = 1, 2, 3 ... until none fires
        with fault:
            upload_something()

Only calls made right from modules under `within` count, so the interpreter, its imports and pytest go on as always.
Calls are replaced in the `os` module: code that says `os.fsync(...)` is reached, `from os import fsync` is not, and
neither is C code such as SQLite's.
"""

import errno
import functools
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self

WRITES = frozenset({"write", "writev", "pwrite", "fsync", "fdatasync", "rename", "replace", "link", "unlink"})
_VARIABLE = "DROPOFF_TEST_FAULT"


class Fault:
    """The `nth` call of one of `calls` fails with `error`, and with `sticky` all later ones too.

    `before`: the call is not made. `after`: it is made, and reported as failed nevertheless, as a network file system
    may do. `log` keeps every counted call: its name and its first argument, a descriptor as what it stands for.
    """

    def __init__(
        self,
        calls: Iterable[str] = WRITES,
        nth: int = 1,
        error: int = errno.EIO,
        *,
        when: Literal["before", "after"] = "before",
        sticky: bool = False,
        within: tuple[str, ...] = ("storage",),
        marker: Path | None = None,
    ) -> None:
        self.nth = nth
        self.error = error
        self.fired = 0
        self.log: list[tuple[str, str]] = []
        self._calls = tuple(sorted(calls))
        self._after = when == "after"
        self._sticky = sticky
        self._within = within
        self._marker = marker
        self._lock = Lock()
        self._real: dict[str, Callable[..., Any]] = {}

    def __enter__(self) -> Self:
        self.arm()
        return self

    def __exit__(self, *_: object) -> None:
        self.disarm()

    def arm(self) -> None:
        for name in self._calls:
            self._real[name] = getattr(os, name)
            setattr(os, name, self._faulty(name, self._real[name]))

    def disarm(self) -> None:
        for name, real in self._real.items():
            setattr(os, name, real)
        self._real.clear()

    def _faulty(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not self._is_within(sys._getframe(1).f_globals.get("__name__", "")) or not self._is_due(name, args):
                return real(*args, **kwargs)
            if self._after:
                real(*args, **kwargs)
            raise OSError(self.error, os.strerror(self.error))

        return call

    def _is_within(self, module: str) -> bool:
        return any(module == package or module.startswith(f"{package}.") for package in self._within)

    def _is_due(self, name: str, args: tuple[Any, ...]) -> bool:
        with self._lock:
            self.log.append((name, _target(args)))
            count = len(self.log)
            if count != self.nth and not (self._sticky and count > self.nth):
                return False
            self.fired += 1
        if self._marker is not None:
            self._marker.touch()
        return True


def _target(args: tuple[Any, ...]) -> str:
    first = args[0] if args else ""
    if not isinstance(first, int):
        return str(first)
    try:
        return os.readlink(f"/proc/self/fd/{first}")
    except OSError:
        return ""


def watch(calls: Iterable[str] = WRITES, within: tuple[str, ...] = ("storage",)) -> Fault:
    """A fault that never fires: only its log is of interest."""
    return Fault(calls, nth=0, within=within)


def walk(calls: Iterable[str], error: int, **options: Any) -> Iterator[Fault]:
    """The faults of n = 1, 2, 3 ...; the last one is the first that did not fire. Arm each around one whole action."""
    for nth in itertools.count(1):
        fault = Fault(calls, nth, error, **options)
        yield fault
        if not fault.fired:
            return


def environment(folder: Path, calls: Iterable[str], nth: int, error: int, **options: Any) -> Mapping[str, str]:
    """Variables that arm the fault at the start of every Python process that gets them, down to the last descendant.

    Each process counts for itself. `folder` must be empty and stay; the file `fired` appears in it with the fault.
    Interpreters started with -I are spared.
    """
    (folder / "sitecustomize.py").write_text("from tests import faults\n\nfaults.arm_from_environment()\n")
    fault = {"calls": sorted(calls), "nth": nth, "error": error, "marker": str(folder / "fired"), **options}
    repository = Path(__file__).parent.parent
    return {_VARIABLE: json.dumps(fault), "PYTHONPATH": f"{folder}{os.pathsep}{repository}"}


def arm_from_environment() -> None:
    options = json.loads(os.environ[_VARIABLE])
    options["marker"] = Path(options["marker"])
    options["within"] = tuple(options.get("within", ("storage",)))
    Fault(**options).arm()
