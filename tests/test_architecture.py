"""Arrows run one way: ingest -> processors, ingest -> storage, nothing back, no circles."""

import pytest

from tests.architecture import APART, HOMES, NEVER, OURS, breaches, graph, imports, read_sources, within

SOURCES = read_sources()

FAULTS = [
    ("storage.base", "import ingest.errors", "storage.base must not import ingest.errors"),
    ("storage.local", "from processors.base import Limits", "storage.local must not import processors.base"),
    ("processors.base", "import asyncio", "processors.base must not import asyncio"),
    ("processors.work", "def f():\n    import socket", "processors.work must not import socket"),
    ("processors.registry", "from storage import open_files", "processors.registry must not import storage"),
    ("ingest.upload", "def f():\n    from PIL import Image", "ingest.upload must not import PIL.Image"),
    ("ingest.status", "import sqlalchemy as sa", "ingest.status must not import sqlalchemy"),
    ("ingest.jobs.store", "import fastapi", "ingest.jobs.store must not import fastapi"),
    ("ingest.admit", "from python_multipart import MultipartParser", "ingest.admit must not import python_multipart"),
    ("ingest.parts", "import asyncio", "ingest.parts must not import asyncio"),
    ("ingest.worker", "from ingest.jobs.store import SqlStore", "ingest.worker must not import ingest.jobs.store"),
    ("ingest.cell", "import sqlite3", "ingest.cell must not import sqlite3"),
    ("ingest.errors", "from ingest import clock", "ingest.errors must not import ingest.clock"),
    ("ingest.errors", "from .clock import Clock", "names are written out in full"),
    ("ingest.jobs.outcomes", "from ingest.jobs import open_jobs", "from its own package's root"),
    ("processors.base", "if TYPE_CHECKING:\n    from processors.work import FileWork", "around a circle"),
    ("ingest.clock", "def f():\n    import ingest.clock", "around a circle"),
    ("ingest.refusal", "from ingest.worker import Worker", "ingest.web_process leads to ingest.worker"),
    ("ingest.cell", "from ingest.progress import advance", "ingest.zygote leads to ingest.jobs.base"),
]


def test_the_house_keeps_its_rules() -> None:
    assert breaches(SOURCES) == []


@pytest.mark.parametrize(("module", "fault", "words"), FAULTS, ids=[f"{row[0]}: {row[1]}" for row in FAULTS])
def test_a_planted_fault_is_found(module: str, fault: str, words: str) -> None:
    """The rules can fail: each planted import breaks exactly the one that it should."""
    assert module in SOURCES
    found = breaches({**SOURCES, module: f"{SOURCES[module]}\n{fault}\n"})
    assert any(words in breach for breach in found), found


def test_every_rule_speaks_of_something_that_exists() -> None:
    """A rule about a module that was renamed would hold for ever."""
    named = {*NEVER, *APART, *(home for homes in HOMES.values() for home in homes)}
    assert sorted(name for name in named if name not in SOURCES) == []


def test_every_library_with_a_home_is_used_there() -> None:
    """A home that nobody lives in is a rule about nothing."""
    for package, homes in HOMES.items():
        for home in homes:
            tenants = [module for module in SOURCES if within(module, home)]
            assert any(within(name, package) for module in tenants for name in imports(SOURCES[module])), (
                package,
                home,
            )


def test_only_ingest_knows_the_other_two_packages() -> None:
    crossing = {
        (module.partition(".")[0], target.partition(".")[0])
        for module, targets in graph(SOURCES).items()
        for target in targets
    }
    assert {pair for pair in crossing if pair[0] != pair[1]} == {("ingest", "processors"), ("ingest", "storage")}
    assert {module.partition(".")[0] for module in SOURCES} == set(OURS)
