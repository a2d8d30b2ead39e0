"""Uploads that wait are kept together; each has its own end, whatever becomes of the others or of who waits."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest

from ingest.accept import Order, Parcel
from ingest.jobs.base import Job, StoreBusy
from ingest.jobs.rows import new_job as job_of
from ingest.keeper import KEEPERS, SHARE, Accept, Keeper
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


@contextmanager
def keeping(accept: Accept) -> Iterator[Keeper]:
    keeper = Keeper(accept)
    try:
        yield keeper
    finally:
        keeper.close()


def test_what_comes_while_all_keepers_work_is_kept_a_few_at_once() -> None:
    """Few, because each waits for the syncs of those that were taken with it."""
    table = Table()

    async def upload(keeper: Keeper) -> list[Job]:
        early = []
        for n in range(KEEPERS):
            begun = threading.Event()
            early.append(asyncio.ensure_future(keeper.keep(partial(begin, begun, f"early-{n:02}"))))
            await asyncio.to_thread(begun.wait, WAIT_SECONDS)
        rest = [asyncio.ensure_future(keeper.keep(partial(parcel, f"rest-{n:02}"))) for n in range(MANY)]
        asyncio.get_running_loop().call_soon(table.open.set)  # after their first steps
        return await asyncio.gather(*early, *rest)

    with keeping(table.accept) as keeper:
        jobs = asyncio.run(upload(keeper))
    rest = [f"rest-{n:02}" for n in range(MANY)]
    assert [job.name for job in jobs] == [f"early-{n:02}" for n in range(KEEPERS)] + rest
    assert sorted(table.batches)[:KEEPERS] == [[f"early-{n:02}"] for n in range(KEEPERS)]
    shares = sorted(table.batches)[KEEPERS:]
    assert [name for share in shares for name in share] == rest
    assert max(map(len, shares)) == SHARE


def begin(begun: threading.Event, name: str) -> Parcel:
    begun.set()
    return parcel(name)


def test_one_that_fails_takes_nobody_with_it() -> None:
    table = Table()
    table.open.set()

    def broken() -> Parcel:
        raise OSError("the disk is full")

    async def upload(keeper: Keeper) -> list[Job | BaseException]:
        keeps = [keeper.keep(lambda: parcel("good")), keeper.keep(broken), keeper.keep(lambda: parcel("good"))]
        return await asyncio.gather(*keeps, return_exceptions=True)

    with keeping(table.accept) as keeper:
        first, error, last = asyncio.run(upload(keeper))
    assert isinstance(error, OSError)
    assert isinstance(first, Job)
    assert isinstance(last, Job)


@pytest.mark.parametrize("error", [OSError, StopIteration, SystemExit])
def test_a_table_that_fails_for_all_is_an_answer_to_all(error: type[BaseException]) -> None:
    """Whatever it raises: nobody waits for ever."""

    def accept(parcels: Sequence[Parcel]) -> list[Job | Exception]:
        raise error("the table is gone")

    async def upload(keeper: Keeper) -> list[Job | BaseException]:
        keeps = [keeper.keep(lambda: parcel("a")), keeper.keep(lambda: parcel("b"))]
        return await asyncio.gather(*keeps, return_exceptions=True)

    with keeping(accept) as keeper:
        outcomes = asyncio.run(upload(keeper))
    assert ["the table is gone" in str(outcome) for outcome in outcomes] == [True, True]
    assert all(isinstance(outcome, Exception) for outcome in outcomes)


def test_a_table_that_forgets_an_answer_leaves_nobody_waiting() -> None:
    async def upload(keeper: Keeper) -> Job:
        return await keeper.keep(lambda: parcel("forgotten"))

    with keeping(lambda parcels: []) as keeper, pytest.raises(ValueError, match="zip"):
        asyncio.run(upload(keeper))


def test_an_upload_that_nobody_waits_for_any_more_is_kept_all_the_same() -> None:
    """The client may have gone, or the request may have been cut off: its file is whole."""
    table = Table()

    async def upload(keeper: Keeper) -> None:
        task = asyncio.ensure_future(keeper.keep(lambda: parcel("kept")))
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        table.open.set()
        await keeper.keep(lambda: parcel("next"))

    with keeping(table.accept) as keeper:
        asyncio.run(upload(keeper))
    assert sorted(name for batch in table.batches for name in batch) == ["kept", "next"]


def test_a_loop_that_ended_is_not_told() -> None:
    """And the next upload finds the keepers at work as before."""
    table = Table()

    async def leave(keeper: Keeper) -> None:
        task = asyncio.ensure_future(keeper.keep(lambda: parcel("left")))
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.wait([task])

    async def stay(keeper: Keeper) -> Job:
        return await keeper.keep(lambda: parcel("stayed"))

    with keeping(table.accept) as keeper:
        asyncio.run(leave(keeper))
        table.open.set()
        assert asyncio.run(stay(keeper)).name == "stayed"
    assert sorted(name for batch in table.batches for name in batch) == ["left", "stayed"]


def test_a_system_without_threads_is_busy_and_then_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table()
    table.open.set()

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def upload(keeper: Keeper) -> Job:
        return await keeper.keep(lambda: parcel("kept"))

    with keeping(table.accept) as keeper:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            with pytest.raises(StoreBusy, match="can't start new thread"):
                asyncio.run(upload(keeper))
        assert asyncio.run(upload(keeper)).name == "kept"
        with monkeypatch.context() as patched:  # one keeper is enough
            patched.setattr(threading.Thread, "start", refuse)
            assert asyncio.run(upload(keeper)).name == "kept"
    assert table.batches == [["kept"], ["kept"]]
