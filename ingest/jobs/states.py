"""The life of a job: every state, every transition, and nothing else. ARCHITECTURE.md's drawing comes from here."""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.FAILED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.CANCELLING, State.QUEUED}),
    State.CANCELLING: frozenset({State.CANCELLED, State.SUCCEEDED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}

TERMINAL: frozenset[State] = frozenset(state for state, after in TRANSITIONS.items() if not after)
ACTIVE: frozenset[State] = frozenset(State) - TERMINAL
OWNED: frozenset[State] = frozenset({State.RUNNING, State.CANCELLING})


def may(before: State, after: State) -> bool:
    return after in TRANSITIONS[before]


def drawing() -> str:
    """The transition table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> queued"]
    for before in State:
        lines += [f"    {before} --> {after}" for after in State if may(before, after)]
    lines += [f"    {state} --> [*]" for state in State if state in TERMINAL]
    return "\n".join(lines)
