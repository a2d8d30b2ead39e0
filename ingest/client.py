"""Dropoff over HTTP, as the command line speaks it."""

import json
import mimetypes
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from httpx_sse import connect_sse

TERMINAL = frozenset({"succeeded", "failed", "cancelled"})
TIMEOUT = httpx.Timeout(30.0, write=None)
STREAM_TIMEOUT = httpx.Timeout(30.0, read=60.0)  # the server sends a heartbeat every 15 s
RECONNECTS = 30
RECONNECT_SECONDS = 1.0
COPY_BYTES = 1 << 20

Document = dict[str, Any]


class Refused(Exception):
    """The server's answer was an error; `problem` is its RFC 9457 document."""

    def __init__(self, problem: Document) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.problem.get('code', 'error')}: {self.problem.get('detail') or self.problem.get('title')}"


class Client:
    """One server. Raises `Refused` for its errors and httpx.TransportError when it can't be reached."""

    def __init__(self, url: str, api_key: str = "") -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def put(
        self,
        path: Path,
        kind: str = "auto",
        params: Mapping[str, Any] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Document:
        """Drop a file off. The job document of the 202."""
        fields = {"params": params, "metadata": metadata}
        data = {name: json.dumps(value) for name, value in fields.items() if value}
        media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        with path.open("rb") as file:
            files = {"file": (path.name, file, media_type)}
            return _document(self._http.post(f"/v1/ingest/{kind}", data=data, files=files))

    def job(self, job_id: str, wait: float | None = None) -> Document:
        parameters = {} if wait is None else {"wait": wait}
        return _document(self._http.get(f"/v1/jobs/{job_id}", params=parameters, timeout=30 + (wait or 0)))

    def jobs(self, **where: str | int) -> Document:
        return _document(self._http.get("/v1/jobs", params=where))

    def search(self, query: str, **where: str | int) -> Document:
        return _document(self._http.get("/v1/search", params={"q": query, **where}))

    def cancel(self, job_id: str) -> Document:
        return _document(self._http.post(f"/v1/jobs/{job_id}/cancel"))

    def follow(self, job: Document) -> Iterator[Document]:
        """The job document, again each time something changes, until it is terminal. Survives a server's restart."""
        yield job
        if job["state"] in TERMINAL:
            return
        silences = 0
        while job["state"] not in TERMINAL and silences < RECONNECTS:
            try:
                for changed in self._stream(job):
                    job, silences = changed, 0
                    yield job
                job = self.job(job["id"])
            except httpx.TransportError:
                silences += 1
            if job["state"] not in TERMINAL:
                time.sleep(RECONNECT_SECONDS)  # the server goes down, or is down
        yield job

    def _stream(self, job: Document) -> Iterator[Document]:
        """One connection to the event stream, folded into the document."""
        with connect_sse(self._http, "GET", job["links"]["events"], timeout=STREAM_TIMEOUT) as source:
            if source.response.status_code != httpx.codes.OK:
                return
            for event in source.iter_sse():
                match event.event:
                    case "snapshot":
                        job = event.json()
                    case "progress":
                        progress = event.json()
                        job = {**job, "attempt": progress.pop("attempt", job["attempt"]), "progress": progress}
                    case "state":
                        changed = event.json()
                        job = {**job, "state": changed["state"], "attempt": changed.get("attempt", job["attempt"])}
                    case _:
                        continue
                if job["state"] in TERMINAL:
                    return
                yield job

    def download(self, url: str, target: Path) -> None:
        """Save one of a job's files; `url` is a path as the job document gives it."""
        with self._http.stream("GET", url) as response:
            if response.is_error:
                response.read()
                _document(response)
            with target.open("wb") as file:
                for chunk in response.iter_bytes(COPY_BYTES):
                    file.write(chunk)


def _document(response: httpx.Response) -> Document:
    try:
        document: Document = response.json()
    except ValueError:
        document = {"code": f"http_{response.status_code}", "detail": response.text[:200]}
    if response.is_error:
        raise Refused(document)
    return document
