"""Runs one file in one cell and says how it ended: the only door through the wall."""

import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from ingest import kernel
from ingest.attend import Attendance, Stop
from ingest.brood import Brood, SandboxError, Zygote
from ingest.cellwire import Errand, Left, Raised
from ingest.jobs.outcomes import Interrupted, Released, Retry
from ingest.verdict import CellEnd, Finished, Seen, Verdict, judge
from processors.base import Limits, Report

__all__ = ["CellEnd", "Finished", "Left", "Order", "Sandbox", "SandboxError", "Stop"]

log = logging.getLogger(__name__)

WARM_SECONDS = 60.0
ERROR_TAIL_BYTES = 1500  # of a cell's standard error, in a log line


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
            params=self.params,
            name=self.name,
            media_type=self.media_type,
            size=self.size,
            scratch=str(self.scratch.absolute()),
            limits=self.limits,
        ).line()


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
        self._closed = False
        self._broods: dict[str, Brood] = {}
        subreaper = kernel.adopt_orphans(True)
        try:
            for kind in kinds:
                self._broods[kind] = Brood(python, kind, settings, warm_seconds)
            granted = [brood.wait_until_warm() for brood in self._broods.values()]
        except SandboxError:
            self.close()
            raise
        self.protections: Mapping[str, bool | str] = {
            "zygote": True,
            **{name: all(one[name] for one in granted) for name in granted[0]},
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
                    self._broods[order.kind].bury(wires.zygote)
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
            files = (errand, order.input, their_reports, errors, their_line)
            zygote = self._broods[order.kind].order([file.fileno() for file in files])
            return Wires(zygote, line, reports, errors)

    def _settle(self, order: Order, seen: Seen) -> CellEnd:
        verdict = judge(seen, order.limits)
        if self._closed and isinstance(verdict, Interrupted):
            verdict = Released()  # we ended it, and owe the job nothing but its place
        if seen.ended is None:
            return CellEnd(verdict, None, None, None)
        return CellEnd(verdict, seen.ended.exit, seen.ended.cpu_seconds, seen.ended.peak_rss_bytes)

    def close(self) -> None:
        """End every cell and the zygotes, all at once. Idempotent; a `run` under way returns `Released`."""
        self._closed = True
        with ThreadPoolExecutor(max(1, len(self._broods))) as threads:
            for _ in threads.map(Brood.close, self._broods.values()):
                pass  # raises what a thread has raised
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
