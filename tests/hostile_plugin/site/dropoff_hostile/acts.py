"""What the kind `hostile` can be asked to do. Each act is a function of the work; what it returns is the answer."""

import ctypes
import io
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from processors.base import Cancelled, Rejected, Work

from .breakout import reach_out
from .insight import inspect

Act = Callable[[Work[Any]], Any]


# -- honest work


def nothing(work: Work[Any]) -> Any:
    with work.open() as file:
        return {"name": work.name, "size": work.size, "head": file.read(16).decode()}


def steps(work: Work[Any]) -> Any:
    for step in range(work.params.n):
        work.report(f"step {step}", step, work.params.n, "steps", work.params.text)


def outputs(work: Work[Any]) -> Any:
    for n in range(work.params.n):
        work.output(f"{n}.txt", "text/plain", number=n).write_text(str(n))


def reject(work: Work[Any]) -> Any:
    raise Rejected("corrupt_input", work.params.text)


def use_threads(work: Work[Any]) -> Any:
    """As a decoder does: all of them work, report, and end."""
    threads = [threading.Thread(target=work.report, args=[f"thread {n}"]) for n in range(work.params.n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(threads)


def print_much(work: Work[Any]) -> Any:
    print(work.params.text, flush=True)
    print(work.params.text, file=sys.stderr, flush=True)


def temporary(work: Work[Any]) -> Any:
    return [tempfile.mkdtemp(), os.getcwd(), str(work.scratch)]


def spoil(work: Work[Any]) -> Any:
    """Leave traces all over the interpreter."""
    sys.modules["spoilt"] = sys
    os.environ["SPOILT"] = "1"
    ACTS.clear()
    os.chdir("/")


# -- never coming to an end


def wait(work: Work[Any]) -> Any:
    """Until the end of days, deaf to a polite request, since nothing is reported."""
    work.report("waiting", message=str(os.getpid()))
    threading.Event().wait()


def wait_politely(work: Work[Any]) -> Any:
    pause = threading.Event()
    while True:
        work.report("waiting", message=str(os.getpid()))
        pause.wait(0.01)


def spin(work: Work[Any]) -> Any:
    while True:
        pass


def spin_on(work: Work[Any]) -> Any:
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    spin(work)


def halt(work: Work[Any]) -> Any:
    os.kill(os.getpid(), signal.SIGSTOP)


def ignore_requests(work: Work[Any]) -> Any:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait(work)


class DryingUp(io.RawIOBase):
    """A film; a read beyond its first bytes never comes back, as from a FIFO to which nobody writes."""

    def __init__(self, film: bytes, until: int) -> None:
        self._film = film
        self._until = until
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._film)}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        given = self._film[self._at : self._at + len(buffer)]
        if given and self._at >= self._until:
            read, _write = os.pipe()
            os.read(read, 1)
        buffer[: len(given)] = given
        self._at += len(given)
        return len(given)


def hang_in_decoder(work: Work[Any]) -> Any:
    """FFmpeg waits, in the middle of the film that is the input, for what comes after its first `n` bytes."""
    from processors.media.models import InputLimits
    from processors.media.opening import open_media

    with work.open() as file:
        film = io.BufferedReader(DryingUp(file.read(), work.params.n))
    with open_media(film, InputLimits()) as container:
        for number, _frame in enumerate(container.decode(video=0)):
            work.report("decoding", number)


# -- memory and files


def claim_memory(work: Work[Any]) -> Any:
    return len(bytearray(work.params.n))


def eat_memory(work: Work[Any]) -> Any:
    """A little at a time, and used, so that it is resident."""
    eaten = []
    while True:
        eaten.append(os.urandom(1 << 20))
        work.report("eating", len(eaten))


def write_much(work: Work[Any]) -> Any:
    with work.output("huge.bin", "application/octet-stream").open("wb") as file:
        for _ in range(work.params.n):
            file.write(bytes(1 << 16))


