"""The job table's contract.

Rules that must stay true:
1. What `accept`, `finish`, `cancel`, `delete` and `rescue` return is durable: it survives a power cut.
2. `attempt` is a fence: it grows at each claim, and nothing that an older attempt says changes the row.
3. Events appear in the order of their `seq`: none ever shows up below one that a reader has already seen.
4. A blob is deleted only inside a write transaction that has looked for references in that same transaction.
5. Every method blocks, may be called from any thread, and raises `StoreBusy` when the table can't be had in time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ingest.errors import JobError
from ingest.jobs.outcomes import Outcome, Output
from ingest.jobs.states import State


class StoreBusy(Exception):
    """The job table can't be read or written now; nothing was changed, or it is not known to have been."""


class StoreRefused(Exception):
    """The job table can't be used at all: damaged, or newer than this program. Says why."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`fraction` never goes back and stays below 0.99 until the job has succeeded; None without a denominator."""

    fraction: float | None = None
    stage: str = ""
    done: float = 0.0
    total: float | None = None
    unit: str = ""
    message: str = ""
    updated_at: float | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What one attempt cost. `exit` is the exit code, or minus the signal's number, of the cell; None if unknown."""

    worker: str
    started_at: float
    ended_at: float
    cpu_seconds: float | None = None
    peak_rss_bytes: int | None = None
    exit: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    n: int
    worker: str
    started_at: float
    ended_at: float | None = None
    outcome: str | None = None
    cpu_seconds: float | None = None
    peak_rss_bytes: int | None = None
    exit: int | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """Everything that `accept` writes down. Times are Unix seconds, sizes bytes.

    `id` is `new_id(created_at)`: ids sort by time, and lists by time rely on it.
    """

    id: str
    kind: str
    created_at: float
    max_attempts: int
    name: str
    media_type: str
    declared_media_type: str | None
    size: int
    sha256: str
    blob_key: str
    params: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    processor_version: str = ""
    priority: int = 0
    expires_at: float | None = None
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A job to record. `ensure_blob` is called where the janitor can't delete: it looks again that the blob is there,
    and puts it back if not.
    """

    new: NewJob
    ensure_blob: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the table has it."""

    id: str
    kind: str
    state: State
    attempt: int
    failures: int
    interruptions: int
    max_attempts: int
    priority: int
    run_at: float
    created_at: float
    name: str
    media_type: str
    declared_media_type: str | None
    size: int
    sha256: str
    blob_key: str
    params: dict[str, Any]
    metadata: dict[str, str]
    processor_version: str
    tenant: str = ""
    owner: str | None = None
    lease_until: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    expires_at: float | None = None
    progress: Progress = Progress()
    result: dict[str, Any] | None = None
    error: JobError | None = None
    outputs: tuple[Output, ...] = ()
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job, and the fence that guards it."""

    job: Job
    owner: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Event:
    """A transition. `seq` is unique over all jobs and grows in commit order."""

    seq: int
    job_id: str
    state: State
    at: float
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JobFilter:
    """`since` and `until` bound `created_at`, in Unix seconds, from inclusive to exclusive."""

    kind: str | None = None
    state: State | None = None
    since: float | None = None
    until: float | None = None


class JobStore(Protocol):
    # -- what the web process writes
    def accept(self, many: Sequence[Acceptance]) -> list[Job | Exception]:
        """Record blob, job and first event of each, in fully synced transactions, and as few of them as possible.

        Each succeeds or fails by itself: what came of it stands in its place. What `ensure_blob` raises undoes the
        job and is what came of it.
        """
        ...

    def cancel(self, job_id: str) -> tuple[Job, bool] | None:
        """queued -> cancelled, running -> cancelling. The job afterwards and whether this call changed it."""
        ...

    def delete(self, job_id: str) -> bool | None:
        """Forget a finished job and leave a tombstone. False: still active. None: unknown."""
        ...

    # -- what a worker writes
    def claim(self, owner: str, *, lease_seconds: float, job_id: str | None = None) -> Claim | None:
        """Take the first ready job (highest priority, then oldest), or `job_id` if it is ready. None: nothing."""
        ...

    def progress(self, claim: Claim, progress: Progress) -> bool:
        """Write progress down. False: this attempt is no longer the job's."""
        ...

    def renew(self, owner: str, lease_seconds: float) -> None:
        """Extend the lease of everything the owner runs."""
        ...

    def cancelling(self, owner: str) -> frozenset[tuple[str, int]]:
        """(job id, attempt) of the owner's jobs that shall stop."""
        ...

    def finish(
        self, claim: Claim, outcome: Outcome, account: Account, ensure_blobs: Callable[[], None] | None = None
    ) -> Job | None:
        """Settle the attempt: outputs, terminal state and event in one transaction. None: fenced out, no change.

        `ensure_blobs` is to the outputs what `ensure_blob` is to `accept`.
        """
        ...

    # -- what the janitor writes
    def rescue(self, is_alive: Callable[[str, float | None], bool]) -> list[Job]:
        """Settle as Interrupted every owned job for which `is_alive(owner, lease_until)` says no."""
        ...

    def expire(self, limit: int) -> int:
        """Delete finished jobs whose `expires_at` has passed, as `delete` does. How many."""
        ...

    def released_keys(self, limit: int) -> list[str]:
        """Blob keys that lost a reference and may have none left."""
        ...

    def known_keys(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of `keys` that some job or output refers to."""
        ...

    def drop_unreferenced(self, keys: Sequence[str], delete: Callable[[str], None]) -> int:
        """Call `delete` on each key that nothing refers to, inside the transaction that looked. How many."""
        ...

    # -- what everybody reads; direct, and quick enough for an event loop
    def get(self, job_id: str) -> Job | None: ...
    def gone(self, job_id: str) -> bool:
        """Whether there is a tombstone of that job."""
        ...

    def succeeded(self, job_ids: Sequence[str]) -> frozenset[str]:
        """Those of `job_ids` that have succeeded, are still there, and have not expired."""
        ...

    def page(self, where: JobFilter, limit: int, before: str | None = None) -> list[Job]:
        """Newest first; `before` is the id of the last job of the previous page."""
        ...

    def queue_position(self, job: Job, cap: int) -> int:
        """How many ready jobs come before this queued one, counted up to `cap`."""
        ...

    def events(self, after: int, limit: int, job_id: str | None = None) -> list[Event]: ...
    def last_seq(self) -> int: ...
    def running(self) -> list[tuple[str, int, Progress]]:
        """(id, attempt, progress) of every job in a cell."""
        ...

    def version(self) -> int:
        """A number that changes whenever another connection has committed: a cheap 'is there news?'"""
        ...

    def counts(self) -> dict[State, int]:
        """How many jobs are queued, running and cancelling. Terminal states are not counted."""
        ...

    def check(self) -> None:
        """Raise `StoreBusy` when the table can't be written now."""
        ...

    def close(self) -> None: ...
