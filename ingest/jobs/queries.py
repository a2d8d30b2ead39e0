"""What everybody reads, besides one whole job. Each function is one look at a snapshot."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, union_all

from ingest.jobs import rows
from ingest.jobs.base import Event, Job, JobFilter, Progress
from ingest.jobs.statement import Statement
from ingest.jobs.states import ACTIVE, OWNED, State
from ingest.jobs.tables import QUEUED, events, jobs, released, tombstones

_HELD = jobs.c.owner.is_not(None)

_GONE = Statement(select(tombstones.c.job_id).where(tombstones.c.job_id == bindparam("id")))
_LASTS = or_(jobs.c.expires_at.is_(None), jobs.c.expires_at > bindparam("now"))
_FINE = Statement(select(jobs.c.id).where(jobs.c.id == bindparam("id"), jobs.c.state == State.SUCCEEDED, _LASTS))
_RUNNING = Statement(select(jobs.c.id, jobs.c.attempt, jobs.c.progress).where(_HELD).order_by(jobs.c.owner, jobs.c.id))
_CANCELLING = Statement(
    select(jobs.c.id, jobs.c.attempt).where(jobs.c.owner == bindparam("owner"), jobs.c.state == State.CANCELLING)
)
_OWNERS = Statement(select(jobs.c.owner, jobs.c.lease_until).where(_HELD).distinct())
_RELEASED = Statement(select(released.c.key).limit(bindparam("limit")))
_LAST_SEQ = Statement(select(func.coalesce(func.max(events.c.seq), 0)))
_LATER = select(events).where(events.c.seq > bindparam("after")).order_by(events.c.seq).limit(bindparam("limit"))
_EVENTS = Statement(_LATER)
_EVENTS_OF_JOB = Statement(_LATER.where(events.c.job_id == bindparam("id")))
_COUNTS = Statement(
    union_all(
        select(jobs.c.state, func.count().label("count")).where(jobs.c.state == QUEUED).group_by(jobs.c.state),
        select(jobs.c.state, func.count().label("count")).where(_HELD).group_by(jobs.c.state),
    )
)


def _ahead(*before: ColumnElement[bool]) -> Statement:
    """Ready jobs that come before another one, counted up to a limit: a range of the queue's index."""
    ready = (jobs.c.state == QUEUED, jobs.c.run_at <= bindparam("now"))
    some = select(jobs.c.id).where(*ready, *before).limit(bindparam("cap")).subquery()
    return Statement(select(func.count()).select_from(some))


_MORE_URGENT = _ahead(jobs.c.priority > bindparam("priority"))
_OLDER = _ahead(jobs.c.priority == bindparam("priority"), jobs.c.id < bindparam("id"))


def gone(sql: Connection, job_id: str) -> bool:
    return _GONE.row(sql, id=job_id) is not None


def succeeded(sql: Connection, job_ids: Sequence[str], now: float) -> frozenset[str]:
    return frozenset(job_id for job_id in job_ids if _FINE.row(sql, id=job_id, now=now) is not None)


def page(sql: Connection, where: JobFilter, limit: int, before: str | None) -> list[Job]:
    ids = select(jobs.c.id).where(*_conditions(where)).order_by(jobs.c.id.desc()).limit(limit)
    if before is not None:
        ids = ids.where(jobs.c.id < before)
    return rows.load_many(sql, sql.execute(ids).scalars().all())


def queue_position(sql: Connection, job: Job, cap: int, now: float) -> int:
    ahead = int(_MORE_URGENT.value(sql, priority=job.priority, now=now, cap=cap))
    if ahead < cap:
        ahead += int(_OLDER.value(sql, priority=job.priority, now=now, cap=cap, id=job.id))
    return min(ahead, cap)


def events_after(sql: Connection, after: int, limit: int, job_id: str | None) -> list[Event]:
    if job_id is None:
        found = _EVENTS.rows(sql, after=after, limit=limit)
    else:
        found = _EVENTS_OF_JOB.rows(sql, after=after, limit=limit, id=job_id)
    return [rows.event(row) for row in found]


def last_seq(sql: Connection) -> int:
    return int(_LAST_SEQ.value(sql))


def running(sql: Connection) -> list[tuple[str, int, Progress]]:
    return [(row.id, row.attempt, rows.progress(row.progress)) for row in _RUNNING.rows(sql)]


def cancelling(sql: Connection, owner: str) -> frozenset[tuple[str, int]]:
    return frozenset((row.id, row.attempt) for row in _CANCELLING.rows(sql, owner=owner))


def owners(sql: Connection) -> list[tuple[str, float | None]]:
    """Every (owner, lease until) that there is."""
    return [(row.owner, row.lease_until) for row in _OWNERS.rows(sql)]


def counts(sql: Connection) -> dict[State, int]:
    found = {row.state: row.count for row in _COUNTS.rows(sql)}
    return {state: found.get(state, 0) for state in State if state in ACTIVE}


def released_keys(sql: Connection, limit: int) -> list[str]:
    return [row.key for row in _RELEASED.rows(sql, limit=limit)]


def _conditions(where: JobFilter) -> Iterator[ColumnElement[bool]]:
    if where.kind is not None:
        yield jobs.c.kind == where.kind
    if where.state is not None:
        yield from _in_state(where.state)
    if where.since is not None:
        yield jobs.c.created_at >= where.since
        yield jobs.c.id >= _first_id(_millisecond(where.since))
    if where.until is not None:
        yield jobs.c.created_at < where.until
        yield jobs.c.id < _first_id(_millisecond(where.until) + 1)


def _in_state(state: State) -> Iterator[ColumnElement[bool]]:
    """By the index that holds such jobs. Live ones are few: they are gathered first, or else the way to the newest
    of them would be looked for among all jobs."""
    if state is State.QUEUED:
        yield jobs.c.id.in_(select(jobs.c.id).where(jobs.c.state == QUEUED))
    elif state in OWNED:
        yield jobs.c.id.in_(select(jobs.c.id).where(_HELD, jobs.c.state == state))
    else:
        yield jobs.c.state == state
        yield jobs.c.finished_at.is_not(None)


def _millisecond(moment: float) -> int:
    """As `new_id` counts them, within what a UUIDv7 can hold."""
    return int(min(max(moment * 1000, 0.0), 2.0**48 - 2))


def _first_id(millisecond: int) -> str:
    """Below every UUIDv7 of that millisecond: ids bound the time, so that no index on it is needed."""
    return str(UUID(int=millisecond << 80))