def write_to_death(work: Work[Any]) -> Any:
    """As a C library that restores the default action."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    write_much(work)


def fail_with(work: Work[Any]) -> Any:
    raise OSError(work.params.n, os.strerror(work.params.n), "/secret/path")


def leave_traps(work: Work[Any]) -> Any:
    """In place of files: a symlink, a hard link, a FIFO."""
    work.output("symlink", "text/plain").symlink_to("/etc/passwd")
    work.output("hardlink", "text/plain").hardlink_to(work.scratch / "stderr")
    os.mkfifo(work.output("fifo", "text/plain"))


# -- dying


def segfault(work: Work[Any]) -> Any:
    ctypes.string_at(0)


def abort(work: Work[Any]) -> Any:
    print(work.params.text, file=sys.stderr)
    os.abort()


def take_signal(work: Work[Any]) -> Any:
    os.kill(os.getpid(), work.params.n)
    threading.Event().wait()


def exit_politely(work: Work[Any]) -> Any:
    sys.exit(work.params.n)


def exit_at_once(work: Work[Any]) -> Any:
    os._exit(work.params.n)


def blunder(work: Work[Any]) -> Any:
    raise ValueError(f"{work.params.text} in {work.scratch}")


def run_out_of_memory(work: Work[Any]) -> Any:
    raise MemoryError


def pretend_cancelled(work: Work[Any]) -> Any:
    raise Cancelled


def reject_wrongly(work: Work[Any]) -> Any:
    raise Rejected("no_such_code", "made up")  # type: ignore[arg-type]  # the point of it


# -- the pipe


def say(work: Work[Any]) -> Any:
    """`text`, past all that `report` takes care of, and go on."""
    _write(work.params.text.encode())
    wait(work)


def say_and_leave(work: Work[Any]) -> Any:
    _write(work.params.text.encode())
    os._exit(0)


def flood(work: Work[Any]) -> Any:
    while True:
        _write(b'{"word":"reported","report":{"stage":"flood"}}\n' * 100)


def answer_much(work: Work[Any]) -> Any:
    return "x" * work.params.n


def answer_nan(work: Work[Any]) -> Any:
    return [float("nan")]


def answer_surrogate(work: Work[Any]) -> Any:
    """A text that no encoding of Unicode has, as os.fsdecode makes of a strange name."""
    return "\ud800"


def reject_surrogate(work: Work[Any]) -> Any:
    raise Rejected("corrupt_input", "No \ud800 here")


# -- other processes


def start_child(work: Work[Any]) -> Any:
    _fork_one_who_waits()
    wait(work)


def leave_child(work: Work[Any]) -> Any:
    return _fork_one_who_waits()


def execute(work: Work[Any]) -> Any:
    return subprocess.Popen(["tail", "-f", "/dev/null"], start_new_session=True).pid


def scatter(work: Work[Any]) -> Any:
    """Children that leave by a double fork and a session of their own; returns when all have."""
    read, write = os.pipe()
    for _ in range(work.params.n):
        child = os.fork()
        if child == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(write, b".")
                threading.Event().wait()
            os._exit(0)
        os.waitpid(child, 0)
    arrived = 0
    while arrived < work.params.n:
        arrived += len(os.read(read, 100))
    return arrived


def explode(work: Work[Any]) -> Any:
    """A fork bomb, of a bounded size for the sake of the machine: two to the `n`."""
    for _ in range(work.params.n):
        os.fork()
    threading.Event().wait()


def scatter_and_wait(work: Work[Any]) -> Any:
    scatter(work)
    wait(work)


def _fork_one_who_waits() -> int:
    child = os.fork()
    if child == 0:
        threading.Event().wait()
    return child


def _write(data: bytes) -> None:
    for pipe in _pipes():
        while data:
            data = data[os.write(pipe, data) :]


def _pipes() -> Iterator[int]:
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if stat.S_ISFIFO(os.fstat(int(entry.name)).st_mode):
                yield int(entry.name)


ACTS: dict[str, Act] = {
    act.__name__: act
    for act in (
        *(nothing, steps, outputs, reject, use_threads, print_much, temporary, spoil),
        *(wait, wait_politely, spin, spin_on, halt, ignore_requests, hang_in_decoder),
        *(claim_memory, eat_memory, write_much, write_to_death, fail_with, leave_traps),
        *(segfault, abort, take_signal, exit_politely, exit_at_once, blunder, run_out_of_memory),
        *(pretend_cancelled, reject_wrongly, say, say_and_leave, flood, answer_much, answer_nan),
        *(answer_surrogate, reject_surrogate),
        *(start_child, leave_child, execute, scatter, explode, scatter_and_wait),
        *(inspect, reach_out),
    )
}
