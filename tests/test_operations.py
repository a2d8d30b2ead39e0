"""What docs/operations.md tells operators to do works: a worker of its own, backup and restore, stop and upgrade."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server import Server, clean_environment, running_server, wait_for_job

DROPOFF = Path(sys.executable).parent / "dropoff"


def drop(server: Server, content: bytes) -> dict[str, Any]:
    answer = httpx.put(f"{server.url}/v1/ingest/text/note.txt", content=content)
    assert answer.status_code == 202
    job: dict[str, Any] = answer.json()
    return job


def end_of(server: Server, job: dict[str, Any]) -> dict[str, Any]:
    with httpx.Client(base_url=server.url) as client:
        return wait_for_job(client, job["id"])


def test_a_worker_of_its_own_does_the_work_of_a_server_that_only_accepts(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=0) as server:
        job = drop(server, b"left for somebody else\n")
        environment = {**clean_environment(), "DROPOFF_DATA": str(server.data), "DROPOFF_WORKERS": "1"}
        with subprocess.Popen([DROPOFF, "worker"], env=environment, stderr=subprocess.PIPE) as worker:
            assert end_of(server, job)["state"] == "succeeded"
            worker.send_signal(signal.SIGTERM)
            worker.communicate()
        assert worker.returncode == 0


def test_a_worker_without_a_job_table_is_refused_in_a_line(tmp_path: Path) -> None:
    environment = {**clean_environment(), "DROPOFF_DATA": str(tmp_path / "data")}
    ran = subprocess.run([DROPOFF, "worker"], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("dropoff: there is no job table")
    assert len(ran.stderr.splitlines()) == 1


def test_a_backup_of_a_running_server_can_be_restored(tmp_path: Path) -> None:
    """Table first, then files: what is dropped in between is in the copy of the files only, and does no harm."""
    restored = tmp_path / "restored"
    with running_server(tmp_path / "old", workers=1) as server:
        job = end_of(server, drop(server, b"worth keeping\n"))
        restored.mkdir()
        with sqlite3.connect(server.data / "jobs.db") as source, sqlite3.connect(restored / "jobs.db") as target:
            source.backup(target)
        source.close()
        target.close()
        drop(server, b"too late for this backup\n")
        shutil.copytree(server.data / "files", restored / "files")
    again = Server(restored, {"DROPOFF_WORKERS": "1"})
    again.start()
    try:
        assert end_of(again, job)["result"] == job["result"]
        original = httpx.get(f"{again.url}/v1/jobs/{job['id']}/files/original")
        assert original.content == b"worth keeping\n"
        assert len(httpx.get(f"{again.url}/v1/jobs").json()["jobs"]) == 1
    finally:
        again.stop()


def test_a_table_that_is_newer_than_the_program_is_refused(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=0) as server:
        pass
    with sqlite3.connect(server.data / "jobs.db") as table:
        table.execute("UPDATE alembic_version SET version_num = '9999'")
    table.close()
    environment = {**clean_environment(), "DROPOFF_DATA": str(server.data), "DROPOFF_PORT": "0"}
    ran = subprocess.run([DROPOFF, "serve"], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert ran.stderr.startswith("dropoff: ")
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_of_a_job_is_one_line_an_event(tmp_path: Path, log_format: str) -> None:
    with running_server(tmp_path, workers=1, log_format=log_format) as server:
        job = end_of(server, drop(server, b"to be logged\n"))
        told = [line for line in server.log.splitlines() if job["id"] in line]
        assert len(told) == 1
        assert told[0].startswith("{") == (log_format == "json")
