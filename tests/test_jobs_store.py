"""Every method of the job table, one by one: what it does when the table can't be had, and what it leaves on disk."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection

from ingest.errors import JobError
from ingest.jobs import migrate, open_jobs
from ingest.jobs.base import Claim, Job, JobFilter, JobStore, Progress, StoreBusy
from ingest.jobs.outcomes import Done, Failed
from ingest.jobs.sqlite import Sqlite, SqliteWriteSide
from ingest.jobs.store import SqlJobStore
from tests.contracts.jobs import (
    LEASE,
    OWNER,
    Everything,
    HandClock,
    accept,
    account,
    new_job,
    output,
    record,
    run,
    take,
)
from tests.test_jobs_writer import disk_full

SOON = 0.1
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A table with one job that waits, one that runs, one that has ended, and one that has expired."""

    jobs: JobStore
    clock: HandClock
    waiting: Job
    claim: Claim
    ended: Job
    expired: Job

    @classmethod
    def set(cls, jobs: JobStore, clock: HandClock) -> "Scene":
        accept(jobs, clock)
        accept(jobs, clock, expires_at=clock())
        ended, expired = (run(jobs, clock, Failed(JobError("timeout", "slow"))) for _ in range(2))
        accept(jobs, clock)
        claim = take(jobs)
        return cls(jobs, clock, accept(jobs, clock), claim, ended, expired)

    @property
    def everything(self) -> Everything:
        return Everything.of(self.jobs, self.waiting.id, self.claim.job.id, self.ended.id, self.expired.id)


Use = Callable[[Scene], Any]

DURABLE: Mapping[str, Use] = {
    "accept": lambda it: record(it.jobs, new_job(it.clock)),
    "cancel": lambda it: it.jobs.cancel(it.waiting.id),
    "delete": lambda it: it.jobs.delete(it.ended.id),
    "finish": lambda it: it.jobs.finish(it.claim, Done({}, (output("a.webp"),)), account(it.clock)),
    "rescue": lambda it: it.jobs.rescue(lambda *_: False),
    "expire": lambda it: it.jobs.expire(10),
}
PASSING: Mapping[str, Use] = {
    "claim": lambda it: it.jobs.claim(OWNER, lease_seconds=LEASE),
    "progress": lambda it: it.jobs.progress(it.claim, Progress(0.5)),
    "renew": lambda it: it.jobs.renew(OWNER, LEASE),
    "drop_unreferenced": lambda it: it.jobs.drop_unreferenced(["nobody's"], lambda key: None),
    "check": lambda it: it.jobs.check(),
}
READS: Mapping[str, Use] = {
    "get": lambda it: it.jobs.get(it.ended.id),
    "gone": lambda it: it.jobs.gone(it.ended.id),
    "succeeded": lambda it: it.jobs.succeeded([it.ended.id]),
    "page": lambda it: it.jobs.page(JobFilter(), 10),
    "queue_position": lambda it: it.jobs.queue_position(it.waiting, 10),
    "events": lambda it: it.jobs.events(0, 10),
    "last_seq": lambda it: it.jobs.last_seq(),
    "running": lambda it: it.jobs.running(),
    "cancelling": lambda it: it.jobs.cancelling(OWNER),
    "counts": lambda it: it.jobs.counts(),
    "version": lambda it: it.jobs.version(),
    "released_keys": lambda it: it.jobs.released_keys(10),
    "known_keys": lambda it: it.jobs.known_keys(["nobody's"]),
}
WRITES = {**DURABLE, **PASSING}
ALL = {**READS, **WRITES}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.db"
    migrate(f"sqlite:{path}")
    return path


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def scene(path: Path, clock: HandClock) -> Iterator[Scene]:
    jobs = open_jobs(f"sqlite:{path}", clock=clock)
    yield Scene.set(jobs, clock)
    jobs.close()


