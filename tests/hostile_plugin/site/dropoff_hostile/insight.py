"""What a cell looks like from inside."""

import ctypes
import os
import resource
import sys
from pathlib import Path
from typing import Any

from processors.base import Work

PR_GET_PDEATHSIG = 2
PR_GET_DUMPABLE = 3


def inspect(work: Work[Any]) -> Any:
    status = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    return {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "session": os.getsid(0),
        "group": os.getpgid(0),
        "folder": os.getcwd(),
        "umask": int(status["Umask"], 8),
        "threads": int(status["Threads"]),
        "no_new_privileges": int(status["NoNewPrivs"]),
        "oom_score_adj": int(Path("/proc/self/oom_score_adj").read_text()),
        "parent_death_signal": _parent_death_signal(),
        "dumpable": ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
        "limits": {name: list(resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))) for name in _LIMITS},
        "environment": dict(os.environ),
        "arguments": sys.argv,
        "modules": sorted(sys.modules),
        "descriptors": _descriptors(),
    }


_LIMITS = ("AS", "CPU", "FSIZE", "NOFILE", "CORE")


def _parent_death_signal() -> int:
    number = ctypes.c_int()
    ctypes.CDLL(None).prctl(PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    return number.value


def _descriptors() -> dict[str, str]:
    """Number -> what it leads to."""
    found = {}
    for entry in sorted(Path("/proc/self/fd").iterdir()):
        try:
            found[entry.name] = os.readlink(entry)
        except FileNotFoundError:  # the one that listed them
            continue
    return found
