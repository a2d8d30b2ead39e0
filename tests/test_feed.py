"""The one reader of the table: what it tells its watchers, what it costs, and what it survives."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from ingest.feed import REMEMBERED, Feed, News, Watch
from ingest.jobs import migrate
from ingest.jobs.base import Job, JobStore, StoreBusy
from ingest.jobs.outcomes import Done, Released
from ingest.settings import Settings
from tests.backdoor import UNKNOWN, Backdoor, backdoor

PATIENCE = 20.0


class Observed:
    """The real store, with its reads counted, and refused as often as `busy` says."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self.calls: Counter[str] = Counter()
        self.refusals: list[Exception] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls[name] += 1
            if self.refusals and name in ("version", "events"):
                raise self.refusals.pop()
            return getattr(self._jobs, name)(*arguments)

        return call


@pytest.fixture
def back(tmp_path: Path) -> Iterator[Backdoor]:
    migrate(Settings(data=tmp_path).jobs_url)
    with backdoor(tmp_path) as opened:
        yield opened


@pytest.fixture
def observed(back: Backdoor) -> Observed:
    return Observed(back.jobs)


def run(scene: Callable[[Feed], Coroutine[Any, Any, None]], jobs: JobStore | Observed) -> None:
    async def play() -> None:
        async with Feed(cast(JobStore, jobs)) as feed:
            await asyncio.wait_for(scene(feed), PATIENCE)

    asyncio.run(play())


async def transitions(watch: Watch, count: int) -> list[str]:
    """The next `count` states, as they come."""
    states: list[str] = []
    while len(states) < count:
        states += [event.state for event in (await watch.news(PATIENCE)).transitions]
    return states


def snapshot(watch: Watch, back: Backdoor, job: Job) -> None:
    """What every watcher does first."""
    found = back.jobs.get(job.id)
    assert found is not None
    watch.saw(list(watch.history())[-1].seq, found)


def test_a_watcher_is_told_what_another_connection_commits(back: Backdoor, observed: Observed) -> None:
    job = back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id) as watch:
            snapshot(watch, back, job)
            claim = back.claim(job)
            assert await transitions(watch, 1) == ["running"]
            back.report(claim, 0.25)
            news = await watch.news(PATIENCE)
            assert news.pulse is not None
            assert news.pulse.progress.fraction == 0.25
            back.finish(claim, Done({}))
            assert await transitions(watch, 1) == ["succeeded"]

    run(scene, observed)


def test_nobody_is_told_of_other_jobs(back: Backdoor) -> None:
    mine, other = back.drop(), back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(mine.id) as watch, feed.watch(other.id) as beside:
            back.claim(other)
            assert await transitions(beside, 1) == ["running"]
            assert await watch.news(0) == News()

    run(scene, back.jobs)


def test_what_is_committed_between_subscribing_and_the_snapshot_is_neither_lost_nor_told_twice(back: Backdoor) -> None:
    job = back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id) as watch:
            claim = back.claim(job)
            snapshot(watch, back, job)
            back.finish(claim, Done({}))
            assert await transitions(watch, 1) == ["succeeded"]
            assert await watch.news(0.1) == News()

    run(scene, back.jobs)


def test_progress_that_the_snapshot_had_already_is_not_told_again(back: Backdoor) -> None:
    """Nor anything older, which a watcher of the same job may have stirred up before."""
    claim = back.running()

    async def scene(feed: Feed) -> None:
        with feed.watch(claim.job.id) as early:
            back.report(claim, 0.25)
            assert (await early.news(PATIENCE)).pulse is not None
            back.report(claim, 0.5)
            with feed.watch(claim.job.id) as late:
                snapshot(late, back, claim.job)
                assert (await early.news(PATIENCE)).pulse is not None
                assert await late.news(0.1) == News()

    run(scene, back.jobs)


def test_a_slow_watcher_misses_progress_but_no_transition(back: Backdoor) -> None:
    """More transitions than the feed remembers, while the watcher looks away."""
    job = back.drop()
    rounds = REMEMBERED

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id) as slow, feed.watch(job.id) as quick:
            snapshot(slow, back, job)
            for _ in range(rounds):
                claim = back.claim(job)
                back.report(claim, 0.5)
                back.finish(claim, Released())
                assert await transitions(quick, 2) == ["running", "queued"]
            news = await slow.news(PATIENCE)
            assert [event.state for event in news.transitions] == ["running", "queued"] * rounds
            assert [event.seq for event in news.transitions] == sorted(event.seq for event in news.transitions)
            assert news.pulse is None

    run(scene, back.jobs)


