"""Jobs brought into any state through the contracts themselves, on the data folder of a real server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from ingest.clock import new_id, wall_clock
from ingest.errors import JobError
from ingest.jobs import open_jobs
from ingest.jobs.base import Account, Claim, Job, JobStore, NewJob, Progress
from ingest.jobs.outcomes import Done, Failed, Outcome, Output
from ingest.owners import Owner
from ingest.settings import Settings
from storage import open_files
from storage.base import Blob, FileStore
from tests.contracts.jobs import record
from tests.server import Server, running_server

UNKNOWN = "0198a2b4-0000-7000-8000-000000000000"
LEASE_SECONDS = 60.0


class Backdoor:
    """Does by hand what upload and worker do. Its claims are not rescued: it is a live owner."""

    def __init__(self, jobs: JobStore, files: FileStore, owner: str) -> None:
        self.jobs = jobs
        self.files = files
        self.owner = owner

    def keep(self, content: bytes) -> Blob:
        spool = self.files.spool(self.owner)
        try:
            spool.append(content)
            return self.files.put(spool)
        finally:
            spool.discard()

    def drop(self, content: bytes = b"what was dropped off", **changes: Any) -> Job:
        """A queued job."""
        blob = self.keep(content)
        now = changes.get("created_at", wall_clock())
        given = {
            "id": new_id(now),
            "kind": "text",
            "created_at": now,
            "max_attempts": 3,
            "name": "notes.txt",
            "media_type": "text/plain",
            "declared_media_type": "text/plain",
            "size": blob.size,
            "sha256": blob.sha256,
            "blob_key": blob.key,
        }
        return record(self.jobs, NewJob(**{**given, **changes}))

    def claim(self, job: Job) -> Claim:
        claim = self.jobs.claim(self.owner, lease_seconds=LEASE_SECONDS, job_id=job.id)
        assert claim is not None
        return claim

    def report(self, claim: Claim, fraction: float, stage: str = "counting") -> None:
        progress = Progress(fraction, stage, fraction * 100, 100, "lines", updated_at=wall_clock())
        assert self.jobs.progress(claim, progress)

    def finish(self, claim: Claim, outcome: Outcome) -> Job:
        now = wall_clock()
        account = Account(self.owner, now, now, cpu_seconds=0.25, peak_rss_bytes=12_345_678, exit=0)
        job = self.jobs.finish(claim, outcome, account)
        assert job is not None
        return job

    def output(self, name: str, content: bytes, media_type: str = "text/plain", **attributes: Any) -> Output:
        blob = self.keep(content)
        return Output(name, media_type, blob.size, blob.sha256, blob.key, attributes)

    def running(self, **changes: Any) -> Claim:
        return self.claim(self.drop(**changes))

    def succeeded(self, *outputs: Output, result: dict[str, Any] | None = None, **changes: Any) -> Job:
        return self.finish(self.running(**changes), Done(result or {"lines": 3}, outputs))

    def failed(self, code: str = "corrupt_input", detail: str = "It ends too early.", **changes: Any) -> Job:
        return self.finish(self.running(**changes), Failed(JobError(code, detail)))

    def cancelled(self) -> Job:
        answer = self.jobs.cancel(self.drop().id)
        assert answer is not None
        return answer[0]

    def gone(self) -> str:
        """The id of a job that was deleted."""
        job = self.succeeded()
        assert self.jobs.delete(job.id)
        return job.id


@contextmanager
def backdoor(data: Path) -> Iterator[Backdoor]:
    """Into the data folder of a server that runs, or ran."""
    settings = Settings(data=data)
    jobs = open_jobs(settings.jobs_url)
    files = open_files(settings.files_url)
    try:
        with Owner(settings.owners_folder, "worker") as owner:
            yield Backdoor(jobs, files, owner.id)
    finally:
        jobs.close()
        files.close()


class Desk:
    """A server that only accepts, its back door, and a client at its front door."""

    def __init__(self, server: Server, back: Backdoor, client: httpx.Client) -> None:
        self.server = server
        self.back = back
        self.client = client


@contextmanager
def open_desk(folder: Path, **settings: object) -> Iterator[Desk]:
    with (
        running_server(folder, workers=0, **settings) as server,
        backdoor(server.data) as back,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield Desk(server, back, client)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a refusal, which must be a whole one."""
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == answer.status_code
    return answer.status_code, document["code"]
