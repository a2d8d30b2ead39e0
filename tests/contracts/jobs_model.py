"""What every job table must do, part four: any order of calls, compared with a model that fits on a page."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ingest.errors import JobError
from ingest.jobs import open_jobs
from ingest.jobs.base import Claim, Job, JobFilter, Progress
from ingest.jobs.outcomes import Cancelled, Done, Failed, Interrupted, Outcome, Released, Retry
from ingest.jobs.states import OWNED, TERMINAL, State, may
from tests.contracts.jobs import LEASE, HandClock, account, new_job, output, record

OWNERS = ["worker-a-1-aaaaaaaa", "worker-b-2-bbbbbbbb"]
DATA = st.sampled_from(["one", "two", "three"])
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.lists(DATA, max_size=2, unique=True).map(lambda data: Done({}, tuple(output(one, one) for one in data))),
    st.just(Failed(JobError("corrupt_input", "torn"))),
    st.sampled_from([Retry("signal 9"), Interrupted("gone"), Released(), Cancelled()]),
)


@dataclass(slots=True)
class Modelled:
    """What must be true of one job."""

    state: State
    priority: int
    run_at: float
    keys: set[str]
    attempt: int = 0
    holder: str | None = None
    story: list[State] = field(default_factory=lambda: [State.QUEUED])

    def move(self, after: State, job: Job | None = None) -> None:
        assert may(self.state, after)
        self.state = after
        self.story.append(after)
        if after not in OWNED:
            self.holder = None
        if job is not None:
            self.run_at = job.run_at


class Machine(RuleBasedStateMachine):
    """Accepts, claims, finishes (late ones too), cancels, rescues, deletes and sweeps, in any order."""

    fresh_url: Callable[[], str]
    ids = Bundle("ids")
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.jobs = open_jobs(type(self).fresh_url(), clock=self.clock)
        self.model: dict[str, Modelled] = {}
        self.forgotten: set[str] = set()
        self.stored: set[str] = set()  # the blobs of an imaginary store
        self.seq = 0

    def teardown(self) -> None:
        self.jobs.close()

    # -- what people and workers do

    @rule(target=ids, data=DATA, priority=st.integers(-1, 1), max_attempts=st.integers(1, 3))
    def accept(self, data: str, priority: int, max_attempts: int) -> str:
        new = new_job(self.clock, data, priority=priority, max_attempts=max_attempts)
        record(self.jobs, new, lambda: self.stored.add(new.blob_key))
        self.model[new.id] = Modelled(State.QUEUED, priority, new.created_at, {new.blob_key})
        return new.id

    @rule(target=claims, owner=st.sampled_from(OWNERS))
    def claim_next(self, owner: str) -> Claim | None:
        ready = [(-job.priority, one) for one, job in self.model.items() if self.is_ready(job)]
        return self.claimed(self.jobs.claim(owner, lease_seconds=LEASE), owner, min(ready)[1] if ready else None)

    @rule(target=claims, owner=st.sampled_from(OWNERS), job_id=ids)
    def claim_this(self, owner: str, job_id: str) -> Claim | None:
        ready = job_id in self.model and self.is_ready(self.model[job_id])
        claim = self.jobs.claim(owner, lease_seconds=LEASE, job_id=job_id)
        return self.claimed(claim, owner, job_id if ready else None)

    @rule(claim=claims, outcome=OUTCOMES)
    def finish(self, claim: Claim | None, outcome: Outcome) -> None:
        if claim is None:
            return
        outputs = outcome.outputs if isinstance(outcome, Done) else ()
        keys = {one.blob_key for one in outputs}
        self.stored |= keys
        job = self.jobs.finish(claim, outcome, account(self.clock), lambda: self.stored.update(keys))
        assert (job is not None) == self.is_held(claim)
        if job is not None:
            modelled = self.model[job.id]
            modelled.move(job.state, job)
            assert job.outputs == (outputs if job.state is State.SUCCEEDED else ())
            modelled.keys |= {one.blob_key for one in job.outputs}

    @rule(claim=claims)
    def progress(self, claim: Claim | None) -> None:
        if claim is not None:
            assert self.jobs.progress(claim, Progress(0.5)) == self.is_held(claim)

    @rule(job_id=ids)
    def cancel(self, job_id: str) -> None:
        found = self.jobs.cancel(job_id)
        modelled = self.model.get(job_id)
        after = {State.QUEUED: State.CANCELLED, State.RUNNING: State.CANCELLING}
        if modelled is None:
            assert found is None
        elif modelled.state in after:
            modelled.move(after[modelled.state])
            assert found is not None
            assert (found[0].state, found[1]) == (modelled.state, True)
        else:
            assert found is not None
            assert found[1] is False

    @rule(job_id=ids)
    def delete(self, job_id: str) -> None:
        modelled = self.model.get(job_id)
        expected = None if modelled is None else modelled.state in TERMINAL
        assert self.jobs.delete(job_id) is expected
        if expected:
            del self.model[job_id]
            self.forgotten.add(job_id)

    # -- what the janitor does

    @rule(dead=st.sets(st.sampled_from(OWNERS)))
    def rescue(self, dead: set[str]) -> None:
        expected = {one for one, job in self.model.items() if job.holder in dead}
        saved = self.jobs.rescue(lambda owner, lease_until: owner not in dead)
        assert {job.id for job in saved} == expected
        for job in saved:
            self.model[job.id].move(job.state, job)

    @rule()
    def sweep_released(self) -> None:
        self.jobs.drop_unreferenced(self.jobs.released_keys(100), self.stored.discard)

    @rule()
    def sweep_everything(self) -> None:
        """Afterwards exactly what somebody refers to is stored."""
        self.jobs.drop_unreferenced(sorted(self.stored), self.stored.discard)
        assert self.stored == self.referred()

    @rule(seconds=st.floats(0, 100))
    def time_goes_by(self, seconds: float) -> None:
        self.clock.tick(seconds)

    # -- what must hold after every step

    @invariant()
    def no_blob_that_somebody_refers_to_is_lost(self) -> None:
        assert self.referred() <= self.stored
        assert self.jobs.known_keys(sorted(self.stored)) == self.referred()

    @invariant()
    def every_job_is_what_the_model_says(self) -> None:
        rows = {job.id: job for job in self.jobs.page(JobFilter(), 1000)}
        assert rows.keys() == self.model.keys()
        for one, job in self.model.items():
            row = rows[one]
            assert (row.state, row.attempt, row.owner) == (job.state, job.attempt, job.holder)
            assert [attempt.n for attempt in row.attempts] == list(range(1, job.attempt + 1))
            assert (row.finished_at is not None) == (job.state in TERMINAL)
        assert all(self.jobs.gone(one) for one in self.forgotten)

    @invariant()
    def events_tell_the_whole_story_in_order(self) -> None:
        events = self.jobs.events(0, 1000)
        assert [event.seq for event in events] == sorted({event.seq for event in events})
        for one, job in self.model.items():
            assert [event.state for event in events if event.job_id == one] == job.story
            assert len(TERMINAL & set(job.story)) <= 1
        assert all(event.job_id in self.model for event in events)
        fresh = self.jobs.events(self.seq, 1000)
        assert all(event.seq > self.seq for event in fresh)
        self.seq = max((event.seq for event in events), default=self.seq)

    # -- the model

    def is_ready(self, job: Modelled) -> bool:
        return job.state is State.QUEUED and job.run_at <= self.clock()

    def is_held(self, claim: Claim) -> bool:
        job = self.model.get(claim.job.id)
        return job is not None and (job.holder, job.attempt) == (claim.owner, claim.attempt)

    def claimed(self, claim: Claim | None, owner: str, expected: str | None) -> Claim | None:
        assert (claim.job.id if claim else None) == expected
        if claim is not None:
            job = self.model[claim.job.id]
            job.move(State.RUNNING)
            job.attempt, job.holder = job.attempt + 1, owner
            assert claim.attempt == job.attempt
        return claim

    def referred(self) -> set[str]:
        return {key for job in self.model.values() for key in job.keys}


def compare_with_model(fresh_url: Callable[[], str], effort: settings) -> None:
    """`fresh_url` gives the address of an empty table, each time another one."""
    machine = type("TableMachine", (Machine,), {"fresh_url": staticmethod(fresh_url)})
    run_state_machine_as_test(machine, settings=effort)
