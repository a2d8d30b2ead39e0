"""What every job table must do, part three: what everybody reads."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ingest.clock import new_id
from ingest.errors import JobError
from ingest.jobs import open_jobs
from ingest.jobs.base import Claim, Job, JobFilter, JobStore, Progress, StoreBusy, StoreRefused
from ingest.jobs.outcomes import Done, Failed, Retry
from ingest.jobs.states import State
from tests.contracts.jobs import (
    LEASE,
    OWNER,
    HandClock,
    TableContract,
    accept,
    account,
    new_job,
    output,
    record,
    run,
    take,
)


class ReadingContract(TableContract):
    """Subclasses give `url`, an address where nothing is yet."""

    def test_events_come_in_order_by_part_and_by_job(self, jobs: JobStore, clock: HandClock) -> None:
        assert (jobs.last_seq(), jobs.events(0, 10)) == (0, [])
        first, second = accept(jobs, clock), accept(jobs, clock)
        clock.tick()
        run(jobs, clock, Done({}))
        every = jobs.events(0, 10)
        assert [(event.job_id, str(event.state)) for event in every] == [
            (first.id, "queued"),
            (second.id, "queued"),
            (first.id, "running"),
            (first.id, "succeeded"),
        ]
        assert [event.seq for event in every] == sorted({event.seq for event in every})
        assert [event.at for event in every[2:]] == [clock(), clock()]
        assert jobs.events(every[0].seq, 2) == every[1:3]
        assert jobs.events(every[0].seq, 10, first.id) == every[2:]
        assert jobs.last_seq() == every[-1].seq

    def test_a_number_of_a_deleted_event_is_never_used_again(self, jobs: JobStore, clock: HandClock) -> None:
        job = accept(jobs, clock)
        run(jobs, clock, Done({}))
        last = jobs.last_seq()
        jobs.delete(job.id)
        accept(jobs, clock)
        (event,) = jobs.events(0, 10)
        assert event.seq > last

    def test_pages_lead_through_all_jobs_newest_first(self, jobs: JobStore, clock: HandClock) -> None:
        ids = [accept(jobs, clock).id for _ in range(7)]
        for n in range(3):
            run(jobs, clock, Done({"n": n}, (output(f"{n}.webp"), output("shared.webp"))))
        seen: list[Job] = []
        while page := jobs.page(JobFilter(), 3, seen[-1].id if seen else None):
            seen += page
        assert [job.id for job in seen] == ids[::-1]
        assert seen == [jobs.get(one) for one in ids[::-1]]
        assert jobs.page(JobFilter(), 0) == []

    def test_filters_pick_by_kind_state_and_time_and_all_at_once(self, jobs: JobStore, clock: HandClock) -> None:
        start = clock()
        made = self._one_of_each_state(jobs, clock)
        for state in State:
            assert [job.id for job in jobs.page(JobFilter(state=state), 10)] == [made[state].id]
        kinds = {job.id for job in made.values() if job.kind == "image"}
        assert {job.id for job in jobs.page(JobFilter(kind="image"), 10)} == kinds
        assert jobs.page(JobFilter(kind="video"), 10) == []
        middle = made[State.FAILED].created_at
        early = {job.id for job in jobs.page(JobFilter(until=middle), 10)}
        late = {job.id for job in jobs.page(JobFilter(since=middle), 10)}
        assert late == {job.id for job in made.values() if job.created_at >= middle}
        assert early == {job.id for job in made.values()} - late
        everything = JobFilter(kind="text", state=State.FAILED, since=start, until=clock() + 1)
        assert {job.id for job in jobs.page(everything, 10)} == {made[State.FAILED].id}
        assert jobs.page(JobFilter(since=clock() + 1), 10) == jobs.page(JobFilter(until=start), 10) == []

    def test_those_that_have_succeeded_and_last_are_told_from_all_others(
        self, jobs: JobStore, clock: HandClock
    ) -> None:
        made = self._one_of_each_state(jobs, clock)
        lasts = accept(jobs, clock, expires_at=clock() + 100)
        gone = accept(jobs, clock)
        for job in (lasts, gone):
            run(jobs, clock, Done({}), job.id)
        assert jobs.delete(gone.id)
        asked = [*(job.id for job in made.values()), lasts.id, gone.id, new_id(clock()), "", "' OR 1=1 --"]
        assert jobs.succeeded(asked) == {made[State.SUCCEEDED].id, lasts.id}
        clock.tick(1000)
        assert jobs.succeeded(asked) == {made[State.SUCCEEDED].id}
        assert jobs.succeeded([]) == frozenset()

    def test_a_time_is_a_time_to_the_last_digit_though_ids_know_milliseconds_only(
        self, jobs: JobStore, clock: HandClock
    ) -> None:
        clock.now = 1_800_000_000.5
        made = []
        for _ in range(5):
            new = new_job(clock)
            moment = clock.tick(0.0003) - 0.0001
            made.append(record(jobs, replace(new, id=new_id(moment), created_at=moment)))
            clock.now -= 0.002  # what `new_job` added
        times = sorted(job.created_at for job in made)
        assert times[0] * 1000 // 1 == times[1] * 1000 // 1
        for moment in times:
            since, until = jobs.page(JobFilter(since=moment), 10), jobs.page(JobFilter(until=moment), 10)
            assert sorted(job.created_at for job in since) == [time for time in times if time >= moment]
            assert sorted(job.created_at for job in until) == [time for time in times if time < moment]

    @pytest.mark.parametrize("moment", [-1e300, -1.0, 0.0, 1e300, float("inf"), float("-inf")])
    def test_a_moment_outside_all_times_is_a_filter_like_any_other(
        self, jobs: JobStore, clock: HandClock, moment: float
    ) -> None:
        job = accept(jobs, clock)
        assert jobs.page(JobFilter(since=moment), 10) == ([job] if moment <= job.created_at else [])
        assert jobs.page(JobFilter(until=moment), 10) == ([job] if moment > job.created_at else [])

    def test_the_queue_position_counts_ready_jobs_that_come_before(self, jobs: JobStore, clock: HandClock) -> None:
        backs_off = accept(jobs, clock)
        for _ in range(2):
            run(jobs, clock, Retry("killed"), backs_off.id)
        queued = [accept(jobs, clock) for _ in range(5)]
        urgent, lazy = accept(jobs, clock, priority=1), accept(jobs, clock, priority=-1)
        assert [jobs.queue_position(job, 100) for job in (urgent, *queued, lazy)] == [0, 1, 2, 3, 4, 5, 6]
        assert [jobs.queue_position(job, 3) for job in (urgent, *queued, lazy)] == [0, 1, 2, 3, 3, 3, 3]
        take(jobs)
        assert [jobs.queue_position(job, 100) for job in (*queued, lazy)] == [0, 1, 2, 3, 4, 5]

    def test_what_runs_and_how_many_wait_is_told_at_a_glance(self, jobs: JobStore, clock: HandClock) -> None:
        nothing = {State.QUEUED: 0, State.RUNNING: 0, State.CANCELLING: 0}
        assert (jobs.counts(), jobs.running()) == (nothing, [])
        made = self._one_of_each_state(jobs, clock)
        assert jobs.counts() == dict.fromkeys(nothing, 1)
        assert sorted(jobs.running()) == [
            (made[state].id, 1, Progress()) for state in (State.RUNNING, State.CANCELLING)
        ]

    def test_the_version_changes_with_every_commit_of_anybody(
        self, jobs: JobStore, another: Callable[[], JobStore], clock: HandClock
    ) -> None:
        before = jobs.version()
        assert jobs.version() == before
        accept(jobs, clock)
        own = jobs.version()
        accept(another(), clock)
        assert before != own != jobs.version()
        quiet = jobs.version()
        jobs.page(JobFilter(), 10)
        jobs.check()
        assert jobs.claim(OWNER, lease_seconds=LEASE, job_id="nothing") is None
        assert jobs.version() == quiet

    def test_two_tables_at_one_address_are_one(
        self, jobs: JobStore, another: Callable[[], JobStore], clock: HandClock
    ) -> None:
        other = another()
        job = accept(jobs, clock)
        assert other.get(job.id) == job
        claim = take(other)
        assert jobs.running() == [(job.id, 1, Progress())]
        assert jobs.finish(claim, Done({}), account(clock)) == other.get(job.id)

    def test_a_table_opened_again_has_everything(
        self, jobs: JobStore, another: Callable[[], JobStore], clock: HandClock
    ) -> None:
        made = self._one_of_each_state(jobs, clock)
        events = jobs.events(0, 100)
        jobs.close()
        again = another()
        assert {job.id for job in again.page(JobFilter(), 10)} == {job.id for job in made.values()}
        assert again.events(0, 100) == events

    @pytest.mark.parametrize(
        "use",
        [
            lambda jobs, clock: record(jobs, new_job(clock)),
            lambda jobs, clock: jobs.get("x"),
            lambda jobs, clock: jobs.version(),
            lambda jobs, clock: jobs.check(),
        ],
        ids=["accept", "get", "version", "check"],
    )
    def test_a_closed_table_says_so(self, jobs: JobStore, clock: HandClock, use: Callable[..., Any]) -> None:
        jobs.version()
        jobs.close()
        with pytest.raises(StoreBusy, match="closed"):
            use(jobs, clock)
        jobs.close()

    def test_a_table_that_was_never_made_is_refused(self, url: str) -> None:
        with pytest.raises(StoreRefused):
            open_jobs(url)

    def _one_of_each_state(self, jobs: JobStore, clock: HandClock) -> dict[State, Job]:
        ends: dict[State, Done | Failed] = {
            State.SUCCEEDED: Done({}, (output("a.webp"),)),
            State.FAILED: Failed(JobError("timeout", "slow")),
        }
        made: dict[State, Job] = {}
        for n, state in enumerate(State):
            job = accept(jobs, clock, kind="image" if n % 2 else "text")
            if state not in (State.QUEUED, State.CANCELLED):
                take(jobs, job_id=job.id)
            if state in (State.CANCELLING, State.CANCELLED):
                jobs.cancel(job.id)
            if state in ends:
                assert jobs.finish(Claim(job, OWNER, 1), ends[state], account(clock)) is not None
            clock.tick()
            made[state] = jobs.get(job.id) or pytest.fail("lost")
        return made
