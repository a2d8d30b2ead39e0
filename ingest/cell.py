"""A cell: a fork of the zygote that shuts itself in, processes one file, says what came of it, and ends.

Nothing here trusts the file or the processor; nothing outside trusts what is said here. Each line of Python that runs
for the first time after a fork costs page faults, which is why the plainest ways of doing things were chosen.
"""

import errno
import json
import os
import resource
import signal
import socket
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, get_args

from ingest import kernel, landlock, seccomp
from ingest.cellwire import (
    DESCRIPTORS,
    DETAIL_LENGTH,
    MESSAGE_BYTES,
    TRACEBACK_LENGTH,
    Errand,
    Exhausted,
    LastWord,
    Left,
    Obeyed,
    Raised,
    Refused,
    Reported,
    Returned,
)
from processors.base import AnyProcessor, Cancelled, Limits, Rejected, RejectionCode, Report
from processors.work import FileWork, short

NAME = "dropoff-cell"  # once it has an order
OPEN_FILES = 64
CPU_MERCY_SECONDS = 1  # from SIGXCPU to SIGKILL
# What libraries look up at run time, besides the interpreter's own files: themselves, the cores, the clock's zone; and
# a container's limits, without which DuckDB doesn't start where they are there and can't be read.
OF_THE_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/dev/urandom"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"),
    *filter(os.path.exists, kernel.cgroup_limits(kernel.cgroups())),
)
CRASHED = 70  # exit status: the cell itself failed, before or after the processor

OUT_OF_MEMORY = Exhausted(what="memory").line()  # made beforehand: when it is needed, nothing can be made


@dataclass(slots=True)
class Cell:
    """The descriptors that a cell lives on, and whether it was told to stop."""

    errand: int
    input: int
    reports: int
    errors: int
    stopping: bool = field(default=False, init=False)

    def stop(self, *_: object) -> None:
        self.stopping = True

    def say(self, line: bytes) -> None:
        while line:
            line = line[os.write(self.reports, line) :]

    def report(self, report: Report) -> None:
        self.say(Reported(report=report).line())


def live(orders: socket.socket, processor: AnyProcessor, zygote: int, readable: Sequence[str]) -> NoReturn:
    """The whole life of a cell, right after the fork. Never returns, so that nothing of the zygote runs here."""
    status = CRASHED
    try:
        kernel.close_all_but({orders.fileno()})
        walls = build_walls(readable)
        cell = _await_order(orders)
        if cell is not None:
            _fulfil(cell, processor, zygote, walls)
        status = os.EX_OK
    except SystemExit as wanted:  # a processor that exits has no last word: its status is for the log
        status = wanted.code & 0xFF if isinstance(wanted.code, int) else CRASHED
    except BaseException:  # noqa: BLE001 - standard error is all that is left to tell
        traceback.print_exc()
    finally:
        os._exit(status)


