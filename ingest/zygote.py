"""The zygote: a fresh interpreter that warms one kind's processor and forks a cell for each order, one ahead.

Rules that must stay true:
1. It has one thread, or a fork could copy a lock that nobody will ever open.
2. It reads nothing that a file could have touched: orders are descriptors, and a cell reads its own.
3. A cell's number is free for reuse only after its whole group was killed: the dead are reaped here alone.
4. The end of the control socket is the end of the worker, and of everything here.

Started by `ingest.brood` as `python -I -m ingest.zygote CONTROL KIND`.
"""

import faulthandler
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingest import cell, kernel
from ingest.cellwire import DESCRIPTORS, KILL, MESSAGE_BYTES, Ended, NotStarted, Started, Unfit, Warm, receive
from processors import heap, registry
from processors.base import AnyProcessor

WARM_SECONDS = 120  # the worker gives up earlier; this is for the case that it is gone
REASON_LENGTH = 1000
READABLE = "DROPOFF_CELL_READABLE"


class CanNotWarm(Exception):
    """A kind that no cell could run. Says which and why."""


def warm(kind: str) -> AnyProcessor:
    """Load and warm its processor. Raises `CanNotWarm`."""
    try:
        processor = registry.load([kind])[kind]
        processor.warm()
    except registry.BadProcessor as bad:
        raise CanNotWarm(str(bad)) from None
    except Exception as error:  # noqa: BLE001 - a processor's own
        raise CanNotWarm(f"{kind}: warming it raised {type(error).__name__}: {error}") from None
    if kernel.count_threads() > 1:
        raise CanNotWarm(f"{kind}: warming it started a thread, and a process with threads can't be forked safely")
    return processor


def readable() -> tuple[str, ...]:
    """All that a cell may read: where this interpreter and what it has loaded lie, and what the operator adds."""
    packages = [module for name, module in sys.modules.items() if "." not in name]
    files = [Path(place) for module in packages if (place := getattr(module, "__file__", None))]
    added = [Path(folder) for folder in os.environ.get(READABLE, "").split(os.pathsep) if folder]
    found: list[Path] = []
    for folder in [Path(sys.prefix), Path(sys.base_prefix), *sorted(file.parent for file in files), *added]:
        # A relative one would be beneath the root, where the zygote is at home.
        if folder.is_absolute() and not any(folder.is_relative_to(one) for one in found):
            found.append(folder)
    return tuple(map(str, found))


def rehearse(readable: Sequence[str]) -> dict[str, bool]:
    """Which protections a cell gets on this machine, tried out in one."""
    zygote = os.getpid()
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        cell.rehearse(theirs, zygote, readable)
    theirs.close()
    with ours:  # the cell waits for its end
        granted = ours.recv(MESSAGE_BYTES)
        watched = kernel.resident_bytes(pid) > 0
    os.waitpid(pid, 0)
    if not granted:
        raise CanNotWarm("a cell can't shut itself in on this machine")
    return {**json.loads(granted), "memory_watch": watched}


@dataclass(slots=True)
class Running:
    """A cell and its line: the socket on which this cell alone is spoken of. `strays` are processes it started."""

    pid: int
    line: socket.socket
    strays: int = 0


@dataclass(frozen=True, slots=True)
class Spare:
    """A cell that was forked ahead of its order: forking takes longer than all else that comes before the work."""

    pid: int
    orders: socket.socket


