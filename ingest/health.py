"""Is the server alive, can it take files, and what is it? No key is needed, so nothing here tells a secret."""

import asyncio
import json
import platform
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ingest import __version__
from ingest.deps import HouseDep
from ingest.jobs.base import StoreBusy
from ingest.owners import is_alive
from ingest.status import off_loop
from ingest.wiring import House
from storage.base import StorageError

FRESH_SECONDS = 2.0  # so long an examination counts: probing writes to the disk
PATIENCE_SECONDS = 5.0
OK = "ok"
PACKAGES = ("fastapi", "starlette", "uvicorn", "python-multipart", "pydantic", "sqlalchemy", "pillow", "av")

Findings = dict[str, str]

router = APIRouter(tags=["health"])


@router.head("/livez", include_in_schema=False)
@router.get("/livez", summary="Whether the process answers")
async def livez() -> Response:
    return JSONResponse({"status": OK})


@router.head("/version", include_in_schema=False)
@router.get("/version", summary="What runs here")
async def read_version() -> Response:
    return JSONResponse(versions())


@cache
def versions() -> dict[str, Any]:
    packages = {name: version(name) for name in PACKAGES}
    return {"version": __version__, "python": platform.python_version(), "packages": packages}


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="Whether the server can take files and process them")
async def readyz(request: Request, house: HouseDep) -> Response:
    """200 or 503, with the finding of each check, and which protections the cells work under."""
    checks = {"draining": "the server is shutting down" if house.draining else OK, **await _checkup(request).findings()}
    ready = all(finding == OK for finding in checks.values())
    document = {"ready": ready, "checks": checks, "protections": protections(house)}
    return JSONResponse(document, status_code=200 if ready else 503, headers={"Cache-Control": "no-store"})


def _checkup(request: Request) -> "Checkup":
    state = request.app.state
    if not hasattr(state, "checkup"):
        state.checkup = Checkup(state.house)
    checkup: Checkup = state.checkup
    return checkup


class Checkup:
    """Examines the house at most every two seconds, however many ask, and never for longer than they can wait."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._examination: asyncio.Future[Findings] | None = None
        self._begun_at = float("-inf")

    async def findings(self) -> Findings:
        now = asyncio.get_running_loop().time()
        old = self._examination
        if old is None or (old.done() and now - self._begun_at >= FRESH_SECONDS):
            self._examination = asyncio.ensure_future(off_loop(self._house, examine, self._house))
            self._begun_at = now
        assert self._examination is not None
        try:
            return await asyncio.wait_for(asyncio.shield(self._examination), PATIENCE_SECONDS)
        except TimeoutError:
            return {"answer": f"the checks took longer than {PATIENCE_SECONDS:g} s"}


def examine(house: House) -> Findings:
    """Check -> "ok", or what is wrong. Blocks, and writes to the store and the table for a moment."""
    return {
        "files": _finding(house.files.probe),
        "jobs": _finding(house.jobs.check),
        "space": _finding(lambda: _check_space(house)),
        "worker": _finding(lambda: _check_worker(house)),
        **({"ffmpeg": house.settings.ffmpeg_fault or OK} if house.settings.ffmpeg else {}),
    }


class _Unfit(Exception):
    """Says what is wrong."""


def _finding(check: Callable[[], None]) -> str:
    try:
        check()
    except StorageError as error:
        return f"{error.code}: {error.detail}"
    except (StoreBusy, OSError, _Unfit) as error:
        return str(error)
    return OK


def _check_space(house: House) -> None:
    free, reserve = house.files.free_bytes(), house.settings.reserve_bytes
    if free <= reserve:
        raise _Unfit(f"{free} bytes are free, and the last {reserve} are kept back")


def _check_worker(house: House) -> None:
    """Any worker of this data folder; none is expected where the server only accepts."""
    folder = house.settings.owners_folder
    workers = [path.name for path in folder.iterdir() if path.name.startswith("worker-")]
    if house.settings.workers and not any(is_alive(folder, name) for name in workers):
        raise _Unfit("no worker is alive")


def protections(house: House) -> Any:
    """What the worker wrote down when it started its cells; "unknown" before that."""
    try:
        return json.loads((house.settings.data / "run" / "protections.json").read_bytes())
    except (OSError, ValueError):
        return "unknown"