def test_a_thousand_watchers_cost_as_many_queries_as_one(back: Backdoor, observed: Observed) -> None:
    jobs = [back.drop() for _ in range(10)]

    async def scene(feed: Feed) -> None:
        watches = [feed.watch(jobs[n % 10].id) for n in range(1000)]
        for watch in watches:
            watch.__enter__()
        observed.calls.clear()
        claims = [back.claim(job) for job in jobs]
        told = await asyncio.gather(*(transitions(watch, 1) for watch in watches))
        assert told == [["running"]] * 1000
        assert set(observed.calls) <= {"version", "events", "running"}
        assert observed.calls["events"] <= 1 + len(claims)
        assert observed.calls["running"] <= 1 + len(claims)
        for watch in watches:
            watch.__exit__()

    run(scene, observed)


def test_a_table_without_news_is_only_asked_whether_there_is_any(back: Backdoor, observed: Observed) -> None:
    job = back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id) as watch:
            await watch.news(0.1)
            observed.calls.clear()
            await watch.news(0.2)
            assert set(observed.calls) == {"version"}

    run(scene, observed)


def test_nobody_watching_costs_nothing(back: Backdoor, observed: Observed) -> None:
    job = back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id) as watch:
            await watch.news(0.1)
        outsider = Feed(cast(JobStore, observed)).watch(UNKNOWN)  # who only waits
        await outsider.news(0.05)
        observed.calls.clear()
        back.claim(job)
        await outsider.news(0.2)
        assert not observed.calls

    run(scene, observed)


def test_who_starts_to_watch_after_a_pause_is_told_nothing_old(back: Backdoor) -> None:
    job, later = back.drop(), back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id):
            pass
        back.claim(job)
        with feed.watch(job.id) as again, feed.watch(later.id) as other:
            back.claim(later)
            assert await transitions(other, 1) == ["running"]
            assert (await again.news(0)).transitions == ()

    run(scene, back.jobs)


def test_a_busy_table_delays_the_news_and_loses_none(
    back: Backdoor, observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    job = back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id) as watch:
            await watch.news(0.1)
            observed.refusals = [StoreBusy("the table is locked")] * 3
            back.claim(job)
            assert await transitions(watch, 1) == ["running"]

    with caplog.at_level(logging.WARNING):
        run(scene, observed)
    assert not observed.refusals
    assert "the table is locked" in caplog.text


def test_watchers_of_a_feed_that_dies_are_let_go_and_the_reason_is_logged(
    back: Backdoor, observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    job = back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id) as watch:
            observed.refusals = [ArithmeticError("a mistake of ours")]
            await watch.news(PATIENCE)
            assert watch.over

    run(scene, observed)
    assert "a mistake of ours" in caplog.text


def test_close_soon_from_another_thread_ends_every_watch_and_those_to_come(back: Backdoor) -> None:
    """And does no harm when the loop has ended meanwhile."""
    job = back.drop()
    feeds: list[Feed] = []

    async def scene(feed: Feed) -> None:
        feeds.append(feed)
        with feed.watch(job.id) as watch:
            await asyncio.to_thread(feed.close_soon)
            assert await watch.news(PATIENCE) == News()
            assert watch.over
        with feed.watch(job.id) as late:
            assert await late.news(PATIENCE) == News()
            assert late.over

    run(scene, back.jobs)
    feeds[0].close_soon()


def test_a_feed_that_is_closed_before_it_begins_ends_its_watches_at_once(back: Backdoor) -> None:
    """A drain may come while the process still starts."""

    async def scene() -> None:
        feed = Feed(back.jobs)
        feed.close_soon()
        async with feed:
            with feed.watch(back.drop().id) as watch:
                assert await asyncio.wait_for(watch.news(PATIENCE), PATIENCE / 2) == News()
                assert watch.over

    asyncio.run(scene())


def test_a_job_that_is_deleted_ends_its_watches_and_no_others(back: Backdoor) -> None:
    """Even when its last transition goes with it before the feed has read it."""
    doomed, other = back.drop(), back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(doomed.id) as watch, feed.watch(other.id) as untouched:
            back.jobs.cancel(doomed.id)
            assert back.jobs.delete(doomed.id)
            while not watch.over:
                await watch.news(PATIENCE)
            assert watch.gone
            assert not untouched.over

    run(scene, back.jobs)


def test_what_happened_before_the_close_is_still_told(back: Backdoor) -> None:
    job = back.drop()

    async def scene(feed: Feed) -> None:
        with feed.watch(job.id) as watch, feed.watch(job.id) as first:
            back.claim(job)
            assert await transitions(first, 1) == ["running"]
            feed.close_soon()
            await first.news(PATIENCE)
            assert [event.state for event in (await watch.news(PATIENCE)).transitions] == ["running"]

    run(scene, back.jobs)
