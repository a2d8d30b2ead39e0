"""The kind `hostile`, a sandbox in which it is installed, and the means to see what it leaves behind."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from ingest.cell import NAME
from ingest.sandbox import CellEnd, Order, Sandbox, Stop
from processors.base import Limits, OnReport, Report
from processors.work import ignore
from tests.plugin import interpreter

SITE = Path(__file__).resolve().parent / "site"
BYTES = b"the input of a cell"
PATIENT = Limits(cpu_seconds=20, total_seconds=30.0, silent_seconds=20.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    end: CellEnd
    reports: list[Report]
    seconds: float
    scratch: Path


@dataclass(slots=True)
class Tryout:
    """A sandbox for hostile acts. `python` is an interpreter of its own, by which its processes can be told."""

    sandbox: Sandbox
    folder: Path
    python: Path
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def run(
        self,
        act: str,
        limits: Limits = PATIENT,
        *,
        stop: Stop | None = None,
        on_report: OnReport = ignore,
        data: bytes = BYTES,
        kind: str = "hostile",
        **params: Any,
    ) -> Attempt:
        """One attempt at one act, watched to its end."""
        number = next(self._numbers)
        scratch = self.folder / f"scratch-{number}"
        scratch.mkdir()
        source = self.folder / "input"
        source.write_bytes(data)
        reports: list[Report] = []

        def take(report: Report) -> None:
            reports.append(report)
            on_report(report)

        with source.open("rb") as file:
            order = Order(
                job_id=f"job-{number}",
                attempt=1,
                kind=kind,
                params={"act": act, **params},
                name="some file.bin",
                media_type="application/octet-stream",
                size=len(data),
                input=file,
                scratch=scratch,
                limits=limits,
            )
            started = time.monotonic()
            end = self.sandbox.run(order, take, stop or Stop())
            return Attempt(end, reports, time.monotonic() - started, scratch)

    def processes(self) -> set[int]:
        """The zygote, its cells, and whatever they forked, as far as it is alive."""
        return processes(self.python)

    def busy(self) -> set[int]:
        """The same without the zygote and the cell that waits for an order."""
        return busy(self.python)

    @property
    def zygote(self) -> int:
        """Its pid. There must be one."""
        (pid,) = (pid for pid in self.processes() if parent(pid) == os.getpid())
        return pid


@contextmanager
def hostile_sandbox(folder: Path, python: Path | None = None) -> Iterator[Tryout]:
    python = python or interpreter(folder / "python", SITE)
    with closing(Sandbox(["hostile"], python=str(python))) as sandbox:
        yield Tryout(sandbox, folder, python)


def processes(python: Path) -> set[int]:
    """Every live process that runs this interpreter. A zombie has no command line any more."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(python).encode() in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def busy(python: Path) -> set[int]:
    """Cells with an order, and what they forked, by the name that they inherit from each other."""
    return {pid for pid in processes(python) if name(pid) == NAME}


def name(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None


def parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.005)
    return True
