"""How a worker learns that there is work.

Rules that must stay true:
1. A nudge carries only "there is work", never work itself: its loss, repetition or delay is harmless.
2. `nudge` neither blocks nor raises: a worker that misses it looks by itself within a second.
"""

from typing import Protocol


class Dispatch(Protocol):
    def nudge(self, job_id: str) -> None:
        """There is news about this job: it was accepted, or it shall be cancelled."""
        ...

    def close(self) -> None: ...
