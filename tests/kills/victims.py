"""Who can be killed: finds the processes of a running server by their place in the tree, and kills one of them."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.server import children, descendants

Sort = Literal["cell", "spare", "worker", "zygote", "web"]
MODULES = {"web": "ingest.web_process", "worker": "ingest.worker_process", "zygote": "ingest.zygote"}


@dataclass(frozen=True, slots=True)
class Process:
    """A process and not merely a pid: `started` tells it from a later one of the same number."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        return look(self.pid) == self


def look(pid: int) -> Process | None:
    """The process of that pid; None if there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, started = fields[0], int(fields[19])
    return None if state in "ZX" else Process(pid, started)


def tree(pid: int) -> list[Process]:
    """The process and everybody below it, parents first."""
    return [process for one in (pid, *descendants(pid)) if (process := look(one))]


def find(sort: Sort, supervisor: int) -> list[Process]:
    """Everybody of that sort in the supervisor's tree, as it is at this moment."""
    return [process for pid in _pids(sort, supervisor) if (process := look(pid))]


def kill(victim: Process) -> bool:
    """SIGKILL exactly this process. False: it was dead already."""
    try:
        descriptor = os.pidfd_open(victim.pid)
    except ProcessLookupError:
        return False
    try:
        if not victim.alive:
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def _pids(sort: Sort, supervisor: int) -> list[int]:
    match sort:
        case "web" | "worker":
            return [pid for pid in children(supervisor) if _runs(pid, MODULES[sort])]
        case "zygote":
            below = [pid for worker in _pids("worker", supervisor) for pid in children(worker)]
            return [pid for pid in below if _runs(pid, MODULES[sort])]
        case "cell" | "spare":
            below = [pid for zygote in _pids("zygote", supervisor) for pid in children(zygote)]
            return [pid for pid in below if _leads_a_group(pid) == (sort == "cell")]


def _leads_a_group(pid: int) -> bool:
    """A cell does once it has something to do; one that was forked ahead does not yet."""
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def _runs(pid: int, module: str) -> bool:
    try:
        return module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
