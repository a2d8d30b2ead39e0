"""The zygotes as the worker has them: one for each kind, executed and warmed, replaced when it dies or hangs.

Each is executed, never forked from here: it gets nothing of our memory, environment and descriptors. One for each kind
and not one for all, because what is warm for one kind would be memory in every cell of the others; and a zygote that
dies takes the cells of its kind with it and no more.
"""

import logging
import os
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from ingest import kernel
from ingest.attend import START_SECONDS
from ingest.cellwire import GREETING, Unfit, Warm, receive
from processors.base import ONE_THREAD

log = logging.getLogger(__name__)

FAREWELL_SECONDS = 5.0  # for a zygote to end its cells

# Everything that zygote and cells know of our environment, but for the processors' own settings. glibc's arenas would
# eat up the address space that a cell may have. Buffers of images come and go: giving each back to the kernel, to be
# cleared and mapped anew in pages of 4 KiB, was a quarter of an image's CPU time (glibc 2.35 has the huge pages).
ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    **ONE_THREAD,
}


# Two that end at once would find, and reap, the same orphans; and a number that was reaped may be somebody else's.
_funeral = threading.Lock()


class SandboxError(Exception):
    """No cell can be started. Says why."""


class Zygote:
    """The zygote of one kind as our child. Raises `SandboxError` when it can't be executed.

    `granted` are the protections that its cells have, once it is warm.
    """

    def __init__(self, python: str, kind: str, settings: Mapping[str, str]) -> None:
        self.granted: Mapping[str, bool] = {}
        self._kind = kind
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = _execute(python, theirs, kind, settings)
        except OSError as error:
            self._control.close()
            raise SandboxError(f"{python} can't be executed: {error.strerror}") from None
        finally:
            theirs.close()
        born = kernel.look(self._process.pid)
        self._born = born.started if born else 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_warm(self, seconds: float) -> None:
        """Returns at once when it is. When it can't be warmed, it ends: raises `SandboxError`."""
        if self.granted:
            return
        try:
            self.granted = self._greet(seconds)
        except SandboxError:
            self.end(0)
            raise

    def _greet(self, seconds: float) -> dict[str, bool]:
        self._control.settimeout(seconds)
        try:
            greeting = receive(self._control, GREETING)
        except TimeoutError:
            raise SandboxError(f"{self._kind}: it was not warm after {seconds:g} s") from None
        self._control.settimeout(START_SECONDS)
        match greeting:
            case Warm(granted=granted):
                return granted
            case Unfit(reason=reason):
                raise SandboxError(reason)
            case None:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(FAREWELL_SECONDS)
                raise SandboxError(f"{self._kind}: warming it ended the zygote with status {self._process.returncode}")

    def order(self, descriptors: Sequence[int]) -> None:
        """Ask for a cell. Raises `OSError` when the zygote is dead or hangs."""
        socket.send_fds(self._control, [b"cell"], descriptors)

    def end(self, patience: float) -> None:
        """Let it end its cells and itself, or kill it; then end whatever it left to us."""
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        self._process.wait()
        with _funeral:
            kernel.end_all(self._orphans)

    def _orphans(self) -> list[int]:
        """What a dead zygote has left to us: forks still in its group, and cells with all they started.

        Children that are none of its are in our session, or older: nothing else in a worker starts sessions. Those of
        another kind's zygote that has died too are in for the same end.
        """
        ours = os.getsid(0)
        children = [child for pid in kernel.children(os.getpid()) if (child := kernel.look(pid))]
        return [
            child.pid
            for child in children
            if child.group == self.pid or (child.session != ours and child.started >= self._born)
        ]


def _execute(python: str, control: socket.socket, kind: str, settings: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [python, "-I", "-m", "ingest.zygote", str(control.fileno()), kind],
        env={**settings, **ENVIRONMENT},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[control.fileno()],
        process_group=0,  # its own, which `_orphans` looks for and the terminal's Ctrl-C misses
    )


class Brood:
    """The cells of one kind, by the zygote that lives or a new one. Thread-safe.

    The first zygote is executed at once, so that those of several kinds warm at the same time. Raises `SandboxError`.
    """

    def __init__(self, python: str, kind: str, settings: Mapping[str, str], warm_seconds: float) -> None:
        self._kind = kind
        self._warm_seconds = warm_seconds
        self._execute = partial(Zygote, python, kind, settings)
        self._lock = threading.Lock()
        self._closed = False
        self._zygote: Zygote | None = self._execute()

    def wait_until_warm(self) -> Mapping[str, bool]:
        """Returns the protections that cells have here. Raises `SandboxError`."""
        return self._living().granted

    def order(self, descriptors: Sequence[int]) -> Zygote:
        """Ask for a cell. Returns whose it is. Raises `SandboxError` when there can be none."""
        for _ in range(2):
            zygote = self._living()
            try:
                zygote.order(descriptors)
            except OSError:
                self.bury(zygote)
            else:
                return zygote
        raise SandboxError("the zygote dies as soon as it is warm")

    def _living(self) -> Zygote:
        with self._lock:
            if self._closed:
                raise SandboxError("the sandbox is closed")
            zygote = self._zygote or self._execute()
            self._zygote = None
            zygote.wait_until_warm(self._warm_seconds)
            self._zygote = zygote
            return zygote

    def bury(self, zygote: Zygote) -> None:
        """It is dead or hangs: end it and all its cells. Whoever comes second waits until that is done."""
        with self._lock:
            if self._zygote is zygote:
                self._zygote = None
                log.error(
                    "%s: the zygote (pid %d) died or hung; another comes with the next job", self._kind, zygote.pid
                )
                zygote.end(0)

    def close(self) -> None:
        """End every cell and the zygote. Idempotent."""
        with self._lock:
            self._closed = True
            zygote, self._zygote = self._zygote, None
            if zygote is not None:
                zygote.end(FAREWELL_SECONDS)
