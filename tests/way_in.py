"""A house with nothing behind its door: files in memory that a test can hold up, a real job table, recorded nudges."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI

from ingest.app import create_app
from ingest.dispatch.inline import InlineDispatch
from ingest.jobs import migrate, open_jobs
from ingest.jobs.base import Job, JobFilter
from ingest.owners import Owner
from ingest.settings import Settings
from ingest.wiring import House
from storage.memory import MemoryFiles

CAPACITY = 64 << 20

T = TypeVar("T")


class HeldFiles(MemoryFiles):
    """Tells how much each write brought, and waits for `gate` in it."""

    def __init__(self) -> None:
        super().__init__(CAPACITY)
        self.batches: list[int] = []
        self.writing = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def grow(self, data: bytearray, more: bytes) -> None:
        self.batches.append(len(more))
        self.writing.set()
        assert self.gate.wait(10)
        super().grow(data, more)


class CountedThreads(ThreadPoolExecutor):
    changes = 0

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        self.changes += 1
        return super().submit(fn, *args, **kwargs)


class WayIn:
    """The application, and what became of what was sent to it."""

    def __init__(self, house: House, files: HeldFiles, threads: CountedThreads, nudges: list[str]) -> None:
        self.house = house
        self.files = files
        self.threads = threads
        self.nudges = nudges
        self.app: FastAPI = create_app(house)

    def jobs(self) -> list[Job]:
        return self.house.jobs.page(JobFilter(), 200)

    def is_empty(self) -> bool:
        """Neither a job, nor a blob, nor a spool."""
        return not self.jobs() and not list(self.files.walk()) and not list(self.files.spools())

    def bytes_of(self, job: Job) -> bytes:
        with self.files.open(job.blob_key) as blob:
            return blob.read()


@contextmanager
def way_in(folder: Path, **settings: object) -> Iterator[WayIn]:
    chosen = Settings.model_validate({"data": folder, "reserve_bytes": 0, **settings})
    migrate(chosen.jobs_url)
    files, threads, nudges = HeldFiles(), CountedThreads(4), list[str]()
    house = House(
        settings=chosen,
        files=files,
        jobs=open_jobs(chosen.jobs_url, patience_seconds=0.3),
        search=None,
        dispatch=InlineDispatch(nudges.append),
        owner=Owner(chosen.owners_folder, "web"),
        executor=threads,
    )
    try:
        yield WayIn(house, files, threads, nudges)
    finally:
        house.close()
