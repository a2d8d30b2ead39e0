"""A whole Dropoff for a test: the real supervisor with its children, on a free port, in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.architecture import REPOSITORY

START_SECONDS = 30.0


@dataclass(slots=True)
class Server:
    """`process` is the supervisor. `start` and `kill` may be repeated: the data folder stays."""

    data: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    process: subprocess.Popen[bytes] | None = None
    url: str = ""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        return self._log_path.read_text(errors="replace")

    @property
    def _log_path(self) -> Path:
        return self.data.parent / f"{self.data.name}.log"

    def start(self) -> None:
        """Start and wait until it answers."""
        self.data.mkdir(parents=True, exist_ok=True)
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [self.python, "-m", "ingest.serve"],
                env={**clean_environment(), "DROPOFF_PORT": "0", **self.environment, "DROPOFF_DATA": str(self.data)},
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=REPOSITORY,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert "serves on " in line, f"the server did not start: {line}{self.log}"
        self.url = line.split("serves on ")[1].split(" ")[0]
        # The listener is open already: this waits in the kernel until a web process answers.
        httpx.get(f"{self.url}/livez", timeout=START_SECONDS).raise_for_status()

    def stop(self) -> int:
        """Drain, as an operator would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """Kill the whole tree at once, as a power cut would, as far as processes go."""
        assert self.process is not None
        for pid in (*descendants(self.process.pid), self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.wait()

    def behead(self) -> None:
        """Kill the supervisor alone: its children have to notice."""
        assert self.process is not None
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Wait for its end, however that comes. The exit status."""
        assert self.process is not None
        assert self.process.stdout is not None
        status = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process = None
        return status


@contextmanager
def running_server(folder: Path, **settings: object) -> Iterator[Server]:
    """`running_server(tmp_path, workers=1, max_file_bytes=1000)`; settings are DROPOFF_* without the prefix."""
    environment = {f"DROPOFF_{name.upper()}": str(value) for name, value in settings.items()}
    server = Server(folder / "data", {"DROPOFF_GRACE_SECONDS": "2", **environment})
    try:
        server.start()
        yield server
    finally:
        if server.process is not None:
            try:
                server.stop()
            finally:
                if server.process is not None:
                    server.kill()


def wait_for_job(client: httpx.Client, job_id: str, seconds: float = 60.0) -> dict[str, object]:
    """Long-poll until the job is terminal."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job: dict[str, object] = client.get(f"/v1/jobs/{job_id}", params={"wait": 10}, timeout=30).json()
        if job["state"] in {"succeeded", "failed", "cancelled"}:
            return job
    raise AssertionError(f"job {job_id} did not end in {seconds} s")


def drop(client: httpx.Client, data: bytes, kind: str = "auto", name: str = "file", /, **params: object) -> str:
    """As a form sends it; the id of its job."""
    fields = [("params", (None, json.dumps(params).encode())), ("file", (name, data))]
    answer = client.post(f"/v1/ingest/{kind}", files=fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def dropped(client: httpx.Client, data: bytes, kind: str = "auto", name: str = "file", /, **params: object) -> Any:
    """The job of `drop`, once it has ended."""
    return wait_for_job(client, drop(client, data, kind, name, **params))


def clean_environment() -> dict[str, str]:
    """This environment without anybody's DROPOFF_* settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DROPOFF_")}


def descendants(pid: int) -> list[int]:
    """The pids of all children of `pid`, and theirs, parents first."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def children(pid: int) -> list[int]:
    """The pids of the children of all threads of `pid`; none if it is gone."""
    found: list[int] = []
    for thread in Path("/proc").glob(f"{pid}/task/*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in thread.read_text().split()]
    return found
