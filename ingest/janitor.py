"""Rescue, expire, sweep: what keeps the house true after deaths. Each is one tick, callable from a test.

Nothing here goes by age alone: jobs and spools are freed when their owner is dead, and a blob only inside a write
transaction that has looked for references.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from ingest import owners
from ingest.jobs.base import Job, StoreBusy
from ingest.search.base import IndexUnavailable
from ingest.wiring import House
from ingest.worker import remove_tree
from storage.base import StorageError

log = logging.getLogger(__name__)

RESCUE_SECONDS = 1.0
BATCH = 500
INDEX_BATCH = 100  # of the index, which is looked through again and again
YOUNG_SECONDS = 600.0


def rescue(house: House) -> list[Job]:
    """Settle the jobs of dead owners: back into the queue, or to their end."""
    saved = house.jobs.rescue(lambda owner, lease_until: _is_alive(house, owner, lease_until))
    for job in saved:
        log.info("job %s of a dead worker is %s", job.id, job.state)
        house.dispatch.nudge(job.id)
    return saved


def expire(house: House) -> int:
    """Forget finished jobs whose time is over."""
    return house.jobs.expire(BATCH)


def sweep_released(house: House) -> int:
    """Delete the blobs that deleted jobs referred to, unless others still do."""
    keys = house.jobs.released_keys(BATCH)
    return house.jobs.drop_unreferenced(keys, house.files.delete) if keys else 0


def sweep_index(house: House, after: str) -> str:
    """Drop the texts of jobs that are gone, a batch at a time. The place to go on from: empty at the end.

    Nobody finds them meanwhile: whoever searches asks the job table.
    """
    if house.search is None:
        return ""
    job_ids = house.search.job_ids(after, INDEX_BATCH)
    if gone := sorted(set(job_ids) - house.jobs.succeeded(job_ids)):
        house.search.remove(gone)
    return job_ids[-1] if len(job_ids) == INDEX_BATCH else ""


def bury(house: House) -> int:
    """Once somebody has died: what he was receiving and working on goes at once, and his owner file last."""
    folder = house.settings.owners_folder
    dead = owners.dead(folder)
    if dead:
        sweep_spools(house)
        sweep_scratch(house)
        owners.forget(folder, dead)  # and nobody who has died meanwhile: the next tick is for him
    return len(dead)


def sweep_spools(house: House) -> int:
    """Discard what dead owners were receiving."""
    swept = 0
    for entry in list(house.files.spools()):
        if not _lives(house, entry.owner):
            house.files.discard_spool(entry.owner, entry.name)
            swept += 1
    return swept


def sweep_scratch(house: House) -> int:
    """Remove the folders of cells whose worker is dead."""
    folder = house.settings.scratch_folder
    dead = [path for path in folder.iterdir() if not _lives(house, path.name)] if folder.exists() else []
    for path in dead:
        remove_tree(path)
    return len(dead)


def sweep_orphans(house: House, young_seconds: float = YOUNG_SECONDS) -> int:
    """Walk the store for blobs that no row knows (a commit that failed after its file was kept).

    Young blobs are left alone only to save work: an accept that is under way puts its blob back by itself.
    """
    limit = house.clock() - young_seconds
    old = (blob.key for blob in house.files.walk() if blob.modified_at <= limit)
    dropped = 0
    for keys in _batches(old, BATCH):
        unknown = sorted(set(keys) - house.jobs.known_keys(keys))
        if unknown:
            dropped += house.jobs.drop_unreferenced(unknown, house.files.delete)
    return dropped


def sweep(house: House, young_seconds: float = YOUNG_SECONDS) -> None:
    """Everything that may lie around after a death."""
    sweep_spools(house)
    sweep_scratch(house)
    sweep_orphans(house, young_seconds)
    bury(house)


class Janitor:
    """The loop: rescue and bury each second, sweep soon after the start and then each `sweep_seconds`.

    The first tick doesn't sweep: it comes before the first claim, and walking a large store takes its time.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._sweep_at = time.monotonic() + RESCUE_SECONDS
        self._indexed = ""  # up to which job the index was looked through

    def tick(self) -> None:
        for chore in (rescue, bury, expire, sweep_released):
            _attempt(chore, self._house)
        _attempt(self.sweep_index, self._house)
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + self._house.settings.sweep_seconds
            _attempt(sweep, self._house)

    def sweep_index(self, house: House) -> None:
        self._indexed = sweep_index(house, self._indexed)

    def run(self, wait: Callable[[float], bool]) -> None:
        """Tick until `wait(seconds)` says that it is time to go."""
        while not wait(RESCUE_SECONDS):
            self.tick()


def _attempt(chore: Callable[[House], object], house: House) -> None:
    try:
        chore(house)
    except (StoreBusy, StorageError, IndexUnavailable, OSError) as error:
        log.warning("%s has to wait: %s", chore.__name__, error)
    except Exception:
        log.exception("%s failed", chore.__name__)


def _is_alive(house: House, owner: str, lease_until: float | None) -> bool:
    """On this host the lock tells; elsewhere only the lease can."""
    if owners.is_local(owner):
        return owners.is_alive(house.settings.owners_folder, owner)
    return lease_until is not None and house.clock() < lease_until


def _lives(house: House, owner: str) -> bool:
    return not owners.is_local(owner) or owners.is_alive(house.settings.owners_folder, owner)


def _batches(keys: Iterable[str], size: int) -> Iterator[Sequence[str]]:
    iterator = iter(keys)
    while batch := list(islice(iterator, size)):
        yield batch
