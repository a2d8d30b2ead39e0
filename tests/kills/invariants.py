"""What must be true after any death. Each check compares what is there with what was promised, and names what isn't."""

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from ingest import owners
from ingest.jobs.base import Event, Job, JobFilter, JobStore
from ingest.jobs.outcomes import MAX_INTERRUPTIONS
from ingest.jobs.states import TERMINAL, State
from ingest.wiring import House
from storage.base import FileStore, StorageError
from tests.kills.ledger import Ticket
from tests.kills.payloads import Payload, digest, number_of, payload

Sort = Literal[
    "lost",  # a 202 without its job
    "damaged",  # a file that is missing or has other bytes than were sent
    "half",  # a job that says other things than its upload did
    "stuck",  # a job that doesn't end
    "ended",  # not exactly one end, or an end without a reason
    "outputs",  # missing, wrong, or there without success
    "attempts",  # not numbered one by one, or the last one isn't the job's
    "undead",  # a deleted job that is still there
    "orphan",  # a blob, spool, scratch folder or owner file of nobody
    "survivor",  # a process of a killed tree
    "unfound",  # a job that succeeded, and no search finds
    "integrity",  # SQLite finds its file damaged
    "mistake",  # an answer that no server should give
]
PAGE = 500
EVERYTHING = 1 << 31
GONE = frozenset({404, 410})
COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Violation:
    sort: Sort
    detail: str

    def __str__(self) -> str:
        return f"{self.sort}: {self.detail}"


Violations = Iterator[Violation]
PayloadOf = Callable[[int], Payload]


# -- what a client sees


def promise_kept(http: httpx.Client, ticket: Ticket) -> Violations:
    """The job of a 202 is there, and its original file comes back whole. `http` must be left in peace meanwhile."""
    answer = http.get(f"/v1/jobs/{ticket.job_id}")
    if answer.status_code in GONE:
        if not ticket.wants_delete:
            yield Violation("lost", f"job {ticket.job_id} was acknowledged and is unknown ({answer.status_code})")
        return
    original = http.get(f"/v1/jobs/{ticket.job_id}/files/original")
    if original.status_code in GONE and ticket.wants_delete:
        return
    if not original.is_success:
        yield Violation("damaged", f"the file of job {ticket.job_id} is answered with {original.status_code}")
    elif digest(original.content) != ticket.sha256:
        yield Violation("damaged", f"the file of job {ticket.job_id} has other bytes than were acknowledged")


# -- what the table says, when all is quiet


def all_jobs(jobs: JobStore) -> list[Job]:
    """Every row, with its outputs and attempts."""
    found: list[Job] = []
    before: str | None = None
    while page := jobs.page(JobFilter(), PAGE, before):
        found += [job for one in page if (job := jobs.get(one.id)) is not None]
        before = page[-1].id
    return found


def ends(jobs: JobStore, after: int = 0) -> dict[str, list[Event]]:
    """The terminal events of each job, and of each at least an empty list."""
    found: defaultdict[str, list[Event]] = defaultdict(list)
    while page := jobs.events(after, PAGE):
        for event in page:
            if event.state in TERMINAL:
                found[event.job_id].append(event)
        after = page[-1].seq
    return found


def rows_promised(rows: list[Job], tickets: list[Ticket]) -> Violations:
    """Every 202 has its row, unless it was to be deleted."""
    known = {row.id for row in rows}
    for ticket in tickets:
        if ticket.job_id not in known and not ticket.wants_delete:
            yield Violation("lost", f"job {ticket.job_id} was acknowledged and has no row")


def whole(job: Job, payload_of: PayloadOf = payload) -> Violations:
    """A row says what its upload said, answered or not."""
    sent = payload_of(number_of(job.name))
    said = (job.kind, job.name, job.sha256, job.size, dict(job.params))
    expected = (sent.kind, sent.name, sent.sha256, len(sent.data), {**job.params, **sent.params})
    if said != expected:
        yield Violation("half", f"job {job.id} of {sent.name} is recorded as {said}")


def ended_once(job: Job, events: list[Event], ticket: Ticket | None) -> Violations:
    """Exactly one terminal event, which is the row's; and a reason for any end that isn't success."""
    if job.state not in TERMINAL:
        yield Violation("stuck", f"job {job.id} is {job.state} (owner {job.owner}, attempt {job.attempt})")
        return
    if [event.state for event in events] != [job.state]:
        yield Violation("ended", f"job {job.id} is {job.state}; its events say {[str(one.state) for one in events]}")
    if job.state is State.CANCELLED and not (ticket is None or ticket.wants_cancel):
        yield Violation("ended", f"job {job.id} was cancelled by nobody")
    if job.state is State.FAILED and not _killed_too_often(job):
        yield Violation("ended", f"job {job.id} failed without a reason: {job.error}")


