"""One job from claim to finish, and the process that does it with one thread per cell."""

import logging
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import JobError
from ingest.jobs.base import Account, Claim, Progress, StoreBusy
from ingest.jobs.outcomes import Done, Failed, Interrupted, Outcome
from ingest.progress import ProgressWriter
from ingest.publish import Kept, Tampered
from ingest.sandbox import CellEnd, Finished, Order, Sandbox, Stop
from ingest.wiring import House
from processors.base import AnyProcessor, Limits
from storage.base import StorageError

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
PULSE_SECONDS = 0.2
FINISH_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one attempt is worked on."""

    claim: Claim
    scratch: Path
    stop: Stop


class Worker:
    """Runs jobs in cells. `run_one` is the whole of it; the loops only call it again."""

    def __init__(self, house: House, sandbox: Sandbox, processors: dict[str, AnyProcessor]) -> None:
        self._house = house
        self._sandbox = sandbox
        self._processors = processors
        self._desks: dict[tuple[str, int], Desk] = {}
        self._changed = threading.Condition()
        self._nudges = 0
        self._draining = False

    def run_one(self, job_id: str | None = None) -> bool:
        """Claim, fetch, run in a cell, keep the results, finish. False: there was nothing to do."""
        house = self._house
        claim = house.jobs.claim(house.owner.id, lease_seconds=house.settings.lease_seconds, job_id=job_id)
        if claim is None:
            return False
        started_at = house.clock()
        with self._desk(claim) as desk, Kept(house.files, house.owner.id) as kept:
            end, outcome = self._attempt(desk, kept)
            account = Account(house.owner.id, started_at, house.clock(), end.cpu_seconds, end.peak_rss_bytes, end.exit)
            self._finish(claim, outcome, account, kept)
        return True

    # -- the verbs of run_one

    @contextmanager
    def _desk(self, claim: Claim) -> Iterator[Desk]:
        key = (claim.job.id, claim.attempt)
        scratch = self._house.settings.scratch_folder / self._house.owner.id / f"{claim.job.id}-{claim.attempt}"
        desk = Desk(claim, scratch, Stop())
        with self._changed:
            self._desks[key] = desk
        try:
            yield desk
        finally:
            try:
                remove_tree(scratch)
            finally:
                with self._changed:
                    del self._desks[key]
                    self._changed.notify_all()

    def _attempt(self, desk: Desk, kept: Kept) -> tuple[CellEnd, Outcome]:
        """Whatever goes wrong here, the job is given back: a claim that is never finished is held until we die."""
        try:
            desk.scratch.mkdir(parents=True, mode=0o700)
            end = self._run(desk)
            return end, self._keep(end, desk, kept)
        except Exception:
            log.exception("job %s: attempt %d could not be worked on", desk.claim.job.id, desk.claim.attempt)
            interrupted = Interrupted("The worker could not run the job")
            return _no_cell(interrupted), interrupted

    def _run(self, desk: Desk) -> CellEnd:
        job = desk.claim.job
        processor = self._processors.get(job.kind)
        if processor is None:
            return _no_cell(Failed(JobError("unknown_kind", f"No processor for {job.kind!r} is installed")))
        try:
            source = self._house.files.fetch(job.blob_key)
        except StorageError as error:
            return _no_cell(_unreadable(error))
        with source:
            order = Order(
                job_id=job.id,
                attempt=desk.claim.attempt,
                kind=job.kind,
                params=job.params,
                name=job.name,
                media_type=job.media_type,
                size=job.size,
                input=source,
                scratch=desk.scratch,
                limits=processor.limits,
            )
            return self._sandbox.run(order, self._progress_writer(desk), desk.stop)

    def _progress_writer(self, desk: Desk) -> ProgressWriter:
        return ProgressWriter(
            floor=desk.claim.job.progress.fraction,
            write=lambda progress: self._tell(desk.claim, progress),
            on_lost=lambda: desk.stop.request("release"),
            clock=self._house.clock,
        )

    def _tell(self, claim: Claim, progress: Progress) -> bool:
        """Progress is not worth a wait, and no reason to end a cell."""
        try:
            return self._house.jobs.progress(claim, progress)
        except StoreBusy as busy:
            log.warning("job %s: its progress was not written: %s", claim.job.id, busy)
            return True

    def _keep(self, end: CellEnd, desk: Desk, kept: Kept) -> Outcome:
        if not isinstance(end.verdict, Finished):
            return end.verdict
        limits = self._limits(desk.claim.job.kind)
        try:
            kept.take(desk.scratch / "out", end.verdict.outputs, limits)
        except Tampered as tampered:
            return Failed(tampered.error)
        except StorageError as error:
            log.warning("job %s: its outputs can't be stored: %s", desk.claim.job.id, error)
            return Interrupted("The results could not be stored")
        return Done(end.verdict.result, tuple(kept.outputs))

    def _limits(self, kind: str) -> Limits:
        return self._processors[kind].limits

    def _finish(self, claim: Claim, outcome: Outcome, account: Account, kept: Kept) -> None:
        """A busy table is waited for: work that is done is not thrown away for it. Outputs that are lost are."""
        while True:
            try:
                ensure = kept.ensure if isinstance(outcome, Done) else None
                job = self._house.jobs.finish(claim, outcome, account, ensure)
            except StoreBusy as busy:
                log.warning("job %s can't be finished yet: %s", claim.job.id, busy)
                with self._changed:
                    self._changed.wait(FINISH_RETRY_SECONDS)
                continue
            except StorageError as error:
                log.warning("job %s: its outputs can't be put back: %s", claim.job.id, error)
                outcome = Interrupted("The results could not be stored")
                continue
            if job is None:
                log.info("job %s: attempt %d came too late", claim.job.id, claim.attempt)
            else:
                log.info("job %s %s after attempt %d", job.id, job.state, claim.attempt)
            return

    # -- the loops, each around one tick

    def work(self) -> None:
        """The loop of one cell's thread: until the drain."""
        while not self._draining:
            seen = self._nudges
            if not self._try_one():
                self._wait_for_work(seen)

    def _wait_for_work(self, seen: int) -> None:
        """Until a nudge since `seen`, or the next poll: jobs become ready by time, and nudges may get lost."""
        with self._changed:
            self._changed.wait_for(lambda: self._nudges != seen or self._draining, POLL_SECONDS)

    def _try_one(self) -> bool:
        try:
            return self.run_one()
        except StoreBusy as busy:
            log.warning("the job table is busy: %s", busy)
        except Exception:
            log.exception("a job could not be worked on")
        return False

    def nudge(self, job_id: str) -> None:
        """There is news of a job: one that waits, or one of ours that shall stop."""
        with self._changed:
            self._nudges += 1
            self._changed.notify()
            ours = any(job_id == desk.claim.job.id for desk in self._desks.values())
        if ours:
            self.check_cancels()

    def check_cancels(self) -> None:
        """Stop the cells of jobs that somebody cancelled."""
        if not self._desks:
            return
        for key in self._house.jobs.cancelling(self._house.owner.id):
            desk = self._desks.get(key)
            if desk is not None:
                desk.stop.request("cancel")

    def renew_leases(self) -> None:
        if self._desks:
            self._house.jobs.renew(self._house.owner.id, self._house.settings.lease_seconds)

    def drain(self, grace_seconds: float) -> None:
        """Claim nothing more, let the cells work on for the grace period, then give their jobs back."""
        with self._changed:
            self._draining = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._desks, grace_seconds)
            desks = list(self._desks.values())
        for desk in desks:
            desk.stop.request("release")

    @property
    def is_busy(self) -> bool:
        return bool(self._desks)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(self._processors)


def remove_tree(folder: Path) -> None:
    """Remove a cell's folder, whatever it built there: rmtree can't do trees deeper than the interpreter's stack."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False)


def _unreadable(error: StorageError) -> Outcome:
    if error.code == "blob_missing":
        return Failed(JobError("internal", "The stored file is missing"))
    return Interrupted("The stored file could not be read")


def _no_cell(verdict: Outcome) -> CellEnd:
    assert not isinstance(verdict, Done)
    return CellEnd(verdict=verdict, exit=None, cpu_seconds=None, peak_rss_bytes=None)
