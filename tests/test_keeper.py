"""Uploads that wait are kept together; each has its own end, whatever becomes of the others or of who waits."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ingest.accept import Order, Parcel
from ingest.jobs.base import Job
from ingest.jobs.rows import new_job as job_of
from ingest.keeper import KEEPERS, Keeper
from storage.memory import MemoryFiles
from tests.contracts.jobs import HandClock, new_job

WAIT_SECONDS = 10.0
MANY = 12
FILES = MemoryFiles()


def parcel(name: str) -> Parcel:
    return Parcel(FILES.spool("web-here-1-00c0ffee"), Order("text", name, "text/plain", None, {}, {}, "1.0", 3))


class Table:
    """Accepts what it is given once `open` is set, and remembers what came together."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.batches: list[list[str]] = []
        self._clock = HandClock()

    def accept(self, parcels: Sequence[Parcel]) -> list[Job | Exception]:
        assert self.open.wait(WAIT_SECONDS)
        self.batches.append([one.order.name for one in parcels])
        return [job_of(new_job(self._clock, name=one.order.name)) for one in parcels]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(KEEPERS) as threads:
        yield threads


def test_what_comes_while_the_keepers_work_is_kept_together(threads: ThreadPoolExecutor) -> None:
    table = Table()
    keeper = Keeper(threads, table.accept)

    async def upload() -> list[Job]:
        early = []
        for n in range(KEEPERS):
            begun = threading.Event()
            early.append(asyncio.ensure_future(keeper.keep(partial(begin, begun, f"early-{n}"))))
            await asyncio.to_thread(begun.wait, WAIT_SECONDS)
        rest = [asyncio.ensure_future(keeper.keep(partial(parcel, f"rest-{n}"))) for n in range(MANY)]
        asyncio.get_running_loop().call_soon(table.open.set)  # after their first steps
        return await asyncio.gather(*early, *rest)

    names = [[f"early-{n}"] for n in range(KEEPERS)] + [[f"rest-{n}" for n in range(MANY)]]
    assert [job.name for job in asyncio.run(upload())] == [name for batch in names for name in batch]
    assert sorted(table.batches) == names


def begin(begun: threading.Event, name: str) -> Parcel:
    begun.set()
    return parcel(name)


def test_one_that_fails_takes_nobody_with_it(threads: ThreadPoolExecutor) -> None:
    table = Table()
    table.open.set()
    keeper = Keeper(threads, table.accept)

    def broken() -> Parcel:
        raise OSError("the disk is full")

    async def upload() -> list[Job | BaseException]:
        keeps = [keeper.keep(lambda: parcel("good")), keeper.keep(broken), keeper.keep(lambda: parcel("good"))]
        return await asyncio.gather(*keeps, return_exceptions=True)

    first, error, last = asyncio.run(upload())
    assert isinstance(error, OSError)
    assert isinstance(first, Job)
    assert isinstance(last, Job)


def test_a_table_that_fails_for_all_is_an_answer_to_all(threads: ThreadPoolExecutor) -> None:
    def accept(parcels: Sequence[Parcel]) -> list[Job | Exception]:
        raise OSError("the table is gone")

    async def upload() -> list[Job | BaseException]:
        keeper = Keeper(threads, accept)
        keeps = [keeper.keep(lambda: parcel("a")), keeper.keep(lambda: parcel("b"))]
        return await asyncio.gather(*keeps, return_exceptions=True)

    assert [str(outcome) for outcome in asyncio.run(upload())] == ["the table is gone"] * 2


def test_an_upload_that_nobody_waits_for_any_more_is_kept_all_the_same(threads: ThreadPoolExecutor) -> None:
    """The client may have gone, or the request may have been cut off: its file is whole."""
    table = Table()
    keeper = Keeper(threads, table.accept)

    async def upload() -> None:
        task = asyncio.ensure_future(keeper.keep(lambda: parcel("kept")))
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        table.open.set()
        await keeper.keep(lambda: parcel("next"))

    asyncio.run(upload())
    threads.shutdown()
    assert sorted(name for batch in table.batches for name in batch) == ["kept", "next"]


def test_a_loop_that_ended_is_not_told(threads: ThreadPoolExecutor) -> None:
    """And the next upload finds the keeper at work as before."""
    table = Table()
    keeper = Keeper(threads, table.accept)

    async def leave() -> None:
        task = asyncio.ensure_future(keeper.keep(lambda: parcel("left")))
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.wait([task])

    async def stay() -> Job:
        return await keeper.keep(lambda: parcel("stayed"))

    asyncio.run(leave())
    table.open.set()
    assert asyncio.run(stay()).name == "stayed"
