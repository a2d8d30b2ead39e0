"""Every system call that an upload makes fails once, in a real server: no 202 lies, no answer is a mistake, nothing
stays behind, and the next upload is taken.
"""

import errno
import json
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from ingest import janitor
from ingest.settings import Settings
from ingest.wiring import House, open_house
from tests import strace
from tests.architecture import REPOSITORY
from tests.faults import WRITES
from tests.kills import invariants, victims
from tests.kills.ledger import Ledger
from tests.kills.payloads import NO_TEXT, Payload, echo
from tests.kills.workload import connect, drop
from tests.plugin import interpreter
from tests.programs import require
from tests.server import Server

FAULTY = Path(__file__).parent / "faulty"
HONEST = {"storage_unavailable": 503, "busy": 503, "insufficient_storage": 507}
MOST_CALLS = 60  # of one upload: a walk that is longer leads nowhere
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC}
FILE_BYTES = 5 << 19  # more than one batch of the upload


def file_of(number: int) -> Payload:
    """Always as many bytes, so that every upload of a walk makes the same calls."""
    return echo(number, NO_TEXT + random.Random(number).randbytes(FILE_BYTES), {})


@dataclass(slots=True)
class Patient:
    """A server that accepts and runs nothing, and what it has promised. Faults hit its one web process."""

    server: Server
    switch: Path
    ledger: Ledger = field(default_factory=Ledger)

    @property
    def web(self) -> int:
        assert self.server.process is not None
        (web,) = victims.find("web", self.server.process.pid)
        return web.pid

    def new_file(self) -> Payload:
        return file_of(self.ledger.next_number())

    def upload(self, file: Payload) -> httpx.Response:
        """A 202 is written down; anything else must be a problem that says honestly what is the matter."""
        with connect(self.server.url) as http:
            answer = drop(http, file)
        if answer.status_code == httpx.codes.ACCEPTED:
            self.ledger.promised(answer.json()["id"], file)
            return answer
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert HONEST.get(problem["code"]) == answer.status_code == problem["status"], problem
        return answer

    def spools(self) -> list[Path]:
        return [path for path in (self.server.data / "files" / "spool").rglob("*") if path.is_file()]

    def examine(self) -> None:
        """Sweep, kill the server, start it again, sweep, and compare all that is there with the promises."""
        with self.visit() as house:
            janitor.sweep(house, young_seconds=0)
        self.server.kill()
        self.server.start()
        tickets = self.ledger.snapshot()
        with connect(self.server.url) as http:
            lies = [lie for ticket in tickets for lie in invariants.promise_kept(http, ticket)]
        with self.visit() as house:
            janitor.sweep(house, young_seconds=0)
            rows = invariants.all_jobs(house.jobs)
            lies += invariants.rows_promised(rows, tickets)
            lies += [lie for row in rows for lie in invariants.whole(row, file_of)]
            lies += [lie for row in rows for lie in invariants.published(row, house.files, file_of)]
            lies += invariants.nobodys(house, rows)
            lies += invariants.sound(self.server.data / "jobs.db")
        assert lies == []
        self.ledger.forget(tickets)

    @contextmanager
    def visit(self) -> Iterator[House]:
        """The stores, from a process beside the server's."""
        house = open_house(Settings(data=self.server.data), "worker")
        try:
            yield house
        finally:
            house.close()

    @property
    def database(self) -> list[Path]:
        """The files of the job table."""
        return [self.server.data / f"jobs.db{suffix}" for suffix in ("", "-wal", "-shm")]


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    folder = tmp_path_factory.mktemp("patient")
    python = str(interpreter(folder / "python", FAULTY, REPOSITORY, at_start="faulty_store"))
    switch = folder / "switch"
    environment = {"DROPOFF_WORKERS": "0", "DROPOFF_TEST_FAULTS": str(switch), "DROPOFF_KINDS": "echo"}
    server = Server(folder / "data", environment, python=python)
    server.start()
    yield Patient(server, switch)
    if server.process is not None:
        server.kill()


@contextmanager
def store_fault(switch: Path, **fault: object) -> Iterator[dict[str, Any]]:
    """In the store of the web process; afterwards the dict says whether it fired, and what was called."""
    seen: dict[str, Any] = {}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(switch))
        with connection.makefile("rw") as lines:
            print(json.dumps(fault), file=lines, flush=True)
            assert lines.readline() == "armed\n"
            yield seen
            print(file=lines, flush=True)
            seen.update(json.loads(lines.readline()))


@pytest.mark.parametrize("bytes_are", ["new", "known"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("error", ERRORS)
def test_an_upload_survives_the_failure_of_any_call_of_the_store(
    patient: Patient, error: str, when: Literal["before", "after"], bytes_are: Literal["new", "known"]
) -> None:
    """`before`: the call fails; `after`: it is made, and says that it failed. Known bytes are another job's already."""
    refused = set()
    for nth in count(1):
        file = patient.new_file()
        if bytes_are == "known":
            assert patient.upload(file).is_success
        with store_fault(patient.switch, calls=sorted(WRITES), nth=nth, error=ERRORS[error], when=when) as seen:
            answer = patient.upload(file)
        if not seen["fired"]:
            break
        call = seen["log"][nth - 1][0]
        if not answer.is_success:
            refused.add(call)
        if call != "unlink":
            assert patient.spools() == []
        assert patient.upload(patient.new_file()).is_success
        assert nth < MOST_CALLS
    assert answer.is_success
    assert refused >= {"writev", "fsync", "link"} | ({"rename"} if bytes_are == "known" else set())
    patient.examine()


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("calls", ["pwrite64", "fdatasync,fsync"])
def test_an_upload_survives_the_failure_of_any_call_of_the_database(
    patient: Patient, calls: str, error: str, tmp_path: Path
) -> None:
    require("strace")
    refused = 0
    assert patient.upload(patient.new_file()).is_success
    for nth in count(1):
        with strace.inject(patient.web, calls, error, nth, patient.database, tmp_path / "strace") as injection:
            answer = patient.upload(patient.new_file())
        if not injection.fired:
            break
        refused += not answer.is_success
        assert patient.spools() == []
        assert patient.upload(patient.new_file()).is_success
        assert nth < MOST_CALLS
    assert answer.is_success
    assert refused > 0
    patient.examine()


def test_an_upload_that_was_refused_at_its_commit_does_not_come_back_half(patient: Patient, tmp_path: Path) -> None:
    """The log holds the whole commit, though its sync failed; the janitor has removed the file; then all dies."""
    require("strace")
    assert patient.upload(patient.new_file()).is_success
    with strace.inject(patient.web, "fdatasync,fsync", "EIO", 1, patient.database, tmp_path / "strace") as injection:
        assert patient.upload(patient.new_file()).status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert injection.fired
    patient.examine()
