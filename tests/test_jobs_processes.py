"""Several real processes on one job table: nobody starves, no attempt is shared, no kill takes what was promised."""

import os
import select
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from ingest.clock import wall_clock
from ingest.jobs import migrate, open_jobs
from ingest.jobs.base import Event, JobStore
from tests.architecture import REPOSITORY
from tests.contracts.jobs import LEASE, HandClock, new_job, record

THREADS = 8
LINES = 400
KILLS = 6
FAIR_SHARE = 0.05  # of the luckiest one's; SQLite's own waiting gave one in 6,515


# -- what the other processes do; they say so only when it is done


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def told_to_stop() -> bool:
    return bool(select.select([0], [], [], 0)[0])


def accept_one(jobs: JobStore, clock: HandClock) -> None:
    new = new_job(clock)
    record(jobs, new)
    say("accepted", new.id)


def claim_one(jobs: JobStore, clock: HandClock) -> None:
    claim = jobs.claim(f"worker-here-{os.getpid()}-0", lease_seconds=LEASE)
    if claim is not None:
        say("claimed", claim.job.id, claim.attempt)


def main(url: str, threads: int) -> None:
    jobs = open_jobs(url)

    def work() -> None:
        while not told_to_stop():
            clock = HandClock(wall_clock())
            accept_one(jobs, clock)
            claim_one(jobs, clock)

    say("ready")
    sys.stdin.buffer.read(1)
    crew = [threading.Thread(target=work) for _ in range(threads)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    jobs.close()


# -- the tests


@dataclass(slots=True)
class Other:
    """Another process. `lines` are what it has said so far."""

    process: subprocess.Popen[str]
    lines: list[list[str]] = field(default_factory=list)

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def orders(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    def go(self) -> None:
        self.orders.write("g")
        self.orders.flush()

    def hear(self, lines: int) -> None:
        while len(self.lines) < lines and (line := self.out.readline()):
            self.lines.append(line.split())

    def stop(self) -> None:
        self.orders.close()
        self.hear(sys.maxsize)
        assert self.process.wait(30) == 0

    def kill(self) -> None:
        self.process.kill()
        self.hear(sys.maxsize)
        self.process.wait(30)

    def said(self, word: str) -> list[list[str]]:
        return [line[1:] for line in self.lines if line[0] == word]


@contextmanager
def other(url: str, threads: int) -> Iterator[Other]:
    command = [sys.executable, "-m", "tests.test_jobs_processes", url, str(threads)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Other(process)
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.db"
    migrate(f"sqlite:{path}")
    return path


@pytest.fixture
def jobs(path: Path) -> Iterator[JobStore]:
    jobs = open_jobs(f"sqlite:{path}")
    yield jobs
    jobs.close()


@contextmanager
def follower(jobs: JobStore, seen: list[Event]) -> Iterator[None]:
    """Reads on from the last event that it has seen, as the feed does, until the end."""
    over = threading.Event()

    def follow() -> None:
        while not over.is_set():
            seen.extend(jobs.events(seen[-1].seq if seen else 0, 100))

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    while page := jobs.events(seen[-1].seq if seen else 0, 1000):
        seen.extend(page)


def everything(read: Callable[[int, int], list[Event]]) -> list[Event]:
    found: list[Event] = []
    while page := read(found[-1].seq if found else 0, 1000):
        found += page
    return found


def test_two_processes_share_the_table_fairly_and_never_an_attempt(path: Path, jobs: JobStore) -> None:
    url = f"sqlite:{path}"
    seen: list[Event] = []
    with other(url, 1) as one, other(url, 1) as two, follower(jobs, seen):
        listeners = [threading.Thread(target=each.hear, args=[LINES]) for each in (one, two)]
        for each, listener in zip((one, two), listeners, strict=True):
            each.go()
            listener.start()
        while all(listener.is_alive() for listener in listeners):
            listeners[0].join(0.05)
        shares = sorted(len(each.lines) for each in (one, two))
        for each, listener in zip((one, two), listeners, strict=True):
            each.orders.close()
            listener.join()
            each.stop()
    assert shares[0] >= FAIR_SHARE * shares[1], shares
    accepted = [job_id for each in (one, two) for (job_id,) in each.said("accepted")]
    claimed = Counter(job_id for each in (one, two) for job_id, attempt in each.said("claimed") if attempt == "1")
    assert len(accepted) == len(set(accepted)) >= LINES / 2
    assert set(claimed) <= set(accepted)
    assert set(claimed.values()) == {1}
    # The reader that polled all the while has missed nothing, though two were writing.
    assert seen == everything(jobs.events)
    assert Counter(event.state for event in seen) == {"queued": len(accepted), "running": len(claimed)}


def test_a_kill_in_the_middle_of_group_commits_loses_nothing_that_was_acknowledged(path: Path) -> None:
    url = f"sqlite:{path}"
    accepted: set[str] = set()
    claimed: set[str] = set()
    for kill in range(KILLS):
        with other(url, THREADS) as victim:
            victim.go()
            victim.hear(THREADS * (kill + 1))
            victim.kill()
        accepted |= {job_id for (job_id,) in victim.said("accepted")}
        claimed |= {job_id for job_id, _ in victim.said("claimed")}
        migrate(url)
        jobs = open_jobs(url)
        assert [job_id for job_id in accepted if jobs.get(job_id) is None] == []
        # One that was accepted, and killed before it could say so, may have been claimed.
        assert [job_id for job_id in claimed if (row := jobs.get(job_id)) is None or row.attempt != 1] == []
        events = Counter(event.job_id for event in everything(jobs.events) if event.state == "queued")
        assert set(events.values()) == {1}
        assert accepted <= set(events)
        jobs.claim("worker-here-1-0", lease_seconds=LEASE)  # the dead one's lock has gone with it
        jobs.close()
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
