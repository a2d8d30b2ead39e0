"""What happens to a job from accept to its end. Each function is one operation inside a write transaction.

Every change of state is made here, leaves one event, and is one that `states` allows.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from ingest.jobs import forget, rows
from ingest.jobs.base import Acceptance, Account, Claim, Job, Progress
from ingest.jobs.outcomes import Done, Interrupted, Outcome, Output, Settlement, Tally, settle
from ingest.jobs.statement import Row, Statement, Values
from ingest.jobs.states import OWNED, State, may
from ingest.jobs.tables import QUEUED, attempts, blobs, events, jobs, outputs

RESCUED = "The server stopped while the job ran"

_READY = (jobs.c.state == QUEUED, jobs.c.run_at <= bindparam("now"))
_FIRST_READY = select(jobs.c.id).where(*_READY).order_by(jobs.c.priority.desc(), jobs.c.id).limit(1)
_TAKE = (
    update(jobs)
    .values(
        state=State.RUNNING,
        attempt=jobs.c.attempt + 1,
        owner=bindparam("claimant"),
        lease_until=bindparam("lease"),
        started_at=func.coalesce(jobs.c.started_at, bindparam("now")),
    )
    .returning(jobs.c.id, jobs.c.attempt)
)
_TAKE_FIRST = Statement(_TAKE.where(jobs.c.id == _FIRST_READY.scalar_subquery(), *_READY))
_TAKE_THIS = Statement(_TAKE.where(jobs.c.id == bindparam("job"), *_READY))

_THIS = jobs.c.id == bindparam("job")
_THE_HOLDER = jobs.c.owner == bindparam("holder")
_SET = Statement(update(jobs).where(_THIS))
_SET_PROGRESS = Statement(update(jobs).where(_THIS, _THE_HOLDER, jobs.c.attempt == bindparam("fence")))
_SET_LEASES = Statement(update(jobs).where(_THE_HOLDER))
_SET_ATTEMPT = Statement(
    update(attempts).where(attempts.c.job_id == bindparam("job"), attempts.c.n == bindparam("fence"))
)

_STANDING = select(
    jobs.c.id,
    jobs.c.state,
    jobs.c.attempt,
    jobs.c.failures,
    jobs.c.interruptions,
    jobs.c.max_attempts,
    jobs.c.owner,
    jobs.c.lease_until,
    jobs.c.progress,
)
_GET = Statement(_STANDING.where(_THIS))
_GET_HELD = Statement(_STANDING.where(jobs.c.owner.is_not(None)).order_by(jobs.c.owner, jobs.c.id))
_GET_BLOB = Statement(select(blobs.c.id).where(blobs.c.key == bindparam("key")))

_ADD_BLOB = Statement(insert(blobs).returning(blobs.c.id))
_ADD_JOB = Statement(insert(jobs))
_ADD_ATTEMPT = Statement(insert(attempts))
_ADD_OUTPUTS = Statement(insert(outputs))
_ADD_EVENT = Statement(insert(events))


def accept(sql: Connection, acceptance: Acceptance, now: float) -> Job:
    acceptance.ensure_blob()
    new = acceptance.new
    blob_id = _blob_id(sql, new.blob_key, new.sha256, new.size, now)
    _ADD_JOB.run(sql, **rows.new_row(new, blob_id))
    _tell(sql, new.id, State.QUEUED, now)
    return rows.new_job(new)


def claim(sql: Connection, owner: str, lease_seconds: float, job_id: str | None, now: float) -> Claim | None:
    lease = now + lease_seconds
    if job_id is None:
        taken = _TAKE_FIRST.row(sql, claimant=owner, lease=lease, now=now)
    else:
        taken = _TAKE_THIS.row(sql, claimant=owner, lease=lease, now=now, job=job_id)
    if taken is None:
        return None
    _ADD_ATTEMPT.run(sql, job_id=taken.id, n=taken.attempt, worker=owner, started_at=now)
    _tell(sql, taken.id, State.RUNNING, now, attempt=taken.attempt)
    return Claim(_loaded(sql, taken.id), owner, taken.attempt)


def write_progress(sql: Connection, claim: Claim, progress: Progress) -> bool:
    fence = {"job": claim.job.id, "holder": claim.owner, "fence": claim.attempt}
    return _SET_PROGRESS.run(sql, **fence, progress=rows.progress_text(progress)) == 1


def renew(sql: Connection, owner: str, lease_seconds: float, now: float) -> None:
    _SET_LEASES.run(sql, holder=owner, lease_until=now + lease_seconds)


def cancel(sql: Connection, job_id: str, now: float) -> tuple[Job, bool] | None:
    row = _GET.row(sql, job=job_id)
    if row is None:
        return None
    match State(row.state):
        case State.QUEUED:
            _move(sql, row, State.CANCELLED, {"finished_at": now})
            _tell(sql, job_id, State.CANCELLED, now)
        case State.RUNNING:
            _move(sql, row, State.CANCELLING, {})
            _tell(sql, job_id, State.CANCELLING, now, attempt=row.attempt)
        case _:
            return _loaded(sql, job_id), False
    return _loaded(sql, job_id), True


def finish(
    sql: Connection,
    claim: Claim,
    outcome: Outcome,
    account: Account,
    ensure_blobs: Callable[[], None] | None,
    now: float,
) -> Job | None:
    row = _GET.row(sql, job=claim.job.id)
    if row is None or (row.owner, row.attempt) != (claim.owner, claim.attempt) or row.state not in OWNED:
        if isinstance(outcome, Done):  # what it stored is nobody's, unless another job has the same bytes
            forget.release(sql, [output.blob_key for output in outcome.outputs])
        return None
    if ensure_blobs is not None:
        ensure_blobs()
    _end_attempt(sql, row, outcome, now, rows.columns(account))
    return _loaded(sql, row.id)


def rescue(sql: Connection, dead: Collection[tuple[str, float | None]], now: float) -> list[Job]:
    """Settle what `dead` holds: pairs of owner and lease, so that a lease renewed meanwhile counts."""
    lost = [row for row in _GET_HELD.rows(sql) if (row.owner, row.lease_until) in dead]
    for row in lost:
        _end_attempt(sql, row, Interrupted(RESCUED), now, {"ended_at": now})
    return [_loaded(sql, row.id) for row in lost]


def _end_attempt(sql: Connection, row: Row, outcome: Outcome, now: float, account: Values) -> None:
    """The one way out of an attempt, whoever reports its end. `account` is what is known of its cost."""
    tally = Tally(State(row.state), row.failures, row.interruptions, row.max_attempts)
    end = settle(tally, outcome)
    values: Values = {"failures": end.failures, "interruptions": end.interruptions, "owner": None, "lease_until": None}
    news = {"attempt": row.attempt}
    if end.state is State.QUEUED:
        values["run_at"] = now + end.delay_seconds
        news["reason"] = end.name
    else:
        values["finished_at"] = now
    if end.state is State.SUCCEEDED:
        values |= _publish(sql, row, end, now)
    if end.error is not None:
        values["error"] = rows.error_text(end.error)
        news["error"] = end.error.code
    _move(sql, row, end.state, values)
    _SET_ATTEMPT.run(sql, job=row.id, fence=row.attempt, **account, outcome=end.name)
    _tell(sql, row.id, end.state, now, **news)


def _publish(sql: Connection, row: Row, end: Settlement, now: float) -> Values:
    """Write the outputs down, and say what the job's own row then says."""
    if end.outputs:
        _ADD_OUTPUTS.run_many(sql, [_output_row(sql, row.id, n, output, now) for n, output in enumerate(end.outputs)])
    whole = replace(rows.progress(row.progress), fraction=1.0)
    return {"result": rows.text(end.result), "progress": rows.progress_text(whole)}


