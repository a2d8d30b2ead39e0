"""What one upload brings, on its way to the store: checked as soon as it can be, written in large batches.

Rules that must stay true:
1. Nothing is written before the first bytes have shown that some kind takes the file.
2. At most one batch is filling and one is being written: memory does not grow with the file. Many uploads at once
   share a budget by smaller batches, so that stalled ones don't fill the memory either.
3. Whatever fails, the spool is gone afterwards.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from ingest.accept import Order, Parcel, discard
from ingest.digests import Digest, Verifier
from ingest.errors import Problem
from ingest.fields import read_metadata, read_params, read_sha256
from ingest.form import Event, Field, FileBegun, FileEnded
from ingest.jobs.base import Job
from ingest.kinds import PROCESSORS
from ingest.names import display_name
from ingest.sniff import choose_kind, sniff
from ingest.wiring import House
from processors.signatures import HEAD_BYTES
from storage.base import Spool

BATCH_BYTES = 1 << 20
LEAST_BATCH_BYTES = 64 << 10
BUDGET_BYTES = 64 << 20  # of all filling batches of a process

T = TypeVar("T")


class Intake:
    """Takes the events of one body, then is asked for the job. `close` it in any case."""

    def __init__(self, house: House, kind: str, promised: tuple[Digest, ...]) -> None:
        self._house = house
        self._kind = kind
        self._promised = promised
        self._fields: dict[str, str] = {}
        self._begun: FileBegun | None = None
        self._order: Order | None = None
        self._verifier: Verifier | None = None
        self._size = 0
        self._batch: list[memoryview] = []
        self._batch_bytes = 0
        self._writing: Future[None] | None = None
        self._spool: Spool | None = None
        self._open = True
        house.receiving += 1

    async def take(self, event: Event) -> None:
        match event:
            case memoryview():
                self._add(event)
                if self._batch_bytes >= batch_bytes(self._house.receiving):
                    await self._write_batch()
            case Field(name, value):
                self._fields[name] = value
            case FileBegun():
                self._begun = event
            case FileEnded():
                if self._size == 0:
                    raise Problem("empty_file", "The file has no bytes")
                if self._order is None:
                    self._decide(whole=True)

    async def keep(self) -> Job:
        """After the last event: the file durably kept, the job recorded.

        A large file has a thread to itself for that: to sync it takes long, and small ones shall not wait for it.
        """
        if self._writing is None:
            return await self._house.keeper.keep(self._finish)
        return await self._in_thread(self._keep_alone)

    async def close(self) -> None:
        """Idempotent. The last thing done may still be under way in its thread, if this task was cancelled."""
        self._house.receiving -= self._open
        self._open = False
        if self._writing is not None:
            await self._in_thread(self._discard)

    # -- on the event loop

    def _add(self, view: memoryview) -> None:
        limit = self._house.settings.max_file_bytes
        self._size += len(view)
        if self._size > limit:
            raise Problem("file_too_large", f"The file has more than {limit} bytes", limit=limit)
        self._batch.append(view)
        self._batch_bytes += len(view)
        if self._order is None and self._size >= HEAD_BYTES:
            self._decide(whole=self._size == HEAD_BYTES)

    def _decide(self, *, whole: bool) -> None:
        """What kind of file this is, and whether the rest of the form goes with it."""
        assert self._begun is not None
        head = b"".join(bytes(view[:HEAD_BYTES]) for view in self._batch)[:HEAD_BYTES]
        name = display_name(self._begun.name)
        detected = sniff(head, name, whole)
        kind = choose_kind(self._kind, detected, PROCESSORS)
        processor = PROCESSORS[kind]
        self._order = Order(
            kind=kind,
            name=name,
            media_type=detected.media_type,
            declared_media_type=self._begun.media_type,
            params=read_params(self._fields.get("params"), processor.Params),
            metadata=read_metadata(self._fields.get("metadata")),
            processor_version=processor.version,
            max_attempts=self._house.settings.max_attempts,
        )
        promised = self._promised + read_sha256(self._fields.get("sha256"))
        self._verifier = Verifier(promised, already=frozenset({"sha-256"}))

    async def _write_batch(self) -> None:
        if self._writing is not None:
            await asyncio.shield(asyncio.wrap_future(self._writing))
        self._writing = self._house.executor.submit(self._write, self._take_batch())

    def _take_batch(self) -> list[memoryview]:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        return batch

    async def _in_thread(self, act: Callable[[Future[None] | None], T]) -> T:
        """`act` begins when the last write is over, and is not cut short when this task is cancelled."""
        before, self._writing = self._writing, None
        return await asyncio.shield(asyncio.wrap_future(self._house.executor.submit(act, before)))

    # -- in a thread

    def _write(self, batch: list[memoryview]) -> None:
        self._check_room(sum(map(len, batch)))
        if self._spool is None:
            self._spool = self._house.files.spool(self._house.owner.id)
        self._spool.append(*batch)
        assert self._verifier is not None
        self._verifier.update(*batch)

    def _check_room(self, length: int) -> None:
        """Again, although it was asked before: lengths may not be known, and others come at the same time."""
        if not self._house.room.take(self._house.files, length, self._house.settings.reserve_bytes):
            raise Problem("insufficient_storage", "The store has no room left for this file")

    def _keep_alone(self, before: Future[None] | None) -> Job:
        (outcome,) = self._house.accept([self._finish(before)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _finish(self, before: Future[None] | None = None) -> Parcel:
        """The file is whole, and has the digests that were promised; or the spool is gone."""
        assert self._order is not None
        assert self._verifier is not None
        try:
            if before is not None:
                before.result()
            self._write(self._take_batch())
            assert self._spool is not None
            self._verifier.check(sha256=self._spool.sha256())
        except BaseException:
            self._discard(None)
            raise
        return Parcel(self._spool, self._order)

    def _discard(self, before: Future[None] | None) -> None:
        if before is not None:
            before.exception()  # it is over, however it ended
        if self._spool is not None:
            discard(self._spool)


def batch_bytes(uploads: int) -> int:
    """How much one of so many uploads at once may gather before it is written."""
    return max(LEAST_BATCH_BYTES, min(BATCH_BYTES, BUDGET_BYTES // uploads))
