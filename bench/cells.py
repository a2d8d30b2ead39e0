"""How soon a job starts: after its 202, and again after its cell was killed; and how many no-op jobs a second."""

import json
import os
import shutil
import signal
import statistics
import time
from pathlib import Path
from typing import Any

from bench import load
from bench.load import Connection, Target
from bench.peers import dropoff
from tests.plugin import interpreter

SITE = Path(__file__).resolve().parent / "site"
STARTS, KILLS, DRAINED = 300, 60, 992
BUSY_CELL = "dropoff-cell"


def measure(folder: Path) -> None:
    python = interpreter(folder / "python", SITE)
    run = folder / "run"
    run.mkdir()
    with dropoff(run, workers=2, python=python) as target:
        probe = Target(target.port, "/v1/ingest/probe", True, (202,), target.pids)
        connection = Connection(probe)
        starts = [_start(connection, n) for n in range(STARTS)]
        kills = [_kill(connection, n) for n in range(KILLS)]
        rate = _drain(probe, connection)
        connection.close()
    shutil.rmtree(run)
    print("\ncells (a fresh process a job), ms: p50 / p99")
    _print("202 received -> processor's first line", starts)
    _print("cell killed -> same job running again", kills)
    print(f"\nno-op jobs, 16 connections in and 2 cells: {rate:.0f} jobs/s, durable, isolated, published")


def _start(connection: Connection, n: int) -> float:
    job = json.loads(connection.upload(n, load.printable(1000)))
    accepted_at = time.time()
    return float(_wait(connection, job["id"])["result"]["started_at"]) - accepted_at


def _kill(connection: Connection, n: int) -> float:
    """Kill the only running cell and see when its job's processor runs again."""
    connection.target = Target(
        connection.target.port, "/v1/ingest/probe", True, (202,), connection.target.pids, {"params": '{"hold":true}'}
    )
    job_id = json.loads(connection.upload(n, load.printable(1000)))["id"]
    first = _held_since(connection, job_id, after=0.0)
    (cell,) = _cells(connection.target.pids())
    killed_at = time.time()
    os.kill(cell, signal.SIGKILL)
    again = _held_since(connection, job_id, after=first)
    connection.post(f"/v1/jobs/{job_id}/cancel")
    _wait(connection, job_id)
    return again - killed_at


def _held_since(connection: Connection, job_id: str, after: float) -> float:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        message = json.loads(connection.get(f"/v1/jobs/{job_id}"))["progress"]["message"]
        if message and float(message) > after:
            return float(message)
        time.sleep(0.02)
    raise TimeoutError(f"job {job_id} does not run")


def _cells(pids: list[int]) -> list[int]:
    """The cells that have an order; the spare one, forked ahead, bears its zygote's name."""
    return [pid for pid in pids if Path(f"/proc/{pid}/comm").read_text().strip() == BUSY_CELL]


def _drain(probe: Target, connection: Connection) -> float:
    started = time.perf_counter()
    load.small(probe, DRAINED, 1000, 16)
    for state in ("queued", "running"):
        while json.loads(connection.get(f"/v1/jobs?state={state}&limit=1"))["jobs"]:
            time.sleep(0.01)
    return DRAINED / (time.perf_counter() - started)


def _wait(connection: Connection, job_id: str) -> dict[str, Any]:
    while True:
        job: dict[str, Any] = json.loads(connection.get(f"/v1/jobs/{job_id}?wait=30"))
        if job["finished_at"]:
            return job


def _print(what: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    print(f"  {what:40} {statistics.median(ordered) * 1000:.1f} / {p99 * 1000:.1f}   ({len(ordered)} times)")