@pytest.fixture
def hasty(scene: Scene, path: Path) -> Iterator[Scene]:
    """The same scene, by somebody who does not wait for long."""
    jobs = open_jobs(f"sqlite:{path}", clock=scene.clock, patience_seconds=SOON)
    yield replace(scene, jobs=jobs)
    jobs.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody with a SQLite shell is in the middle of a write."""
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    yield
    shell.execute("ROLLBACK")
    shell.close()


@contextmanager
def shut_out(path: Path) -> Iterator[None]:
    """Another process writes and does not come to an end."""
    lock = os.open(f"{path}-lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    yield
    os.close(lock)


def test_no_method_of_the_contract_was_forgotten() -> None:
    methods = {name for name in vars(JobStore) if not name.startswith("_")}
    assert methods == {*ALL, "close"}


@pytest.mark.parametrize("obstacle", [locked, shut_out])
@pytest.mark.parametrize("use", WRITES.values(), ids=WRITES)
def test_a_write_that_can_not_be_had_in_time_says_so_and_changes_nothing(
    scene: Scene, hasty: Scene, path: Path, use: Use, obstacle: Callable[[Path], Any]
) -> None:
    before = scene.everything
    with obstacle(path):
        with pytest.raises(StoreBusy):
            use(hasty)
        assert scene.everything == before
    use(scene)


@pytest.mark.parametrize("obstacle", [locked, shut_out])
@pytest.mark.parametrize("use", READS.values(), ids=READS)
def test_a_read_never_waits_for_a_writer(scene: Scene, path: Path, use: Use, obstacle: Callable[[Path], Any]) -> None:
    before = use(scene)
    with obstacle(path):
        assert use(scene) == before


@pytest.mark.parametrize("name", ["rescue", "expire"])
def test_the_janitor_writes_nothing_when_there_is_nothing_to_do(path: Path, clock: HandClock, name: str) -> None:
    jobs = open_jobs(f"sqlite:{path}", clock=clock, patience_seconds=SOON)
    with locked(path):
        assert not (jobs.rescue(lambda *_: False) if name == "rescue" else jobs.expire(10))
    jobs.close()


@pytest.mark.parametrize("use", ALL.values(), ids=ALL)
def test_a_table_that_is_damaged_under_way_is_busy_and_nothing_else(path: Path, clock: HandClock, use: Use) -> None:
    """Whoever asks gets an error that the outside can be told, from a read as from a write."""
    jobs = open_jobs(f"sqlite:{path}", clock=clock)
    Scene.set(jobs, clock)
    jobs.close()
    jobs = open_jobs(f"sqlite:{path}", clock=clock)
    new = new_job(clock)
    given = {name: getattr(new, name) for name in new.__slots__}
    job = Job(**given, state="queued", attempt=1, failures=0, interruptions=0, run_at=0.0)  # type: ignore[arg-type]
    scene = Scene(jobs, clock, job, Claim(job, OWNER, 1), job, job)
    with path.open("r+b") as file:
        file.truncate(100)
    with pytest.raises(StoreBusy):
        use(scene)
    jobs.close()


def test_a_blob_outlives_a_delete_that_was_not_committed(path: Path, clock: HandClock) -> None:
    """The janitor's look at references comes before the deletes of its own transaction, which may fail after it."""
    jobs = SqlJobStore(Sqlite(path, PATIENCE), clock, PATIENCE)
    job = accept(jobs, clock)
    run(jobs, clock, Done({}))
    holding, let_go, stored = Event(), Event(), {job.blob_key}

    def hold(key: str) -> None:
        holding.set()
        assert let_go.wait(PATIENCE)

    with ThreadPoolExecutor(3) as pool:
        holder = pool.submit(jobs.drop_unreferenced, ["another"], hold)
        assert holding.wait(PATIENCE)
        deleted = pool.submit(jobs.delete, job.id)
        wait_for(lambda: len(jobs._writer._waiting) == 1)
        dropped = pool.submit(jobs.drop_unreferenced, [job.blob_key], stored.remove)
        wait_for(lambda: len(jobs._writer._waiting) == 2)
        with disk_full(path):
            let_go.set()
            holder.result(PATIENCE)
            for future in (deleted, dropped):
                with pytest.raises(StoreBusy):
                    future.result(PATIENCE)
    assert jobs.get(job.id) is not None
    assert stored == {job.blob_key}
    jobs.close()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline


class LoggingSide(SqliteWriteSide):
    """The real one; `log` says of each transaction whether it was to be durable."""

    log: list[bool]

    @contextmanager
    def transaction(self, *, durable: bool) -> Iterator[Connection]:
        self.log.append(durable)
        with super().transaction(durable=durable) as connection:
            yield connection


class LoggingSqlite(Sqlite):
    def __init__(self, path: Path, log: list[bool]) -> None:
        super().__init__(path, PATIENCE)
        self.log = log

    def write_side(self) -> LoggingSide:
        side = LoggingSide(self._path, PATIENCE)
        side.log = self.log
        return side


@pytest.mark.parametrize(
    ("use", "durable"),
    [*((use, True) for use in DURABLE.values()), *((use, False) for use in PASSING.values())],
    ids=WRITES,
)
def test_what_somebody_was_told_for_good_is_synced_and_what_can_be_redone_is_not(
    path: Path, clock: HandClock, use: Use, durable: bool
) -> None:
    log: list[bool] = []
    jobs = SqlJobStore(LoggingSqlite(path, log), clock, PATIENCE)
    scene = Scene.set(jobs, clock)
    log.clear()
    use(scene)
    assert log == [durable]
    jobs.close()
