"""How one attempt ended, as a value, and what that means for the job. Matched here, once.

`settle` runs inside the store's transaction, on the row as it is then: a cancel that came in meanwhile counts.
"""

import random
from dataclasses import dataclass, field
from typing import Any, assert_never

from ingest.errors import JobError
from ingest.jobs.states import State

MAX_INTERRUPTIONS = 20
BACKOFF_BASE_SECONDS = 1.0
BACKOFF_CAP_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Output:
    """A published file of a job."""

    name: str
    media_type: str
    size: int
    sha256: str
    blob_key: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    result: dict[str, Any]
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    error: JobError


@dataclass(frozen=True, slots=True)
class Retry:
    """The cell died by a hand from outside: not the file's fault, until it happens `max_attempts` times."""

    detail: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The attempt was cut short by no fault of the file: its owner died, or the store could not be read or written."""

    detail: str


@dataclass(frozen=True, slots=True)
class Released:
    """The owner gives the job back, at no cost to it (a drain)."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    pass


Outcome = Done | Failed | Retry | Interrupted | Released | Cancelled


@dataclass(frozen=True, slots=True)
class Tally:
    """What the row says about a job when its attempt ends."""

    state: State
    failures: int
    interruptions: int
    max_attempts: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the row shall say next. `name` is the attempt's outcome in the job document."""

    state: State
    name: str
    failures: int
    interruptions: int
    delay_seconds: float = 0.0
    error: JobError | None = None
    result: dict[str, Any] | None = None
    outputs: tuple[Output, ...] = ()


def backoff(times: int) -> float:
    """Seconds to wait before the next run: none the first time, then doubling with full jitter."""
    if times <= 1:
        return 0.0
    ceiling = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2.0 ** (times - 2))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


def settle(tally: Tally, outcome: Outcome) -> Settlement:
    """The one place where an outcome becomes a state."""
    failures, interruptions = tally.failures, tally.interruptions
    match outcome:
        case Done(result, outputs):
            return Settlement(State.SUCCEEDED, "succeeded", failures, interruptions, result=result, outputs=outputs)
        case Failed(error):
            return Settlement(State.FAILED, "failed", failures, interruptions, error=error)
        case Cancelled():
            return Settlement(State.CANCELLED, "cancelled", failures, interruptions)
        case Retry(detail):
            return _again(tally, "killed", detail, failures + 1, interruptions)
        case Interrupted(detail):
            return _again(tally, "interrupted", detail, failures, interruptions + 1)
        case Released():
            return _again(tally, "released", "", failures, interruptions)
        case _:
            assert_never(outcome)


def _again(tally: Tally, name: str, detail: str, failures: int, interruptions: int) -> Settlement:
    if tally.state is State.CANCELLING:
        return Settlement(State.CANCELLED, name, failures, interruptions)
    if failures >= tally.max_attempts or interruptions >= MAX_INTERRUPTIONS:
        error = JobError("worker_killed", detail)
        return Settlement(State.FAILED, name, failures, interruptions, error=error)
    delay = 0.0 if name == "released" else backoff(failures + interruptions)
    return Settlement(State.QUEUED, name, failures, interruptions, delay_seconds=delay)
