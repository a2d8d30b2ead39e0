"""Settings -> the parts of one process. The only place that opens stores and dispatchers."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ingest.accept import Parcel, accept
from ingest.clock import Clock, wall_clock
from ingest.dispatch import open_dispatch
from ingest.dispatch.base import Dispatch
from ingest.jobs import open_jobs
from ingest.jobs.base import Job, JobStore
from ingest.keeper import Keeper
from ingest.owners import Owner, Role
from ingest.room import Room
from ingest.search import open_search
from ingest.search.base import SearchIndex
from ingest.settings import Settings
from storage import open_files
from storage.base import FileStore

BLOCKING_THREADS = 32
SEARCHERS = 2


@dataclass(slots=True)
class House:
    """What every station of one process shares. `executor` runs what blocks, away from the event loop."""

    settings: Settings
    files: FileStore
    jobs: JobStore
    dispatch: Dispatch
    search: SearchIndex | None  # None: it is switched off
    owner: Owner
    clock: Clock = wall_clock
    executor: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(BLOCKING_THREADS, thread_name_prefix="blocking")
    )
    searchers: ThreadPoolExecutor = field(  # of its own, so that no flood of searches keeps an upload waiting
        default_factory=lambda: ThreadPoolExecutor(SEARCHERS, thread_name_prefix="search")
    )
    room: Room = field(default_factory=Room)
    keeper: Keeper = field(init=False)
    draining: bool = False
    searching: int = 0  # searches that are under way; changed on the event loop only
    receiving: int = 0  # uploads whose bodies are on their way; changed on the event loop only

    def __post_init__(self) -> None:
        self.keeper = Keeper(self.accept)

    def accept(self, parcels: Sequence[Parcel]) -> list[Job | Exception]:
        return accept(self.files, self.jobs, self.clock, parcels)

    def close(self) -> None:
        self.executor.shutdown(wait=True)
        self.searchers.shutdown(wait=True)
        self.keeper.close()
        self.dispatch.close()
        if self.search is not None:
            self.search.close()
        self.jobs.close()
        self.files.close()
        self.owner.release()


def open_house(settings: Settings, role: Role, clock: Clock = wall_clock) -> House:
    return House(
        settings=settings,
        files=open_files(settings.files_url),
        jobs=open_jobs(settings.jobs_url, clock=clock),
        dispatch=open_dispatch(settings.dispatch_url),
        search=open_search(settings.search_url) if settings.search_bytes else None,
        owner=Owner(settings.owners_folder, role),
        clock=clock,
    )
