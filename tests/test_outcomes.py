"""What an attempt's end means for its job, for every outcome and every state that the row may be in by then."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import JobError
from ingest.jobs.outcomes import (
    BACKOFF_CAP_SECONDS,
    MAX_INTERRUPTIONS,
    Cancelled,
    Done,
    Failed,
    Interrupted,
    Outcome,
    Output,
    Released,
    Retry,
    Tally,
    backoff,
    settle,
)
from ingest.jobs.states import OWNED, TERMINAL, State, may

FRESH = Tally(State.RUNNING, failures=0, interruptions=0, max_attempts=3)
BROKEN = JobError("corrupt_input", "The file is cut off")
OUTPUT = Output("small.webp", "image/webp", 10, "ab" * 32, "sha256/ab", {"width": 320})

OUTCOMES: list[Outcome] = [
    Done({"pages": 1}, (OUTPUT,)),
    Failed(BROKEN),
    Retry("killed by signal 9"),
    Interrupted("the worker died"),
    Released(),
    Cancelled(),
]


@pytest.mark.parametrize("state", sorted(OWNED))
@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_every_outcome_leads_along_the_transition_table(state: State, outcome: Outcome) -> None:
    settled = settle(replace(FRESH, state=state), outcome)
    assert may(state, settled.state)


def test_done_carries_result_and_outputs_into_the_row() -> None:
    settled = settle(FRESH, Done({"pages": 1}, (OUTPUT,)))
    assert (settled.state, settled.name) == (State.SUCCEEDED, "succeeded")
    assert settled.result == {"pages": 1}
    assert settled.outputs == (OUTPUT,)


def test_a_broken_file_fails_at_once_with_its_reason() -> None:
    settled = settle(FRESH, Failed(BROKEN))
    assert (settled.state, settled.error, settled.failures) == (State.FAILED, BROKEN, 0)


def test_work_that_was_done_counts_although_a_cancel_came_meanwhile() -> None:
    settled = settle(replace(FRESH, state=State.CANCELLING), Done({}))
    assert settled.state is State.SUCCEEDED


@pytest.mark.parametrize("outcome", [Retry(""), Interrupted(""), Released(), Cancelled()])
def test_a_job_that_shall_be_cancelled_is_never_queued_again(outcome: Outcome) -> None:
    assert settle(replace(FRESH, state=State.CANCELLING), outcome).state is State.CANCELLED


def test_a_killed_cell_is_tried_again_until_max_attempts() -> None:
    tally = FRESH
    seen = []
    for _ in range(3):
        settled = settle(tally, Retry("killed by signal 9"))
        seen.append(settled.state)
        tally = replace(tally, failures=settled.failures)
    assert seen == [State.QUEUED, State.QUEUED, State.FAILED]
    assert settled.error == JobError("worker_killed", "killed by signal 9")


def test_the_death_of_the_server_does_not_use_up_the_attempts_of_a_job() -> None:
    settled = settle(replace(FRESH, failures=2), Interrupted("the worker died"))
    assert (settled.state, settled.failures, settled.interruptions) == (State.QUEUED, 2, 1)


def test_deaths_of_the_server_have_a_cap_of_their_own() -> None:
    """A file that takes the whole server down with it must not do so for ever."""
    settled = settle(replace(FRESH, interruptions=MAX_INTERRUPTIONS - 1), Interrupted("the worker died"))
    assert settled.state is State.FAILED
    assert settled.error is not None
    assert settled.error.code == "worker_killed"


def test_a_drain_costs_a_job_nothing() -> None:
    before = replace(FRESH, failures=2, interruptions=5)
    settled = settle(before, Released())
    assert (settled.state, settled.failures, settled.interruptions) == (State.QUEUED, 2, 5)
    assert settled.delay_seconds == 0


def test_the_first_death_from_outside_reruns_at_once() -> None:
    assert settle(FRESH, Retry("")).delay_seconds == 0
    assert settle(FRESH, Interrupted("")).delay_seconds == 0


def test_later_deaths_wait_longer_and_longer() -> None:
    assert settle(replace(FRESH, failures=1), Retry("")).delay_seconds > 0


# The most there can be: max_attempts is at most 100, and interruptions have their cap.
@given(st.integers(0, 100 + MAX_INTERRUPTIONS))
def test_the_back_off_has_a_ceiling_however_often_it_happened(times: int) -> None:
    assert 0 <= backoff(times) <= BACKOFF_CAP_SECONDS


@given(st.integers(2, 8))
def test_the_back_off_doubles_and_is_jittered_by_half(times: int) -> None:
    ceiling = 2.0 ** (times - 2)
    assert ceiling / 2 <= backoff(times) <= ceiling


@given(
    st.sampled_from(sorted(OWNED)),
    st.integers(0, 5),
    st.integers(0, MAX_INTERRUPTIONS),
    st.integers(1, 5),
    st.sampled_from(OUTCOMES),
)
def test_a_settled_job_has_a_result_or_an_error_exactly_where_its_state_says_so(
    state: State, failures: int, interruptions: int, max_attempts: int, outcome: Outcome
) -> None:
    settled = settle(Tally(state, failures, interruptions, max_attempts), outcome)
    assert (settled.result is not None) == (settled.state is State.SUCCEEDED)
    assert (settled.error is not None) == (settled.state is State.FAILED)
    assert settled.delay_seconds == 0 or settled.state not in TERMINAL
    assert settled.failures >= failures
    assert settled.interruptions >= interruptions