class Zygote:
    def __init__(self, control: socket.socket, processor: AnyProcessor, readable: Sequence[str]) -> None:
        self._control = control
        self._processor = processor
        self._readable = readable
        self._pid = os.getpid()
        self._cells: dict[int, Running] = {}
        self._spare: Spare | None = None
        self._over = False
        self._selector = selectors.DefaultSelector()
        self._deaths = _death_bell()
        self._selector.register(control, selectors.EVENT_READ, self._take_order)
        self._selector.register(self._deaths, selectors.EVENT_READ, self._bury)

    def run(self) -> None:
        """Until the worker is gone."""
        while not self._over:
            for key, _ in self._selector.select():
                key.data()
        kernel.end_all(partial(kernel.children, self._pid))

    def _take_order(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self._control, MESSAGE_BYTES, DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionResetError:
            data = b""
        if not data:
            self._over = True
            return
        *inherited, line = descriptors
        self._start(inherited, socket.socket(fileno=line))
        for descriptor in inherited:
            os.close(descriptor)
        self.fork_ahead()  # here and not when a spare dies: whatever killed it would kill the next one too

    def _start(self, inherited: Sequence[int], line: socket.socket) -> None:
        try:
            spare, self._spare = self._spare or self._fork(), None
            with spare.orders:
                socket.send_fds(spare.orders, [b"order"], inherited)
        except OSError as error:  # no fork, or the spare has died just now
            _tell(line, NotStarted(reason=error.strerror or "no process"))
            line.close()
            return
        running = self._cells[spare.pid] = Running(spare.pid, line)
        self._selector.register(line, selectors.EVENT_READ, partial(self._obey, running))
        _tell(line, Started(pid=spare.pid))

    def fork_ahead(self) -> None:
        """See to it that there is a spare cell."""
        if self._spare is None:
            with suppress(OSError):  # then the next order tries again, and says so
                self._spare = self._fork()

    def _fork(self) -> Spare:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                pid = os.fork()
            except OSError:
                ours.close()
                raise
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                cell.live(theirs, self._processor, self._pid, self._readable)
        return Spare(pid, ours)

    def _obey(self, running: Running) -> None:
        """The worker wants the cell to end. It has lost interest altogether if its end of the line is closed."""
        if self._cells.get(running.pid) is not running:
            return  # it was buried since `select` returned
        order = receive(running.line, KILL)
        if order is None:
            self._selector.unregister(running.line)
        if order is None or order.signal == signal.SIGKILL.value:
            _kill_group(running.pid)
        else:
            os.kill(running.pid, order.signal)

    def _bury(self) -> None:
        with suppress(BlockingIOError):
            self._deaths.recv(MESSAGE_BYTES)
        with suppress(ChildProcessError):
            # WNOWAIT: a cell's remains keep its number taken until `_end` has killed what bears it.
            while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                running = self._cells.get(dead.si_pid)
                if running is not None:
                    self._end(running)
                    continue
                if self._spare is not None and self._spare.pid == dead.si_pid:
                    self._spare.orders.close()
                    self._spare = None
                self._blame(dead.si_pid)
                os.waitpid(dead.si_pid, 0)

    def _end(self, running: Running) -> None:
        for pid in self._foundlings():
            self._blame(pid)
        del self._cells[running.pid]
        _kill_group(running.pid)
        _, status, usage = os.wait4(running.pid, 0)
        kernel.end_all(self._foundlings)
        ended = Ended(
            exit=os.waitstatus_to_exitcode(status),
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_rss_bytes=usage.ru_maxrss * 1024,
            strays=running.strays,
        )
        _tell(running.line, ended)
        with suppress(KeyError):  # `_obey` was there first
            self._selector.unregister(running.line)
        running.line.close()

    def _foundlings(self) -> list[int]:
        """Children that are no cells: cells started them, and they became ours when their parent died."""
        ours = {*self._cells, self._spare.pid} if self._spare else self._cells
        return [pid for pid in kernel.children(self._pid) if pid not in ours]

    def _blame(self, foundling: int) -> None:
        """On the cell whose session it is in, or on the only one there is. A former spare is in our own group."""
        found = kernel.look(foundling)
        if found is None or found.group == os.getpgrp():
            return
        for running in self._cells.values():
            if len(self._cells) == 1 or found.session == running.pid:
                running.strays += 1


def _kill_group(pid: int) -> None:
    """At one stroke, so that nobody in it can fork meanwhile. A cell that was just forked isn't in its group yet."""
    os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _tell(line: socket.socket, message: Warm | Unfit | Started | NotStarted | Ended) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # the worker doesn't listen any more
        line.send(message.line())


def _death_bell() -> socket.socket:
    """Becomes readable when a child has died."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(theirs.detach(), warn_on_full_buffer=False)
    return ours


def main() -> int:
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    kernel.adopt_orphans(True)
    signal.alarm(WARM_SECONDS)
    try:
        processor = warm(sys.argv[2])
        places = readable()
        granted = rehearse(places)
    except CanNotWarm as reason:
        _tell(control, Unfit(reason=str(reason)[:REASON_LENGTH]))
        return 1
    signal.alarm(0)
    faulthandler.enable()  # a cell that crashes leaves the line where it was on its standard error
    zygote = Zygote(control, processor, places)
    gc.collect()
    heap.give_back()  # 25 MB that were needed to import things would count as every cell's
    gc.freeze()  # the collector of a cell needn't touch, and so copy, what it shares with the others
    zygote.fork_ahead()
    _tell(control, Warm(granted=granted))
    zygote.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
