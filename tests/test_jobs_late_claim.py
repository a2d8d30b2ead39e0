"""A claim that is committed after its caller gave up is given back: its owner lives, so nobody would rescue it."""

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.clock import new_id
from ingest.jobs import migrate, open_jobs
from ingest.jobs.base import NewJob, StoreBusy
from ingest.jobs.states import State
from ingest.jobs.store import SqlJobStore
from tests.contracts.jobs import record

PATIENCE_SECONDS = 0.5
WAIT_SECONDS = 10.0


def new_job(name: str) -> NewJob:
    return NewJob(
        id=new_id(1.0),
        kind="text",
        created_at=1.0,
        max_attempts=3,
        name=name,
        media_type="text/plain",
        declared_media_type=None,
        size=1,
        sha256="0" * 64,
        blob_key="0" * 64,
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The lock between the processes that write, so that operations gather for one transaction."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(WAIT_SECONDS / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen in time")


def test_a_claim_that_comes_too_late_for_its_caller_goes_back_to_the_queue(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'jobs.db'}"
    migrate(url)
    patient = open_jobs(url)
    job = record(patient, new_job("claimed"))
    jobs = open_jobs(url, patience_seconds=PATIENCE_SECONDS)
    assert isinstance(jobs, SqlJobStore)
    gathered = jobs._writer._waiting
    slow_disk, refusals = threading.Event(), []

    def wait_for_the_disk() -> None:
        slow_disk.wait(WAIT_SECONDS)

    def claim() -> None:
        with pytest.raises(StoreBusy) as refused:
            jobs.claim("a-worker", lease_seconds=10)
        refusals.append(refused.value)

    def accept() -> None:
        with pytest.raises(StoreBusy):
            record(jobs, new_job("slow"), wait_for_the_disk)

    threads = [threading.Thread(target=claim), threading.Thread(target=accept)]
    with locked(tmp_path / "jobs.db-lock"):
        threads[0].start()
        until(lambda: len(gathered) == 1)
        threads[1].start()
        until(lambda: len(gathered) == 2)
    for thread in threads:
        thread.join(WAIT_SECONDS)
    slow_disk.set()
    assert "may still come" in str(refusals[0])
    until(lambda: [event.state for event in patient.events(0, 10, job.id)][1:] == [State.RUNNING, State.QUEUED])
    again = patient.get(job.id)
    assert again is not None
    assert (again.state, again.owner, again.failures, again.interruptions) == (State.QUEUED, None, 0, 0)
    jobs.close()
    patient.close()
