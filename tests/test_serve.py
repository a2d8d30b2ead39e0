"""The supervisor: one server a data folder, children that come back, and an end that loses nothing."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ingest.serve import Refused, check_extras
from ingest.settings import Settings
from tests.plugin import interpreter
from tests.server import Server, clean_environment, descendants, running_server, wait_for_job

WAIT_SECONDS = 20.0


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter with the kind `echo`, which works for as long as it is told."""
    return str(interpreter(tmp_path_factory.mktemp("python")))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, python: str) -> Iterator[Server]:
    """One cell, three seconds of grace."""
    environment = {"DROPOFF_WORKERS": "1", "DROPOFF_GRACE_SECONDS": "3"}
    server = Server(tmp_path_factory.mktemp("serve") / "data", environment, python=python)
    yield server
    if server.process is not None:
        server.kill()


@pytest.fixture
def server(house: Server) -> Server:
    """It runs, however the test before left it."""
    if house.process is None:
        house.start()
    until(lambda: httpx.get(f"{house.url}/readyz").status_code == 200)
    return house


def drop(server: Server, milliseconds: int = 0) -> dict[str, Any]:
    """A job that works for so long."""
    answer = httpx.post(
        f"{server.url}/v1/ingest/echo",
        data={"params": f'{{"milliseconds": {milliseconds}}}'},
        files={"file": ("a.bin", bytes(range(256)), "application/octet-stream")},
    )
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def end_of(server: Server, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it is terminal."""
    with httpx.Client(base_url=server.url) as client:
        return wait_for_job(client, job["id"])


def job_of(server: Server, job: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{server.url}/v1/jobs/{job['id']}").json()
    return document


def until(condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Ask again, with a pause on a clock of the kernel's, until it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        select.select([], [], [], 0.01)


def processes(server: Server, module: str) -> set[int]:
    """The pids of the server's processes that run `module`."""
    assert server.process is not None
    return {pid for pid in descendants(server.process.pid) if module in command_line(pid)}


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def start_again(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Another `dropoff serve` that is expected to refuse."""
    return subprocess.run(
        [sys.executable, "-m", "ingest.serve"],
        env={**clean_environment(), "DROPOFF_PORT": "0", "DROPOFF_DATA": str(data), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )


# -- refusing to start


def test_a_second_server_on_a_data_folder_is_refused(server: Server) -> None:
    refused = start_again(server.data)
    assert refused.returncode == 1
    assert refused.stderr.strip() == f"dropoff: another Dropoff serves the data folder {server.data}"
    assert httpx.get(f"{server.url}/livez").status_code == 200


def test_a_lock_that_a_killed_server_left_is_no_lock(server: Server) -> None:
    server.kill()
    server.start()
    assert end_of(server, drop(server))["state"] == "succeeded"


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = start_again(tmp_path, DROPOFF_PORT=port)
    assert refused.returncode == 1
    assert refused.stderr.strip() == f"dropoff: can't listen on 127.0.0.1:{port}: Address already in use"


def test_an_open_door_without_a_key_is_refused(tmp_path: Path) -> None:
    refused = start_again(tmp_path, DROPOFF_HOST="0.0.0.0")
    assert refused.returncode == 1
    assert "DROPOFF_API_KEY" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_extra_that_is_asked_for_and_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(image_backend="vips", image_heif="on")
    check_extras(settings)
    monkeypatch.setitem(sys.modules, "pyvips", None)  # to the import system: there is none
    with pytest.raises(Refused, match=r"DROPOFF_IMAGE_BACKEND=vips needs the extra 'vips': install dropoff\[vips\]"):
        check_extras(settings)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [("DROPOFF_WORKERS", "many", "integer"), ("DROPOFF_PORT", "-1", "0"), ("DROPOFF_HTTP", "h3", "h11")],
)
def test_a_wrong_setting_is_refused_by_name_value_and_range(
    tmp_path: Path, name: str, value: str, allowed: str
) -> None:
    refused = start_again(tmp_path, **{name: value})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"dropoff: {name}='{value}': ")
    assert allowed in refused.stderr


@pytest.mark.parametrize("url", ["DROPOFF_FILES", "DROPOFF_JOBS", "DROPOFF_DISPATCH"])
def test_a_url_of_an_unknown_scheme_is_refused_in_a_line(tmp_path: Path, url: str) -> None:
    refused = start_again(tmp_path, **{url: "gopher:anything"})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"dropoff: {url}='gopher")
    assert len(refused.stderr.splitlines()) == 1


def test_a_store_in_memory_is_refused_since_processes_would_not_share_it(tmp_path: Path) -> None:
    refused = start_again(tmp_path, DROPOFF_FILES="memory:")
    assert refused.returncode == 1
    assert refused.stderr.startswith("dropoff: DROPOFF_FILES=memory: ")


def test_a_data_folder_that_can_not_be_made_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = start_again(tmp_path / "file" / "data")
    assert refused.returncode == 1
    assert refused.stderr.startswith("dropoff: ")
    assert len(refused.stderr.splitlines()) == 1


def test_a_damaged_job_table_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    damaged = b"this was a job table once" * 400
    (tmp_path / "jobs.db").write_bytes(damaged)
    refused = start_again(tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith("dropoff: ")
    assert (tmp_path / "jobs.db").read_bytes() == damaged


def test_a_kind_that_is_not_installed_is_refused_in_a_line(tmp_path: Path) -> None:
    refused = start_again(tmp_path, DROPOFF_KINDS="image,sculpture")
    assert refused.returncode == 1
    assert refused.stderr.startswith("dropoff: ")
    assert "sculpture" in refused.stderr


# -- keeping its children


@pytest.mark.parametrize("module", ["ingest.web_process", "ingest.worker_process", "ingest.zygote"])
def test_a_killed_child_is_started_again_and_work_goes_on(server: Server, module: str) -> None:
    victim = min(processes(server, module))  # the zygote and its cells bear one name; it is the oldest
    os.kill(victim, signal.SIGKILL)
    assert end_of(server, drop(server))["state"] == "succeeded"
    assert processes(server, module) - {victim}


def test_a_job_whose_worker_was_killed_runs_again(server: Server) -> None:
    job = drop(server, milliseconds=1500)
    until(lambda: job_of(server, job)["state"] == "running")
    (worker,) = processes(server, "ingest.worker_process")
    os.kill(worker, signal.SIGKILL)
    ended = end_of(server, job)
    assert ended["state"] == "succeeded"
    assert ended["attempt"] == 2


def test_nothing_outlives_a_killed_supervisor(server: Server) -> None:
    job = drop(server, milliseconds=20_000)
    until(lambda: job_of(server, job)["state"] == "running")
    assert server.process is not None
    family = descendants(server.process.pid)
    watched = [os.pidfd_open(pid) for pid in family]
    server.process.kill()
    for descriptor in watched:
        assert select.select([descriptor], [], [], WAIT_SECONDS)[0], "a child lives on"
        os.close(descriptor)
    server.wait()
    server.start()
    httpx.post(f"{server.url}/v1/jobs/{job['id']}/cancel")
    assert end_of(server, job)["state"] == "cancelled"


def test_a_supervisor_that_can_start_no_child_lives_on_and_says_so(tmp_path: Path) -> None:
    """As when the machine has no memory or no process left."""
    program = "import sys; from ingest import serve; sys.executable = '/nowhere/python'; sys.exit(serve.main())"
    environment = {**clean_environment(), "DROPOFF_PORT": "0", "DROPOFF_DATA": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True) as alone:
        assert alone.stderr is not None
        assert "web-0 can't be started now" in alone.stderr.readline()
        assert "worker can't be started now" in alone.stderr.readline()
        alone.send_signal(signal.SIGTERM)
        alone.stderr.read()  # or its last words have nowhere to go, which is a failure of its own
    assert alone.returncode == 0


def test_several_web_processes_share_the_socket(tmp_path: Path) -> None:
    with running_server(tmp_path, web_processes=2, workers=0) as server:
        assert len(processes(server, "ingest.web_process")) == 2
        assert all(httpx.get(f"{server.url}/livez").status_code == 200 for _ in range(10))


def test_without_workers_it_only_accepts(tmp_path: Path, python: str) -> None:
    server = Server(tmp_path / "data", {"DROPOFF_WORKERS": "0"}, python=python)
    server.start()
    job = drop(server)
    assert job_of(server, job)["state"] == "queued"
    assert server.stop() == 0


# -- coming to an end


def test_an_idle_server_stops_at_once_and_well(server: Server) -> None:
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 6


def test_ctrl_c_at_the_terminal_drains_too(server: Server) -> None:
    """The whole foreground group gets the signal; only the supervisor is in it."""
    assert server.process is not None
    job = drop(server, milliseconds=1000)
    until(lambda: job_of(server, job)["state"] == "running")
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.wait() == 0
    server.start()
    assert (job_of(server, job)["state"], job_of(server, job)["attempt"]) == ("succeeded", 1)


def test_a_drain_refuses_new_uploads_and_still_answers(server: Server) -> None:
    """The listener closes last: until the running job has ended, everything but uploads is served."""
    assert server.process is not None
    job = drop(server, milliseconds=2000)
    until(lambda: job_of(server, job)["state"] == "running")
    server.process.send_signal(signal.SIGTERM)
    until(lambda: upload_status(server) == 503)
    refused = httpx.post(f"{server.url}/v1/ingest/text", files={"file": ("a.txt", b"late", "text/plain")})
    assert refused.json()["code"] == "draining"
    assert "Retry-After" in refused.headers
    assert job_of(server, job)["state"] == "running"
    assert server.wait() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/livez")
    server.start()
    assert (job_of(server, job)["state"], job_of(server, job)["attempt"]) == ("succeeded", 1)


def upload_status(server: Server) -> int:
    answer = httpx.post(f"{server.url}/v1/ingest/text", files={"file": ("a.txt", b"late", "text/plain")})
    return answer.status_code


def test_a_job_that_outlasts_the_grace_goes_back_at_no_cost(server: Server) -> None:
    job = drop(server, milliseconds=8000)
    until(lambda: job_of(server, job)["state"] == "running")
    assert server.stop() == 0
    resting = Server(server.data, {"DROPOFF_WORKERS": "0"}, python=server.python)
    resting.start()
    waiting = job_of(resting, job)
    httpx.post(f"{resting.url}/v1/jobs/{job['id']}/cancel")
    resting.stop()
    assert waiting["state"] == "queued"
    assert [attempt["outcome"] for attempt in waiting["attempts"]] == ["released"]
    assert waiting["error"] is None


def test_a_second_signal_hurries(tmp_path: Path, python: str) -> None:
    environment = {"DROPOFF_WORKERS": "1", "DROPOFF_GRACE_SECONDS": "600"}
    server = Server(tmp_path / "data", environment, python=python)
    server.start()
    assert server.process is not None
    job = drop(server, milliseconds=30_000)
    until(lambda: job_of(server, job)["state"] == "running")
    server.process.send_signal(signal.SIGTERM)
    until(lambda: upload_status(server) == 503)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.wait() == 0
    assert time.monotonic() - began < WAIT_SECONDS


def test_an_event_stream_ends_with_the_drain(server: Server) -> None:
    assert server.process is not None
    job = drop(server, milliseconds=2000)
    with httpx.stream("GET", f"{server.url}/v1/jobs/{job['id']}/events", timeout=WAIT_SECONDS) as stream:
        received = stream.iter_lines()
        assert next(received)
        server.process.send_signal(signal.SIGTERM)
        assert "event: drain" in list(received)  # and it ends, rather than breaking off
    assert server.wait() == 0
