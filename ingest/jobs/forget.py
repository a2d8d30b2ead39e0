"""How jobs and blobs leave. Each function that changes something is one operation inside a write transaction."""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection, delete, exists, insert, literal, or_, select, union

from ingest.jobs.states import ACTIVE
from ingest.jobs.tables import blobs, jobs, outputs, released, tombstones

_REFERRED = or_(
    exists().where(jobs.c.blob_id == blobs.c.id),
    exists().where(outputs.c.blob_id == blobs.c.id),
)


def delete_job(sql: Connection, job_id: str, now: float) -> bool | None:
    state = sql.execute(select(jobs.c.state).where(jobs.c.id == job_id)).scalar_one_or_none()
    if state is None:
        return None
    if state in ACTIVE:
        return False
    _delete(sql, [job_id], now)
    return True


def expired(sql: Connection, limit: int, now: float) -> list[str]:
    """Finished jobs whose time is over."""
    over = (jobs.c.expires_at <= now, jobs.c.finished_at.is_not(None))
    return list(sql.execute(select(jobs.c.id).where(*over).order_by(jobs.c.expires_at).limit(limit)).scalars())


def expire(sql: Connection, limit: int, now: float) -> int:
    job_ids = expired(sql, limit, now)
    _delete(sql, job_ids, now)
    return len(job_ids)


def release(sql: Connection, keys: Collection[str]) -> None:
    """Let the janitor look at these blobs soon."""
    waiting = set(sql.execute(select(released.c.key).where(released.c.key.in_(keys))).scalars())
    if fresh := sorted(set(keys) - waiting):
        sql.execute(insert(released), [{"key": key} for key in fresh])


def referred(sql: Connection, keys: Sequence[str]) -> frozenset[str]:
    return frozenset(sql.execute(select(blobs.c.key).where(blobs.c.key.in_(keys), _REFERRED)).scalars())


def drop(sql: Connection, keys: Sequence[str], delete_blob: Callable[[str], None]) -> int:
    """Must see committed rows only: a blob whose last reference goes in a transaction that fails would be lost."""
    free = sorted(set(keys) - referred(sql, keys))
    for key in free:
        delete_blob(key)
    sql.execute(delete(blobs).where(blobs.c.key.in_(free)))
    sql.execute(delete(released).where(released.c.key.in_(keys)))
    return len(free)


def _delete(sql: Connection, job_ids: Sequence[str], now: float) -> None:
    """Outputs, attempts and events go with the rows of their jobs."""
    of_jobs = select(blobs.c.key).join_from(jobs, blobs).where(jobs.c.id.in_(job_ids))
    of_outputs = select(blobs.c.key).join_from(outputs, blobs).where(outputs.c.job_id.in_(job_ids))
    release(sql, sql.execute(union(of_jobs, of_outputs)).scalars().all())
    gone = select(jobs.c.id, literal(now)).where(jobs.c.id.in_(job_ids))
    sql.execute(insert(tombstones).from_select(["job_id", "at"], gone))
    sql.execute(delete(jobs).where(jobs.c.id.in_(job_ids)))
