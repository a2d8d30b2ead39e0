"""Each invariant of the kill harness must be able to fail: one whole world, and one thing wrong with it at a time."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest

from ingest.errors import JobError
from ingest.jobs.base import Attempt, Event, Job
from ingest.jobs.outcomes import Output
from ingest.jobs.states import State
from ingest.search.base import Document, Step
from storage.memory import MemoryFiles
from tests.house import drop, job_of, opened_house
from tests.kills import invariants, victims
from tests.kills.ledger import Ledger, Ticket
from tests.kills.payloads import Payload, digest, echo, payload
from tests.kills.plan import CI, scaled

SENT = echo(7, b"some bytes", {"milliseconds": 5})
JOB_ID = "01234567-0000-7000-8000-000000000000"


def payload_of(_number: int) -> Payload:
    return SENT


def keep(files: MemoryFiles, data: bytes) -> str:
    spool = files.spool("somebody")
    spool.append(data)
    blob = files.put(spool)
    spool.discard()
    return blob.key


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
def job(files: MemoryFiles) -> Job:
    """A job as it should be: rerun once, succeeded, published."""
    outputs = {"digest.txt": digest(SENT.data).encode(), "reversed.bin": SENT.data[::-1]}
    return Job(
        id=JOB_ID,
        kind="echo",
        state=State.SUCCEEDED,
        attempt=2,
        failures=1,
        interruptions=0,
        max_attempts=3,
        priority=0,
        run_at=0.0,
        created_at=0.0,
        name=SENT.name,
        media_type="application/octet-stream",
        declared_media_type=None,
        size=len(SENT.data),
        sha256=SENT.sha256,
        blob_key=keep(files, SENT.data),
        params={"milliseconds": 5, "silent": False},
        metadata={},
        processor_version="1.0",
        result={},
        outputs=tuple(
            Output(name, "text/plain", len(data), digest(data), keep(files, data)) for name, data in outputs.items()
        ),
        attempts=(Attempt(1, "worker", 0.0, 1.0, "killed"), Attempt(2, "worker", 1.0, 2.0, "succeeded")),
    )


def ended(state: State = State.SUCCEEDED) -> Event:
    return Event(1, JOB_ID, state, 0.0, {})


def test_a_world_in_order_violates_nothing(files: MemoryFiles, job: Job) -> None:
    ticket = Ticket(JOB_ID, SENT.sha256)
    found = [
        *invariants.rows_promised([job], [ticket]),
        *invariants.whole(job, payload_of),
        *invariants.ended_once(job, [ended()], ticket),
        *invariants.numbered(job),
        *invariants.published(job, files, payload_of),
    ]
    assert found == []


def sorts(violations: invariants.Violations) -> set[str]:
    return {violation.sort for violation in violations}


def test_a_ticket_without_a_row_is_lost_unless_its_client_wanted_that() -> None:
    assert sorts(invariants.rows_promised([], [Ticket(JOB_ID, SENT.sha256)])) == {"lost"}
    assert sorts(invariants.rows_promised([], [Ticket(JOB_ID, SENT.sha256, wants_delete=True)])) == set()


@pytest.mark.parametrize(
    "wrong",
    [{"sha256": digest(b"other")}, {"size": 3}, {"kind": "text"}, {"params": {"milliseconds": 6, "silent": False}}],
    ids=str,
)
def test_a_row_that_says_other_things_than_its_upload_is_half(job: Job, wrong: dict[str, Any]) -> None:
    assert sorts(invariants.whole(replace(job, **wrong), payload_of)) == {"half"}


@pytest.mark.parametrize(
    ("wrong", "events", "sort"),
    [
        ({"state": State.RUNNING}, [], "stuck"),
        ({}, [], "ended"),
        ({}, [ended(), ended()], "ended"),
        ({}, [ended(State.FAILED)], "ended"),
        ({"state": State.CANCELLED}, [ended(State.CANCELLED)], "ended"),
        ({"state": State.FAILED, "error": JobError("internal", "")}, [ended(State.FAILED)], "ended"),
        ({"state": State.FAILED, "error": JobError("worker_killed", "")}, [ended(State.FAILED)], "ended"),
    ],
    ids=["running", "no event", "two events", "another event", "cancelled by nobody", "failed", "killed too early"],
)
def test_a_job_ends_once_and_for_a_reason(job: Job, wrong: dict[str, Any], events: list[Event], sort: str) -> None:
    ticket = Ticket(JOB_ID, SENT.sha256)
    assert sorts(invariants.ended_once(replace(job, **wrong), events, ticket)) == {sort}


def test_a_job_that_was_killed_too_often_or_cancelled_by_its_client_has_a_reason(job: Job) -> None:
    worn_out = replace(job, state=State.FAILED, failures=3, error=JobError("worker_killed", ""))
    assert sorts(invariants.ended_once(worn_out, [ended(State.FAILED)], Ticket(JOB_ID, SENT.sha256))) == set()
    cancelled = replace(job, state=State.CANCELLED)
    ticket = Ticket(JOB_ID, SENT.sha256, wants_cancel=True)
    assert sorts(invariants.ended_once(cancelled, [ended(State.CANCELLED)], ticket)) == set()


@pytest.mark.parametrize(
    ("attempts", "sort"),
    [
        ((Attempt(2, "worker", 1.0, 2.0, "succeeded"),), "attempts"),
        ((Attempt(1, "worker", 0.0), Attempt(2, "worker", 1.0, 2.0, "succeeded")), "attempts"),
        ((Attempt(1, "w", 0.0, 1.0, "succeeded"), Attempt(2, "w", 1.0, 2.0, "succeeded")), "ended"),
    ],
    ids=["a gap", "one that never ended", "two that succeeded"],
)
def test_attempts_are_counted_one_by_one(job: Job, attempts: tuple[Attempt, ...], sort: str) -> None:
    assert sorts(invariants.numbered(replace(job, attempts=attempts))) == {sort}


def test_files_must_be_there_whole(files: MemoryFiles, job: Job) -> None:
    files.delete(job.outputs[0].blob_key)
    assert sorts(invariants.published(job, files, payload_of)) == {"damaged"}
    other = replace(job, blob_key=keep(files, b"other bytes"), outputs=job.outputs[1:])
    assert sorts(invariants.published(other, files, payload_of)) == {"damaged", "outputs"}


def test_outputs_are_there_all_or_not_at_all(files: MemoryFiles, job: Job) -> None:
    assert sorts(invariants.published(replace(job, outputs=job.outputs[:1]), files, payload_of)) == {"outputs"}
    assert sorts(invariants.published(replace(job, outputs=job.outputs * 2), files, payload_of)) == {"outputs"}
    assert sorts(invariants.published(replace(job, state=State.CANCELLED), files, payload_of)) == {"outputs"}


def test_a_damaged_database_is_noticed(tmp_path: Path) -> None:
    database = tmp_path / "jobs.db"
    connection = connect(database)
    with connection:
        connection.execute("CREATE TABLE t (a, b)")
        connection.execute("CREATE INDEX i ON t (a)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(n, n) for n in range(1000)])
    assert sorts(invariants.sound(database)) == set()
    with connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON t (b, a)' WHERE name = 'i'")
    connection.close()
    assert sorts(invariants.sound(database)) == {"integrity"}


def test_a_process_is_told_from_its_remains_and_from_another_one() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        process = victims.look(child.pid)
        assert process is not None
        assert process.alive
        assert not replace(process, started=process.started + 1).alive
        assert not victims.kill(replace(process, started=process.started + 1))
        assert victims.kill(process)
        child.wait()
        assert not process.alive
        assert not victims.kill(process)


def test_a_payload_follows_from_its_number_alone() -> None:
    first = [payload(number) for number in range(-2, 60)]
    payload.cache_clear()
    assert first == [payload(number) for number in range(-2, 60)]
    assert {one.kind for one in first} == {"echo", "text", "image"}
    assert len({one.sha256 for one in first}) < len(first)  # some are twins


def test_a_ledger_counts_what_no_server_should_answer() -> None:
    ledger = Ledger()
    ledger.answered("upload", 503, "busy", frozenset({503}))
    assert ledger.mistakes == []
    ledger.answered("upload", 500, "internal", frozenset({503}))
    assert ledger.mistakes == ["upload was answered with 500 internal"]


@pytest.mark.parametrize("kills", [10, 500, 10_000])
def test_a_plan_for_any_number_of_kills_keeps_the_proportions(kills: int) -> None:
    plan = scaled(kills, seed=1)
    assert plan.cells + plan.workers + plan.trees == kills
    assert abs(plan.cells * CI.workers - plan.workers * CI.cells) <= CI.cells + CI.workers


def test_a_job_that_succeeded_and_is_not_in_the_index_is_found_out(tmp_path: Path) -> None:
    with opened_house(tmp_path) as house:
        assert house.search is not None
        house.search.prepare()
        job = drop(house)
        done = replace(job_of(house, job), state=State.SUCCEEDED)
        house.search.write([Step(house.jobs.last_seq(), Document(job.id, "echo", 0.0, "a", "text/plain", 1))])
        assert list(invariants.findable(house, [done], 1)) == []
        house.search.remove([job.id])
        assert [violation.sort for violation in invariants.findable(house, [done], 1)] == ["unfound"]
