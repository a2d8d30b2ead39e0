"""What every dispatcher must do: the contract of `ingest/dispatch/base.py`, run by each implementation."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from ingest.dispatch.base import Dispatch

WAIT_SECONDS = 10.0


class Ear:
    """The worker's side: collects the nudges that arrive."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._changed = threading.Condition()

    def hear(self, job_id: str) -> None:
        with self._changed:
            self.heard.append(job_id)
            self._changed.notify_all()

    def waits_for(self, job_id: str) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: job_id in self.heard, WAIT_SECONDS)


Opened = AbstractContextManager[Dispatch]
Open = Callable[[Ear], Opened]


class DispatchContract:
    """Subclasses give a fixture `open_dispatch`: a dispatcher whose nudges reach the ear that it is given."""

    def test_a_nudge_reaches_the_worker_with_the_job_it_is_about(self, open_dispatch: Open) -> None:
        ear = Ear()
        with open_dispatch(ear) as dispatch:
            dispatch.nudge("0199a000-0000-7000-8000-000000000001")
            assert ear.waits_for("0199a000-0000-7000-8000-000000000001")

    def test_many_threads_may_nudge_at_once(self, open_dispatch: Open) -> None:
        """A nudge may get lost in a crowd, since a worker looks by itself; the next one alone must come through."""
        ear = Ear()
        with open_dispatch(ear) as dispatch:

            def crowd(n: int) -> None:
                for i in range(50):
                    dispatch.nudge(f"{n}-{i}")

            threads = [threading.Thread(target=crowd, args=[n]) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert ear.heard or ear.waits_for("0-0")
            assert set(ear.heard) <= {f"{n}-{i}" for n in range(8) for i in range(50)}

    def test_a_repeated_nudge_is_harmless(self, open_dispatch: Open) -> None:
        ear = Ear()
        with open_dispatch(ear) as dispatch:
            for _ in range(3):
                dispatch.nudge("again")
            assert ear.waits_for("again")

    @pytest.mark.parametrize("job_id", ["", "x" * 10_000, "not an id", "ünï"])
    def test_whatever_it_is_given_a_nudge_does_not_raise(self, open_dispatch: Open, job_id: str) -> None:
        ear = Ear()
        with open_dispatch(ear) as dispatch:
            dispatch.nudge(job_id)
            dispatch.nudge("after")
            assert ear.waits_for("after")
