"""`JobStore` in SQL: which operations are durable, and who may run them where. What they do is in `life` and `forget`.

A power cut may take back what is not durable: a claim (the job runs again), progress, a renewed lease. Everything that
somebody was told for good is durable.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from ingest.clock import Clock
from ingest.jobs import forget, life, queries, rows
from ingest.jobs.base import Acceptance, Account, Claim, Event, Job, JobFilter, Progress
from ingest.jobs.database import Database
from ingest.jobs.outcomes import Outcome, Released
from ingest.jobs.states import State
from ingest.jobs.writer import Writer

T = TypeVar("T")


class SqlJobStore:
    """`JobStore` over any `Database`. Time is read inside the transaction, so it runs the way that events do."""

    def __init__(self, database: Database, clock: Clock, patience_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._writer = Writer(database.write_side(), patience_seconds)

    def accept(self, many: Sequence[Acceptance]) -> list[Job | Exception]:
        return self._writer.call_all([partial(self._accept, one) for one in many], durable=True)

    def _accept(self, one: Acceptance, sql: Connection) -> Job:
        return life.accept(sql, one, self._clock())

    def cancel(self, job_id: str) -> tuple[Job, bool] | None:
        return self._writer.call(lambda sql: life.cancel(sql, job_id, self._clock()), durable=True)

    def delete(self, job_id: str) -> bool | None:
        return self._writer.call(lambda sql: forget.delete_job(sql, job_id, self._clock()), durable=True)

    def claim(self, owner: str, *, lease_seconds: float, job_id: str | None = None) -> Claim | None:
        return self._writer.call(
            lambda sql: life.claim(sql, owner, lease_seconds, job_id, self._clock()),
            durable=False,
            late=self._give_back,
        )

    def _give_back(self, claim: Claim | None) -> None:
        """A claim that nobody knows of: its owner lives, so nobody would ever rescue the job."""
        if claim is not None:
            now = self._clock()
            account = Account(claim.owner, now, now)
            self._writer.submit(lambda sql: life.finish(sql, claim, Released(), account, None, now), durable=False)

    def progress(self, claim: Claim, progress: Progress) -> bool:
        return self._writer.call(lambda sql: life.write_progress(sql, claim, progress), durable=False)

    def renew(self, owner: str, lease_seconds: float) -> None:
        self._writer.call(lambda sql: life.renew(sql, owner, lease_seconds, self._clock()), durable=False)

    def cancelling(self, owner: str) -> frozenset[tuple[str, int]]:
        return self._read(lambda sql: queries.cancelling(sql, owner))

    def finish(
        self, claim: Claim, outcome: Outcome, account: Account, ensure_blobs: Callable[[], None] | None = None
    ) -> Job | None:
        return self._writer.call(
            lambda sql: life.finish(sql, claim, outcome, account, ensure_blobs, self._clock()), durable=True
        )

    def rescue(self, is_alive: Callable[[str, float | None], bool]) -> list[Job]:
        """Mostly there is nobody to rescue, and then nothing is written."""
        dead = {owner for owner in self._read(queries.owners) if not is_alive(*owner)}
        return self._writer.call(lambda sql: life.rescue(sql, dead, self._clock()), durable=True) if dead else []

    def expire(self, limit: int) -> int:
        if not self._read(lambda sql: forget.expired(sql, 1, self._clock())):
            return 0
        return self._writer.call(lambda sql: forget.expire(sql, limit, self._clock()), durable=True)

    def released_keys(self, limit: int) -> list[str]:
        return self._read(lambda sql: queries.released_keys(sql, limit))

    def known_keys(self, keys: Sequence[str]) -> frozenset[str]:
        return self._read(lambda sql: forget.referred(sql, keys))

    def drop_unreferenced(self, keys: Sequence[str], delete: Callable[[str], None]) -> int:
        return self._writer.call(lambda sql: forget.drop(sql, keys, delete), durable=False, first=True)

    def get(self, job_id: str) -> Job | None:
        return self._read(lambda sql: rows.load(sql, job_id))

    def gone(self, job_id: str) -> bool:
        return self._read(lambda sql: queries.gone(sql, job_id))

    def succeeded(self, job_ids: Sequence[str]) -> frozenset[str]:
        return self._read(lambda sql: queries.succeeded(sql, job_ids, self._clock()))

    def page(self, where: JobFilter, limit: int, before: str | None = None) -> list[Job]:
        return self._read(lambda sql: queries.page(sql, where, limit, before))

    def queue_position(self, job: Job, cap: int) -> int:
        return self._read(lambda sql: queries.queue_position(sql, job, cap, self._clock()))

    def events(self, after: int, limit: int, job_id: str | None = None) -> list[Event]:
        return self._read(lambda sql: queries.events_after(sql, after, limit, job_id))

    def last_seq(self) -> int:
        return self._read(queries.last_seq)

    def running(self) -> list[tuple[str, int, Progress]]:
        return self._read(queries.running)

    def version(self) -> int:
        return self._database.version()

    def counts(self) -> dict[State, int]:
        return self._read(queries.counts)

    def check(self) -> None:
        self._writer.call(lambda sql: None, durable=False)

    def close(self) -> None:
        self._writer.close()
        self._database.close()

    def _read(self, look: Callable[[Connection], T]) -> T:
        with self._database.reading() as connection:
            return look(connection)
