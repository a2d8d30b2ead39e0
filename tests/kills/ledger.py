"""What the server has promised, as its clients wrote it down."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from tests.kills.payloads import Payload


@dataclass(slots=True)
class Ticket:
    """One 202. `wants_cancel` and `wants_delete` are set before the request leaves: its answer may be lost."""

    job_id: str
    sha256: str
    wants_cancel: bool = False
    wants_delete: bool = False
    checked: bool = False  # by a look at the job and its file over HTTP, after a death


@dataclass(slots=True)
class Ledger:
    """Shared by all clients. `unanswered` counts uploads whose connection broke before the answer."""

    first_number: int = 0
    tickets: dict[str, Ticket] = field(default_factory=dict)
    disposable: list[Ticket] = field(default_factory=list)  # finished and checked: somebody shall delete them
    accepted: int = 0
    unanswered: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self._numbers = count(self.first_number)

    def next_number(self) -> int:
        with self._lock:
            return next(self._numbers)

    def promised(self, job_id: str, file: Payload) -> Ticket:
        ticket = Ticket(job_id, file.sha256)
        with self._lock:
            self.accepted += 1
            self.tickets[job_id] = ticket
        return ticket

    def broken_off(self) -> None:
        with self._lock:
            self.unanswered += 1

    def answered(self, what: str, status: int, code: str, allowed: frozenset[int]) -> None:
        """Count an answer other than the hoped-for one; outside `allowed` it is the server's mistake."""
        with self._lock:
            self.answers[f"{what} {status} {code}".strip()] += 1
            if status not in allowed:
                self.mistakes.append(f"{what} was answered with {status} {code}")

    def snapshot(self) -> list[Ticket]:
        with self._lock:
            return list(self.tickets.values())

    def dispose(self) -> Ticket | None:
        with self._lock:
            return self.disposable.pop() if self.disposable else None

    def forget(self, tickets: list[Ticket]) -> None:
        with self._lock:
            for ticket in tickets:
                self.tickets.pop(ticket.job_id, None)
