"""The job table with a long history: how fast it accepts and claims, beside an empty one."""

import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from ingest.clock import new_id
from ingest.jobs import migrate, open_jobs
from ingest.jobs.base import Acceptance, Account, JobStore, NewJob
from ingest.jobs.outcomes import Done

HISTORY = 1_000_000
JOBS, SHARE = 1000, 4  # of a round; a share of them is accepted at once, as a keeper does it
OWNER = "worker-bench-1-00000000"

# Each copy of the one finished job has an id of its own, older than any that is made from now on.
COPIES = """
WITH RECURSIVE copies(copy) AS (SELECT 1 UNION ALL SELECT copy + 1 FROM copies WHERE copy < :count)
INSERT INTO {table} ({columns}) SELECT {values} FROM copies, {table} WHERE {table}.{key} = :job
"""
ID = "printf('01900000-0000-7000-8000-%012x', copy)"


def with_history(database: Path, count: int) -> None:
    """Make a job table at `database` in which so many jobs have succeeded."""
    url = f"sqlite:{database}"
    migrate(url)
    jobs = open_jobs(url)
    job_id = _accept(jobs, 1)[0]
    claim = jobs.claim(OWNER, lease_seconds=60)
    assert claim is not None
    jobs.finish(claim, Done({"lines": 1}, ()), Account(OWNER, time.time(), time.time()))
    jobs.close()
    if not count:
        return
    connection = sqlite3.connect(database)
    for table, key in (("jobs", "id"), ("attempts", "job_id"), ("events", "job_id")):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "seq"]
        values = ", ".join(ID if name == key else f"{table}.{name}" for name in names)
        statement = COPIES.format(table=table, columns=", ".join(names), values=values, key=key)
        connection.execute(statement, {"count": count, "job": job_id})
        connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def measure(folder: Path, rounds: int) -> None:
    stores: dict[int, JobStore] = {}
    for count in (0, HISTORY):
        path = folder / f"jobs-{count}.db"
        with_history(path, count)
        stores[count] = open_jobs(f"sqlite:{path}")
    acts: dict[str, Callable[[JobStore], object]] = {
        "accept": lambda jobs: _accept(jobs, JOBS),
        "claim": lambda jobs: [jobs.claim(OWNER, lease_seconds=60) for _ in range(JOBS)],
    }
    seconds: dict[tuple[str, int], list[float]] = {}
    for turn in range(rounds):
        for count in (0, HISTORY) if turn % 2 else (HISTORY, 0):
            for name, act in acts.items():
                started = time.perf_counter()
                act(stores[count])
                seconds.setdefault((name, count), []).append(time.perf_counter() - started)
    for store in stores.values():
        store.close()
    print(f"\nthe job table with {HISTORY:,} finished jobs beside an empty one ({rounds} interleaved rounds)")
    for name in acts:
        empty, full = seconds[name, 0], seconds[name, HISTORY]
        ratio = statistics.median(a / b for a, b in zip(empty, full, strict=True))
        print(f"  {name:8} {JOBS / statistics.median(full):6.0f} a second   {ratio:.2f}x of the empty one")


def _accept(jobs: JobStore, count: int) -> list[str]:
    accepted = []
    for start in range(0, count, SHARE):
        news = [_new_job() for _ in range(min(SHARE, count - start))]
        jobs.accept([Acceptance(new, lambda: None) for new in news])
        accepted += [new.id for new in news]
    return accepted


def _new_job() -> NewJob:
    now = time.time()
    job_id = new_id(now)
    return NewJob(
        id=job_id,
        kind="text",
        created_at=now,
        max_attempts=3,
        name="notes.txt",
        media_type="text/plain",
        declared_media_type="text/plain",
        size=1000,
        sha256=job_id,
        blob_key=job_id,
    )