def _await_order(orders: socket.socket) -> Cell | None:
    """None: the zygote is gone. A cell may wait here for long: it was forked ahead, so that no order waits for it."""
    with orders:
        _, descriptors, _, _ = socket.recv_fds(orders, MESSAGE_BYTES, DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
    return Cell(*descriptors) if descriptors else None


def _fulfil(cell: Cell, processor: AnyProcessor, zygote: int, walls: landlock.Walls) -> None:
    kernel.take_name(NAME)
    signal.signal(signal.SIGTERM, cell.stop)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's exception could be swallowed by whatever runs just then
    os.dup2(cell.errors, 2)
    os.close(cell.errors)
    errand = _read_errand(cell.errand)
    if errand.limits.processes:  # what it starts may open the input anew, by its descriptor
        walls.allow(landlock.READ, [f"/proc/self/fd/{cell.input}"])
    shut_in(errand.limits, zygote, walls, errand.scratch)
    _settle_in(errand.scratch)
    cell.say(_work(cell, errand, processor))


def rehearse(audience: socket.socket, zygote: int, readable: Sequence[str]) -> NoReturn:
    """In a fork that is thrown away: tell which protections this machine grants to a cell, and stay to be looked at."""
    try:
        granted = shut_in(Limits(), zygote, build_walls(readable), os.devnull)
        audience.send(json.dumps(granted).encode())
        audience.recv(1)
    finally:
        os._exit(os.EX_OK)


def build_walls(readable: Sequence[str]) -> landlock.Walls:
    """With all that a cell may read; where it may write, its order says."""
    walls = landlock.Walls()
    walls.allow(landlock.READ, [*readable, *OF_THE_SYSTEM])
    return walls


def shut_in(limits: Limits, zygote: int, walls: landlock.Walls, scratch: str) -> dict[str, bool]:
    """Take rights away from the calling process, for good. The zygote holds nothing that would outlive this."""
    os.setsid()
    granted = {"process_group": True, "parent_death_signal": kernel.die_with_parent()}
    if os.getppid() != zygote:  # it died before it could have been told
        os._exit(CRASHED)
    granted["oom_score"] = kernel.prefer_as_oom_victim()  # needs /proc/self, which hide_memory closes
    _set_rlimits(limits)
    granted["rlimits"] = True
    granted["memory_hidden"] = kernel.hide_memory()
    granted["no_new_privileges"] = kernel.forbid_new_privileges()
    # Both ask for no_new_privileges where the user is not root; Landlock's own calls need not be allowed any more.
    walls.allow(landlock.WRITE, [scratch, os.devnull])
    granted["landlock"] = walls.enter()
    granted["seccomp"] = seccomp.forbid()
    return granted


def _set_rlimits(limits: Limits) -> None:
    kernel.lower_limit(resource.RLIMIT_CORE, 0)
    kernel.lower_limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    kernel.lower_limit(resource.RLIMIT_FSIZE, limits.output_bytes)
    kernel.lower_limit(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + CPU_MERCY_SECONDS)
    kernel.lower_limit(resource.RLIMIT_AS, limits.address_space_bytes)


def _read_errand(descriptor: int) -> Errand:
    with os.fdopen(descriptor, "rb") as file:
        return Errand.parse(file.read())


def _settle_in(scratch: str) -> None:
    """Work in the private folder, unseen by others. Any library puts its temporary files there too."""
    os.umask(0o077)
    os.chdir(scratch)
    os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = scratch


def _work(cell: Cell, errand: Errand, processor: AnyProcessor) -> bytes:
    """Returns the cell's last word. What can't be said is a mistake of the processor's too."""
    try:
        work = FileWork(
            params=processor.Params.model_validate(errand.params),
            name=errand.name,
            media_type=errand.media_type,
            size=errand.size,
            scratch=Path(errand.scratch),
            descriptor=cell.input,
            on_report=cell.report,
            cancelled=lambda: cell.stopping,
        )
        result = processor.process(work)
        if not isinstance(result, processor.Result):
            raise TypeError(f"{processor.kind} returned {type(result).__name__} instead of its Result")
        outputs = tuple(Left(left.name, left.media_type, dict(left.attributes)) for left in work.outputs)
        return Returned(result=result.model_dump(mode="json"), outputs=outputs).line()
    except MemoryError:
        return OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001 - a processor's own, or one of a library that it uses
        return _last_word(error).line()


def _last_word(error: Exception) -> LastWord:
    match error:
        case Cancelled():
            return Obeyed()
        case Rejected(code=code, detail=detail) if code in get_args(RejectionCode):
            return Refused(code=code, detail=short(str(detail), DETAIL_LENGTH))
        case OSError(errno=errno.EFBIG):
            return Exhausted(what="file size")
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return Exhausted(what="space")
        case _:
            trace = "".join(traceback.format_exception(error))[-TRACEBACK_LENGTH:]
            return Raised(exception=short(type(error).__name__, 100), traceback=short(trace, TRACEBACK_LENGTH))
