"""What every job table must do, part two: ends, reruns, rescues, and how jobs and blobs leave."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event as Flag

import pytest

from ingest.clock import new_id
from ingest.errors import JobError
from ingest.jobs.base import Claim, Job, JobFilter, JobStore, Progress
from ingest.jobs.outcomes import MAX_INTERRUPTIONS, Cancelled, Done, Failed, Interrupted, Released, Retry
from ingest.jobs.states import State
from tests.contracts.jobs import (
    LEASE,
    NASTY,
    OTHER,
    OWNER,
    Everything,
    HandClock,
    TableContract,
    accept,
    account,
    new_job,
    output,
    record,
    run,
    story,
    take,
)

FOREVER = 1e9


def nobody_lives(owner: str, lease_until: float | None) -> bool:
    return False


class EndingsContract(TableContract):
    """Subclasses give `url`, an address where nothing is yet."""

    def test_success_publishes_result_outputs_and_full_progress_at_once(self, jobs: JobStore, clock: HandClock) -> None:
        accept(jobs, clock)
        claim = take(jobs)
        jobs.progress(claim, Progress(0.4, "encode", 4, 10, "frames", "busy", updated_at=1.0))
        outputs = (output("small.webp"), output("large.webp"), output("copy.webp", "large.webp"))
        job = jobs.finish(claim, Done(NASTY, outputs), account(clock))
        assert job is not None
        assert (job.state, job.result, job.outputs) == (State.SUCCEEDED, NASTY, outputs)
        assert job.progress == Progress(1.0, "encode", 4, 10, "frames", "busy", updated_at=1.0)
        assert job == jobs.get(job.id) == jobs.page(JobFilter(), 10)[0]
        assert story(jobs, job.id)[-1] == ("succeeded", {"attempt": 1})

    def test_failure_says_why_and_publishes_nothing(self, jobs: JobStore, clock: HandClock) -> None:
        accept(jobs, clock)
        error = JobError("corrupt_input", "not a JPEG: \udcff")
        job = run(jobs, clock, Failed(error))
        assert (job.state, job.error, job.result, job.outputs) == (State.FAILED, error, None, ())
        assert story(jobs, job.id)[-1] == ("failed", {"attempt": 1, "error": "corrupt_input"})

    def test_outputs_that_are_not_there_undo_the_finish(self, jobs: JobStore, clock: HandClock) -> None:
        job = accept(jobs, clock)
        claim = take(jobs)
        before = Everything.of(jobs, job.id)

        def missing() -> None:
            raise LookupError

        with pytest.raises(LookupError):
            jobs.finish(claim, Done({}, (output("a.webp"),)), account(clock), missing)
        assert Everything.of(jobs, job.id) == before
        assert jobs.known_keys([output("a.webp").blob_key]) == frozenset()
        assert jobs.finish(claim, Done({}, (output("a.webp"),)), account(clock), lambda: None) is not None

    @pytest.mark.parametrize("late", ["a second time", "after a rescue", "by another", "after the delete"])
    def test_a_late_finisher_changes_nothing(self, jobs: JobStore, clock: HandClock, late: str) -> None:
        job = accept(jobs, clock)
        claim = take(jobs)
        match late:
            case "a second time":
                jobs.finish(claim, Failed(JobError("internal", "first")), account(clock))
            case "after a rescue":
                jobs.rescue(nobody_lives)
                take(jobs)
            case "by another":
                claim = replace(claim, owner=OTHER)
            case _:
                jobs.finish(claim, Cancelled(), account(clock))
                jobs.delete(job.id)
        before = Everything.of(jobs, job.id)
        assert jobs.finish(claim, Done({"late": True}, (output("late.webp"),)), account(clock)) is None
        assert Everything.of(jobs, job.id) == before
        # What it stored is nobody's: the janitor hears of it.
        assert output("late.webp").blob_key in jobs.released_keys(10)

    def test_an_outside_death_is_rerun_at_once_and_the_next_ones_later(self, jobs: JobStore, clock: HandClock) -> None:
        job = accept(jobs, clock, max_attempts=5)
        again = run(jobs, clock, Retry("signal 9"))
        assert (again.state, again.failures, again.run_at) == (State.QUEUED, 1, clock())
        assert story(jobs, job.id)[-1] == ("queued", {"attempt": 1, "reason": "killed"})
        later = run(jobs, clock, Retry("signal 9"))
        assert (later.failures, later.run_at > clock()) == (2, True)
        assert jobs.claim(OWNER, lease_seconds=LEASE) is None
        clock.now = later.run_at
        third = take(jobs)
        assert [(one.n, one.outcome) for one in third.job.attempts] == [(1, "killed"), (2, "killed"), (3, None)]
        assert (third.attempt, third.job.started_at) == (3, again.started_at)

    def test_the_last_allowed_death_of_a_cell_fails_the_job(self, jobs: JobStore, clock: HandClock) -> None:
        accept(jobs, clock, max_attempts=2)
        run(jobs, clock, Retry("signal 9"))
        job = run(jobs, clock, Retry("signal 11"))
        assert (job.state, job.error) == (State.FAILED, JobError("worker_killed", "signal 11"))
        assert story(jobs, job.id)[-1] == ("failed", {"attempt": 2, "error": "worker_killed"})

    def test_a_job_that_is_given_back_has_lost_nothing(self, jobs: JobStore, clock: HandClock) -> None:
        accept(jobs, clock, max_attempts=1)
        for n in range(1, 6):
            job = run(jobs, clock, Released())
            assert (job.state, job.attempt, job.failures, job.interruptions) == (State.QUEUED, n, 0, 0)
            assert job.run_at == clock()

    def test_only_the_jobs_of_the_dead_are_rescued(self, jobs: JobStore, clock: HandClock) -> None:
        for _ in range(3):
            accept(jobs, clock)
        dead, cancelled, alive = take(jobs), take(jobs), take(jobs, OTHER)
        jobs.cancel(cancelled.job.id)
        asked: set[tuple[str, float | None]] = set()

        def is_alive(owner: str, lease_until: float | None) -> bool:
            asked.add((owner, lease_until))
            return owner == OTHER

        saved = jobs.rescue(is_alive)
        assert asked == {(OWNER, clock() + LEASE), (OTHER, clock() + LEASE)}
        assert saved == [jobs.get(dead.job.id), jobs.get(cancelled.job.id)]
        assert [(job.state, job.interruptions, job.failures) for job in saved] == [
            (State.QUEUED, 1, 0),
            (State.CANCELLED, 1, 0),
        ]
        assert [(job.attempts[0].outcome, job.attempts[0].ended_at) for job in saved] == [("interrupted", clock())] * 2
        assert jobs.get(alive.job.id) == alive.job
        assert jobs.rescue(lambda *_: True) == []

    def test_a_lease_that_was_renewed_in_time_is_no_death(
        self, jobs: JobStore, another: Callable[[], JobStore], clock: HandClock
    ) -> None:
        """Between the janitor's look and its write the owner shows up again."""
        accept(jobs, clock)
        claim = take(jobs)

        def renews_late(owner: str, lease_until: float | None) -> bool:
            clock.tick()
            another().renew(owner, LEASE)
            return False

        assert jobs.rescue(renews_late) == []
        assert jobs.finish(claim, Done({}), account(clock)) is not None

    def test_whoever_dies_again_and_again_takes_the_job_with_him_in_the_end(
        self, jobs: JobStore, clock: HandClock
    ) -> None:
        accept(jobs, clock, max_attempts=1)
        for n in range(1, MAX_INTERRUPTIONS + 1):
            clock.tick(FOREVER)
            take(jobs)
            (job,) = jobs.rescue(nobody_lives)
            assert (job.interruptions, job.failures) == (n, 0)
        assert job.error is not None
        assert (job.state, job.error.code, job.attempt) == (State.FAILED, "worker_killed", MAX_INTERRUPTIONS)

    def test_a_finished_job_can_be_forgotten_and_leaves_a_tombstone(self, jobs: JobStore, clock: HandClock) -> None:
        kept = accept(jobs, clock, "shared")
        job = accept(jobs, clock, "shared", priority=1)
        assert jobs.delete(job.id) is False
        claim = take(jobs)
        assert jobs.delete(job.id) is False
        ours = output("a.webp")
        jobs.finish(claim, Done({}, (ours,)), account(clock))
        assert jobs.gone(job.id) is False
        assert jobs.delete(job.id) is True
        assert (jobs.get(job.id), jobs.gone(job.id), story(jobs, job.id)) == (None, True, [])
        assert jobs.delete(job.id) is None
        assert [one.id for one in jobs.page(JobFilter(), 10)] == [kept.id]
        assert set(jobs.released_keys(10)) == {job.blob_key, ours.blob_key}
        assert jobs.known_keys([job.blob_key, ours.blob_key]) == {kept.blob_key}

    def test_jobs_expire_when_they_have_finished_and_their_time_is_over(self, jobs: JobStore, clock: HandClock) -> None:
        soon = clock() + 100
        ended = [accept(jobs, clock, expires_at=soon + n) for n in range(3)]
        for _ in ended:
            run(jobs, clock, Done({}))
        active, endless = accept(jobs, clock, expires_at=soon), accept(jobs, clock)
        run(jobs, clock, Done({}), endless.id)
        assert jobs.expire(10) == 0
        clock.now = soon + 1
        assert jobs.expire(1) == 1
        assert jobs.expire(10) == 1
        assert [jobs.gone(job.id) for job in (*ended, active, endless)] == [True, True, False, False, False]
        assert set(jobs.released_keys(10)) == {ended[0].blob_key, ended[1].blob_key}

    def test_only_blobs_that_nothing_refers_to_are_deleted(self, jobs: JobStore, clock: HandClock) -> None:
        job = accept(jobs, clock)
        run(jobs, clock, Done({}, (output("a.webp"),)))
        gone = accept(jobs, clock)
        run(jobs, clock, Failed(JobError("internal", "")))
        jobs.delete(gone.id)
        keys = [job.blob_key, output("a.webp").blob_key, gone.blob_key, "never heard of"]
        assert jobs.known_keys(keys) == set(keys[:2])
        deleted: list[str] = []
        assert jobs.drop_unreferenced(keys, deleted.append) == 2
        assert sorted(deleted) == sorted(keys[2:])
        assert jobs.released_keys(10) == []
        assert jobs.drop_unreferenced([], deleted.append) == 0

    def test_a_blob_that_can_not_be_deleted_stays_on_the_list(self, jobs: JobStore, clock: HandClock) -> None:
        job = accept(jobs, clock)
        run(jobs, clock, Done({}))
        jobs.delete(job.id)

        def refuse(key: str) -> None:
            raise PermissionError(key)

        with pytest.raises(PermissionError):
            jobs.drop_unreferenced([job.blob_key], refuse)
        assert jobs.released_keys(10) == [job.blob_key]

    def test_a_blob_that_is_deleted_is_missed_by_whoever_accepts_it_next(
        self, jobs: JobStore, another: Callable[[], JobStore], clock: HandClock
    ) -> None:
        """While the janitor deletes, nobody accepts; whoever comes after looks again whether the blob is there."""
        stored = {"the blob"}
        deleting, others = Flag(), another()

        def delete(key: str) -> None:
            deleting.set()
            stored.remove(key)

        def ensure() -> None:
            seen.append("the blob" in stored)
            stored.add("the blob")

        seen: list[bool] = []
        with ThreadPoolExecutor(1) as pool:
            dropped = pool.submit(jobs.drop_unreferenced, ["the blob"], delete)
            assert deleting.wait(10)
            record(others, new_job(clock, blob_key="the blob"), ensure)
            assert dropped.result(10) == 1
        assert seen == [False]
        assert jobs.drop_unreferenced(["the blob"], delete) == 0
        assert stored == {"the blob"}

    def test_many_claimants_at_two_tables_never_share_an_attempt(
        self, jobs: JobStore, another: Callable[[], JobStore], clock: HandClock
    ) -> None:
        accepted = [accept(jobs, clock).id for _ in range(60)]

        def claim_all(store: JobStore) -> list[Claim]:
            found = []
            while claim := store.claim(OWNER, lease_seconds=LEASE):
                found.append(claim)
            return found

        with ThreadPoolExecutor(6) as pool:
            claims = [claim for part in pool.map(claim_all, [jobs, another()] * 3) for claim in part]
        assert sorted(claim.job.id for claim in claims) == sorted(accepted)
        assert {claim.attempt for claim in claims} == {1}

    def test_an_unknown_job_is_unknown_to_everybody(self, jobs: JobStore, clock: HandClock) -> None:
        job_id = new_id(clock())
        stranger = Claim(job=_stranger(job_id, clock), owner=OWNER, attempt=1)
        assert (jobs.get(job_id), jobs.cancel(job_id), jobs.delete(job_id), jobs.gone(job_id)) == (
            None,
            None,
            None,
            False,
        )
        assert jobs.progress(stranger, Progress()) is False
        assert jobs.finish(stranger, Interrupted(""), account(clock)) is None


def _stranger(job_id: str, clock: HandClock) -> Job:
    new = new_job(clock)
    given = {name: getattr(new, name) for name in new.__slots__}
    return Job(**{**given, "id": job_id}, state=State.RUNNING, attempt=1, failures=0, interruptions=0, run_at=0.0)