def _output_row(sql: Connection, job_id: str, n: int, output: Output, now: float) -> Values:
    return {
        "job_id": job_id,
        "n": n,
        "blob_id": _blob_id(sql, output.blob_key, output.sha256, output.size, now),
        "name": output.name,
        "media_type": output.media_type,
        "attributes": rows.text(output.attributes),
    }


def _blob_id(sql: Connection, key: str, sha256: str, size: int, now: float) -> int:
    """The number of a blob, new or known: write transactions are serial, so nobody comes between."""
    known: int | None = _GET_BLOB.value(sql, key=key)
    if known is not None:
        return known
    return int(_ADD_BLOB.value(sql, key=key, sha256=sha256, size=size, created_at=now))


def _move(sql: Connection, row: Row, after: State, values: Values) -> None:
    if not may(State(row.state), after):
        raise RuntimeError(f"job {row.id} can't go from {row.state} to {after}")
    _SET.run(sql, job=row.id, state=after, **values)


def _tell(sql: Connection, job_id: str, state: State, now: float, **data: Any) -> None:
    _ADD_EVENT.run(sql, job_id=job_id, state=state, at=now, data=rows.text(data))


def _loaded(sql: Connection, job_id: str) -> Job:
    job = rows.load(sql, job_id)
    assert job is not None
    return job
