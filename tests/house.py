"""The parts of one process, real ones, in a folder of a test: for what needs no HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.accept import Order, Parcel
from ingest.jobs import migrate
from ingest.jobs.base import Job
from ingest.owners import Role
from ingest.settings import Settings
from ingest.wiring import House, open_house


@contextmanager
def opened_house(folder: Path, role: Role = "worker") -> Iterator[House]:
    settings = Settings(data=folder)
    folder.mkdir(parents=True, exist_ok=True)
    migrate(settings.jobs_url)
    house = open_house(settings, role)
    try:
        yield house
    finally:
        house.close()


def drop(house: House, data: bytes = b"some bytes", kind: str = "echo", **params: Any) -> Job:
    """Keep and record a file, as an upload would."""
    spool = house.files.spool(house.owner.id)
    spool.append(data)
    order = Order(
        kind=kind,
        name="file.bin",
        media_type="application/octet-stream",
        declared_media_type=None,
        params=params,
        metadata={},
        processor_version="",
        max_attempts=3,
    )
    (outcome,) = house.accept([Parcel(spool, order)])
    assert isinstance(outcome, Job)
    return outcome


def job_of(house: House, job: Job) -> Job:
    """The job as it is now."""
    found = house.jobs.get(job.id)
    assert found is not None
    return found
