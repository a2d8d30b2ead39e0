"""One job from claim to finish, with real cells."""

import subprocess
import sys
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from ingest.jobs.states import TERMINAL, State
from ingest.sandbox import Sandbox
from ingest.wiring import House
from ingest.worker import Worker, remove_tree
from processors.base import AnyProcessor
from tests.house import drop, job_of, opened_house

WAIT_SECONDS = 20.0


@pytest.fixture
def worker(house: House, sandbox: Sandbox, processors: dict[str, AnyProcessor]) -> Worker:
    return Worker(house, sandbox, processors)


def states_of(house: House, job_id: str) -> list[State]:
    return [event.state for event in house.jobs.events(0, 100, job_id)]


def until(house: House, job_id: str, holds: Callable[[], bool]) -> None:
    """Wait for something that another thread does to the table; every change of it is looked at."""
    pause = threading.Event()
    for _ in range(int(WAIT_SECONDS / 0.01)):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError(f"it never happened to job {job_id}: {states_of(house, job_id)}")


def test_run_one_takes_a_job_from_the_queue_to_its_published_results(house: House, worker: Worker) -> None:
    job = drop(house, b"abc")
    assert worker.run_one()
    done = job_of(house, job)
    assert (done.state, done.attempt, done.progress.fraction) == (State.SUCCEEDED, 1, 1.0)
    assert done.result == {"sha256": sha256(b"abc").hexdigest(), "size": 3}
    assert {output.name for output in done.outputs} == {"digest.txt", "reversed.bin"}
    (reversed_bin,) = (output for output in done.outputs if output.name == "reversed.bin")
    with house.files.open(reversed_bin.blob_key) as published:
        assert published.read() == b"cba"
    assert reversed_bin.attributes == {"length": 3}
    assert states_of(house, job.id) == [State.QUEUED, State.RUNNING, State.SUCCEEDED]


def test_an_attempt_is_accounted_for(house: House, worker: Worker) -> None:
    job = drop(house)
    worker.run_one()
    (attempt,) = job_of(house, job).attempts
    assert (attempt.n, attempt.worker, attempt.outcome, attempt.exit) == (1, house.owner.id, "succeeded", 0)
    assert attempt.cpu_seconds is not None
    assert attempt.peak_rss_bytes


def test_run_one_says_when_there_is_nothing_to_do(worker: Worker) -> None:
    assert not worker.run_one()


def test_a_nudged_job_is_taken_by_name_before_older_ones(house: House, worker: Worker) -> None:
    older, nudged = drop(house, b"older"), drop(house, b"nudged")
    assert worker.run_one(nudged.id)
    assert job_of(house, nudged).state is State.SUCCEEDED
    assert job_of(house, older).state is State.QUEUED


def test_a_kind_that_is_not_installed_any_more_fails_as_unknown(house: House, worker: Worker) -> None:
    job = drop(house, kind="vanished")
    worker.run_one()
    error = job_of(house, job).error
    assert error is not None
    assert error.code == "unknown_kind"


def test_a_stored_file_that_vanished_fails_the_job_and_not_the_worker(house: House, worker: Worker) -> None:
    job = drop(house)
    house.files.delete(job.blob_key)
    assert worker.run_one()
    error = job_of(house, job).error
    assert error is not None
    assert error.code == "internal"


def test_progress_is_written_down_while_the_cell_runs(house: House, worker: Worker) -> None:
    job = drop(house, milliseconds=2000)
    thread = threading.Thread(target=worker.run_one)
    thread.start()
    until(house, job.id, lambda: (job_of(house, job).progress.fraction or 0) > 0)
    progress = job_of(house, job).progress
    assert (progress.stage, progress.unit, progress.total) == ("echoing", "steps", 5)
    thread.join(WAIT_SECONDS)
    assert job_of(house, job).state is State.SUCCEEDED


def test_a_cancel_ends_the_cell_long_before_its_work(house: House, worker: Worker) -> None:
    job = drop(house, milliseconds=60_000)
    thread = threading.Thread(target=worker.run_one)
    thread.start()
    until(house, job.id, lambda: bool(job_of(house, job).progress.stage))
    changed = house.jobs.cancel(job.id)
    assert changed is not None
    worker.nudge(job.id)
    thread.join(WAIT_SECONDS)
    assert job_of(house, job).state is State.CANCELLED
    assert states_of(house, job.id)[-2:] == [State.CANCELLING, State.CANCELLED]


def test_a_drain_gives_a_running_job_back_at_no_cost_to_it(house: House, worker: Worker) -> None:
    job = drop(house, milliseconds=60_000)
    thread = threading.Thread(target=worker.work)
    thread.start()
    until(house, job.id, lambda: bool(job_of(house, job).progress.stage))
    worker.drain(grace_seconds=0)
    thread.join(WAIT_SECONDS)
    back = job_of(house, job)
    assert (back.state, back.failures, back.interruptions, back.owner) == (State.QUEUED, 0, 0, None)
    assert back.run_at <= house.clock()


def test_a_worker_that_is_taken_for_dead_publishes_nothing(
    house: House, worker: Worker, sandbox: Sandbox, processors: dict[str, AnyProcessor], tmp_path: Path
) -> None:
    job = drop(house, milliseconds=1500, silent=True)
    thread = threading.Thread(target=worker.run_one)
    thread.start()
    until(house, job.id, lambda: job_of(house, job).state is State.RUNNING)
    (again,) = house.jobs.rescue(lambda owner, lease_until: False)
    assert again.state is State.QUEUED
    with opened_house(tmp_path / "data") as other:
        assert Worker(other, sandbox, processors).run_one()
        thread.join(WAIT_SECONDS)
        done = job_of(house, job)
        assert (done.state, done.attempt) == (State.SUCCEEDED, 2)
        assert done.attempts[-1].worker == other.owner.id
    assert sum(state in TERMINAL for state in states_of(house, job.id)) == 1
    assert len(done.outputs) == 2


def test_the_folder_of_an_attempt_is_gone_afterwards(house: House, worker: Worker) -> None:
    drop(house)
    worker.run_one()
    assert list((house.settings.scratch_folder / house.owner.id).iterdir()) == []
    assert list(house.files.spools()) == []


def test_the_work_loop_starts_a_nudged_job_without_waiting_for_its_poll(house: House, worker: Worker) -> None:
    thread = threading.Thread(target=worker.work)
    thread.start()
    try:
        for number in range(5):
            job = drop(house, b"%d" % number)
            worker.nudge(job.id)
            until(house, job.id, lambda job=job: job_of(house, job).state is State.SUCCEEDED)  # type: ignore[misc]
    finally:
        worker.drain(grace_seconds=5)
        thread.join(WAIT_SECONDS)


def test_a_tree_deeper_than_the_stack_is_removed(tmp_path: Path) -> None:
    """A cell can nest folders deeper than a recursive delete can follow."""
    deep = tmp_path / "deep"
    deep.mkdir()
    script = "import os\nfor _ in range(5000): os.mkdir('d'); os.chdir('d')"
    subprocess.run([sys.executable, "-c", script], cwd=deep, check=True)
    remove_tree(deep)
    assert not deep.exists()


def test_removing_a_folder_that_is_gone_is_fine(tmp_path: Path) -> None:
    remove_tree(tmp_path / "never")
