"""Texts of succeeded jobs -> index, behind everybody's back: it follows the events of the job table.

Nobody waits for it. It is never inside a transaction of the job table, and while jobs run it rests for as long as it
has worked. What it has done is known by the watermark alone, so it may die at any moment and goes on from there.
"""

import logging
import time
from collections.abc import Callable, Iterator

from ingest.jobs.base import Event, JobStore, StoreBusy
from ingest.jobs.states import State
from ingest.search.base import Document, IndexDamaged, IndexUnavailable, SearchIndex, Step
from ingest.searchable import document_of
from ingest.wiring import House
from storage.base import StorageError

log = logging.getLogger(__name__)

EVENTS = 64  # in one transaction of the index
BATCH_BYTES = 8 << 20  # of texts in one
POLL_SECONDS = 0.25
RETRY_SECONDS = 5.0


class Indexer:
    """The loop around one `tick`. `is_busy` says whether jobs run."""

    def __init__(self, house: House, index: SearchIndex, is_busy: Callable[[], bool] = lambda: False) -> None:
        self._house = house
        self._index = index
        self._is_busy = is_busy

    def run(self, wait: Callable[[float], bool]) -> None:
        """Until `wait(seconds)` says that it is time to go."""
        rest = 0.0
        while not wait(rest):
            started = time.monotonic()
            rest = self._rest(self._try(), time.monotonic() - started)

    def _rest(self, passed: int | None, seconds: float) -> float:
        if passed is None:
            return RETRY_SECONDS
        if passed < EVENTS:
            return POLL_SECONDS
        return seconds if self._is_busy() else 0.0

    def _try(self) -> int | None:
        try:
            return self.tick()
        except (IndexUnavailable, StoreBusy, StorageError, OSError) as error:
            log.warning("indexing has to wait: %s", error)
        except Exception:
            log.exception("indexing failed")
        return None

    def tick(self) -> int:
        """Go on from the watermark, with up to `EVENTS` events. How many have been passed; all are if it is fewer."""
        with self._index.alone() as alone:
            if not alone or not self._has_room():
                return 0
            try:
                self._index.prepare()
                return self._step()
            except IndexDamaged as damaged:
                log.warning("the index is made anew: %s", damaged)
                self._index.discard()
                self._index.prepare()
                return self._step()

    def _has_room(self) -> bool:
        house = self._house
        return house.room.has(house.files, BATCH_BYTES, house.settings.reserve_bytes)

    def _step(self) -> int:
        jobs = self._house.jobs
        mark = self._index.watermark()
        if mark > jobs.last_seq():
            log.warning("the job table is an older one than the index knows: it is written again")
            self._index.write((), afresh=True)
            mark = 0
        events = jobs.events(mark, EVENTS)
        passed = 0

        def steps() -> Iterator[Step]:
            nonlocal passed
            room = BATCH_BYTES
            for event in events:
                document = _document(self._house, event)
                yield Step(event.seq, document)
                passed += 1
                room -= 0 if document is None else min(document.size, self._house.settings.search_bytes)
                if room <= 0:
                    passed = EVENTS  # there is more, whatever the number
                    return

        if events:
            self._index.write(steps())
        return passed


def rebuild(house: House, index: SearchIndex, tell: Callable[[int], object] = lambda number: None) -> int:
    """Write the whole index again, from the first event on; whoever searches sees the old one until it is done.

    `tell` is told how many events have been passed. How many documents there are.
    """
    with index.alone(wait=True):
        try:
            index.prepare()
        except IndexDamaged:
            index.discard()
            index.prepare()
        return index.write(_all_steps(house, tell), afresh=True)


def _all_steps(house: House, tell: Callable[[int], object]) -> Iterator[Step]:
    for passed, event in enumerate(_all_events(house.jobs), 1):
        yield Step(event.seq, _document(house, event))
        tell(passed)


def _all_events(jobs: JobStore) -> Iterator[Event]:
    after = 0
    while events := jobs.events(after, EVENTS):
        yield from events
        after = events[-1].seq


def _document(house: House, event: Event) -> Document | None:
    """The job as it is now: it may be gone."""
    if event.state is not State.SUCCEEDED:
        return None
    job = house.jobs.get(event.job_id)
    return None if job is None else document_of(house.files, job, house.settings.search_bytes)
