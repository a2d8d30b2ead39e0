"""One cell from its order to its end: heard, watched, and ended when it must be.

Everything that happens wakes the waiting thread: a report, the end of the pipe, the zygote's notice, a wish to stop,
a clock. Only what the kernel doesn't announce (memory, other processes) is looked at every now and then.
"""

import math
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Literal, assert_never

from ingest import kernel
from ingest.cellwire import NOTICE, Babble, Ended, Hearing, Kill, LastWord, NotStarted, Reported, Started, Word, receive
from ingest.verdict import Cause, Seen, Wish
from processors.base import Limits, OnReport
from processors.work import clean, ignore

LOOK_SECONDS = 0.05  # between looks at memory and children
MERCY_SECONDS = 0.2  # from SIGTERM to SIGKILL
START_SECONDS = 30.0  # for a fork that takes milliseconds
HUNG_SECONDS = 5.0  # from SIGKILL to the belief that the zygote hangs
READ_BYTES = 1 << 16

Phase = Literal["starting", "running", "asked", "killed", "over"]


class Stop:
    """The wish that a cell should end, from any thread. The first one counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: Wish | None = None
        self._bell: int | None = None

    @property
    def reason(self) -> Wish | None:
        return self._reason

    def request(self, reason: Wish) -> None:
        with self._lock:
            if self._reason is None:
                self._reason = reason
                self._ring()

    @contextmanager
    def heard(self) -> Iterator[int]:
        """A descriptor that becomes readable with the wish, also with an earlier one."""
        bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        with self._lock:
            self._bell = bell
            if self._reason is not None:
                self._ring()
        try:
            yield bell
        finally:
            with self._lock:
                self._bell = None
            os.close(bell)

    def _ring(self) -> None:
        if self._bell is not None:
            os.eventfd_write(self._bell, 1)


class Attendance:
    """`line` leads to the zygote and is about this cell alone; `pipe` is what the cell writes to, non-blocking."""

    def __init__(self, line: socket.socket, pipe: int, limits: Limits, on_report: OnReport, stop: Stop) -> None:
        self._line = line
        self._pipe = pipe
        self._limits = limits
        self._on_report = on_report
        self._stop = stop
        self._poll = select.poll()
        self._hearing: Hearing | None = Hearing()
        self._ordered_at = time.monotonic()
        # What will have been seen.
        self._pid = 0
        self._word: LastWord | None = None
        self._cause: Cause | None = None
        self._detail = ""
        self._ended: Ended | None = None
        # When to do what, by the monotonic clock; the last two count while the cell runs.
        self._phase: Phase = "starting"
        self._deadline = self._ordered_at + START_SECONDS
        self._silent_at = self._look_at = math.inf

    def wait(self) -> Seen:
        """Until the cell is gone, and all that it started; or until the zygote is gone or hangs."""
        with self._stop.heard() as bell:
            ears: dict[int, Callable[[], None]] = {
                self._line.fileno(): self._hear_zygote,
                self._pipe: self._hear_cell,
                bell: partial(self._hear_wish, bell),
            }
            for descriptor in ears:
                self._poll.register(descriptor, select.POLLIN)
            try:
                self._attend(ears)
            except BaseException:  # of `on_report`: nobody is interested any more, and the cell must not outlive that
                self._on_report = ignore
                self._kill()
                self._attend(ears)
                raise
        return Seen(self._cause, self._detail, self._word, self._ended)

    @property
    def zygote_failed(self) -> bool:
        """It died, or did not answer in time: what became of the cell is not known."""
        return self._ended is None and self._cause != "unstarted"

    def _attend(self, ears: Mapping[int, Callable[[], None]]) -> None:
        while self._phase != "over":
            patience = max(0.0, self._due - time.monotonic())
            for descriptor, _ in self._poll.poll(math.ceil(patience * 1000)):
                ears[descriptor]()
            if time.monotonic() >= self._due:
                self._be_late()
        with suppress(BlockingIOError):  # whoever wrote is gone; what it wrote is still there
            while self._hearing is not None:
                self._hear_cell()

    # -- what is heard

    def _hear_zygote(self) -> None:
        match receive(self._line, NOTICE):
            case Started(pid=pid):
                self._pid = pid
                if self._phase == "starting":
                    now = time.monotonic()
                    self._phase = "running"
                    self._deadline = now + self._limits.total_seconds
                    self._silent_at = now + self._limits.silent_seconds
                    self._look_at = now + LOOK_SECONDS
            case Ended() as ended:
                self._ended = ended
                self._phase = "over"
            case NotStarted(reason=reason):
                self._cause, self._detail = "unstarted", f"No cell could be started: {reason}"
                self._phase = "over"
            case None:
                self._phase = "over"

    def _hear_cell(self) -> None:
        data = os.read(self._pipe, READ_BYTES)
        if self._hearing is None or not data:
            self._stop_hearing()
            return
        try:
            for word in self._hearing.feed(data, time.monotonic() - self._ordered_at):
                self._take(word)
        except Babble as babble:
            self._stop_hearing()
            self._detail = str(babble)
            self._end("babble")

    def _take(self, word: Word) -> None:
        self._silent_at = time.monotonic() + self._limits.silent_seconds
        if not isinstance(word, Reported):
            self._word = word
        elif self._cause is None:
            report = word.report
            self._on_report(clean(report.stage, report.done, report.total, report.unit, report.message))

    def _stop_hearing(self) -> None:
        self._hearing = None
        self._poll.unregister(self._pipe)

    def _hear_wish(self, bell: int) -> None:
        self._poll.unregister(bell)
        if self._cause is None:
            self._cause = self._stop.reason
            self._send(signal.SIGTERM, "asked", MERCY_SECONDS)

    # -- what is done when its time has come

    @property
    def _due(self) -> float:
        if self._phase != "running":
            return self._deadline
        return min(self._deadline, self._silent_at, self._look_at)

    def _be_late(self) -> None:
        match self._phase:
            case "running":
                self._look(time.monotonic())
            case "asked":
                self._kill()
            case "starting" | "killed" | "over":  # the zygote hangs, or it is over already
                self._phase = "over"
            case _:
                assert_never(self._phase)

    def _look(self, now: float) -> None:
        self._look_at = now + LOOK_SECONDS
        started = kernel.children(self._pid)
        if now >= self._deadline:
            self._end("total")
        elif now >= self._silent_at:
            self._end("silent")
        elif sum(map(kernel.resident_bytes, [self._pid, *started])) > self._limits.memory_bytes:
            self._end("memory")
        elif len(started) > self._limits.processes:
            self._end("processes")

    def _end(self, cause: Cause) -> None:
        if self._cause is None:
            self._cause = cause
        self._kill()

    def _kill(self) -> None:
        self._send(signal.SIGKILL, "killed", HUNG_SECONDS)

    def _send(self, number: Literal[signal.Signals.SIGTERM, signal.Signals.SIGKILL], phase: Phase, wait: float) -> None:
        if self._phase == "over":
            return
        self._phase, self._deadline = phase, time.monotonic() + wait
        with suppress(BrokenPipeError, ConnectionResetError):  # the zygote is gone, which its line will tell
            self._line.send(Kill(signal=number.value).line())
