"""The one reader of a web process: it follows the events and tells everybody who watches a job.

Rules that must stay true:
1. Subscribe first, then read the table: whatever is committed after `watch` was entered reaches the watch.
2. No transition is left out. A watcher that fell behind reads what it missed from the table, by `seq`.
3. Progress is only ever the latest, and never older than what the watcher has seen: a slow one gets less of it.
4. A thousand watchers cost one query a tick, and nobody watching costs none.

Everything but `close_soon` runs on the event loop's thread, the short reads of the table included.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ingest.errors import Problem
from ingest.jobs.base import Event, Job, JobStore, Progress, StoreBusy

TICK_SECONDS = 0.02
BATCH = 1000
GONE_BATCH = 20  # watched jobs a tick of which the feed asks whether they are still there
REMEMBERED = 32  # transitions of one job; a watcher further behind than that reads the table
MAX_WATCHES = 10_000
RETRY_SECONDS = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pulse:
    """How far an attempt is."""

    attempt: int
    progress: Progress

    @property
    def moment(self) -> tuple[int, float]:
        return self.attempt, self.progress.updated_at or 0.0


@dataclass(frozen=True, slots=True)
class News:
    """What happened, in this order: transitions, then progress made since."""

    transitions: tuple[Event, ...] = ()
    pulse: Pulse | None = None

    def __bool__(self) -> bool:
        return bool(self.transitions or self.pulse)


class _Topic:
    """One watched job: what all its watches share."""

    def __init__(self) -> None:
        self.watches: set[Watch] = set()
        self.recent: deque[Event] = deque(maxlen=REMEMBERED)
        self.forgotten = 0  # the newest transition that is no longer in `recent`
        self.pulse: Pulse | None = None

    def add(self, event: Event) -> None:
        if len(self.recent) == REMEMBERED:
            self.forgotten = self.recent[0].seq
        self.recent.append(event)
        self.pulse = None  # it was made before this transition
        self.stir()

    def beat(self, pulse: Pulse) -> None:
        if pulse != self.pulse:
            self.pulse = pulse
            self.stir()

    def stir(self) -> None:
        for watch in self.watches:
            watch.stirred.set()


class Watch:
    """One job, watched from `position` (the `seq` of the last transition seen) on. Use as a context manager."""

    def __init__(self, feed: "Feed", job_id: str) -> None:
        self.job_id = job_id
        self.position = 0
        self.over = False  # nothing more will come
        self.gone = False  # because the job was deleted
        self.stirred = asyncio.Event()
        self._feed = feed
        self._topic = _Topic()
        self._seen = (0, 0.0)

    def __enter__(self) -> Self:
        self._topic = self._feed.join(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._feed.leave(self)

    def saw(self, position: int, job: Job) -> None:
        """The watcher knows the transitions up to `position`, and `job` as it is in the table."""
        self.position = position
        self._seen = Pulse(job.attempt, job.progress).moment

    def history(self, after: int = 0) -> Iterator[Event]:
        """Every transition of the job since `after`, from the table."""
        return self._feed.history(self.job_id, after)

    def lose(self) -> None:
        """The job was deleted, and its transitions with it."""
        self.gone = True
        self.stop()

    def stop(self) -> None:
        """Let `news` answer at once, from now on."""
        self.over = True
        self.stirred.set()

    async def news(self, timeout: float) -> News:
        """What happened since the last call, waiting for it if need be; nothing after `timeout`, or when `over`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self.stirred.wait()
        if not self.over:
            self.stirred.clear()
        return News(tuple(self._transitions()), self._pulse())

    def _transitions(self) -> Iterator[Event]:
        behind = self._topic.forgotten > self.position
        for event in self.history(self.position) if behind else tuple(self._topic.recent):
            if event.seq > self.position:
                self.position = event.seq
                yield event

    def _pulse(self) -> Pulse | None:
        pulse = self._topic.pulse
        if pulse is None or pulse.moment <= self._seen:
            return None
        self._seen = pulse.moment
        return pulse


