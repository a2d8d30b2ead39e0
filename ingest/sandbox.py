"""Runs one file in one cell and says how it ended: the only door through the wall.

The zygote is executed, never forked from here: it gets nothing of our memory, environment and descriptors.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from ingest import kernel
from ingest.attend import START_SECONDS, Attendance, Stop
from ingest.cellwire import GREETING, Errand, Left, Raised, Unfit, Warm, receive
from ingest.jobs.outcomes import Interrupted, Released, Retry
from ingest.verdict import CellEnd, Finished, Seen, Verdict, judge
from processors.base import ONE_THREAD, Limits, Report

__all__ = ["CellEnd", "Finished", "Left", "Order", "Sandbox", "SandboxError", "Stop"]

log = logging.getLogger(__name__)

WARM_SECONDS = 60.0
FAREWELL_SECONDS = 5.0  # for the zygote to end its cells
ERROR_TAIL_BYTES = 1500  # of a cell's standard error, in a log line

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


class SandboxError(Exception):
    """No cell can be started. Says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt at one job. `input` is a real file; `scratch` is private to the attempt, outputs land in `out`."""

    job_id: str
    attempt: int
    kind: str
    params: dict[str, Any]
    name: str
    media_type: str
    size: int
    input: BinaryIO
    scratch: Path
    limits: Limits

    def errand(self) -> bytes:
        """What the cell gets to read. Its input goes by descriptor, never by name."""
        return Errand(
            kind=self.kind,
            params=self.params,
            name=self.name,
            media_type=self.media_type,
            size=self.size,
            scratch=str(self.scratch.absolute()),
            limits=self.limits,
        ).line()


class Zygote:
    """The zygote as our child, from its warming on. Raises `SandboxError` when it can't be warmed."""

    def __init__(self, python: str, kinds: Sequence[str], settings: Mapping[str, str], seconds: float) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = _execute(python, theirs, kinds, settings)
        except OSError as error:
            self._control.close()
            raise SandboxError(f"{python} can't be executed: {error.strerror}") from None
        finally:
            theirs.close()
        born = kernel.look(self._process.pid)
        self._born = born.started if born else 0
        try:
            self.granted = self._greet(seconds)
        except SandboxError:
            self.end(0)
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def _greet(self, seconds: float) -> dict[str, bool]:
        self._control.settimeout(seconds)
        try:
            greeting = receive(self._control, GREETING)
        except TimeoutError:
            raise SandboxError(f"the kinds were not warm after {seconds:g} s") from None
        self._control.settimeout(START_SECONDS)
        match greeting:
            case Warm(granted=granted):
                return granted
            case Unfit(reason=reason):
                raise SandboxError(reason)
            case None:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(FAREWELL_SECONDS)
                status = self._process.returncode
                raise SandboxError(f"the zygote ended with status {status} while it warmed the kinds")

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
        kernel.end_all(self._orphans)

    def _orphans(self) -> list[int]:
        """What a dead zygote has left to us: forks still in its group, and cells with all they started.

        Children that are none of its are in our session, or older: nothing else in a worker starts sessions.
        """
        ours = os.getsid(0)
        children = [child for pid in kernel.children(os.getpid()) if (child := kernel.look(pid))]
        return [
            child.pid
            for child in children
            if child.group == self.pid or (child.session != ours and child.started >= self._born)
        ]


def _execute(
    python: str, control: socket.socket, kinds: Sequence[str], settings: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [python, "-I", "-m", "ingest.zygote", str(control.fileno()), *kinds],
        env={**settings, **ENVIRONMENT},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[control.fileno()],
        process_group=0,  # its own, which `_orphans` looks for and the terminal's Ctrl-C misses
    )


