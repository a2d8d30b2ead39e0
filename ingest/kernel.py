"""What Linux offers and Python does not: prctl(2), and other processes as /proc shows them."""

import ctypes
import itertools
import os
import resource
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

REAP_SECONDS = 2.0
REAP_PAUSE_SECONDS = 0.0005

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> bool:
    unused = ctypes.c_ulong(0)
    return bool(_libc.prctl(option, ctypes.c_ulong(value), unused, unused, unused) == 0)


def die_with_parent() -> bool:
    """SIGKILL for the calling process once the thread that forked it is gone. Does not see an earlier death."""
    return _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def forbid_new_privileges() -> bool:
    """No execve(2) from here on gives rights: set-user-ID programs run as plain ones."""
    return _prctl(PR_SET_NO_NEW_PRIVS, 1)


def hide_memory() -> bool:
    """Siblings of the same user can't attach to the calling process or read its memory; it dumps no core."""
    return _prctl(PR_SET_DUMPABLE, 0)


def adopt_orphans(wanted: bool) -> bool:
    """Become the parent of every descendant whose own parent dies, instead of init."""
    return _prctl(PR_SET_CHILD_SUBREAPER, wanted)


def take_name(name: str) -> None:
    """How ps and top call the process: 15 bytes at most. Its children inherit it."""
    _libc.prctl(PR_SET_NAME, ctypes.c_char_p(name.encode()), 0, 0, 0)


def prefer_as_oom_victim() -> bool:
    """When the machine runs out of memory, this process goes before any other."""
    try:
        descriptor = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.write(descriptor, b"1000") > 0
    except OSError:
        return False
    finally:
        os.close(descriptor)


def close_all_but(kept: Iterable[int]) -> None:
    """Close every descriptor above 2 that isn't kept: a system call for each gap."""
    for below, above in itertools.pairwise([2, *sorted(kept), os.sysconf("SC_OPEN_MAX")]):
        os.closerange(below + 1, above)


def lower_limit(which: int, soft: int, hard: int | None = None) -> None:
    """Set a resource limit, never above what was allowed already."""
    ceiling = resource.getrlimit(which)[1]
    wanted = [soft, soft if hard is None else hard]
    if ceiling != resource.RLIM_INFINITY:
        wanted = [min(value, ceiling) for value in wanted]
    resource.setrlimit(which, (wanted[0], wanted[1]))


@dataclass(frozen=True, slots=True)
class Process:
    """From /proc/PID/stat. `started` is in clock ticks since boot."""

    pid: int
    group: int
    session: int
    started: int


def look(pid: int) -> Process | None:
    """None: there is no such process, nor its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return Process(pid, group=int(fields[2]), session=int(fields[3]), started=int(fields[19]))


def resident_bytes(pid: int) -> int:
    """Memory that the process holds now; 0 if it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * resource.getpagesize()


def count_threads() -> int:
    """The calling process's threads, of any language: the kernel counts."""
    return len(list(Path("/proc/self/task").iterdir()))


def cgroups(path: str = "/proc/self/cgroup") -> str:
    """Those of this process; empty where the kernel has none, or doesn't tell."""
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def cgroup_limits(groups: str, mount: str = "/sys/fs/cgroup") -> list[str]:
    """The files that tell how many cores and how much memory this process may use, of `groups` in /proc/self/cgroup."""
    folders = {mount, f"{mount}/cpu", f"{mount}/memory"}
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        folders.add(f"{mount}/{controllers}".rstrip("/") + path.rstrip("/"))
    files = ("cpu.max", "memory.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.limit_in_bytes")
    return [f"{folder}/{file}" for folder in sorted(folders) for file in files]


def children(pid: int) -> list[int]:
    """Of all threads of the process, zombies too."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (thread / "children").read_text().split())
    return found


def sees_children() -> bool:
    """Whether this kernel tells of children (CONFIG_PROC_CHILDREN)."""
    return Path("/proc/thread-self/children").exists()


def end_all(find: Callable[[], Iterable[int]]) -> None:
    """Kill and reap those of our own children that `find` names, until it names none; within bounds.

    Whoever dies hands its children to us, so this goes down the whole tree, however often it forked.
    """
    deadline = time.monotonic() + REAP_SECONDS
    while (found := list(find())) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        reaped = [pid for pid in found if _reaped(pid)]
        if not reaped:
            time.sleep(REAP_PAUSE_SECONDS)


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
