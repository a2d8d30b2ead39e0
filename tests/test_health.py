"""Liveness, readiness with its reasons, and versions."""

import asyncio
import json
import platform
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from ingest import __version__, health
from ingest.app import create_app
from ingest.health import examine
from ingest.jobs import migrate
from ingest.jobs.base import JobStore, StoreBusy
from ingest.owners import Owner
from ingest.settings import Settings
from ingest.wiring import House, open_house
from storage.base import FileStore, StorageError
from tests.backdoor import Desk, open_desk
from tests.server import running_server

CHECKS = {"draining", "files", "jobs", "space", "worker"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("health")) as opened:
        yield opened


def test_a_server_that_can_work_is_alive_and_ready(desk: Desk) -> None:
    assert desk.client.get("/livez").json() == {"status": "ok"}
    answer = desk.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert answer.json()["checks"] == dict.fromkeys(CHECKS, "ok")
    assert answer.headers["cache-control"] == "no-store"


def test_the_protections_that_the_worker_wrote_down_are_told(desk: Desk) -> None:
    path = desk.server.data / "run" / "protections.json"
    deadline = time.monotonic() + 30
    while desk.client.get("/readyz").json()["protections"] == "unknown":  # the worker is still starting its cells
        assert time.monotonic() < deadline
    assert desk.client.get("/readyz").json()["protections"] == json.loads(path.read_text())
    kept = path.read_bytes()
    try:
        path.write_bytes(b"{half")
        assert desk.client.get("/readyz").json()["protections"] == "unknown"
        path.unlink()
        assert desk.client.get("/readyz").json()["protections"] == "unknown"
    finally:
        path.write_bytes(kept)


def test_the_version_names_what_matters(desk: Desk) -> None:
    found = desk.client.get("/version").json()
    assert found["version"] == __version__
    assert found["python"] == platform.python_version()
    assert {"fastapi", "uvicorn", "pillow", "av"} <= set(found["packages"])


def test_health_needs_no_key_where_everything_else_does(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=0, api_key="secret") as server, httpx.Client(base_url=server.url) as client:
        assert [client.get(path).status_code for path in ("/livez", "/readyz", "/version")] == [200] * 3
        closed = ("/", "/docs", "/docs/errors", "/v1/jobs", "/v1/kinds", "/jobs/x", "/v1/jobs/x", "/v1/jobs/x/result")
        assert {client.get(path).status_code for path in closed} == {401}
        assert client.get("/v1/jobs", headers={"Authorization": "Bearer secret"}).status_code == 200
        assert client.get("/", auth=("anybody", "secret")).status_code == 200


def test_head_works_where_get_does(desk: Desk) -> None:
    for path in ("/livez", "/readyz", "/version", "/", "/docs", "/docs/errors"):
        assert desk.client.head(path).status_code == 200


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(data=tmp_path, workers=1, dispatch=f"local:{tmp_path / 'nudge.sock'}")
    migrate(settings.jobs_url)
    opened = open_house(settings, "web")
    yield opened
    opened.close()


def ask(house: House, times: int = 1) -> list[httpx.Response]:
    """The application itself, `times` at once: these states last too briefly in a server that runs."""

    async def play() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await asyncio.gather(*(client.get("/readyz") for _ in range(times)))

    return asyncio.run(play())


def test_a_draining_server_is_not_ready_and_says_so_at_once(house: House) -> None:
    house.draining = True
    (answer,) = ask(house)
    assert answer.status_code == 503
    assert answer.json()["checks"]["draining"] == "the server is shutting down"


def test_a_worker_counts_as_long_as_it_holds_its_lock(house: House) -> None:
    (answer,) = ask(house)
    assert (answer.status_code, answer.json()["checks"]["worker"]) == (503, "no worker is alive")
    with Owner(house.settings.owners_folder, "worker"):
        (answer,) = ask(house)
        assert (answer.status_code, answer.json()["ready"]) == (200, True)
    (house.settings.owners_folder / "worker-dead-1-ff").touch()
    assert examine(house)["worker"] == "no worker is alive"


def test_too_little_space_is_told_with_its_figures(house: House) -> None:
    settings = house.settings.model_copy(update={"reserve_bytes": 1 << 62})
    crowded = replace(house, settings=settings)
    assert str(1 << 62) in examine(crowded)["space"]


class Troubled:
    """The real store, whose probe first waits, then fails."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self.probes = 0
        self.go_on = threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)

    def probe(self) -> None:
        self.probes += 1
        self.go_on.wait(20)
        raise StorageError("storage_unavailable", "the disk is read-only")


def test_a_store_that_can_not_be_written_is_told_with_its_reason(house: House) -> None:
    troubled = Troubled(house.files)
    troubled.go_on.set()
    (answer,) = ask(replace(house, files=cast(FileStore, troubled)))
    assert answer.status_code == 503
    assert answer.json()["checks"]["files"] == "storage_unavailable: the disk is read-only"
    assert answer.json()["checks"]["jobs"] == "ok"


def test_many_who_ask_at_once_share_one_examination(house: House) -> None:
    troubled = Troubled(house.files)
    troubled.go_on.set()
    answers = ask(replace(house, files=cast(FileStore, troubled)), times=50)
    assert {answer.status_code for answer in answers} == {503}
    assert troubled.probes == 1


def test_a_check_that_hangs_makes_the_server_unready_and_holds_up_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.1)
    troubled = Troubled(house.files)
    (answer,) = ask(replace(house, files=cast(FileStore, troubled)))
    troubled.go_on.set()
    assert answer.status_code == 503
    assert answer.json()["checks"]["answer"] == "the checks took longer than 0.1 s"


def test_a_table_that_can_not_be_had_is_told(house: House) -> None:
    def busy() -> None:
        raise StoreBusy("the table is locked")

    jobs = Observed(house.jobs)
    jobs.check = busy
    assert examine(replace(house, jobs=cast(JobStore, jobs)))["jobs"] == "the table is locked"


class Observed:
    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self.check: Callable[[], None] = jobs.check
