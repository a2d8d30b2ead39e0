"""Servers to measure, each in a folder of its own on the same file system."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.load import Target

NGINX_CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
{user}
events {{ worker_connections 256; }}
http {{
  access_log off; client_max_body_size 0; client_body_buffer_size {buffer};
  client_body_temp_path {folder}/temp; keepalive_requests 100000;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; location / {{ dav_methods PUT; create_full_put_path on; }} }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def dropoff(folder: Path, workers: int, python: Path | None = None, **settings: str) -> Iterator[Target]:
    """Dropoff as it ships: hashed, synced, recorded."""
    environment = {
        **os.environ,
        "DROPOFF_DATA": str(folder / "data"),
        "DROPOFF_PORT": "0",
        "DROPOFF_WORKERS": str(workers),
        "DROPOFF_LOG_LEVEL": "error",
        "DROPOFF_GRACE_SECONDS": "0",
        **settings,
    }
    command = [str(python or sys.executable), "-m", "ingest.serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline()
        if not address:
            raise RuntimeError(f"the server did not start: status {process.wait()}")
        port = int(address.split(" (")[0].rpartition(":")[2])
        wait_for(port)
        try:
            yield Target(port, "/v1/ingest/text", True, (202,), lambda: children(process.pid))
        finally:
            process.terminate()


@contextmanager
def tutorial(folder: Path) -> Iterator[Target]:
    """The tutorial app on the same uvicorn, uvloop and httptools."""
    (folder / "files").mkdir(parents=True)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.tutorial_app:app", "--port", str(port), "--no-access-log"]
    command += ["--log-level", "error", "--loop", "uvloop", "--http", "httptools"]
    # Its temporary files go to the same file system, as they would in a container with one volume.
    environment = {**os.environ, "BENCH_FOLDER": str(folder / "files"), "TMPDIR": str(folder)}
    with subprocess.Popen(command, env=environment) as process:
        wait_for(port)
        try:
            yield Target(port, "/upload", True, (202,), lambda: [process.pid])
        finally:
            process.terminate()


@contextmanager
def nginx(folder: Path, buffer: str = "1m") -> Iterator[Target]:
    """nginx DAV PUT: a temporary file and a rename; no hash, no sync, no job."""
    (folder / "files").mkdir(parents=True)
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(NGINX_CONFIGURATION.format(folder=folder, buffer=buffer, port=port, user=user))
    with subprocess.Popen([nginx_program() or "nginx", "-c", str(path), "-p", str(folder)]) as process:
        wait_for(port)
        try:
            yield Target(port, "/{n}", False, (201, 204), lambda: children(process.pid))
        finally:
            process.terminate()


def nginx_program() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"GET /livez HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                if connection.recv(1):
                    return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"nothing answers on port {port}")


def children(pid: int) -> list[int]:
    """`pid` and everything below it."""
    found = [pid]
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += children(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def rss_bytes(pids: list[int]) -> int:
    """Resident memory of the processes together; pages that they share are counted for each."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")
