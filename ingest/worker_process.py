"""The worker process: one thread per cell, a pulse, the janitor, and an ear for nudges. Started by the supervisor."""

import argparse
import json
import logging
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from ingest import logs
from ingest.dispatch.local import NudgeBox
from ingest.indexer import Indexer
from ingest.janitor import Janitor
from ingest.jobs.base import StoreBusy
from ingest.leash import DRAIN, STOP, Leash
from ingest.sandbox import Sandbox, SandboxError
from ingest.settings import Settings, listed
from ingest.wiring import House, open_house
from ingest.worker import PULSE_SECONDS, Worker, remove_tree
from processors import registry

log = logging.getLogger("ingest.worker_process")  # __name__ is __main__ here

BROKEN = 3  # exit status: the cells can't be started


class WorkerProcess:
    """Everything that runs beside `Worker`'s threads."""

    def __init__(self, house: House) -> None:
        self.house = house
        processors = registry.load(listed(house.settings.kinds) or None)
        self.sandbox = Sandbox(sorted(processors), settings=house.settings.of_processors)
        self.worker = Worker(house, self.sandbox, processors)
        self.janitor = Janitor(house)
        self.stopped = threading.Event()
        # Whoever has no cells leaves the nudges to another worker of the data folder.
        listens = house.settings.workers > 0
        self._nudges = NudgeBox(Path(house.settings.dispatch_url.removeprefix("local:"))) if listens else None

    def run(self) -> None:
        """Until the drain is over."""
        _write_protections(self.house, self.sandbox)
        self.janitor.tick()  # before the first claim: the dead predecessor's jobs go first
        cells = [
            threading.Thread(target=self.worker.work, name=f"cell-{n}") for n in range(self.house.settings.workers)
        ]
        helpers = [
            threading.Thread(target=self.janitor.run, args=[self.stopped.wait], name="janitor", daemon=True),
            threading.Thread(target=self._pulse, name="pulse", daemon=True),
        ]
        if self.house.search is not None:
            indexer = Indexer(self.house, self.house.search, lambda: self.worker.is_busy)
            helpers.append(threading.Thread(target=indexer.run, args=[self.stopped.wait], name="indexer", daemon=True))
        if self._nudges is not None:
            helpers.append(threading.Thread(target=self._listen, args=[self._nudges], name="nudges", daemon=True))
        for thread in (*helpers, *cells):
            thread.start()
        log.info("working with %d cells on %s", len(cells), ", ".join(sorted(self.worker.kinds)))
        for thread in cells:
            thread.join()
        self.stopped.wait()

    def drain(self) -> None:
        """Let running jobs finish within the grace period, give the others back, and stop. Returns at once."""
        threading.Thread(target=self._drain, name="drain", daemon=True).start()

    def _drain(self) -> None:
        self.worker.drain(self.house.settings.grace_seconds)
        self.stopped.set()

    def close(self) -> None:
        if self._nudges is not None:
            self._nudges.close()
        self.sandbox.close()
        remove_tree(self.house.settings.scratch_folder / self.house.owner.id)
        self.house.close()

    def _pulse(self) -> None:
        beats = 0
        renew_every = max(1, int(self.house.settings.lease_seconds / 3 / PULSE_SECONDS))
        while not self.stopped.wait(PULSE_SECONDS):
            beats += 1
            try:
                self.worker.check_cancels()
                if beats % renew_every == 0:
                    self.worker.renew_leases()
            except StoreBusy as busy:
                log.warning("the pulse missed a beat: %s", busy)

    def _listen(self, nudges: NudgeBox) -> None:
        for job_id in nudges:
            try:
                self.worker.nudge(job_id)
            except StoreBusy as busy:
                log.warning("a nudge was not followed: %s", busy)


def _write_protections(house: House, sandbox: Sandbox) -> None:
    """What /readyz tells about the cells."""
    path = house.settings.data / "run" / "protections.json"
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(dict(sandbox.protections)))
        fresh.replace(path)
    except OSError as error:  # a full disk is no reason not to work: jobs may still be rescued and cancelled
        log.warning("which protections the cells have can't be written down: %s", error)


def main(command_line: Sequence[str] | None = None) -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--leash", type=int, help="control socket of the supervisor; none: on its own")
    leash = arguments.parse_args(command_line).leash
    settings = Settings.from_env()
    logs.set_up(settings.log_format, settings.log_level)
    house = open_house(settings, "worker")
    try:
        process = WorkerProcess(house)
    except SandboxError as error:
        log.error("the cells can't be started: %s", error)
        return BROKEN
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.drain())
    if leash is not None:
        os.set_inheritable(leash, False)
        # Without the supervisor there is nobody to restart or drain us: die at once, the cells die with us.
        Leash(leash, on={DRAIN: process.drain, STOP: process.drain}, on_gone=lambda: os._exit(1))
    process.run()
    process.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
