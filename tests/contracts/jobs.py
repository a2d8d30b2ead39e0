"""What every job table must do, from accept to the end of an attempt: the contract of `ingest/jobs/base.py`.

`jobs_endings.py`, `jobs_reading.py` and `jobs_model.py` are its other parts. An implementation runs all of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pytest

from ingest.clock import new_id
from ingest.errors import JobError
from ingest.jobs import migrate, open_jobs
from ingest.jobs.base import Acceptance, Account, Claim, Event, Job, JobStore, NewJob, Progress
from ingest.jobs.outcomes import (
    Cancelled,
    Done,
    Failed,
    Interrupted,
    Outcome,
    Output,
    Released,
    Retry,
)
from ingest.jobs.states import State

OWNER = "worker-here-1-00c0ffee"
OTHER = "worker-there-2-0badcafe"
LEASE = 15.0
SIZE = 1000  # of every blob: one key is one size
NASTY = {"lone": "\ud800", "nul": "\0", "quotes": "'\"\\", "deep": [[[{"ünï": None}]]], "big": 2**70, "tiny": 5e-324}


@dataclass(slots=True)
class HandClock:
    """Goes on when it is told to."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float = 1.0) -> float:
        self.now += seconds
        return self.now


def new_job(clock: HandClock, data: str = "", **changes: Any) -> NewJob:
    """A job of its own moment, whose blob follows from `data`: the same data is the same blob."""
    now = clock.tick(0.002)  # ids sort by their millisecond
    job_id = new_id(now)
    digest = sha256((data or job_id).encode()).hexdigest()
    new = NewJob(
        id=job_id,
        kind="text",
        created_at=now,
        max_attempts=3,
        name="notes.txt",
        media_type="text/plain",
        declared_media_type=None,
        size=SIZE,
        sha256=digest,
        blob_key=f"blob-{digest}",
    )
    return replace(new, **changes)


def output(name: str, data: str = "") -> Output:
    digest = sha256((data or name).encode()).hexdigest()
    return Output(name, "image/webp", SIZE, digest, f"blob-{digest}", {"width": 100, **NASTY})


def account(clock: HandClock, worker: str = OWNER) -> Account:
    return Account(worker, clock() - 0.5, clock(), cpu_seconds=0.25, peak_rss_bytes=1 << 20, exit=0)


def accept(jobs: JobStore, clock: HandClock, data: str = "", **changes: Any) -> Job:
    return record(jobs, new_job(clock, data, **changes))


def record(jobs: JobStore, new: NewJob, ensure_blob: Callable[[], None] = lambda: None) -> Job:
    (outcome,) = jobs.accept([Acceptance(new, ensure_blob)])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def take(jobs: JobStore, owner: str = OWNER, job_id: str | None = None) -> Claim:
    claim = jobs.claim(owner, lease_seconds=LEASE, job_id=job_id)
    assert claim is not None
    return claim


def run(jobs: JobStore, clock: HandClock, outcome: Outcome, job_id: str | None = None) -> Job:
    """Claim and finish."""
    claim = take(jobs, job_id=job_id)
    job = jobs.finish(claim, outcome, account(clock))
    assert job is not None
    return job


def story(jobs: JobStore, job_id: str) -> list[tuple[str, dict[str, Any]]]:
    return [(str(event.state), event.data) for event in jobs.events(0, 1000, job_id)]


@dataclass(frozen=True, slots=True)
class Everything:
    """All that a table says, to see that nothing changed."""

    jobs: list[Job | None]
    events: list[Event]
    gone: list[bool]

    @classmethod
    def of(cls, jobs: JobStore, *job_ids: str) -> "Everything":
        return cls([jobs.get(one) for one in job_ids], jobs.events(0, 1000), [jobs.gone(one) for one in job_ids])


class TableContract:
    """Subclasses give `url`, an address where nothing is yet."""

    @pytest.fixture
    def clock(self) -> HandClock:
        return HandClock()

    @pytest.fixture
    def another(self, url: str, clock: HandClock) -> Iterator[Callable[[], JobStore]]:
        """Opens the same table again, as another process would."""
        migrate(url)
        stores: list[JobStore] = []

        def open_one() -> JobStore:
            stores.append(open_jobs(url, clock=clock))
            return stores[-1]

        yield open_one
        for store in stores:
            store.close()

    @pytest.fixture
    def jobs(self, another: Callable[[], JobStore]) -> JobStore:
        return another()


