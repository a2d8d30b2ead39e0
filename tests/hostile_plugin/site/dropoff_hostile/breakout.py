"""What a processor that was taken over would try next."""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from processors.base import Work


def reach_out(work: Work[Any]) -> Any:
    """`text` is a folder outside of the scratch folder, with a file `secret` in it, and `n` a port that listens.

    Returns what became of each attempt: the name of the error, or "done".
    """
    outside = Path(work.params.text)
    attempts: dict[str, Callable[[], object]] = {
        "read": (outside / "secret").read_bytes,
        "list": lambda: os.listdir(outside),
        "write": lambda: (outside / "planted").write_bytes(b"planted"),
        "overwrite": lambda: (outside / "secret").write_bytes(b"gone"),
        "remove": (outside / "secret").unlink,
        "move in": lambda: (outside / "secret").rename(work.scratch / "secret"),
        "link in": lambda: os.link(outside / "secret", work.scratch / "linked"),
        "read by a symlink": lambda: _by_symlink(work.scratch, outside / "secret"),
        "reopen the input": lambda: os.open(_descriptor_of_input(), os.O_RDWR),
        "passwords": Path("/etc/passwd").read_bytes,
        "the zygote's environment": Path(f"/proc/{os.getppid()}/environ").read_bytes,
        "signal the zygote": lambda: os.kill(os.getppid(), signal.SIGCONT),
        "priority": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99)),
        "connect": lambda: socket.create_connection(("127.0.0.1", work.params.n), timeout=5).close(),
        "send by UDP": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", work.params.n)),
        "a socket with a path": lambda: socket.socket(socket.AF_UNIX),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)).close(),
        "scratch": lambda: (work.scratch / "mine").write_bytes(b"mine"),
        "nowhere": lambda: Path(os.devnull).write_bytes(b"gone"),
        "the interpreter": Path(os.__file__).read_bytes,
    }
    return {name: _tried(attempt) for name, attempt in attempts.items()}


def _tried(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


def _by_symlink(scratch: Path, target: Path) -> bytes:
    link = scratch / "link"
    link.symlink_to(target)
    return link.read_bytes()


def _descriptor_of_input() -> str:
    """Its path in /proc, through which a file that is open for reading could be opened for writing."""
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that listed them
            if os.readlink(entry).endswith("/input"):
                return str(entry)
    raise AssertionError("the input is not among the descriptors")
