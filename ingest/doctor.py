"""Is this installation whole, and is its data folder in order?"""

import importlib.util
import os
import platform
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest import __version__
from ingest.settings import Settings

PACKAGES = ("ingest", "processors", "storage")


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    good: bool
    detail: str


def examine() -> list[Finding]:
    settings = Settings.from_env()
    return [*_platform(), *_packages(), *_programs(settings), *_data(settings)]


def _platform() -> Iterator[Finding]:
    yield Finding("dropoff", True, __version__)
    yield Finding("platform", sys.platform == "linux", platform.platform())
    yield Finding("python", sys.version_info >= (3, 11), platform.python_version())


def _packages() -> Iterator[Finding]:
    """Other distributions ship packages of these names too: installed over ours, they would replace them."""
    folders = set()
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            yield Finding(f"package {name}", False, "not installed")
            continue
        folders.add(Path(spec.origin).parent.parent)
    detail = ", ".join(str(folder) for folder in sorted(folders))
    yield Finding("packages lie side by side", len(folders) == 1, detail)


def _programs(settings: Settings) -> Iterator[Finding]:
    if settings.ffmpeg:
        yield Finding("ffmpeg", not settings.ffmpeg_fault, settings.ffmpeg_fault or settings.ffmpeg)


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    if not folder.exists():
        yield Finding("data folder", True, f"{folder.absolute()} does not exist yet")
        return
    yield Finding("data folder", os.access(folder, os.W_OK), str(folder.absolute()))
    free = os.statvfs(folder)
    free_bytes = free.f_bavail * free.f_frsize
    yield Finding("free space", free_bytes > settings.reserve_bytes, f"{free_bytes >> 20:,} MiB")
    scheme, _, table = settings.jobs_url.partition(":")
    if scheme == "sqlite" and Path(table).exists():
        yield _integrity(Path(table))


def _integrity(table: Path) -> Finding:
    try:
        connection = sqlite3.connect(f"file:{table}?mode=ro", uri=True)
        try:
            answer = str(connection.execute("PRAGMA quick_check").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error as error:
        answer = str(error)
    return Finding("job table", answer == "ok", answer)