class Sandbox:
    """Thread-safe: `run` blocks its thread, several may run at once.

    `settings` are those of the processors, for their environment; `python` is the interpreter of the cells.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        python: str = sys.executable,
        warm_seconds: float = WARM_SECONDS,
    ) -> None:
        self._start: Callable[[], Zygote] = lambda: Zygote(python, kinds, settings, warm_seconds)
        self._lock = threading.Lock()
        self._closed = False
        subreaper = kernel.adopt_orphans(True)
        self._zygote: Zygote | None = self._start()
        self.protections: Mapping[str, bool | str] = {
            "zygote": True,
            **self._zygote.granted,
            "process_watch": kernel.sees_children(),
            "subreaper": subreaper,
        }

    def run(self, order: Order, on_report: Callable[[Report], None], stop: Stop) -> CellEnd:
        """Wait for the end of one cell. Afterwards neither it nor anything that it started is alive.

        What `on_report` raises ends the cell and is passed on.
        """
        if stop.reason is not None:
            return self._settle(order, Seen(cause=stop.reason))
        with ExitStack() as ours:
            try:
                wires = self._ask(order, ours)
            except (OSError, SandboxError) as error:
                log.error("job %s: no cell could be started: %s", order.job_id, error)
                return self._settle(order, Seen(cause="unstarted", detail="No cell could be started"))
            attendance = Attendance(wires.line, wires.reports.fileno(), order.limits, on_report, stop)
            try:
                seen = attendance.wait()
            finally:
                if attendance.zygote_failed:
                    self._bury(wires.zygote)
            end = self._settle(order, seen)
            _log(order, seen, end.verdict, wires.errors.fileno())
            return end

    def _ask(self, order: Order, ours: ExitStack) -> "Wires":
        """Order a cell. What it is connected to us by stays open as long as `ours`."""
        with ExitStack() as theirs:
            line, their_line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.enter_context(line)
            theirs.enter_context(their_line)
            read, write = os.pipe()
            reports = ours.enter_context(os.fdopen(read, "rb", buffering=0))
            their_reports = theirs.enter_context(os.fdopen(write, "wb", buffering=0))
            os.set_blocking(read, False)
            errors = ours.enter_context((order.scratch / "stderr").open("x+b", buffering=0))
            errand = theirs.enter_context(os.fdopen(os.memfd_create("errand"), "w+b"))
            errand.write(order.errand())
            errand.seek(0)
            zygote = self._send([file.fileno() for file in (errand, order.input, their_reports, errors, their_line)])
            return Wires(zygote, line, reports, errors)

    def _send(self, descriptors: Sequence[int]) -> Zygote:
        """To the zygote that lives, or else to a new one."""
        for _ in range(2):
            zygote = self._living()
            try:
                zygote.order(descriptors)
            except OSError:
                self._bury(zygote)
            else:
                return zygote
        raise SandboxError("the zygote dies as soon as it is warm")

    def _living(self) -> Zygote:
        with self._lock:
            if self._closed:
                raise SandboxError("the sandbox is closed")
            if self._zygote is None:
                self._zygote = self._start()
            return self._zygote

    def _bury(self, zygote: Zygote) -> None:
        """It is dead or hangs: end it and all its cells. Whoever comes second waits until that is done."""
        with self._lock:
            if self._zygote is zygote:
                self._zygote = None
                log.error("the zygote (pid %d) died or hung; another is started for the next job", zygote.pid)
                zygote.end(0)

    def _settle(self, order: Order, seen: Seen) -> CellEnd:
        verdict = judge(seen, order.limits)
        if self._closed and isinstance(verdict, Interrupted):
            verdict = Released()  # we ended it, and owe the job nothing but its place
        if seen.ended is None:
            return CellEnd(verdict, None, None, None)
        return CellEnd(verdict, seen.ended.exit, seen.ended.cpu_seconds, seen.ended.peak_rss_bytes)

    def close(self) -> None:
        """End every cell and the zygote. Idempotent; a `run` under way returns `Released`."""
        with self._lock:
            self._closed = True
            zygote, self._zygote = self._zygote, None
            if zygote is not None:
                zygote.end(FAREWELL_SECONDS)
                kernel.adopt_orphans(False)


@dataclass(frozen=True, slots=True)
class Wires:
    """Our ends of what connects us to one cell: its zygote, its line to it, its pipe, its standard error."""

    zygote: Zygote
    line: socket.socket
    reports: FileIO
    errors: FileIO


def _log(order: Order, seen: Seen, verdict: Verdict, errors: int) -> None:
    """What the job's document is too public for."""
    if isinstance(seen.word, Raised):
        log.error("job %s: its processor raised\n%s", order.job_id, seen.word.traceback)
    elif isinstance(verdict, Retry | Interrupted):
        tail = os.pread(errors, ERROR_TAIL_BYTES, max(0, os.fstat(errors).st_size - ERROR_TAIL_BYTES))
        log.warning("job %s: %s\n%s", order.job_id, verdict.detail, tail.decode(errors="replace"))
