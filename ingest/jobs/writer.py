"""Group commit: one thread writes, and takes everything that waits into one transaction.

Rules that must stay true:
1. Nobody gets an answer before the transaction that it rests on has been committed.
2. One operation that fails takes nobody else's with it.
3. An operation whose caller has given up before it began never begins.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection

from ingest.jobs.base import StoreBusy
from ingest.jobs.database import TransactionLost, WriteSide

BATCH = 256  # operations in one transaction at most, so that nobody waits for an endless one

T = TypeVar("T")
Work = Callable[[Connection], T]


@dataclass(slots=True, eq=False)
class _Operation:
    work: Work[Any]
    durable: bool
    first: bool
    future: Future[Any] = field(default_factory=Future)
    value: Any = None
    error: BaseException | None = None

    def begin(self) -> bool:
        """Once. False: the caller has given up."""
        return self.future.set_running_or_notify_cancel()

    def answer(self, failure: BaseException | None) -> None:
        """Tell the caller: its own error before that of the whole transaction."""
        error = self.error or failure
        if error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(error)


class Writer:
    """Runs operations on the write side's connection, on a thread of its own."""

    def __init__(self, side: WriteSide, patience_seconds: float) -> None:
        self._side = side
        self._patience = patience_seconds
        self._waiting: deque[_Operation] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="job table writer", daemon=True)
        self._thread.start()

    def call(
        self,
        work: Work[T],
        *,
        durable: bool,
        first: bool = False,
        late: Callable[[T], object] | None = None,
    ) -> T:
        """`submit`, and wait. Raises what the operation raises, and `StoreBusy` when it takes too long.

        `late` gets what comes of an operation after all, when nobody waits for it any more; on the writer's thread.
        """
        future = self.submit(work, durable=durable, first=first)
        return self._result(future, time.monotonic() + self._patience, late)

    def call_all(self, works: Iterable[Work[T]], *, durable: bool) -> list[T | Exception]:
        """Several at once, each by itself: its result, or the error that `call` would raise, in its place."""
        futures = [self.submit(work, durable=durable) for work in works]
        deadline = time.monotonic() + self._patience
        outcomes: list[T | Exception] = []
        for future in futures:
            try:
                outcomes.append(self._result(future, deadline))
            except Exception as error:  # noqa: BLE001 - it is that of its caller
                outcomes.append(error)
        return outcomes

    def _result(self, future: Future[T], deadline: float, late: Callable[[T], object] | None = None) -> T:
        with suppress(TimeoutError):
            return future.result(max(0.0, deadline - time.monotonic()))
        if future.done():  # at the last moment, or with a TimeoutError of its own
            return future.result()
        began = not future.cancel()
        if began and late is not None:
            future.add_done_callback(lambda done: done.exception() or late(done.result()))
        raise StoreBusy(f"no write in {self._patience:g} s" + (", and this one may still come" if began else ""))

    def submit(self, work: Work[T], *, durable: bool, first: bool = False) -> Future[T]:
        """Queue an operation. `first` runs it before all others of its transaction, on nothing but committed rows."""
        operation = _Operation(work, durable, first)
        with self._changed:
            if self._closed:
                operation.future.set_exception(StoreBusy("the job table is closed"))
            else:
                self._waiting.append(operation)
                self._changed.notify()
        return operation.future

    def close(self) -> None:
        """Write what waits already, then stop. If another process keeps us out, the thread ends when it lets go."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(self._patience)

    def _run(self) -> None:
        while self._wait_for_work():
            try:
                with self._side.exclusive():
                    self._write(self._take())
            except StoreBusy as busy:
                _refuse(self._take(), busy)
        self._side.close()

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return bool(self._waiting)

    def _take(self) -> list[_Operation]:
        with self._changed:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        return sorted(batch, key=lambda operation: not operation.first)

    def _write(self, batch: list[_Operation]) -> None:
        """All of the batch in one transaction; then, and only then, the answers."""
        begun: list[_Operation] = []
        pending = iter(batch)
        failure: BaseException | None = None
        try:
            with self._side.transaction(durable=any(operation.durable for operation in batch)) as connection:
                for operation in pending:
                    if operation.begin():
                        begun.append(operation)
                        self._attempt(operation, connection)
        except BaseException as error:  # noqa: BLE001 - it failed for every caller, and each is told
            failure = error
            _refuse(pending, error)
        for operation in begun:
            operation.answer(failure)

    def _attempt(self, operation: _Operation, connection: Connection) -> None:
        try:
            with self._side.savepoint():
                operation.value = operation.work(connection)
        except TransactionLost:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is its caller's
            operation.error = error


def _refuse(operations: Iterable[_Operation], error: BaseException) -> None:
    """Those had no turn."""
    for operation in operations:
        if operation.begin():
            operation.answer(error)
