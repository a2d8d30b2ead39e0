"""Does the work at the nudge, in the caller's thread: for tests and for embedding without a worker process."""

from collections.abc import Callable


class InlineDispatch:
    def __init__(self, run_one: Callable[[str], object]) -> None:
        self._run_one = run_one

    def nudge(self, job_id: str) -> None:
        self._run_one(job_id)

    def close(self) -> None:
        pass
