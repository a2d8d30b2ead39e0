"""A whole session: chance, and then the deaths that chance alone seldom brings: a worker that is taken for dead and
finishes late, and a job whose every cell dies.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.kills import victims
from tests.kills.harness import Harness
from tests.kills.invariants import Violation, Violations
from tests.kills.payloads import payload
from tests.kills.plan import Plan, Report
from tests.kills.workload import TERMINAL, connect, drop

Document = dict[str, Any]

SECONDS = 15.0


def session(plan: Plan, folder: Path, say: Callable[[str], None] = print) -> Report:
    """Everything, in an empty folder. The report's violations say what was wrong."""
    with Harness(plan, folder, say) as harness:
        harness.run()
        for trial in (late_finisher, poison):
            if not harness.report.violations:
                harness.hold()
                harness.note(trial(harness))
                harness.settle()
    return harness.report


def late_finisher(harness: Harness) -> Violations:
    """Hide the worker's lock file while a silent job runs: the job is rescued and run again, and then its first run
    finishes as if nothing had happened. The fence has to keep it out.
    """
    with connect(harness.server.url) as http:
        _let_the_first_sweep_pass(http, harness)
        job_id = _drop_slow(http, harness)
        running = _wait(http, job_id, lambda job: job["state"] == "running" or job["state"] in TERMINAL)
        lock = harness.server.data / "owners" / running["attempts"][-1]["worker"]
        hidden = harness.server.data / "hidden-owner"
        lock.rename(hidden)
        try:
            _wait(http, job_id, lambda job: job["attempt"] > 1 or job["state"] in TERMINAL)
        finally:
            hidden.rename(lock)
        _wait(http, job_id, lambda job: job["state"] in TERMINAL)
        _let_cells_end(harness)
        ended = http.get(f"/v1/jobs/{job_id}").json()
    if ended["attempts"][0]["outcome"] != "interrupted":
        yield Violation("attempts", f"the first run of {job_id} was rescued and came too late: {ended['attempts']}")


def poison(harness: Harness) -> Violations:
    """Kill every cell of one job: at `max_attempts` it fails and says why, and the next job is none the worse."""
    harness.restart(DROPOFF_MAX_ATTEMPTS="3")
    with connect(harness.server.url) as http:
        job_id = _drop_slow(http, harness)
        deadline = time.monotonic() + SECONDS
        kills = 0
        while (job := http.get(f"/v1/jobs/{job_id}").json())["state"] not in TERMINAL and time.monotonic() < deadline:
            kills += _kill_a_cell(harness)
        ends = [(attempt["outcome"], attempt["exit"]) for attempt in job["attempts"]]
        code = job["error"] and job["error"]["code"]
        if (job["state"], code, ends) != ("failed", "worker_killed", [("killed", -9)] * 3):
            yield Violation("ended", f"a job whose cells died {kills} times is {job['state']} ({code}) after {ends}")
        after = _wait(http, _drop_slow(http, harness), lambda job: job["state"] in TERMINAL)
        if after["state"] != "succeeded":
            yield Violation("ended", f"the job after a poisonous one is {after['state']}: {after['error']}")


def _drop_slow(http: httpx.Client, harness: Harness) -> str:
    file = payload(-harness.ledger.next_number())
    answer = drop(http, file).raise_for_status()
    return harness.ledger.promised(answer.json()["id"], file).job_id


def _kill_a_cell(harness: Harness) -> bool:
    time.sleep(0.005)
    killed = any(victims.kill(cell) for cell in victims.find("cell", harness.supervisor))
    harness.report.kills["cell"] += killed
    return killed


def _let_the_first_sweep_pass(http: httpx.Client, harness: Harness) -> None:
    """It comes within two seconds of the first claim and takes the scratch folders of a worker that seems dead; the
    next one is an hour away. Two slow jobs, one after the other, take longer than that.
    """
    for _ in range(2):
        _wait(http, _drop_slow(http, harness), lambda job: job["state"] in TERMINAL)


def _let_cells_end(harness: Harness) -> None:
    deadline = time.monotonic() + SECONDS
    while victims.find("cell", harness.supervisor) and time.monotonic() < deadline:
        time.sleep(0.01)


def _wait(http: httpx.Client, job_id: str, arrived: Callable[[Document], bool]) -> Document:
    """Long-poll for changes until the job is where it shall be. The job then, or when there is no hope any more."""
    deadline = time.monotonic() + SECONDS
    headers: dict[str, str] = {}
    job: Document = {}
    while time.monotonic() < deadline and not (job and arrived(job)):
        answer = http.get(f"/v1/jobs/{job_id}", params={"wait": 1 if headers else 0}, headers=headers)
        if answer.status_code != httpx.codes.NOT_MODIFIED:
            job = answer.raise_for_status().json()
            headers = {"If-None-Match": answer.headers["ETag"]}
    return job