def _killed_too_often(job: Job) -> bool:
    worn_out = job.failures >= job.max_attempts or job.interruptions >= MAX_INTERRUPTIONS
    return worn_out and job.error is not None and job.error.code == "worker_killed"


def numbered(job: Job) -> Violations:
    """Attempts count 1, 2, 3, and every one of them has ended."""
    numbers = [attempt.n for attempt in job.attempts]
    if numbers != list(range(1, job.attempt + 1)):
        yield Violation("attempts", f"job {job.id} is at attempt {job.attempt} and lists {numbers}")
    if any(attempt.ended_at is None or attempt.outcome is None for attempt in job.attempts):
        yield Violation("attempts", f"job {job.id} has ended and one of its attempts has not")
    worked = Counter(attempt.outcome for attempt in job.attempts)["succeeded"]
    if worked != (job.state is State.SUCCEEDED):
        yield Violation("ended", f"job {job.id} is {job.state} after {worked} successful attempts")


def published(job: Job, files: FileStore, payload_of: PayloadOf = payload) -> Violations:
    """The original and every output are there with the bytes that the row names, and outputs are all or none."""
    for what, key, sha256 in [
        ("original", job.blob_key, job.sha256),
        *((o.name, o.blob_key, o.sha256) for o in job.outputs),
    ]:
        found = stored_digest(files, key)
        if found != sha256:
            yield Violation("damaged", f"{what} of job {job.id} is {found or 'missing'}")
    names = [output.name for output in job.outputs]
    if len(set(names)) != len(names):
        yield Violation("outputs", f"job {job.id} published an output twice: {names}")
    if job.state is not State.SUCCEEDED:
        if job.outputs or job.result is not None:
            yield Violation("outputs", f"job {job.id} is {job.state} and has published {names}")
        return
    expected = payload_of(number_of(job.name)).outputs
    if expected is not None and {output.name: output.sha256 for output in job.outputs} != expected:
        yield Violation("outputs", f"job {job.id} published {names} with bytes that don't follow from its file")


def stored_digest(files: FileStore, key: str) -> str | None:
    """The sha256 of a blob's bytes as they are now; None if it can't be read."""
    try:
        with files.open(key) as blob:
            return digest(blob.read())
    except StorageError:
        return None


# -- what lies around, when all is quiet and the janitor has been


def nobodys(house: House, rows: list[Job]) -> Violations:
    """No blob without a row, no spool at all, no scratch, no owner file of the dead."""
    referenced = {row.blob_key for row in rows} | {output.blob_key for row in rows for output in row.outputs}
    for blob in house.files.walk():
        if blob.key not in referenced:
            yield Violation("orphan", f"blob {blob.key} of {blob.size} bytes")
    for spool in house.files.spools():
        yield Violation("orphan", f"spool {spool.name} of {spool.owner}, {spool.size} bytes")
    folder = house.settings.owners_folder
    for path in folder.iterdir():
        if not owners.is_alive(folder, path.name):
            yield Violation("orphan", f"owner file {path.name}")
    yield from _scratch(house.settings.scratch_folder, folder)


def _scratch(scratch: Path, owners_folder: Path) -> Violations:
    for path in scratch.iterdir() if scratch.exists() else ():
        left = [left.name for left in path.iterdir()]
        if left or not owners.is_alive(owners_folder, path.name):
            yield Violation("orphan", f"scratch folder {path.name} with {left}")


def findable(house: House, rows: list[Job], seconds: float) -> Violations:
    """Whoever has succeeded is in the index of texts, soon after all is quiet."""
    index = house.search
    assert index is not None
    deadline = time.monotonic() + seconds
    while index.watermark() < house.jobs.last_seq() and time.monotonic() < deadline:
        time.sleep(0.05)
    found = set(index.job_ids("", EVERYTHING))
    missing = [row.id for row in rows if row.state is State.SUCCEEDED and row.id not in found]
    yield from (Violation("unfound", f"job {job_id} succeeded and is not in the index") for job_id in missing)


def sound(database: Path) -> Violations:
    """SQLite finds its file whole."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    if verdict != "ok":
        yield Violation("integrity", verdict)
