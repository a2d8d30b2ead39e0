"""Heavy imports come late, and each process loads only its own side of the wall: seen in fresh interpreters."""

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

import pytest

WEB = ("fastapi", "starlette", "uvicorn")
TABLE = ("sqlalchemy", "sqlite3", "alembic")
DECODERS = ("PIL", "av", "numpy", "pypdfium2")
SETTINGS = ("pydantic_settings", "ingest.settings")


@cache
def loaded_by(program: str) -> frozenset[str]:
    """The modules of a fresh interpreter after `program`."""
    report = "import json, sys; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", f"{program}\n{report}"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return frozenset(json.loads(ran.stdout))


@pytest.mark.parametrize(
    ("program", "absent"),
    [
        ("import ingest.web_process", (*DECODERS, "ingest.worker", "ingest.sandbox", "ingest.cell", "ingest.zygote")),
        ("import ingest.worker_process", (*WEB, *DECODERS, "ingest.app")),
        ("import ingest.serve", (*WEB, *DECODERS, "httpx")),
        ("import ingest.zygote", (*WEB, *TABLE, *SETTINGS, *DECODERS, "multiprocessing", "storage", "asyncio")),
        ("import ingest.cell", (*WEB, *TABLE, *SETTINGS, *DECODERS, "multiprocessing", "storage", "asyncio")),
        ("import ingest.cli", (*WEB, *TABLE, *SETTINGS, *DECODERS, "httpx")),
        ("import ingest.client", (*WEB, *TABLE, *SETTINGS, *DECODERS)),
        ("from processors import registry; registry.load()", (*WEB, *TABLE, *DECODERS, "asyncio")),
        ("import processors.base", (*WEB, *TABLE, *DECODERS, "ingest", "storage", "asyncio")),
        ("import storage; storage.open_files", (*WEB, *TABLE, *DECODERS, "ingest", "processors")),
    ],
)
def test_a_process_loads_only_what_is_its_own(program: str, absent: Sequence[str]) -> None:
    assert loaded_by(program) & set(absent) == set()


@pytest.mark.parametrize(("kind", "decoder"), [("image", "PIL.Image"), ("video", "av"), ("document", "pypdfium2")])
def test_warming_a_processor_loads_its_decoder(kind: str, decoder: str) -> None:
    """The other half of late: what the zygote warms is there before the first job."""
    program = f"from processors import registry; registry.load(['{kind}'])['{kind}'].warm()"
    assert decoder in loaded_by(program)


def test_a_warm_zygote_knows_neither_web_nor_table_nor_settings() -> None:
    """With every processor warm, as cells are forked. SQLite itself is there: the text kind writes tables with it."""
    program = "import ingest.zygote\nfrom processors import registry\nfor p in registry.load().values(): p.warm()"
    assert loaded_by(program) & ({*WEB, *TABLE, *SETTINGS, "storage", "multiprocessing"} - {"sqlite3"}) == set()


def test_the_check_can_fail() -> None:
    assert "PIL" in loaded_by("import PIL.Image")