class JobsContract(TableContract):
    def test_an_accepted_job_waits_with_all_that_it_was_given(self, jobs: JobStore, clock: HandClock) -> None:
        new = new_job(
            clock, params=NASTY, metadata={"album": "x"}, priority=7, expires_at=9.5, tenant="t", processor_version="1"
        )
        job = record(jobs, new)
        assert job == jobs.get(new.id)
        assert {name: getattr(job, name) for name in NewJob.__slots__} == {
            name: getattr(new, name) for name in NewJob.__slots__
        }
        assert (job.state, job.attempt, job.owner, job.run_at) == (State.QUEUED, 0, None, new.created_at)
        assert (job.progress, job.result, job.error, job.outputs, job.attempts) == (Progress(), None, None, (), ())
        assert story(jobs, job.id) == [("queued", {})]

    def test_a_blob_that_is_not_there_undoes_the_accept(self, jobs: JobStore, clock: HandClock) -> None:
        new = new_job(clock)

        def missing() -> None:
            raise LookupError(new.blob_key)

        with pytest.raises(LookupError):
            record(jobs, new, missing)
        assert jobs.get(new.id) is None
        assert jobs.events(0, 10) == []
        assert record(jobs, new).id == new.id

    def test_of_many_that_are_accepted_at_once_each_succeeds_or_fails_by_itself(
        self, jobs: JobStore, clock: HandClock
    ) -> None:
        def missing() -> None:
            raise LookupError("the blob is gone")

        first, lost, twin, last = new_job(clock), new_job(clock), new_job(clock, "same"), new_job(clock, "same")
        accepted = [Acceptance(new, lambda: None) for new in (first, twin, last)]
        outcomes = jobs.accept([accepted[0], Acceptance(lost, missing), *accepted[1:], accepted[0]])
        assert isinstance(outcomes[1], LookupError)
        assert isinstance(outcomes[4], Exception)  # the first one again
        jobs_of = [outcomes[0], *outcomes[2:4]]
        assert jobs_of == [jobs.get(new.id) for new in (first, twin, last)]
        assert [event.job_id for event in jobs.events(0, 10)] == [first.id, twin.id, last.id]
        assert jobs.get(lost.id) is None
        assert jobs.accept([]) == []

    def test_the_most_urgent_job_is_claimed_first_and_then_the_oldest(self, jobs: JobStore, clock: HandClock) -> None:
        old, young = accept(jobs, clock), accept(jobs, clock)
        urgent, lazy = accept(jobs, clock, priority=5), accept(jobs, clock, priority=-5)
        assert [take(jobs).job.id for _ in range(4)] == [urgent.id, old.id, young.id, lazy.id]
        assert jobs.claim(OWNER, lease_seconds=LEASE) is None

    def test_a_claim_raises_the_fence_and_opens_an_attempt(self, jobs: JobStore, clock: HandClock) -> None:
        job = accept(jobs, clock)
        claim = take(jobs)
        assert (claim.job, claim.owner, claim.attempt) == (jobs.get(job.id), OWNER, 1)
        assert (claim.job.state, claim.job.attempt) == (State.RUNNING, 1)
        assert (claim.job.owner, claim.job.lease_until, claim.job.started_at) == (OWNER, clock() + LEASE, clock())
        assert [(one.n, one.worker, one.started_at, one.ended_at) for one in claim.job.attempts] == [
            (1, OWNER, clock(), None)
        ]
        assert story(jobs, job.id)[-1] == ("running", {"attempt": 1})

    def test_one_job_can_be_claimed_by_name_if_it_is_ready(self, jobs: JobStore, clock: HandClock) -> None:
        first, second = accept(jobs, clock), accept(jobs, clock)
        assert take(jobs, job_id=second.id).job.id == second.id
        assert jobs.claim(OTHER, lease_seconds=LEASE, job_id=second.id) is None
        assert jobs.claim(OTHER, lease_seconds=LEASE, job_id=new_id(clock())) is None
        run(jobs, clock, Retry("killed"), first.id)
        run(jobs, clock, Retry("killed"), first.id)
        assert jobs.claim(OTHER, lease_seconds=LEASE, job_id=first.id) is None  # it backs off

    def test_progress_is_taken_from_the_running_attempt_alone(self, jobs: JobStore, clock: HandClock) -> None:
        accept(jobs, clock)
        claim = take(jobs)
        told = Progress(0.5, "decode", 5, 10, "pages", NASTY["lone"], updated_at=clock())  # type: ignore[arg-type]
        assert jobs.progress(claim, told)
        assert jobs.running() == [(claim.job.id, 1, told)]
        assert not jobs.progress(replace(claim, owner=OTHER), Progress(0.9))
        jobs.finish(claim, Interrupted("gone"), account(clock))
        again = take(jobs)
        assert not jobs.progress(claim, Progress(0.9))
        assert again.job.progress == told

    def test_a_lease_is_renewed_for_all_that_an_owner_runs(self, jobs: JobStore, clock: HandClock) -> None:
        for _ in range(3):
            accept(jobs, clock)
        mine, mine_too, theirs = take(jobs), take(jobs), take(jobs, OTHER)
        before = clock() + LEASE
        clock.tick(5)
        jobs.renew(OWNER, LEASE)
        leases = [jobs.get(claim.job.id).lease_until for claim in (mine, mine_too, theirs)]  # type: ignore[union-attr]
        assert leases == [before + 5, before + 5, before]

    def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_told(
        self, jobs: JobStore, clock: HandClock
    ) -> None:
        waiting, running = accept(jobs, clock), accept(jobs, clock, priority=1)
        claim = take(jobs)
        job, changed = jobs.cancel(waiting.id) or pytest.fail("unknown")
        assert (job, changed) == (jobs.get(waiting.id), True)
        assert (job.state, job.finished_at) == (State.CANCELLED, clock())
        job, changed = jobs.cancel(running.id) or pytest.fail("unknown")
        assert (job.state, job.finished_at, changed) == (State.CANCELLING, None, True)
        assert jobs.cancelling(OWNER) == {(running.id, 1)}
        assert jobs.cancelling(OTHER) == frozenset()
        assert jobs.finish(claim, Cancelled(), account(clock)) == jobs.get(running.id)
        assert [state for state, _ in story(jobs, running.id)] == ["queued", "running", "cancelling", "cancelled"]

    def test_a_second_cancel_changes_nothing(self, jobs: JobStore, clock: HandClock) -> None:
        job = accept(jobs, clock)
        jobs.cancel(job.id)
        before = Everything.of(jobs, job.id)
        assert jobs.cancel(job.id) == (before.jobs[0], False)
        assert Everything.of(jobs, job.id) == before
        assert jobs.cancel(new_id(clock())) is None

    @pytest.mark.parametrize("cancelling", [False, True])
    @pytest.mark.parametrize(
        ("outcome", "name", "state", "when_cancelling"),
        [
            (Done({"words": 3}), "succeeded", State.SUCCEEDED, State.SUCCEEDED),
            (Failed(JobError("corrupt_input", "torn")), "failed", State.FAILED, State.FAILED),
            (Cancelled(), "cancelled", State.CANCELLED, State.CANCELLED),
            (Retry("signal 9"), "killed", State.QUEUED, State.CANCELLED),
            (Interrupted("owner died"), "interrupted", State.QUEUED, State.CANCELLED),
            (Released(), "released", State.QUEUED, State.CANCELLED),
        ],
    )
    def test_every_outcome_settles_the_attempt_and_the_job(
        self,
        jobs: JobStore,
        clock: HandClock,
        outcome: Outcome,
        name: str,
        state: State,
        when_cancelling: State,
        cancelling: bool,
    ) -> None:
        accept(jobs, clock)
        claim = take(jobs)
        if cancelling:
            jobs.cancel(claim.job.id)
        spent = account(clock)
        clock.tick(2)
        job = jobs.finish(claim, outcome, spent)
        assert job is not None
        assert job == jobs.get(job.id)
        assert job.state is (when_cancelling if cancelling else state)
        assert (job.owner, job.lease_until) == (None, None)
        assert (job.finished_at, job.run_at) == (
            (None, clock()) if job.state is State.QUEUED else (clock(), job.run_at)
        )
        (attempt,) = job.attempts
        assert (attempt.outcome, attempt.worker, attempt.started_at) == (name, spent.worker, spent.started_at)
        assert (attempt.ended_at, attempt.cpu_seconds, attempt.peak_rss_bytes, attempt.exit) == (
            spent.ended_at,
            0.25,
            1 << 20,
            0,
        )
        assert story(jobs, job.id)[-1][0] == job.state
        assert jobs.cancelling(OWNER) == frozenset()
        assert jobs.running() == []
