"""Faults to be found. Python imports this at the start of every process of a server that runs with a plant.

DROPOFF_TEST_PLANT names one of `PLANTS`; it goes into the web and worker processes, between them and their stores.
The production code knows nothing of it.
"""

import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

GAP_SECONDS = 0.2  # between the lie and what it promised


class Planted:
    """Stands before the real thing and lies in one method."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class AcknowledgesFirst(Planted):
    """A job table that says it has the job, and writes it down a little later."""

    def accept(self, many: Sequence[Any]) -> list[Any]:
        from ingest.jobs.base import Acceptance
        from ingest.jobs.rows import new_job

        blind = [Acceptance(one.new, lambda: None) for one in many]
        threading.Timer(GAP_SECONDS, self.real.accept, (blind,)).start()
        return [new_job(one.new) for one in many]


class NamesFirst(Planted):
    """A file store that gives the address at once, and puts the file there a little later."""

    def put(self, spool: Any) -> Any:
        blob = self.real.put(spool)
        with self.real.open(blob.key) as file:
            data = file.read()
        self.real.delete(blob.key)
        threading.Timer(GAP_SECONDS, self._put_late, (spool.owner, data)).start()
        return blob

    def exists(self, key: str) -> bool:
        return True

    def _put_late(self, owner: str, data: bytes) -> None:
        spool = self.real.spool(owner)
        spool.append(data)
        self.real.put(spool)
        spool.discard()


class Unfenced(Planted):
    """A job table that takes every finish for that of the running attempt."""

    def finish(self, claim: Any, *arguments: Any) -> Any:
        database = sqlite3.connect(Path(os.environ["DROPOFF_DATA"]) / "jobs.db", timeout=10)
        with database:
            database.execute(
                "UPDATE jobs SET state = 'running', attempt = ?, owner = ? WHERE id = ?",
                (claim.attempt, claim.owner, claim.job.id),
            )
            database.execute("DELETE FROM outputs WHERE job_id = ?", (claim.job.id,))
        database.close()
        return self.real.finish(claim, *arguments)


def _plant_store(opener: str, planted: type[Planted]) -> Callable[[], None]:
    def plant() -> None:
        from ingest import wiring

        real = getattr(wiring, opener)
        setattr(wiring, opener, lambda *arguments, **named: planted(real(*arguments, **named)))

    return plant


def _never_rescue() -> None:
    from ingest import janitor

    def rescue(house: object) -> list[object]:
        return []

    janitor.rescue = rescue  # type: ignore[assignment]


PLANTS: Mapping[str, Callable[[], None]] = {
    "acknowledge before commit": _plant_store("open_jobs", AcknowledgesFirst),
    "row before file": _plant_store("open_files", NamesFirst),
    "no fence on finish": _plant_store("open_jobs", Unfenced),
    "no rescue": _never_rescue,
}

if {"ingest.web_process", "ingest.worker_process"} & set(sys.orig_argv):
    PLANTS[os.environ["DROPOFF_TEST_PLANT"]]()
