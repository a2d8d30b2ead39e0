"""Small uploads whose bytes have all come: kept and recorded several at once.

Each on a thread of its own would wait for the interpreter at every system call: with 16 at once, a quarter of the
time. A keeper takes several that wait; those share one transaction and one call back to the loop. But it takes few,
since each waits for the syncs of all that were taken with it.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from ingest.accept import Parcel
from ingest.jobs.base import Job, StoreBusy

KEEPERS = 16  # while some wait for the disk the others work
SHARE = 4  # uploads that one takes at once, at most

Finish = Callable[[], Parcel]
Accept = Callable[[Sequence[Parcel]], list[Job | Exception]]


@dataclass(slots=True, eq=False)
class _Upload:
    finish: Finish
    answer: asyncio.Future[Job]
    outcome: Job | Exception | None = None


class Keeper:
    """Serves one event loop at a time. An upload that was handed over is kept, even if nobody waits any more."""

    def __init__(self, accept: Accept) -> None:
        self._accept = accept
        self._waiting: SimpleQueue[_Upload | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    async def keep(self, finish: Finish) -> Job:
        """`finish` writes what is left to write; it is called on a thread, and what it raises is raised here."""
        if len(self._threads) < KEEPERS:
            self._start_one()
        upload = _Upload(finish, asyncio.get_running_loop().create_future())
        self._waiting.put(upload)
        return await asyncio.shield(upload.answer)

    def close(self) -> None:
        """Keep what waits already, then stop."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _start_one(self) -> None:
        thread = threading.Thread(target=self._work, name=f"keeper-{len(self._threads)}")
        try:
            thread.start()
        except RuntimeError as error:  # the system has no more; those that run do it all
            if not self._threads:
                raise StoreBusy(f"uploads can't be kept: {error}") from error
        else:
            self._threads.append(thread)

    def _work(self) -> None:
        while uploads := self._take():
            self._keep(uploads)
            _answer(uploads)

    def _take(self) -> list[_Upload]:
        """Those that wait, or the first that comes; none at the end."""
        uploads = [self._waiting.get()]
        with suppress(Empty):
            while len(uploads) < SHARE and uploads[-1] is not None:
                uploads.append(self._waiting.get_nowait())
        if len(uploads) > 1 and uploads[-1] is None:
            self._waiting.put(None)  # it is ours, once these are kept
        return [upload for upload in uploads if upload is not None]

    def _keep(self, uploads: list[_Upload]) -> None:
        finished: list[_Upload] = []
        parcels: list[Parcel] = []
        for upload in uploads:
            try:
                parcels.append(upload.finish())
                finished.append(upload)
            except BaseException as error:  # noqa: BLE001 - it is that of this upload alone
                upload.outcome = _sayable(error)
        try:
            for upload, outcome in zip(finished, self._accept(parcels), strict=True):
                upload.outcome = outcome
        except BaseException as error:  # noqa: BLE001 - nobody may wait for an answer that never comes
            for upload in finished:
                upload.outcome = upload.outcome or _sayable(error)


def _sayable(error: BaseException) -> Exception:
    """As a future can carry it: what would end a thread or a generator ends nothing here."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(f"an upload could not be kept: {error!r}")


def _answer(uploads: list[_Upload]) -> None:
    """All of them by one call of their loop, unless that has ended."""
    with suppress(RuntimeError):
        uploads[0].answer.get_loop().call_soon_threadsafe(_tell, uploads)


def _tell(uploads: list[_Upload]) -> None:
    for upload in uploads:
        if upload.answer.cancelled():
            continue
        if isinstance(upload.outcome, Job):
            upload.answer.set_result(upload.outcome)
        else:
            assert upload.outcome is not None
            upload.answer.set_exception(upload.outcome)
