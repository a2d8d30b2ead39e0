"""Small uploads whose bytes have all come: kept and recorded as many at once as wait.

Each on a thread of its own would wait for the interpreter at every system call, against all the others and the event
loop: with 16 at once that took a quarter of the server's time. Few threads, each of which takes all that waits, share
the transaction and the way back to the loop, too.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ingest.accept import Parcel
from ingest.jobs.base import Job

KEEPERS = 3  # while one waits for the disk the others work

Finish = Callable[[], Parcel]
Accept = Callable[[Sequence[Parcel]], list[Job | Exception]]


@dataclass(slots=True, eq=False)
class _Upload:
    finish: Finish
    answer: asyncio.Future[Job]
    outcome: Job | BaseException | None = None


class Keeper:
    """Runs on the threads of `executor`. An upload that was handed over is kept, even if nobody waits any more."""

    def __init__(self, executor: Executor, accept: Accept) -> None:
        self._executor = executor
        self._accept = accept
        self._waiting: list[_Upload] = []
        self._working = 0
        self._lock = threading.Lock()

    async def keep(self, finish: Finish) -> Job:
        """`finish` writes what is left to write; it is called on a thread, and what it raises is raised here."""
        upload = _Upload(finish, asyncio.get_running_loop().create_future())
        with self._lock:
            self._waiting.append(upload)
            one_more = self._working < KEEPERS
            self._working += one_more
        if one_more:
            self._executor.submit(self._work)
        return await asyncio.shield(upload.answer)

    def _work(self) -> None:
        while uploads := self._take():
            self._keep(uploads)
            _answer(uploads)

    def _take(self) -> list[_Upload]:
        with self._lock:
            uploads, self._waiting = self._waiting, []
            self._working -= not uploads
        return uploads

    def _keep(self, uploads: list[_Upload]) -> None:
        finished: list[_Upload] = []
        parcels: list[Parcel] = []
        for upload in uploads:
            try:
                parcels.append(upload.finish())
                finished.append(upload)
            except BaseException as error:  # noqa: BLE001 - it is that of this upload alone
                upload.outcome = error
        for upload, outcome in zip(finished, self._accepted(parcels), strict=True):
            upload.outcome = outcome

    def _accepted(self, parcels: list[Parcel]) -> Sequence[Job | BaseException]:
        try:
            return self._accept(parcels)
        except BaseException as error:  # noqa: BLE001 - nobody may wait for an answer that never comes
            return [error] * len(parcels)


def _answer(uploads: list[_Upload]) -> None:
    """All of them by one call of their loop."""
    loop = uploads[0].answer.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(_tell, uploads)


def _tell(uploads: list[_Upload]) -> None:
    for upload in uploads:
        if upload.answer.cancelled():
            continue
        if isinstance(upload.outcome, Job):
            upload.answer.set_result(upload.outcome)
        else:
            assert upload.outcome is not None
            upload.answer.set_exception(upload.outcome)
