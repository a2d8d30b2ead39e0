"""What tests share: where the corpus is, and what to do without it; a house, and cells that run the plugin's kind."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ingest.sandbox import Sandbox
from ingest.wiring import House
from processors import registry
from processors.base import AnyProcessor
from processors.image.extras import BACKEND
from tests.architecture import REPOSITORY
from tests.house import opened_house
from tests.plugin import ECHO, interpreter
from tests.server import running_server

CORPUS = REPOSITORY.parent / "shared" / "corpus"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect, not skip, what needs the corpus where there is none."""
    if CORPUS.is_dir():
        return
    absent = [item for item in items if item.get_closest_marker("corpus")]
    items[:] = [item for item in items if item not in absent]
    config.hook.pytest_deselected(items=absent)


@pytest.fixture
def corpus() -> Path:
    """The folder of real and hostile files beside the checkout."""
    return CORPUS


@pytest.fixture(autouse=True)
def ordinary_priority() -> Iterator[None]:
    """SVT-AV1 gives itself and its caller the highest priority there is, if root runs it; a cell's filter refuses."""
    yield
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened_house(tmp_path / "data") as house:
        yield house


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Of a server of the module's own, with real cells."""
    with (
        running_server(tmp_path_factory.mktemp("server"), workers=1) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Of an interpreter that has the plugin installed."""
    running = Sandbox(["echo"], python=str(interpreter(tmp_path_factory.mktemp("python"))))
    yield running
    running.close()


@pytest.fixture(params=["pillow", "fast", "vips"])
def each_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs a test once with each back end of the image kind, which then also takes what is small."""
    from processors.image.backends import fast

    monkeypatch.setattr(fast, "LEAST_PIXELS", 0)
    monkeypatch.setenv(BACKEND, request.param)
    return str(request.param)


@pytest.fixture
def processors(monkeypatch: pytest.MonkeyPatch) -> dict[str, AnyProcessor]:
    monkeypatch.syspath_prepend(str(ECHO))
    return registry.load(["echo"])
