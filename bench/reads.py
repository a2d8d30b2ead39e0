"""Status reads while uploads run, with a long history in the table."""

import json
import shutil
import threading
import time
from pathlib import Path

from bench import load
from bench.load import Connection
from bench.peers import dropoff
from bench.table import HISTORY, with_history

READS = 3000


def measure(folder: Path) -> None:
    run = folder / "run"
    (run / "data").mkdir(parents=True)
    with_history(run / "data" / "jobs.db", HISTORY)
    with dropoff(run, workers=0) as target:
        connection = Connection(target)
        job_id = json.loads(connection.upload(0, load.printable(1000)))["id"]
        idle = _latencies(connection, job_id)
        stop = threading.Event()
        uploads = threading.Thread(target=_keep_uploading, args=[target, stop])
        uploads.start()
        try:
            busy = _latencies(connection, job_id)
        finally:
            stop.set()
            uploads.join()
        connection.close()
    shutil.rmtree(run)
    print(f"\nstatus read over HTTP with {HISTORY:,} finished jobs, ms (p50 / p99)")
    print(f"  idle                    {_percentile(idle, 50):.2f} / {_percentile(idle, 99):.2f}")
    print(f"  while uploads run       {_percentile(busy, 50):.2f} / {_percentile(busy, 99):.2f}")


def _latencies(connection: Connection, job_id: str) -> list[float]:
    seconds = []
    for _ in range(READS):
        started = time.perf_counter()
        connection.get(f"/v1/jobs/{job_id}")
        seconds.append(time.perf_counter() - started)
    return seconds


def _keep_uploading(target: load.Target, stop: threading.Event) -> None:
    while not stop.is_set():
        load.small(target, 64, 100 << 10, 4)


def _percentile(seconds: list[float], percent: int) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000