class Feed:
    """Follows the table while anybody watches. Use as an async context manager."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._topics: dict[str, _Topic] = {}
        self._unasked: list[str] = []
        self._stale = False  # there was a change since `_unasked` was filled
        self.watching = 0
        self._watched = asyncio.Event()
        self._cursor = 0
        self._version: int | None = None
        self._over = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._follow(), name="feed")
        self._task.add_done_callback(_mourn)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    def close_soon(self) -> None:
        """End every watch, now and from now on. May be called from any thread."""
        self._over = True  # and nothing else, if the loop has not begun
        with suppress(RuntimeError):  # the loop has closed, and every watch with it
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._end)

    def watch(self, job_id: str) -> Watch:
        """Raises `Problem` too_busy when entered, if too many are watching already."""
        return Watch(self, job_id)

    def history(self, job_id: str, after: int = 0) -> Iterator[Event]:
        while True:
            batch = self._jobs.events(after, BATCH, job_id)
            yield from batch
            if len(batch) < BATCH:
                return
            after = batch[-1].seq

    def join(self, watch: Watch) -> _Topic:
        if self.watching >= MAX_WATCHES:
            headers = {"Retry-After": str(RETRY_SECONDS)}
            raise Problem("too_busy", "Too many clients are watching jobs", headers=headers, limit=MAX_WATCHES)
        if not self.watching:
            self._cursor = self._jobs.last_seq()
            self._version = None
        topic = self._topics.setdefault(watch.job_id, _Topic())
        topic.watches.add(watch)
        watch.position = self._cursor
        self.watching += 1
        self._watched.set()
        if self._over:
            watch.stop()
        return topic

    def leave(self, watch: Watch) -> None:
        topic = self._topics[watch.job_id]
        topic.watches.remove(watch)
        if not topic.watches:
            del self._topics[watch.job_id]
        self.watching -= 1
        if not self.watching:
            self._watched.clear()

    async def _follow(self) -> None:
        try:
            while True:
                await self._watched.wait()
                await asyncio.sleep(0 if self._tick() else TICK_SECONDS)
        finally:
            self._end()  # whatever stops the reader, nobody waits for it in vain

    def _tick(self) -> bool:
        """Tell what is new in the table. Whether there is more to read at once."""
        try:
            self._look_for_gone()
            version = self._jobs.version()
            if version == self._version:
                return False
            events = self._jobs.events(self._cursor, BATCH)
            running = self._jobs.running()
        except StoreBusy as busy:
            log.warning("the feed could not read the job table: %s", busy)
            self._stale = True  # somebody may have been taken off the list, and not asked about
            return False
        self._tell(events, running)
        self._stale = True
        more = len(events) == BATCH
        self._version = None if more else version
        return more

    def _look_for_gone(self) -> None:
        """After each change, a few at a time: a deleted job leaves no transition that could be told."""
        if self._stale and not self._unasked:
            self._unasked, self._stale = list(self._topics), False
        for _ in range(min(GONE_BATCH, len(self._unasked))):
            topic = self._topics.get(job_id := self._unasked.pop())
            if topic is not None and self._jobs.gone(job_id):
                for watch in topic.watches:
                    watch.lose()

    def _tell(self, events: list[Event], running: list[tuple[str, int, Progress]]) -> None:
        for event in events:
            self._cursor = event.seq
            if topic := self._topics.get(event.job_id):
                topic.add(event)
        for job_id, attempt, progress in running:
            if progress.updated_at and (topic := self._topics.get(job_id)):
                topic.beat(Pulse(attempt, progress))

    def _end(self) -> None:
        self._over = True
        for topic in self._topics.values():
            for watch in topic.watches:
                watch.stop()


def _mourn(task: asyncio.Task[None]) -> None:
    """Say at once why the reader died; clients are left with polling."""
    if not task.cancelled() and (error := task.exception()):
        log.critical("the feed died", exc_info=error)
