"""The table of a job's life has the properties that everything else leans on."""

import pytest

from ingest.jobs.states import ACTIVE, OWNED, TERMINAL, TRANSITIONS, State, drawing, may


def test_every_state_has_a_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State)


def test_the_terminal_states_are_the_three_that_lead_nowhere() -> None:
    assert {State.SUCCEEDED, State.FAILED, State.CANCELLED} == TERMINAL
    assert {State.QUEUED, State.RUNNING, State.CANCELLING} == ACTIVE


def test_every_state_can_be_reached_from_queued() -> None:
    reached = {State.QUEUED}
    while fresh := {after for before in reached for after in TRANSITIONS[before]} - reached:
        reached |= fresh
    assert reached == set(State)


def test_every_active_state_can_end() -> None:
    """A job never gets stuck: from each active state some path leads to a terminal one."""
    for state in ACTIVE:
        reached = {state}
        while fresh := {after for before in reached for after in TRANSITIONS[before]} - reached:
            reached |= fresh
        assert reached & TERMINAL, state


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_a_terminal_state_is_never_left(state: State) -> None:
    assert not any(may(state, after) for after in State)


def test_only_a_running_job_goes_back_to_the_queue() -> None:
    """A job that shall be cancelled is never queued again, whatever becomes of its worker."""
    assert {before for before in State if may(before, State.QUEUED)} == {State.RUNNING}


def test_only_owned_states_have_a_worker_behind_them() -> None:
    assert {before for before in State if may(before, State.SUCCEEDED)} == OWNED


def test_no_state_leads_to_itself() -> None:
    assert not any(may(state, state) for state in State)


def test_the_drawing_shows_each_transition_once() -> None:
    lines = drawing().splitlines()
    arrows = [line.strip() for line in lines if "[*]" not in line and "-->" in line]
    expected = [f"{before} --> {after}" for before in State for after in TRANSITIONS[before]]
    assert sorted(arrows) == sorted(expected)
    assert lines[0] == "stateDiagram-v2"


def test_the_drawing_marks_the_beginning_and_the_ends() -> None:
    lines = [line.strip() for line in drawing().splitlines()]
    assert "[*] --> queued" in lines
    assert {line.split()[0] for line in lines if line.endswith("--> [*]")} == {str(state) for state in TERMINAL}
