"""Rows to values, and back: the only place that knows how a column spells what `base` and `outcomes` say."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, bindparam, select

from ingest.errors import JobError
from ingest.jobs.base import Account, Attempt, Event, Job, NewJob, Progress
from ingest.jobs.outcomes import Output
from ingest.jobs.statement import Row, Statement
from ingest.jobs.states import State
from ingest.jobs.tables import attempts, blobs, jobs, outputs

_JOBS = select(jobs, blobs.c.key.label("blob_key"), blobs.c.sha256, blobs.c.size).join_from(jobs, blobs)
_OUTPUTS = (
    select(outputs, blobs.c.key.label("blob_key"), blobs.c.sha256, blobs.c.size)
    .join_from(outputs, blobs)
    .order_by(outputs.c.job_id, outputs.c.n)
)
_ATTEMPTS = select(attempts).order_by(attempts.c.job_id, attempts.c.n)

_JOB = Statement(_JOBS.where(jobs.c.id == bindparam("id")))
_OUTPUTS_OF_JOB = Statement(_OUTPUTS.where(outputs.c.job_id == bindparam("id")))
_ATTEMPTS_OF_JOB = Statement(_ATTEMPTS.where(attempts.c.job_id == bindparam("id")))

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def load(sql: Connection, job_id: str) -> Job | None:
    """One job, whole. What can't be there yet is not asked for."""
    row = _JOB.row(sql, id=job_id)
    if row is None:
        return None
    tried = _ATTEMPTS_OF_JOB.rows(sql, id=job_id) if row.attempt else ()
    published = _OUTPUTS_OF_JOB.rows(sql, id=job_id) if row.state == State.SUCCEEDED else ()
    return _job(row, published, tried)


def load_many(sql: Connection, job_ids: Sequence[str]) -> list[Job]:
    """Jobs, whole, newest first, by three queries however many they are."""
    tried = defaultdict(list)
    for row in sql.execute(_ATTEMPTS.where(attempts.c.job_id.in_(job_ids))):
        tried[row.job_id].append(row)
    published = defaultdict(list)
    for row in sql.execute(_OUTPUTS.where(outputs.c.job_id.in_(job_ids))):
        published[row.job_id].append(row)
    rows = sql.execute(_JOBS.where(jobs.c.id.in_(job_ids)).order_by(jobs.c.id.desc()))
    return [_job(row, published[row.id], tried[row.id]) for row in rows]


def new_row(new: NewJob, blob_id: int) -> dict[str, Any]:
    """The row of a job that waits for its first attempt."""
    return {
        "id": new.id,
        "kind": new.kind,
        "state": State.QUEUED,
        "attempt": 0,
        "failures": 0,
        "interruptions": 0,
        "max_attempts": new.max_attempts,
        "priority": new.priority,
        "run_at": new.created_at,
        "tenant": new.tenant,
        "created_at": new.created_at,
        "expires_at": new.expires_at,
        "blob_id": blob_id,
        "name": new.name,
        "media_type": new.media_type,
        "declared_media_type": new.declared_media_type,
        "processor_version": new.processor_version,
        "params": text(new.params),
        "metadata": text(new.metadata),
        "progress": _NO_PROGRESS,
    }


def new_job(new: NewJob) -> Job:
    """What `load` would find: it need not be asked."""
    return Job(
        id=new.id,
        kind=new.kind,
        state=State.QUEUED,
        attempt=0,
        failures=0,
        interruptions=0,
        max_attempts=new.max_attempts,
        priority=new.priority,
        run_at=new.created_at,
        created_at=new.created_at,
        name=new.name,
        media_type=new.media_type,
        declared_media_type=new.declared_media_type,
        size=new.size,
        sha256=new.sha256,
        blob_key=new.blob_key,
        params=new.params,
        metadata=new.metadata,
        processor_version=new.processor_version,
        tenant=new.tenant,
        expires_at=new.expires_at,
    )


def text(value: object) -> str:
    """JSON in ASCII: no string of a cell is one that an engine can't store (a lone surrogate, a NUL)."""
    return _encode(value)


def columns(value: Account | Progress) -> dict[str, Any]:
    """Its fields, which are flat: `asdict` would copy them deeply, at ten times the cost."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def progress_text(progress: Progress) -> str:
    return text(columns(progress))


def progress(stored: str) -> Progress:
    return Progress(**json.loads(stored))


def error_text(error: JobError | None) -> str | None:
    return None if error is None else text({"code": error.code, "detail": error.detail})


def event(row: Row) -> Event:
    return Event(row.seq, row.job_id, State(row.state), row.at, json.loads(row.data))


def _job(row: Row, published: Sequence[Row], tried: Sequence[Row]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        state=State(row.state),
        attempt=row.attempt,
        failures=row.failures,
        interruptions=row.interruptions,
        max_attempts=row.max_attempts,
        priority=row.priority,
        run_at=row.run_at,
        created_at=row.created_at,
        name=row.name,
        media_type=row.media_type,
        declared_media_type=row.declared_media_type,
        size=row.size,
        sha256=row.sha256,
        blob_key=row.blob_key,
        params=json.loads(row.params),
        metadata=json.loads(row.metadata),
        processor_version=row.processor_version,
        tenant=row.tenant,
        owner=row.owner,
        lease_until=row.lease_until,
        started_at=row.started_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        progress=progress(row.progress),
        result=None if row.result is None else json.loads(row.result),
        error=None if row.error is None else JobError(**json.loads(row.error)),
        outputs=tuple(_output(one) for one in published),
        attempts=tuple(_attempt(one) for one in tried),
    )


def _output(row: Row) -> Output:
    return Output(row.name, row.media_type, row.size, row.sha256, row.blob_key, json.loads(row.attributes))


def _attempt(row: Row) -> Attempt:
    return Attempt(
        row.n,
        row.worker,
        row.started_at,
        row.ended_at,
        row.outcome,
        row.cpu_seconds,
        row.peak_rss_bytes,
        row.exit,
    )


_NO_PROGRESS = progress_text(Progress())
