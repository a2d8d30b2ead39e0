"""A claim is always settled: whatever fails around the cell, the job is given back or ends, and is never just held."""

import fcntl
import threading
from dataclasses import replace
from pathlib import Path

from ingest.jobs import open_jobs
from ingest.jobs.base import Account
from ingest.jobs.outcomes import Done
from ingest.jobs.states import State
from ingest.publish import Kept
from ingest.sandbox import Left, Sandbox
from ingest.wiring import House
from ingest.worker import Worker
from processors.base import AnyProcessor, Limits
from tests.house import drop, job_of

WAIT_SECONDS = 20.0


def test_a_job_whose_folder_cant_be_made_goes_back_to_the_queue(
    house: House, sandbox: Sandbox, processors: dict[str, AnyProcessor]
) -> None:
    job = drop(house)
    house.settings.scratch_folder.write_text("a file where a folder should be")
    assert Worker(house, sandbox, processors).run_one()
    given_back = job_of(house, job)
    assert (given_back.state, given_back.owner) == (State.QUEUED, None)
    assert [attempt.outcome for attempt in given_back.attempts] == ["interrupted"]


def test_outputs_that_cant_be_put_back_send_the_job_back_to_the_queue(
    house: House, sandbox: Sandbox, processors: dict[str, AnyProcessor], tmp_path: Path
) -> None:
    job = drop(house)
    claim = house.jobs.claim(house.owner.id, lease_seconds=10)
    assert claim is not None
    (tmp_path / "a.txt").write_text("an output")
    with Kept(house.files, house.owner.id) as kept:
        kept.take(tmp_path, [Left("a.txt", "text/plain", {})], Limits())
        (output,) = kept.outputs
        house.files.delete(output.blob_key)
        for spool in list(house.files.spools()):
            house.files.discard_spool(spool.owner, spool.name)
        (house.settings.data / "files" / "blobs" / output.sha256[:2]).rename(tmp_path / "lost-shard")
        account = Account(house.owner.id, 0.0, 1.0)
        Worker(house, sandbox, processors)._finish(claim, Done({}, (output,)), account, kept)
    given_back = job_of(house, job)
    assert (given_back.state, given_back.owner, given_back.outputs) == (State.QUEUED, None, ())


def test_a_busy_table_costs_a_running_job_its_progress_and_nothing_else(
    house: House, sandbox: Sandbox, processors: dict[str, AnyProcessor]
) -> None:
    """Another process keeps the write lock for longer than anybody waits for it."""
    job = drop(house, milliseconds=1000)
    impatient = open_jobs(house.settings.jobs_url, patience_seconds=0.1)
    worker = threading.Thread(target=Worker(replace(house, jobs=impatient), sandbox, processors).run_one)
    worker.start()
    pause = threading.Event()
    while job_of(house, job).state is State.QUEUED:
        assert worker.is_alive()
        pause.wait(0.01)
    with Path(f"{house.settings.data / 'jobs.db'}-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pause.wait(0.5)
    worker.join(WAIT_SECONDS)
    impatient.close()
    done = job_of(house, job)
    assert (done.state, done.attempt) == (State.SUCCEEDED, 1)
